"""What to do with a class, decided by people: accept, review, ask for a photo of it, or take it for a part."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.listings.table import meant, plain, read_rows
from engine.listings.vote import readable
from engine.tweets.tables import Source

Array = NDArray[np.float64]
Action = Literal["accept", "review", "ask", "part_of"]
_ACTIONS: tuple[Action, ...] = get_args(Action)

# Parts that are also sold alone, and photographed on their own when the whole is sold.
_PARTS = {
    "tire": ("bicycle", "car", "go_kart", "motorcycle", "tractor"),
    "keyboard": ("desktop_pc", "laptop"),
    "computer_mouse": ("desktop_pc",),
    "remote_control": ("tv",),
}
# The share of a whole's photos that show just a part of it. Anything from 0.1 to 0.9 helps about as much and does no
# harm to listings without details (tests/benchmarks/parts.py).
_DETAIL = 0.25


@dataclass(frozen=True)
class Rule:
    """What to do with one class. `wholes` are the classes that it is a part of."""

    action: Action = "accept"
    wholes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ruling:
    """What the policy says of a listing: reasons for people to look, and the part to photograph separately."""

    reasons: list[str]
    ask: str | None


@dataclass(frozen=True)
class Policy:
    """Rules by class; a class without one is accepted."""

    classes: tuple[str, ...]
    rules: Mapping[str, Rule] = field(default_factory=dict)

    @classmethod
    def default(cls, classes: Sequence[str]) -> "Policy":
        """The parts among these classes; everything else is accepted."""
        return cls((), {part: Rule("part_of", wholes) for part, wholes in _PARTS.items()}).within(classes)

    def within(self, classes: Sequence[str]) -> "Policy":
        """The rules that speak of these classes: a policy holds for every model, and another knows other classes."""
        known = {
            label: replace(rule, wholes=tuple(whole for whole in rule.wholes if whole in classes))
            for label, rule in self.rules.items()
            if label in classes
        }
        return Policy(
            tuple(classes), {name: rule for name, rule in known.items() if rule.action != "part_of" or rule.wholes}
        )

    @classmethod
    def read(cls, source: Source, classes: Sequence[str], name: str = "") -> "Policy":
        """Read a table with the columns class, policy and part_of (several wholes with commas between them).

        Raises InputError for a class, a policy or a whole that is none: a rule that is passed over would mislead.
        """
        by_name = {plain(label): label for label in classes}
        rules: dict[str, Rule] = {}
        for place, row in read_rows(source, name, ["class", "policy"], ["part_of"]):
            label = _class(row["class"], by_name, place)
            action = plain(row["policy"]) or "accept"
            given = [cell.strip() for cell in re.split("[,;|]", str(row.get("part_of") or "")) if cell.strip()]
            wholes = tuple(_class(cell, by_name, place) for cell in given)
            if action not in _ACTIONS:
                raise InputError(f"{place}: there is no policy {row['policy']!r}", f"use {', '.join(_ACTIONS)}")
            if (action == "part_of") != bool(wholes) or label in wholes:
                raise InputError(
                    f"{place}: {label} is {action} with {', '.join(wholes) or 'nothing'} in the column part_of",
                    "name other classes there where the policy is part_of, and nothing elsewhere",
                )
            if label in rules:
                raise InputError(f"{place}: {label} has a policy already", "leave one row for each class")
            rules[label] = Rule(action, wholes)
        return cls(tuple(classes), rules)

    def csv(self) -> str:
        """The policy as a table to edit in a spreadsheet: a row for each class."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["class", "policy", "part_of"])
        writer.writerows([label, (rule := self.of(label)).action, ", ".join(rule.wholes)] for label in self.classes)
        return text.getvalue()

    def of(self, label: str) -> Rule:
        return self.rules.get(label, Rule())

    def support(self, evidence: Array, best: Sequence[int], names: Sequence[str]) -> tuple[Array, list[str]]:
        """Let a photo of a part speak for its whole where another photo votes for the whole.

        `evidence` [photos, classes] in nats, `best` the class (index) that each photo votes for, `names` the photos'.
        Of a whole's photos a share d shows just a part: log((1 - d) exp(whole) + d exp(part)), never less than it was.
        The part keeps its own evidence. Returns the evidence, still one additive row a photo, and what was done.
        """
        moved, sentences = evidence.copy(), []
        for photo, part in enumerate(best):
            for whole in self.of(self.classes[part]).wholes:
                index = self.classes.index(whole)
                shown = [names[other] for other, vote in enumerate(best) if vote == index]
                detail = np.logaddexp(
                    evidence[photo, index] + np.log1p(-_DETAIL), evidence[photo, part] + np.log(_DETAIL)
                )
                if shown and detail > evidence[photo, index]:
                    moved[photo, index] = detail
                    sentences.append(
                        f"{names[photo]} shows {readable(self.classes[part])}, which may be a part of the "
                        f"{readable(whole)} in {', '.join(shown)}: it counts for both"
                    )
        return moved, sentences

    def rule_on(self, label: str, voted: Sequence[str]) -> Ruling:
        """What follows for a listing with this verdict, whose photos vote for `voted`."""
        reasons = [f"by policy a person looks at every {readable(label)}"] if self.of(label).action == "review" else []
        ask = next((name for name in (label, *voted) if self.of(name).action == "ask"), None)
        if ask:
            reasons.append(f"by policy the sender is asked for a separate photo of the {readable(ask)}")
        return Ruling(reasons, ask)


def _class(cell: object, by_name: Mapping[str, str], place: str) -> str:
    label = by_name.get(plain(str(cell or "")))
    if label is None:
        raise InputError(
            f"{place}: there is no class {str(cell or '')!r}", meant(str(cell or ""), list(by_name.values()))
        )
    return label
