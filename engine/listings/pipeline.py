"""A listing from bytes to verdict, stage by stage:

    open_photos   bytes -> upright images, or why not          (threads)
    look          images -> what each photo shows              (one batch on the one inference worker)
    decide        looks -> verdict                             (arithmetic: a changed dial costs no inference)

A photo that fails at a stage is carried on as its error: the other photos still count.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine import settings
from engine.errors import InputError, LimitExceeded
from engine.listings import vote
from engine.listings.verdict import PhotoVerdict, Verdict
from engine.photos.decode import decode_all
from engine.photos.siblings import share_votes

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

Rule = Literal["pooled", "majority"]
RULES: tuple[Rule, ...] = get_args(Rule)


@dataclass(frozen=True)
class Look:
    """What one photo showed. Later stages need its pixels no more."""

    picture: str  # hash of the pixels: copies of one picture share it
    log_probabilities: NDArray[np.float64] = field(repr=False)  # [classes], calibrated
    features: NDArray[np.float32] = field(repr=False)  # [width]


def classify_listing(
    photos: Sequence[tuple[str, bytes | InputError]],
    description: str = "",
    *,
    model: "Classifier",
    rule: Rule = "pooled",
    listing: str = "listing",
) -> Verdict:
    """Say what one object is from several photos of it.

    `photos` are (name, bytes); in place of bytes an error says why there are none. Unreadable photos, and those past
    `settings.PHOTOS_PER_LISTING`, are part of the verdict with their reason. The description is not weighed yet.

    Raises InputError for no photos or an unknown rule, LimitExceeded for a description that is too long.
    """
    check_request(len(photos), description, rule)
    looks = look(list(open_photos([data for _, data in photos])), model)
    return decide(
        [name for name, _ in photos], looks, classes=model.classes, model=model.id, rule=rule, listing=listing
    )


def check_request(photos: int, description: str, rule: str) -> None:
    """Raise what `classify_listing` raises for a request it cannot start on."""
    if photos == 0:
        raise InputError("there are no photos", "give at least one photo of the object")
    if rule not in RULES:
        raise InputError(f"there is no rule {rule!r}", f"use {' or '.join(RULES)}")
    if len(description) > settings.DESCRIPTION_CHARACTERS:
        raise LimitExceeded(
            f"the description has {len(description):,} characters, over the limit of "
            f"{settings.DESCRIPTION_CHARACTERS:,}",
            "shorten it",
        )


def open_photos(sources: Sequence[bytes | InputError]) -> Iterator[Image.Image | InputError]:
    """Decode the photos of one listing in threads; yields in order, so that progress can be shown."""
    yield from decode_all(sources[: settings.PHOTOS_PER_LISTING])
    for _ in sources[settings.PHOTOS_PER_LISTING :]:
        yield one_too_many()


def one_too_many() -> LimitExceeded:
    """Why a photo past the limit was not read."""
    limit = f"a listing takes up to {settings.PHOTOS_PER_LISTING} photos"
    return LimitExceeded(f"not read, as {limit}", "leave out the least telling")


def look(images: Sequence[Image.Image | InputError], model: "Classifier") -> list[Look | InputError]:
    """Classify the images in one batch; errors stay where they are."""
    prediction = model.predict([image for image in images if isinstance(image, Image.Image)])
    shown = iter(zip(prediction.log_probabilities, prediction.features, strict=True))
    return [Look(_fingerprint(image), *next(shown)) if isinstance(image, Image.Image) else image for image in images]


def decide(
    names: Sequence[str],
    looks: Sequence[Look | InputError],
    *,
    classes: Sequence[str],
    model: str,
    rule: Rule = "pooled",
    listing: str = "listing",
) -> Verdict:
    """Weigh what the photos showed into one verdict. `model` is the model's id."""
    names = unique_names(names)
    read = [(name, item) for name, item in zip(names, looks, strict=True) if isinstance(item, Look)]
    weights, copies = share_votes([name for name, _ in read], [item.picture for _, item in read])
    shares = iter(zip(weights, copies, strict=True))
    photos = [
        _read_photo(name, item, *next(shares), classes)
        if isinstance(item, Look)
        else PhotoVerdict(name, "unreadable", None, None, 0.0, None, [str(item)])
        for name, item in zip(names, looks, strict=True)
    ]
    verdict = partial(Verdict, listing=clean_name(listing) or "listing", rule=rule, photos=photos, model=model)
    if not read:
        reason = "no photo could be read: add a photo that opens"
        return verdict(decision="review", reasons=[reason])

    poll = vote.hold(np.stack([item.log_probabilities for _, item in read]), weights, classes)
    label = poll.voted if rule == "majority" else poll.best

    def shown(values: NDArray[np.float64], indices: Sequence[int]) -> dict[str, float]:
        return {classes[index]: _rounded(values[index]) for index in indices}

    weighed_classes = poll.weighed(label)
    by_photo = {name: shown(row, weighed_classes) for (name, _), row in zip(read, poll.evidence, strict=True)}
    return verdict(
        decision="accept",
        label=classes[label],
        confidence=_rounded(poll.scores[label]),
        scores=shown(poll.scores, poll.top(label)),
        votes={classes[index]: _rounded(count) for index, count in poll.votes.items()},
        tie_break=poll.tie_break,
        evidence={"photos": by_photo, "prior": {}, "text": {}},
        reasons=[] if label == poll.best else [_disagreement(poll, classes)],
    )


def _read_photo(name: str, item: Look, weight: Fraction, reasons: list[str], classes: Sequence[str]) -> PhotoVerdict:
    return PhotoVerdict(
        name=name,
        status="doubtful" if reasons else "ok",
        label=classes[int(item.log_probabilities.argmax())],
        score=_rounded(np.exp(item.log_probabilities.max())),
        weight=_rounded(weight),
        unknown=None,
        reasons=reasons,
    )


def _disagreement(poll: vote.Poll, classes: Sequence[str]) -> str:
    voted, best = (f"{vote.readable(classes[index])}" for index in (poll.voted, poll.best))
    return (
        f"the vote says {voted}, but all evidence together speaks for {best} "
        f"({poll.scores[poll.best]:.2f} to {poll.scores[poll.voted]:.2f})"
    )


def unique_names(names: Sequence[str]) -> list[str]:
    """Names fit to show and to use as keys: clean, with a number on a repeated one."""
    taken: dict[str, None] = {}
    last: dict[str, int] = {}  # number given to a repeated name
    for index, name in enumerate(names):
        clean = clean_name(name) or f"photo {index + 1}"
        unique, count = clean, last.get(clean, 1)
        while unique in taken:
            count += 1
            unique = f"{clean} ({count})"
        last[clean] = count
        taken[unique] = None
    return list(taken)


def clean_name(name: str) -> str:
    """A name without control characters (they move cursors and reverse text), and not too long."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", "", name).strip()
    text = text.encode("utf-8", "replace").decode()  # a file system may hold bytes that are no characters
    # The end of a long name is kept: it tells the photos of one camera apart.
    return text if len(text) <= settings.NAME_CHARACTERS else "…" + text[1 - settings.NAME_CHARACTERS :]


def _fingerprint(image: Image.Image) -> str:
    return hashlib.sha256(repr(image.size).encode() + image.tobytes()).hexdigest()


def _rounded(number: float | Fraction) -> float:
    """Six decimals: the batch a photo came in shifts its last bits, and the same listing must give the same verdict."""
    return round(float(number), 6)
