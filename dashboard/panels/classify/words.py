"""What the Classify page says of a verdict, in words."""

from collections import Counter
from collections.abc import Sequence

from dashboard.text import capital, count, escape, percent, sentence
from engine.listings.price import spoken
from engine.listings.verdict import PhotoVerdict, Verdict
from engine.listings.vote import readable

DECISIONS = {  # word, sign and colour: the same everywhere
    "accept": ("Accepted", ":material/check:", "green"),
    "review": ("Needs a person", ":material/person:", "orange"),
    "unknown": ("Not in the catalogue", ":material/question_mark:", "blue"),
}
NONE = "none of these"  # what people say of an object that is in no class
_STRANGE = 0.95  # of a photo: so is one known photo in twenty


def headline(verdict: Verdict) -> str:
    """The answer in some words, with the probability that it is right: that the object is known, and this."""
    if verdict.label is None or verdict.sure is None:
        return "No photo could be read"
    if verdict.decision == "unknown":
        return f"Not in the catalogue, nearest is {readable(verdict.label)}"
    return f"{capital(readable(verdict.label))}, {percent(verdict.sure)} sure"


def explanation(verdict: Verdict) -> str:
    """How the photos voted and who won, in sentences (Markdown)."""
    parts = []
    said = Counter(photo.label for photo in verdict.photos if photo.label)
    if len(said) == 1:
        (label, number) = next(iter(said.items()))
        parts.append(f"{'The photo says' if number == 1 else f'All {number} photos say'} {readable(label)}")
    elif said:
        (first, number), *rest = said.most_common()
        others = ", ".join(f"{n} {'says' if n == 1 else 'say'} {readable(label)}" for label, n in rest[:3])
        more = f", and {len(rest) - 3} other classes have votes" if len(rest) > 3 else ""
        verb = "says" if number == 1 else "say"
        parts.append(f"{number} of {said.total()} photos {verb} {readable(first)}, {others}{more}")
    if verdict.tie_break:
        parts.append(f"the vote is tied {verdict.tie_break.sentence}")
    return sentences([*parts, *verdict.reasons])


def sentences(parts: Sequence[str]) -> str:
    """Each as a sentence (Markdown)."""
    return " ".join(sentence(escape(part)) for part in parts)


def price(verdict: Verdict) -> str:
    """ "120 to 260 EUR (41 sales)"; nothing where there is no price."""
    if not (given := verdict.price):
        return ""
    return f"{spoken(given['low'], given['high'], given['currency'])} ({count(given['n'], 'sale')})"


def strange(photo: PhotoVerdict, nearest: Sequence[str]) -> str:
    """How strange a photo is and what it is most like, where that is unusual; otherwise nothing."""
    if photo.unknown is None or photo.unknown <= _STRANGE:
        return ""
    share = f"{min(99, int(100 * photo.unknown))} %"
    if not nearest:
        return f"unlike what the model knows: {share}"
    return f"stranger than {share} of known photos; nearest are {' and '.join(map(readable, nearest[:2]))}"


def without(verdict: Verdict) -> list[tuple[str, str, bool]]:
    """Each photo, what the listing would be without it, and whether that is another class. Those first."""
    lines = [
        (name, f"{readable(other['label'])}, {percent(other['confidence'])}", other["label"] != verdict.label)
        for name, other in verdict.without.items()
    ]
    return sorted(lines, key=lambda line: not line[2])


def thing(label: str | None) -> str:
    """A class as people name it, or that it is in none."""
    return NONE if label is None else readable(label)
