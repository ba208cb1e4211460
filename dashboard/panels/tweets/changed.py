"""The tab "What changed": two periods, and the change of each total split into factors that add up."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboard.account import Opened
from dashboard.charts import tweets as figures
from dashboard.panels.tweets.words import LABELS, SPLITS, chart, numbers, split_change, story
from dashboard.text import change, month_name, short
from engine.tweets.change import Change
from engine.tweets.daily import last_day, of_days, of_months
from engine.tweets.metrics import Month

_MISSING = "\N{EN DASH}"
KINDS = ("months", "quarters", "same days")


@dataclass(frozen=True)
class Period:
    """A period that can be compared: its name, its months, and their sums (of its days alone, where it is a part)."""

    name: str
    months: list[Month]
    sums: dict[str, float | None]

    def ratio(self, above: str, below: str, scale: int) -> float | None:
        """A ratio of sums, times the scale."""
        top, bottom = self.sums[above], self.sums[below]
        return None if top is None or not bottom else top / bottom * scale


def choose(opened: Opened, where: str, kinds: Sequence[str] = KINDS) -> tuple[Period, Period] | None:
    """Let the visitor choose two periods; None where there are no two. `where` keeps the tabs' choices apart."""
    kind = st.segmented_control(
        "Compare",
        kinds,
        default="months",
        required=True,
        key=f"compare-{where}",
        persist_state="session",
        format_func={"months": "Months", "quarters": "Quarters", "same days": "Same days of two months"}.__getitem__,
    )
    periods, same_days = _periods(opened, kind), kind == "same days"
    if len(periods) < 2:
        days = "This needs figures by day for two months: import exports by tweet or by day."
        st.info(days if same_days else f"There is only one of these {kind} so far. Import more to compare.")
        return None
    names = list(periods)
    whole = [name for name in names if all(month.complete is not False for month in periods[name])] or names
    first, last = names[-2:] if same_days else (whole[0], whole[-1])
    columns = st.columns(3 if same_days else 2)
    before = columns[0].selectbox("From", names, index=names.index(first), key=f"from-{where}-{kind}")
    after = columns[1].selectbox("To", names, index=names.index(last), key=f"to-{where}-{kind}")
    if same_days:
        with columns[2]:
            return _same_days(opened, periods[before][0], periods[after][0])
    return tuple(Period(name, periods[name], of_months(periods[name])) for name in (before, after))  # type: ignore[return-value]


def _periods(opened: Opened, kind: str) -> dict[str, list[Month]]:
    if kind == "same days":
        return {month_name(month.month): [month] for month in opened.months if last_day(opened.history, month)}
    periods: dict[str, list[Month]] = {}
    for month in opened.months:
        quarter = month.period.asfreq("Q")
        name = month_name(month.month) + (", in part" if month.complete is False else "")
        periods.setdefault(name if kind == "months" else f"Q{quarter.quarter} {quarter.year}", []).append(month)
    return {name: months for name, months in periods.items() if kind == "months" or len(months) == 3}


def _same_days(opened: Opened, before: Month, after: Month) -> tuple[Period, Period]:
    last = last_day(opened.history, after)
    shortest = min(before.period.days_in_month, after.period.days_in_month)
    known = min(last.day if last else 1, shortest)
    until = st.number_input("Days 1 to", 1, shortest, known, key=f"days-{before.month}-{after.month}")
    chosen = []
    for month in (before, after):
        first = month.period.start_time.date()
        sums = of_days(opened.history, first, first.replace(day=int(until)), month.source)
        chosen.append(Period(f"1 to {until} {month_name(month.month)}", [month], sums))
    return chosen[0], chosen[1]


def draw(before: Period, after: Period) -> None:
    """The totals, the ratios, and for each total the split of its change, always together."""
    if before.name == after.name:
        st.info("Choose two different periods.")
        return
    _warn(before, after)
    st.markdown(f"**{story(before.sums, after.sums) or 'Too little is known of both to compare them.'}**")
    _table(before, after)
    drawn: dict[str, Change] = {}
    columns = st.columns(2, gap="medium")
    for name in SPLITS:
        found = split_change(name, before.sums, after.sums)
        if found is None:
            continue
        label = LABELS[name]
        parts = ", ".join(f"{factor.name} {factor.contribution:+,.0f}" for factor in found.factors)
        with columns[len(drawn) % 2]:
            st.markdown(
                f"**{label}: {short(found.before)} to {short(found.after)}, {change(found.before, found.after)}**",
                help="Each bar is what one factor brought or cost if the change is shared out by the logarithmic mean "
                "(LMDI): the bars add up exactly. It is arithmetic and tells no cause: posting less need not be what "
                "made each post more seen.",
            )
            unit = "new followers" if "followers" in name else name
            said = f"{label} from {found.before:,.0f} to {found.after:,.0f}: {parts}."
            chart(figures.waterfall(found, (before.name, after.name), unit), f"waterfall-{name}", said)
        drawn[label] = found
    if drawn:
        names = ["change of", "factor", before.name, after.name, "brought or cost"]
        rows = [
            (label, factor.name, factor.before, factor.after, factor.contribution)
            for label, found in drawn.items()
            for factor in found.factors
        ]
        numbers(pd.DataFrame(rows, columns=names).round(4), "The factors of each change")
    else:
        st.info("A split needs the number of tweets and the totals of both periods.")


def _warn(before: Period, after: Period) -> None:
    bases = [{month.source.get("impressions") for month in period.months} for period in (before, after)]
    if bases[0] != bases[1]:
        named = " and ".join(", ".join(sorted(str(name) for name in basis)) for basis in bases)
        st.warning(f"The two are counted differently ({named}): a part of the change may come from that.")
    for period in (before, after):
        if any(month.complete is False for month in period.months) and not period.name.startswith("1 to"):
            st.warning(f"{period.name} is not whole: compare the same days of two months instead.")


def _table(before: Period, after: Period) -> None:
    ratios = {
        "impressions_per_tweet": ("impressions", "tweets", 1),
        "followers_per_tweet": ("new_followers", "tweets", 1),
        "New followers per 1,000 impressions": ("new_followers", "impressions", 1000),
        "engagement_rate": ("engagements", "impressions", 1),
    }
    totals = ("tweets", "impressions", "new_followers", "engagements")
    rows = [(name, before.sums[name], after.sums[name]) for name in totals]
    rows += [(name, before.ratio(*of), after.ratio(*of)) for name, of in ratios.items()]
    st.dataframe(
        pd.DataFrame(
            {
                "": [LABELS.get(name, name) for name, *_ in rows],
                before.name: [figures.figure_text(old, name, _MISSING) for name, old, _ in rows],
                after.name: [figures.figure_text(new, name, _MISSING) for name, _, new in rows],
                "change": [_MISSING if old is None or new is None else change(old, new) for _, old, new in rows],
            }
        ),
        hide_index=True,
        alt=f"Totals and ratios of {before.name} and {after.name}",
    )
