"""An audit in words: each part's verdict and what it rests on."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from engine.audit.labels import RARE
from engine.audit.parts import UNTESTED
from engine.audit.shift import PSI_EFFECT, UNCOVERED
from engine.curves.words import listed

_listed = partial(listed, last=" and ")
_LISTED = 3
_NAMED = 8  # columns
_DRAWN = {"sample": "the sample", "frame": "the list of those invited"}
_REACHED = 0.01  # of a share: what weights may be off without a word


def tell(found: dict[str, Any], unit: str) -> list[str]:
    """A sentence or two a part; `unit` is what the rows of the sample are."""
    parts = {"coverage": _coverage, "sampling": _sampling, "participation": _participation}
    return [
        *(
            f"{name.capitalize()}: {_untested(found[name]) or say(found[name]) + _left(found[name])}"
            for name, say in parts.items()
        ),
        *_labels(found["labels"], unit),
        *_weights(found["weights"], found["coverage"]),
    ]


def _untested(part: dict[str, Any]) -> str:
    return f"{UNTESTED}; {part['reason']}." if part["verdict"] == UNTESTED else ""


def _coverage(part: dict[str, Any]) -> str:
    verdict = part["verdict"]
    if verdict == "no":
        every = f"every part of the population that is larger than {_percent(UNCOVERED)}"
        return f"no. By {_listed(part['compared'], _NAMED)}, {every} is in {_DRAWN[part['drawn']]}."
    if verdict == "unsure":
        few = f"has too few rows, or too unlike ones, to rule out that {_percent(UNCOVERED)}"
        return f"unsure. {_DRAWN[part['drawn']].capitalize()} {few} of the population are missing."
    said = []
    if part["missing_share"] > UNCOVERED:
        cells = [cell for cell in part["cells"] if cell["state"] in ("empty", "almost empty")]
        cells.sort(key=lambda cell: -cell["target"])
        named = [f"{cell['column']} {cell['value']} ({_percent(cell['target'])})" for cell in cells[:_LISTED]]
        named += [f"a region of {hole['column'] or 'all columns together'} ({_percent(hole['share'])})"
                  for hole in part["holes"][: _LISTED - len(named)]]  # fmt: skip
        said.append(f"{_percent(part['missing_share'])} of the population could not be drawn: {', '.join(named)}.")
    if part["foreign_share"] > UNCOVERED:
        new = [f"{cell['column']} {cell['value']}" for cell in part["cells"] if cell["state"] == "new"]
        said.append(
            f"{_percent(part['foreign_share'])} of what was drawn is not of the population: {', '.join(new[:_LISTED])}."
        )
    if "classes_missing" in part:
        said.append(f"Classes with {_percent(part['classes_missing'])} of the population have nothing in the sample.")
    return f"yes. {' '.join(said)}"


def _sampling(part: dict[str, Any]) -> str:
    verdict, apart = part["verdict"], _apart(part)
    if verdict == "no":
        whom = "those invited look" if part["drawn"] == "frame" else "the sample looks"
        return f"no. Within what is covered, {whom} like the population by {_listed(part['compared'], _NAMED)}{apart}."
    if verdict == "unsure" and part["significant"]:
        differs = "a difference from the population beyond chance, but no column differs by much"
        return f"unsure. There is {differs}{apart}."
    if verdict == "unsure":
        return "unsure. There are too few rows to rule out a difference that matters."
    causes = " Drawn or answered unevenly: the list of the invited would tell." if part["with_participation"] else ""
    return f"yes. Parts of the population are drawn more often than others{_moved(part)}{apart}.{causes}"


def _participation(part: dict[str, Any]) -> str:
    verdict = part["verdict"]
    rate = f"{_percent(part['rate'])} of {part['invited']:,} answered"
    if verdict == "no":
        return f"no. {rate}, and they are like those who did not{_apart(part)}."
    if verdict == "unsure":
        return f"unsure. {rate}; whether they differ from the others, more invited would tell{_apart(part)}."
    cells = sorted(part["groups"], key=lambda cell: cell["rate"])
    ends = ""
    if named := [cell for cell in cells if cell["column"] == part["columns"][0]["column"]]:
        low, high = named[0], named[-1]
        ends = f": {_percent(high['rate'])} where {high['column']} is {high['value']}, "
        ends += f"{_percent(low['rate'])} where it is {low['value']}"
    return f"yes. {rate}, and not everybody alike{ends}{_apart(part)}."


def _labels(part: dict[str, Any], unit: str) -> Iterator[str]:
    for finding in part["findings"]:
        classes = finding.get("classes", [])
        named = _listed(classes, _LISTED)
        match finding["kind"]:
            case "severe imbalance":
                yield f"Severe imbalance: the commonest class has {finding['ratio']:,.0f} times the rarest's {unit}."
            case "rare class":
                yield f"Rare classes: {named} have fewer than {RARE} {unit}, too few to know their error."
            case "missing class":
                yield f"Missing classes: the population has {named}, the sample has none."
            case "label shift":
                index = f"stability index {finding['psi']:.2f}"
                yield f"Label shift: the classes are spread otherwise than in the population ({index})."
            case "no-skill trap":
                right, guessed = _percent(finding["accuracy"]), _percent(finding["majority"])
                yield f"No-skill trap: the model is right for {right}, always saying the commonest class for {guessed}."


def _weights(part: dict[str, Any] | None, coverage: dict[str, Any]) -> Iterator[str]:
    if part is None:
        return
    to = "part of the population that was covered" if coverage["verdict"] == "yes" else part["to"]
    for value in part["estimates"]:
        show = _percent if value["binary"] else _number
        low, high = (show(end).removesuffix(" %") for end in value["after_interval"])
        weighted = f"{show(value['after'])} ({low} to {high}) weighted to the {to}"
        yield f"{value['name'][0].upper()}{value['name'][1:]}: {show(value['before'])} in the sample, {weighted}."
        if value["bounds"]:
            cause, (least, most) = next(iter(value["bounds"].items()))
            whom = "those who could not be drawn" if cause == "missing" else "those who stayed silent"
            between = f"between {_percent(least)} and {_percent(most)}"
            yield f"Nothing is known here of {whom}: with them the figure is anywhere {between}, whatever the weights."
    cost = f"Weights leave the precision of {part['effective_n']:,.0f} rows (design effect {part['design_effect']:.2f})"
    yield f"{cost}; {part['trimmed']:,} were trimmed." if part["trimmed"] else f"{cost}."
    if part["off"] > _REACHED:
        yield f"Weights do not reach the population: a share is still off by {_percent(part['off'])}."
    if coverage["verdict"] == "yes":
        yield "Weights cannot make up for a group that has nobody in the sample."


def _apart(part: dict[str, Any]) -> str:
    if part["auc"] is None:
        return ""
    auc, low, high = (max(share, 0.5) for share in (part["auc"], *part["interval"]))  # worse than chance is chance
    return f" (told apart in {_percent(auc)} of pairs, {100 * low:.1f} to {100 * high:.1f}; 50 is not at all)"


def _moved(part: dict[str, Any]) -> str:
    named = [
        f"{row['column']} (stability index {row['psi']:.2f})" for row in part["columns"] if row["psi"] > PSI_EFFECT
    ]
    return f", most by {_listed(named[:_LISTED], _LISTED)}; an index above {PSI_EFFECT} matters" if named else ""


def _left(part: dict[str, Any]) -> str:
    left = part.get("not_compared", [])
    return f" Not compared, as nothing outside tells of them: {_listed(left, _NAMED)}." if left else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(value: float) -> str:
    return f"{value:.3g}"
