"""What Tally says of a listing, as plain data: JSON out, JSON in, the same verdict."""

import re
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from typing import Any

from engine import settings
from engine.errors import InputError

_ADDED = {"known", "sure", "without", "notes"}  # fields that the first verdicts did not have


@dataclass(frozen=True)
class PhotoVerdict:
    """One photo's part. `status` is ok, doubtful (kept at a lower weight), bad (weight 0) or unreadable."""

    name: str
    status: str
    label: str | None  # its own best class
    score: float | None  # calibrated probability of that class
    weight: float  # 0..1: how much of a vote and of its evidence counts
    unknown: float | None  # share of known photos that look less strange
    reasons: list[str]


@dataclass(frozen=True)
class TieBreak:
    """How a tied vote fell: `by` is score, prior or name."""

    tied: list[str]
    by: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer to "what is it?" with every number behind it; the fields are those of the public contract.

    `scores` holds the five best classes and the label; over all classes they sum to 1. `evidence` is in nats
    (natural log), for these classes and those with a vote, and adds up: over all classes the scores are the softmax
    of its sum over photos, prior and text.

    `known` is the probability that the object is in the catalogue, None where the model cannot tell; `sure` that
    accepting is right: that it is, and the label its (the confidence in a verdict of before there was `known`).
    `without` says what the verdict were without each photo that counts, where two or more do. `notes` say what was
    done, in words.
    """

    listing: str
    decision: str  # accept, review or unknown
    label: str | None = None  # None only if no photo could be read
    confidence: float | None = None
    unknown: float | None = None
    known: float | None = None
    sure: float | None = None
    rule: str
    scores: dict[str, float] = field(default_factory=dict)
    votes: dict[str, float] = field(default_factory=dict)
    tie_break: TieBreak | None = None
    ask: str | None = None
    evidence: dict[str, Any] = field(default_factory=lambda: {"photos": {}, "prior": {}, "text": {}})
    without: dict[str, dict[str, Any]] = field(default_factory=dict)
    photos: list[PhotoVerdict]
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    price: dict[str, Any] | None = None
    model: str

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Verdict":
        """The verdict that `as_dict` came from. Fields of a newer Tally are passed over, new ones may be missing.

        Raises InputError if fields are missing.
        """
        try:
            names = [item.name for item in fields(cls) if item.name in data or item.name not in _ADDED]
            values = {"sure": data["confidence"]} | {name: data[name] for name in names}
            values["photos"] = [
                PhotoVerdict(**{item.name: photo[item.name] for item in fields(PhotoVerdict)})
                for photo in data["photos"]
            ]
            if data["tie_break"] is not None:
                values["tie_break"] = TieBreak(**{item.name: data["tie_break"][item.name] for item in fields(TieBreak)})
        except (KeyError, TypeError) as error:
            raise InputError(f"this is not a verdict ({error!r})", "give what Verdict.as_dict made") from error
        return cls(**values)


def rounded(number: float | Fraction) -> float:
    """Six decimals: the batch a photo came in shifts its last bits, and the same listing must give the same verdict."""
    return round(float(number), 6)


def clean_name(name: str) -> str:
    """A name without control characters (they move cursors and reverse text), and not too long."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", "", name).strip()
    text = text.encode("utf-8", "replace").decode()  # a file system may hold bytes that are no characters
    # The end of a long name is kept: it tells the photos of one camera apart.
    return text if len(text) <= settings.NAME_CHARACTERS else "…" + text[1 - settings.NAME_CHARACTERS :]
