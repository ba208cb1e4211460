"""Which classes a description names: words and their synonyms, misspellings, and what is only mentioned in passing.

The table of synonyms has a row for each class of the starter; its row without a class holds other things, and ways of
speaking, that would be taken for one ("table tennis", "for sale").
"""

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SYNONYMS = Path(__file__).with_name("synonyms.csv")
_LONGEST = 4  # words of a term
_MISSPELT = 6  # letters of a term: in a shorter one a slip makes another word (couch, coach)
_LONG = 7  # letters: in a longer one a wrong consonant is a slip, too

# Words before a name, which say that the thing itself is not for sale: "no car", "for my old car", "like a car".
_ABOUT = _words(
    "no not non without for fits fit fitting like than with by in on at from to into near inside under behind beside "
    "instead incl including includes include replaces replacement replacing compatible toy miniature call contact via "
    "ohne kein keine nicht mit wie sans pour avec comme pas sin para con como"
)
_REACH = 3  # words back to such a word
_AND = _words(", and or und oder et ou y o n")
# Words after a name, which make it something else: "phone case", "car-shaped".
_BELONGING = _words(
    "case cover bag strap stand holder charger seat cable part rack mount box cushion leg pad mat shade topper sheet "
    "cloth runner string pick tuner amp amplifier lesson manual battery adapter adaptor cartridge ink toner paper "
    "filter lid hook hanger polish cleaner spray sticker poster print pattern design style theme themed shaped shape "
    "costume key keychain charm pin badge ornament figurine decoration decor game simulator insurance shop store park "
    "show number size dock protector pedal bell lock helmet pump chain saddle trailer sleeve collar pocket light towel "
    "opener warmer insert liner net racket club bow hoop bench remover lens screen speaker drawing painting photo "
    "picture magazine museum festival concert player"
)
_APART = _words("included excluded extra separately")  # "bike not included"
_SIGNS = str.maketrans({"'": "", "\u2019": "", "`": "", "&": " and ", "+": " and ", "/": ","})
_BREAK = re.compile(r"[.;:!?()\[\]|•\n]|\s[-\u2013\u2014]+\s")


@dataclass(frozen=True)
class _Mention:
    start: int  # word
    end: int  # word after the last
    classes: frozenset[int]  # none: another thing or a way of speaking


@dataclass(frozen=True)
class _Vocabulary:
    terms: dict[str, frozenset[int]]  # terms without spaces
    alike: dict[str, list[str]]  # English terms that may be misspelt, by first and last letter

    def find(self, words: Sequence[str]) -> frozenset[int] | None:
        first = "".join(words[:-1])
        return next((self.terms[first + last] for last in _forms(words[-1]) if first + last in self.terms), None)

    def find_misspelt(self, words: Sequence[str]) -> frozenset[int] | None:
        """The term of which the words are a slip: one letter that is wrong, missing or too many, or two that swapped.

        In a word of less than eight letters consonants are right. The first and the last letter are right: another
        ending is another word (compute, computer).
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        joined = "".join([*words[:-1], _forms(words[-1])[-1]])
        if not joined.isalpha():
            return None
        near = process.extract(joined, self.alike.get(joined[0] + joined[-1], ()), scorer=OSA.distance, score_cutoff=2)
        for term, slips, _ in near:
            few = slips == 1 or sorted(term) == sorted(joined)
            if few and (len(term) > _LONG or _consonants(term) == _consonants(joined)):
                return self.terms[term]
        return None


def named_classes(description: str, classes: Sequence[str], words_of: Sequence[tuple[str, int]] = ()) -> dict[int, str]:
    """Indices of the classes that a text means, in its order, each with the words that name it first.

    `words_of` are further words, each with the index of its class; they mean that class alone.
    """
    vocabulary = _vocabulary(tuple(classes), tuple(words_of))
    named: dict[int, str] = {}
    for words in clauses(description):
        for mention in _meant(words, list(_mentions(words, vocabulary))):
            for index in sorted(mention.classes):
                named.setdefault(index, " ".join(words[mention.start : mention.end]))
    return named


def _mentions(words: list[str], vocabulary: _Vocabulary) -> Iterator[_Mention]:
    """The longest term from each word on; a misspelt one only where there is no other."""
    start = 0
    while start < len(words):
        spans = [words[start : start + length] for length in range(_LONGEST, 0, -1) if start + length <= len(words)]
        for find in (vocabulary.find, vocabulary.find_misspelt):
            hit = next(((span, classes) for span in spans if (classes := find(span)) is not None), None)
            if hit:
                yield _Mention(start, start + len(hit[0]), hit[1])
                break
        start += len(hit[0]) if hit else 1


def _meant(words: list[str], mentions: list[_Mention]) -> Iterator[_Mention]:
    """Those of the thing for sale: not "no car", "for a car or a bike", "car seat" or the table of "table lamp"."""
    about, last = False, 0
    for mention, following in zip_longest(mentions, mentions[1:]):
        before = words[last : mention.start]
        about = (about and _AND.issuperset(before)) or not _ABOUT.isdisjoint(_unbroken(before[::-1])[:_REACH])
        after = _unbroken(words[mention.end : mention.end + 3])
        modifier = following is not None and following.start == mention.end and bool(following.classes)
        next_to = after[:1] if after[1:2] != ["like"] else []  # "shaped like"
        belonging = not _BELONGING.isdisjoint(form for word in next_to for form in _forms(word))
        if not (about or modifier or belonging or not _APART.isdisjoint(after)):
            yield mention
        about, last = about and bool(mention.classes), mention.end


def _unbroken(words: list[str]) -> list[str]:
    return words[: words.index(",")] if "," in words else words


@lru_cache(maxsize=8)
def _vocabulary(classes: tuple[str, ...], words_of: tuple[tuple[str, int], ...]) -> _Vocabulary:
    by_name = {_joined(name): index for index, name in enumerate(classes)}
    terms = {name: {index} for name, index in by_name.items()}
    english = set(terms)
    with _SYNONYMS.open(encoding="utf-8", newline="") as file:
        for name, *columns in csv.reader(file):
            index = by_name.get(_joined(name)) if name else None
            if name and index is None:
                continue  # a class of another model
            for column, cell in enumerate(columns):
                for term in filter(None, map(_joined, cell.split("|"))):
                    terms.setdefault(term, set()).update([] if index is None else [index])
                    english |= {term} if column == 0 else set()
    own: dict[str, set[int]] = {}
    for words, index in words_of:
        own.setdefault(_joined(words), set()).add(index)
    own.pop("", None)
    terms |= own
    alike: dict[str, list[str]] = {}
    for term in sorted(english | set(own)):
        if len(term) >= _MISSPELT:
            alike.setdefault(term[0] + term[-1], []).append(term)
    return _Vocabulary({term: frozenset(indices) for term, indices in terms.items()}, alike)


def clauses(description: str) -> list[list[str]]:
    """Words and commas of each clause, without accents."""
    text = unicodedata.normalize("NFKD", description.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c)).translate(_SIGNS)
    found = [re.findall(r"[^\W_]+|,", clause) for clause in _BREAK.split(text)]
    return [words for words in found if set(words) - {","}]


def _joined(text: str) -> str:
    return "".join(word for words in clauses(text.replace("_", " ")) for word in words)


def _forms(word: str) -> list[str]:
    """The word, and what it may be the plural of, the likeliest last."""
    if len(word) < 3 or not word.endswith("s") or word.endswith("ss"):
        return [word]
    if word.endswith("ies"):
        return [word, f"{word[:-3]}y", word[:-1]]
    return [word, word[:-2] if word.endswith(("sses", "shes", "ches", "xes")) else word[:-1]]


def _consonants(word: str) -> str:
    """Doubled ones once."""
    return re.sub(r"(.)\1+", r"\1", re.sub("[aeiouy]", "", word))
