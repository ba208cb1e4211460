"""The dial: how sure Tally must be to go without a person, and what follows from it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import charts
from dashboard.charts import routing as figures
from dashboard.downloads import download
from dashboard.panels.classify import changes
from dashboard.text import sentence, share
from engine.listings.fitted import Fitted
from engine.listings.operating import Judged, Operating, costs, operate, stand, threshold_within
from engine.listings.route import Dial
from engine.listings.terms import Terms

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

OWN_FROM = 100  # reviewed listings: of fewer, a curve of one's own says little
_RULES = {"errors": "Share of errors", "costs": "Costs"}
_PHOTOS = 4  # of a listing, unless the visitor says otherwise
_FIXED = (0.5, 0.9)  # thresholds that people choose without measuring
_MOST = 20.0  # % on a slider
_TRIAL, _OWN = "held-out trial", "your reviewed listings"


def judged(model: "Classifier", own: Judged | None) -> dict[str, Judged]:
    """The listings on which dials are tried: held out, and `own`, this shop's reviewed ones, where they are enough."""
    trial = model.fitted.trial
    found = {_TRIAL: Judged.of_trial(trial, _photos(model))} if trial else {}
    return found | ({_OWN: own} if own and len(own) >= OWN_FROM else {})


def headline(tried: Mapping[str, Judged], model: "Classifier", terms: Terms) -> str:
    """What the dial in force does."""
    if not tried:
        return "How sure must it be to go without a person?"
    found = stand(list(tried.values())[-1], terms.dial, terms.fitted or model.fitted)
    if found.automatic == 0:
        return "Every listing goes to a person"
    return f"{100 * found.automatic:.0f} % go without a person, {_wrong(found.errors)} of them wrong"


def draw(tried: Mapping[str, Judged], model: "Classifier", terms: Terms) -> None:
    """The dial, with what follows from it."""
    controls, outcome = st.columns([1, 2], gap="medium")
    with controls:
        dial, expected = _turned(model, terms)
    with outcome:
        if tried:
            _outcome(tried, terms.fitted or model.fitted, (terms.dial, dial), expected)
        else:
            st.info(
                "This model was not tried on held-out listings, so nobody can say what follows from a dial. "
                f"Once {OWN_FROM} listings are reviewed, they tell.",
                icon=":material/help:",
            )
    with controls:
        _save(terms, dial)


def _photos(model: "Classifier") -> int:
    """Photos of the listings on which the dial is tried."""
    assert model.fitted.trial
    most = int(model.fitted.trial.size.max())
    return int(st.session_state.get("dial-photos", min(_PHOTOS, most)))


def _turned(model: "Classifier", terms: Terms) -> tuple[Dial, int]:
    """The dial as the visitor has it now, and how many listings a day brings."""
    if trial := model.fitted.trial:
        sizes = sorted(set(trial.size.tolist()))
        st.segmented_control(
            "Photos of a listing", sizes, default=_photos(model), required=True, key="dial-photos", on_change="rerun"
        )
    now, version = terms.dial, terms.version  # another dial in force, other widgets
    rule = st.segmented_control(
        "Go without a person by",
        list(_RULES),
        default=now.rule,
        required=True,
        format_func=_RULES.__getitem__,
        key=f"dial-rule-{version}",
        persist_state="session",
    )
    dial = replace(now, rule="costs" if rule == "costs" else "errors")
    if rule == "errors":
        words = "An upper bound at 95 %, on held-out listings of which one in five shows nothing of the catalogue."
        dial = replace(dial, errors=_share("Wrong among them at most, %", 0.5, now.errors, f"errors-{version}", words))
    else:
        one, other = st.columns(2)
        words = "Of what they look at. The tab *Label it yourself* on the page Learning measures it."
        dial = replace(
            dial,
            cost_of_error=_cost(one, "An error costs", now.cost_of_error, version),
            cost_of_review=_cost(other, "A review costs", now.cost_of_review, version),
            errors_of_people=_share("People are wrong on, %", 0.0, now.errors_of_people, f"people-{version}", words),
        )
    one, other = st.columns(2)
    expected = one.number_input("Listings a day", 1, 10_000_000, 100, key="dial-expected", persist_state="session")
    places = other.number_input(
        "Reviews a day",
        0,
        1_000_000,
        now.places,
        key=f"dial-places-{version}",
        persist_state="session",
        placeholder="any",
        help="For how many people have time. Those with the most to gain come first; the rest waits.",
    )
    words = "Drawn at random. Without them nobody learns how often the accepted ones are wrong here."
    audit = _share("Accepted ones looked at all the same, %", 0.0, now.audit, f"audit-{version}", words)
    return replace(dial, places=places, audit=audit), int(expected)


def _share(label: str, least: float, now: float, key: str, words: str) -> float:
    """A share on a slider, in percent."""
    shown = min(max(100 * now, least), _MOST)
    chosen = st.slider(label, least, _MOST, shown, 0.5, "%.1f", key=f"dial-{key}", persist_state="session", help=words)
    return round(chosen / 100, 6)


def _cost(place: DeltaGenerator, label: str, now: float, version: str) -> float:
    now = min(max(now, 0.01), 1e6)
    return place.number_input(label, 0.01, 1e6, now, key=f"dial-{label}-{version}", persist_state="session")


def _outcome(tried: Mapping[str, Judged], fitted: Fitted, dials: tuple[Dial, Dial], expected: int) -> None:
    """The chart and what follows in words; `dials` are the one in force and the visitor's."""
    name, ruling = list(tried.items())[-1]  # the shop's own listings, where there are enough
    in_force, dial = dials
    now, chosen = (stand(ruling, item, fitted) for item in dials)
    marks = {"this dial": chosen} | ({} if dial == in_force else {"the dial in force": now})
    st.markdown(f"**{finding(chosen)}**", help=_help(name))
    st.plotly_chart(
        figures.risk_coverage(
            {key: item.curve for key, item in tried.items()},
            marks,
            limit=dial.errors if dial.rule == "errors" else None,
            capacity=None if dial.places is None else 1 - dial.places / expected,
        ),
        key="routing",
        config=charts.CONFIG,
        alt=f"Errors among what goes without a person, against how much does. {finding(chosen)}.",
    )
    for words in _words(ruling, dial, chosen, expected):
        st.markdown(sentence(words))
    if dial != in_force:
        st.caption(f"The dial in force: {finding(now)}, {now.cost:.2f} a listing.")
    if name != _OWN:
        st.caption(f"From {OWN_FROM} reviewed listings on, audits among them, they are drawn beside the trial.")
    _numbers(tried, fitted, dial)


def finding(found: Operating) -> str:
    """What a dial does, in a line."""
    if found.automatic == 0:
        return "Every listing goes to a person"
    low, high = (f"{100 * end:.1f}" for end in found.interval)
    return f"{share(found.automatic)} go without a person, {_wrong(found.errors)} of them wrong ({low} to {high})"


def _wrong(errors: float) -> str:
    return f"{100 * errors:.1f} %" if errors else "none"


def _words(judged: Judged, dial: Dial, found: Operating, expected: int) -> list[str]:
    """What follows from a dial."""
    fixed = [operate(judged, judged.accepted(threshold), dial).cost for threshold in _FIXED]
    people = operate(judged, judged.accepted(2), dial).cost
    per_day = expected * found.reviews
    words = [
        f"{_whole(per_day)} of {expected:,} listings a day go to people",
        f"where an error costs {dial.cost_of_error:g}, a review {dial.cost_of_review:g} and people are wrong on "
        f"{100 * dial.errors_of_people:g} %, a listing costs **{found.cost:.2f}**: against {fixed[0]:.2f} and "
        f"{fixed[1]:.2f} if all were accepted from a fixed probability of {_FIXED[0]} or {_FIXED[1]} on, and "
        f"{people:.2f} if people looked at all",
    ]
    if dial.audit:
        audits = expected * found.automatic * dial.audit
        words.append(f"{_whole(audits)} of them are audits: accepted, and looked at all the same")
    if dial.places is not None and per_day > dial.places:
        words.append(_overflow(judged, replace(dial, audit=0.0), expected, per_day))
    return words


def _overflow(judged: Judged, dial: Dial, expected: int, per_day: float) -> str:
    """What people have no time for, and what it would take to leave none."""
    assert dial.places is not None
    threshold = threshold_within(judged, dial.places / expected)
    within = operate(judged, judged.accepted(threshold), dial)
    left = f"people have time for {dial.places:,} a day: {_whole(per_day - dial.places)} more are left each day"
    if threshold < 0:
        return f"{left}, and {_whole(expected * within.reviews)} need a person for other reasons than doubt"
    return (
        f"{left}. To leave none, accept from a probability of {threshold:.2f}: {_wrong(within.errors)} of the accepted "
        "would be wrong"
    )


def _whole(number: float) -> str:
    """A number of listings: whole, but for less than one."""
    return f"{number:,.0f}" if number >= 1 or number == 0 else f"{number:.1f}"


def _numbers(tried: Mapping[str, Judged], fitted: Fitted, dial: Dial) -> None:
    """The dial on each number of photos, and the curves as a file."""
    rows, trial = [], fitted.trial
    parts = {f"{n}": Judged.of_trial(trial, int(n)) for n in sorted(set(trial.size.tolist()))} if trial else {}
    parts |= {_OWN: tried[_OWN]} if _OWN in tried else {}
    for photos, item in parts.items():
        found = stand(item, dial, fitted)
        threshold = dial.threshold(fitted, int(item.size.max()))
        rows.append(
            {
                "photos": photos,
                "accepted from": "never" if threshold > 1 else f"{threshold:.3f}" if photos != _OWN else "",
                "without a person": share(found.automatic),
                "wrong among them": f"{100 * found.errors:.1f} % ({100 * found.interval[0]:.1f} to "
                f"{100 * found.interval[1]:.1f})",
                "cost a listing": f"{found.cost:.2f}",
                "listings": len(item),
            }
        )
    curves = pd.concat(
        pd.DataFrame(
            {
                "of": name,
                "accepted_from": item.curve.threshold,
                "without_a_person": item.curve.coverage,
                "wrong": item.curve.risk,
                "cost": costs(item.curve.coverage, item.curve.risk, dial),
            }
        )
        for name, item in tried.items()
    )
    with st.expander("Show the numbers"):
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="What the dial does by number of photos")
        download("CSV: the curves", curves, "risk-coverage.csv")


def _save(terms: Terms, dial: Dial) -> None:
    if dial == terms.dial:
        changes.in_force("dial")
        return
    changes.who()
    changes.accept_button("Use this dial", "dial", json.dumps(dial.as_dict()).encode(), described(dial))


def described(dial: Dial) -> str:
    """A dial in words, for the log."""
    if dial.rule == "errors":
        words = [f"at most {100 * dial.errors:g} % wrong among the accepted"]
    else:
        words = [
            f"an error costs {dial.cost_of_error:g}, a review {dial.cost_of_review:g}, people are wrong on "
            f"{100 * dial.errors_of_people:g} %"
        ]
    if dial.places is not None:
        words.append(f"{dial.places:,} reviews a day")
    if dial.audit:
        words.append(f"{100 * dial.audit:g} % of the accepted are audited")
    return "; ".join(words)


def _help(of: str) -> str:
    if of == _OWN:
        return "Listings that your people reviewed, each counted as often as it stands for others."
    return (
        "Held-out listings that no threshold was fitted on: a quarter of their photos is spoiled, and one in five "
        "shows nothing of the catalogue. A person also looks where photos contradict each other or the description."
    )
