"""A listing from bytes to verdict, stage by stage:

    open_photos   bytes -> upright images, or why not          (threads)
    look          images -> what each photo shows              (one batch on the one inference worker)
    decide        looks -> verdict                             (arithmetic: a changed dial costs no inference)

A photo that fails at a stage is carried on as its error: the other photos still count.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine import settings
from engine.errors import InputError, LimitExceeded
from engine.listings import text, vote
from engine.listings.policy import Policy
from engine.listings.terms import Terms
from engine.listings.verdict import PhotoVerdict, Verdict, clean_name, rounded
from engine.listings.weigh import Look, Model, Weighed, weigh
from engine.photos.decode import decode_all
from engine.photos.quality import levelled, measure

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_ELSE = "the model sees what is none of the classes"
Rule = Literal["pooled", "majority"]
RULES: tuple[Rule, ...] = get_args(Rule)


def classify_listing(
    photos: Sequence[tuple[str, bytes | InputError]],
    description: str = "",
    *,
    model: "Classifier",
    rule: Rule = "pooled",
    listing: str = "listing",
    terms: Terms = Terms(),  # noqa: B008  (frozen)
) -> Verdict:
    """Say what one object is from several photos of it.

    `photos` are (name, bytes); in place of bytes an error says why there are none. Unreadable photos, and those past
    `settings.PHOTOS_PER_LISTING`, are part of the verdict with their reason. The description is one more voter.
    `terms` are an operator's settings: prior, policy, prices, when a person is asked.

    Raises InputError for no photos or an unknown rule, LimitExceeded for a description that is too long.
    """
    check_request(len(photos), description, rule)
    looks = look(list(open_photos([data for _, data in photos])), model)
    names = [name for name, _ in photos]
    return decide(names, looks, model, rule=rule, listing=listing, description=description, terms=terms)


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
    """Measure and classify the images in one batch; errors stay where they are."""
    read = [image for image in images if isinstance(image, Image.Image)]
    measures = [measure(image) for image in read]
    seen = model.predict([levelled(*pair) for pair in zip(read, measures, strict=True)])
    looks = [Look(*parts) for parts in zip(measures, seen.log_probabilities, seen.features, strict=True)]
    if looks and (novelty := model.fitted.novelty):
        features = seen.features.astype(np.float64)
        strangeness, nearest = novelty.strangeness(seen.logits, features).tolist(), novelty.nearest(features)
        known = zip(looks, strangeness, nearest, strict=True)
        looks = [replace(item, unknown=strange, nearest=tuple(near)) for item, strange, near in known]
    elif seen.left_out is not None:
        looks = [replace(item, unknown=other) for item, other in zip(looks, seen.left_out.tolist(), strict=True)]
    shown = iter(looks)
    return [next(shown) if isinstance(image, Image.Image) else image for image in images]


def decide(
    names: Sequence[str],
    looks: Sequence[Look | InputError],
    model: Model,
    *,
    rule: Rule = "pooled",
    listing: str = "listing",
    description: str = "",
    terms: Terms = Terms(),  # noqa: B008  (frozen)
) -> Verdict:
    """Weigh what the photos showed, and what the sender says, into one verdict.

    Raises InputError for terms of another model.
    """
    names = unique_names(names)
    read = {name: item for name, item in zip(names, looks, strict=True) if isinstance(item, Look)}
    unread = {
        name: PhotoVerdict(name, "unreadable", None, None, 0.0, None, [str(item)])
        for name, item in zip(names, looks, strict=True)
        if not isinstance(item, Look)
    }
    verdict = partial(Verdict, listing=clean_name(listing) or "listing", rule=rule, model=model.id)
    if not read:
        reason = "no photo could be read: add a photo that opens"
        return verdict(decision="review", reasons=[reason], photos=list(unread.values()))

    policy = terms.policy_for(model.classes)
    classes = policy.names
    said = text.evidence(description, model.classes, right=terms.right, learned=terms.learned, policy=policy)
    weighed = weigh(read, model, terms, policy, said.log_evidence)
    poll = weighed.poll
    label = poll.answer(rule)

    def shown(values: NDArray[np.float64], indices: Sequence[int]) -> dict[str, float]:
        return {classes[index]: rounded(values[index]) for index in indices}

    weighed_classes = poll.weighed(label)
    by_photo = {name: shown(row, weighed_classes) for name, row in zip(read, poll.evidence.by_photo, strict=True)}
    known = 1.0 if weighed.known is None else weighed.known
    ruled, ask = policy.by_name.rule_on(classes[label], [classes[index] for index in poll.votes])
    reasons = [*_doubts(weighed, known, policy, said), *ruled]
    sure = known * float(poll.scores[label])
    needed = terms.dial.threshold(terms.fitted or model.fitted, weighed.different)
    if not reasons and sure < needed:
        reasons.append(_unsure(sure, needed, weighed.different))
    decision = "unknown" if known < 0.5 and not weighed.hopeless else "review" if reasons else "accept"
    price, notes = _priced(classes[label], decision, terms, policy)
    return verdict(
        decision=decision,
        label=classes[label],
        confidence=rounded(poll.scores[label]),
        unknown=None if weighed.unknown is None else rounded(weighed.unknown),
        known=None if weighed.known is None else rounded(weighed.known),
        sure=rounded(sure),
        scores=shown(poll.scores, poll.top(label)),
        votes={classes[index]: rounded(count) for index, count in poll.votes.items()},
        tie_break=poll.tie_break,
        ask=ask,
        evidence={
            "photos": by_photo,
            "prior": {} if terms.prior is None else shown(poll.evidence.prior, weighed_classes),
            "text": shown(said.log_evidence, weighed_classes) if said.log_evidence.any() else {},
        },
        without={
            name: {"label": classes[other.answer(rule)], "confidence": rounded(other.scores[other.answer(rule)])}
            for name, other in weighed.without.items()
        },
        photos=[unread.get(name) or weighed.photos[name] for name in names],
        reasons=reasons,
        notes=[*weighed.notes, *([said.sentence] if said.sentence else []), *notes],
        price=price,
    )


def _doubts(weighed: Weighed, known: float, policy: Policy, said: text.Text) -> list[str]:
    """Why the listing goes to people, however sure its label is."""
    poll, classes, reasons = weighed.poll, policy.names, []
    if known < 0.5:
        likely = f"perhaps not in the catalogue, with a probability of {100 * (1 - known):.0f} %"
        near = " and ".join(vote.readable(policy.shown[index]) for index in weighed.nearest)
        stranger = f"its photos are stranger than {100 * (weighed.unknown or 0):.0f} % of known ones"
        reasons.append(f"{likely}: " + (f"{stranger}; nearest are {near}" if near else _ELSE))
    if weighed.poor:
        reasons.append(weighed.poor)
    if weighed.two_objects:
        reasons.append("the photos fall into two groups: two different objects?")
    if against := text.contradicts(said, classes[int(poll.evidence.by_photo.sum(0).argmax())]):
        reasons.append(against)
    if poll.voted != poll.best:
        reasons.append(_disagreement(poll, classes))
    return reasons


def _unsure(sure: float, needed: float, photos: int) -> str:
    if needed > 1:
        several = "one photo" if photos == 1 else f"{photos} different photos"
        return f"no listing of {several} is known to be sure enough to go without a person"
    digits = 0 if f"{sure:.2f}" != f"{needed:.2f}" else 1  # or both would read the same
    return f"{100 * sure:.{digits}f} % sure; {100 * needed:.{digits}f} % is needed to go without a person"


def _priced(label: str, decision: str, terms: Terms, policy: Policy) -> tuple[dict[str, Any] | None, list[str]]:
    """The price range, and the sentence that says what it rests on."""
    if terms.prices is None:
        return None, []
    if decision == "unknown":
        return None, ["no price: the object may be none of the catalogue"]
    quote = terms.prices.range(label, classes=policy.members(label))
    return asdict(quote.price) if quote.price else None, [quote.sentence]


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
