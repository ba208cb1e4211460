"""The catalogue as people want it: what each class is called, and what to do with it.

Accept, review, ask for a photo of it, or take it for a part. Classes that are called the same are one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.curves.words import listed
from engine.errors import InputError
from engine.listings.table import meant, plain, read_rows
from engine.listings.verdict import clean_name
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
    name: str = ""  # what it is called; by default its class
    synonyms: tuple[str, ...] = ()  # words of a description that mean it, beside the built-in ones


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
        known = {}
        for label, rule in self.rules.items():
            if label in classes:
                wholes = tuple(whole for whole in rule.wholes if whole in classes)
                parted = rule.action != "part_of" or wholes
                known[label] = replace(rule, wholes=wholes, action=rule.action if parted else "accept")
        return Policy(tuple(classes), {label: rule for label, rule in known.items() if rule != Rule()})

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """What each class is called."""
        return tuple(self.of(label).name or label for label in self.classes)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What verdicts speak of: each name once, in the order of the classes."""
        return tuple(dict.fromkeys(self.shown))

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """For each class its place among the names."""
        places = {name: place for place, name in enumerate(self.names)}
        return np.array([places[name] for name in self.shown], dtype=np.int64)

    def pooled(self, log_p: Array) -> Array:
        """Log-probabilities of classes -> of names, which get the sum of theirs: [..., classes] -> [..., names]."""
        if self.names == self.classes:
            return log_p
        return np.stack([np.logaddexp.reduce(log_p[..., self.places == at], -1) for at in range(len(self.names))], -1)

    def meant(self, label: str) -> list[int]:
        """The classes that people mean by a name, or by a class's own; none if it is of another catalogue."""
        name = self.name_of(label)
        return [at for at, shown in enumerate(self.shown) if shown == name]

    def name_of(self, label: str) -> str:
        """What a class is called now; a name stays one."""
        return self.shown[self.classes.index(label)] if label in self.classes else label

    @cached_property
    def words(self) -> tuple[tuple[str, int], ...]:
        """Words of its own for classes, each with the class's index: names and synonyms."""
        rows = ((at, self.of(label)) for at, label in enumerate(self.classes))
        return tuple((word, at) for at, rule in rows for word in (rule.name, *rule.synonyms) if word)

    def members(self, name: str) -> list[str]:
        """The classes that are called so."""
        return [label for label, shown in zip(self.classes, self.shown, strict=True) if shown == name]

    @property
    def unnamed(self) -> "Policy":
        """The same rules, with every class under its own name."""
        return Policy(self.classes, {label: replace(rule, name="") for label, rule in self.rules.items()})

    @cached_property
    def by_name(self) -> "Policy":
        """The same rules on the names."""
        rules = {}
        for label, rule in self.rules.items():
            name, wholes = self.name_of(label), tuple(dict.fromkeys(map(self.name_of, rule.wholes)))
            rules[name] = replace(rule, wholes=wholes, name="", synonyms=())
        return Policy(self.names, rules)

    @classmethod
    def read(cls, source: Source, classes: Sequence[str], name: str = "") -> "Policy":
        """Read a table with the columns class, policy, part_of, name and synonyms (several with commas between them).

        Raises InputError for a class, a policy or a whole that is none, and a name that would mislead: a rule that is
        passed over would too.
        """
        by_name = {plain(label): label for label in classes}
        rules: dict[str, Rule] = {}
        spelled = dict(by_name)  # the first way to write a name is that of all
        for place, row in read_rows(source, name, ["class", "policy"], ["part_of", "name", "synonyms"]):
            label = _class(row["class"], by_name, place)
            action = plain(row["policy"]) or "accept"
            wholes = tuple(_class(cell, by_name, place) for cell in _several(row.get("part_of")))
            if action not in _ACTIONS:
                raise InputError(f"{place}: there is no policy {row['policy']!r}", f"use {', '.join(_ACTIONS)}")
            if (action == "part_of") != bool(wholes) or label in wholes:
                raise InputError(
                    f"{place}: {label} is {action} with {', '.join(wholes) or 'nothing'} in the column part_of",
                    "name other classes there where the policy is part_of, and nothing elsewhere",
                )
            if label in rules:
                raise InputError(f"{place}: {label} has a policy already", "leave one row for each class")
            called = clean_name(str(row.get("name") or ""))
            called = spelled.setdefault(plain(called), called)
            rules[label] = Rule(
                action,
                wholes,
                name="" if called == label else called,
                synonyms=tuple(_several(row.get("synonyms"))),
            )
        policy = cls(tuple(classes), rules)
        policy._check_names()
        return policy

    def _check_names(self) -> None:
        """Raise InputError for names that would mislead."""
        if len(self.names) < 2 <= len(self.classes):
            raise InputError("all classes are called the same", "leave two names or more")
        for label, name in zip(self.classes, self.shown, strict=True):
            if name in self.classes and self.name_of(name) != name:
                other = self.name_of(name)
                raise InputError(
                    f"{label} is called {name}, and the class {name} is called {other}",
                    "call both the same to make them one, or choose another name",
                )
            first = self.of(self.classes[self.shown.index(name)])
            if (self.of(label).action, self.of(label).wholes) != (first.action, first.wholes):
                raise InputError(f"the classes called {name} have different policies", "give them the same")
            if name in map(self.name_of, self.of(label).wholes):
                raise InputError(
                    f"{label} cannot be a part of what is called the same, {name}", "leave one of both out"
                )

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
                        f"the {readable(self.classes[part])} in {names[photo]} may be a part of the {readable(whole)} "
                        f"in {listed(shown, last=' and ')}: it counts for both"
                    )
        return moved, sentences

    def rule_on(self, label: str, voted: Sequence[str]) -> tuple[list[str], str | None]:
        """Reasons for people to look at a listing with this verdict, and the part to photograph separately.

        Its photos vote for `voted`.
        """
        reasons = [f"by policy a person looks at every {readable(label)}"] if self.of(label).action == "review" else []
        ask = next((name for name in (label, *voted) if self.of(name).action == "ask"), None)
        if ask:
            reasons.append(f"by policy the sender is asked for a separate photo of the {readable(ask)}")
        return reasons, ask


def _several(cell: object) -> list[str]:
    return [part.strip() for part in re.split("[,;|]", str(cell or "")) if part.strip()]


def _class(cell: object, by_name: Mapping[str, str], place: str) -> str:
    label = by_name.get(plain(str(cell or "")))
    if label is None:
        raise InputError(
            f"{place}: there is no class {str(cell or '')!r}", meant(str(cell or ""), list(by_name.values()))
        )
    return label
