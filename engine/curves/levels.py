"""The comparison with people, guessing, a rule and what is off the shelf, in words: a sentence or two a level."""

from collections.abc import Sequence

from engine.curves.baselines import GUESS, Baseline
from engine.curves.paired import Comparison

_FLATTERING = 60  # %: an accuracy that may pass for skill


def tell(rows: Sequence[Baseline]) -> list[str]:
    """In the order of the levels."""
    by_name = {row.name: row for row in rows}
    guess, candidate, people = by_name[GUESS], by_name["candidate"], by_name.get("people")
    rule = next(row for row in rows if row.level == "rule")
    shelf = [row for row in rows if row.level == "off the shelf"]
    return [
        *(_people(people, candidate) if people else []),
        _to_beat("guessing", guess.versus),
        *_trap(guess, candidate),
        _to_beat(f"the rule ({rule.name.removeprefix('rule: ')})", rule.versus),
        *(_to_match(row.name, row.versus) for row in shelf),
        *([] if len(shelf) > 1 else ["The model is off the shelf itself: a tuned logistic regression."]),
        *(row.note for row in rows if row.note),
    ]


def _people(people: Baseline, candidate: Baseline) -> list[str]:
    versus = people.versus
    low, high = sorted(abs(round(100 * end, 1)) for end in versus.interval)
    said = {
        "less": f"People are still {low} to {high} points better.",
        "more": f"The model beats people by {low} to {high} points.",
    }.get(versus.a_errs) or _to_match("people", versus)
    if candidate.skill is None:
        return [said, "People are not surely better than guessing, so there is no scale to measure skill on."]
    skill, (worst, best) = candidate.skill
    return [said, f"From guessing, 0, to people, 1, the model's skill is {skill:.2f} ({worst:.2f} to {best:.2f})."]


def _to_beat(name: str, versus: Comparison) -> str:
    return _decided(name, versus) or f"The model is no better than {name}: {_between(versus)}."


def _to_match(name: str, versus: Comparison) -> str:
    if versus.a_errs == "the same":
        return f"The model does as well as {name}: {_between(versus)}."
    apart = f"The model and {name} cannot be told apart: {_between(versus)}."
    return _decided(name, versus) or apart


def _decided(name: str, versus: Comparison) -> str:
    """Better or worse, surely or probably: an interval may lie on one side of nothing though the test, which allows for
    several comparisons, decides nothing. Nothing where both are open.
    """
    better = versus.a_errs == "more" or (versus.a_errs != "less" and versus.interval[0] > 0)
    low, high = (100 * end if better else -100 * end for end in versus.interval[:: 1 if better else -1])
    if versus.a_errs in ("more", "less"):
        verb = "beats" if better else "is worse than"
        return f"The model {verb} {name} by {100 * abs(versus.difference):.1f} points ({low:.1f} to {high:.1f})."
    if low > 0:
        than = f"{'better' if better else 'worse'} than {name}"
        return f"The model is probably {than}, by {low:.1f} to {high:.1f} points, but not surely."
    return ""


def _between(versus: Comparison) -> str:
    if versus.interval == (0, 0):
        return "both are wrong on the same items"
    low, high = (f"{100 * abs(end):.1f} points {'better' if end > 0 else 'worse'}" for end in versus.interval)
    return f"it is between {low} and {high}"


def _trap(guess: Baseline, candidate: Baseline) -> list[str]:
    """An accuracy that the commonest class has alone."""
    low, high = (100 * (1 - end) for end in reversed(guess.interval))
    accuracy = 100 * (1 - candidate.error)
    if accuracy > high or accuracy < _FLATTERING:
        return []
    return [
        f"Do not be misled by an accuracy of {accuracy:.1f} %: always saying the commonest class is right on "
        f"{100 * (1 - guess.error):.1f} % ({low:.1f} to {high:.1f})."
    ]
