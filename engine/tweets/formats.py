"""What a table is: which export, and which of its columns holds what.

Columns go by name with aliases (the design's tweets.md, B1 and B2); exports in a language that is not known here go by
position; a header with a slip of the pen goes by likeness, which the import report tells.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.errors import UnknownLayout, UnreadableData
from engine.tweets.numbers import Cell, clean

Kind = Literal["posts", "days", "months"]
Definition = Literal["old", "new", "sheet"]  # who counted, and so what the figures mean

# The old exports' 36 figures, in their order; the promoted ones follow in the same order from impressions on.
_FIGURES = (
    "impressions", "engagements", "rate", "retweets", "replies", "likes", "profile_clicks", "url_clicks",
    "hashtag_clicks", "detail_expands", "permalink_clicks", "app_opens", "app_installs", "follows", "email",
    "dials", "media_views", "media_engagements",
)  # fmt: skip
_OLD_POSTS = ("id", "url", "text", "date", *_FIGURES, *(f"promoted_{name}" for name in _FIGURES))
_OLD_DAYS = ("date", "tweets", *_FIGURES, *(f"promoted_{name}" for name in _FIGURES))

_NEW_POSTS = (
    "id", "date", "text", "url", "impressions", "likes", "engagements", "bookmarks", "shares", "new_follows", "replies",
    "retweets", "profile_clicks", "detail_expands", "url_clicks", "hashtag_clicks", "permalink_clicks",
)  # fmt: skip
_NEW_DAYS = (
    "date", "impressions", "likes", "engagements", "bookmarks", "shares", "new_followers", "unfollows", "replies",
    "retweets", "profile_clicks", "tweets", "video_views", "media_views",
)  # fmt: skip
_ORDERS = {
    ("posts", "old"): _OLD_POSTS,
    ("posts", "new"): _NEW_POSTS,
    ("days", "old"): _OLD_DAYS,
    ("days", "new"): _NEW_DAYS,
}

_ALIASES: dict[str, str] = {
    "id": "tweet id|post id|status id|id|ツイートid|ポストid",
    "url": "tweet permalink|permalink|post link|tweet link|tweet url|post url|link|url",
    "text": "tweet text|post text|tweet|post|text|content|full text|本文|ツイート本文",
    "date": "time|created at|date|day|timestamp|posted at|published at|datetime|日付|時間|日|fecha|datum|data|tag|jour|"
    "dia|día",
    "month": "month|monat|mes|mês|mois|mese|maand|period|月|年月|월",
    "impressions": "impressions|impression|views|impr|imps|impressionen|impresiones|impressioni|impressões|vues|"
    "インプレッション|インプレッション数|노출수|展示量",
    "engagements": "engagements|engagement|interactions|interaktionen|interacciones|interazioni|interações|"
    "エンゲージメント|エンゲージメント数",
    "rate": "engagement rate|er|eng rate|engagementrate|engagement|tasa de interacción|tasa de interaccion|"
    "taux dengagement|taux d engagement|interaktionsrate|engagement rate %|エンゲージメント率|er %",
    "retweets": "retweets|reposts|rts|リツイート|リポスト",
    "replies": "replies|comments|返信|antworten|respuestas",
    "likes": "likes|favorites|favourites|favs|いいね|gefällt mir|me gusta",
    "bookmarks": "bookmarks|saves",
    "shares": "shares|share",
    "profile_clicks": "user profile clicks|profile visits|profile clicks|プロフィールクリック",
    "url_clicks": "url clicks|link clicks",
    "hashtag_clicks": "hashtag clicks",
    "detail_expands": "detail expands",
    "permalink_clicks": "permalink clicks",
    "app_opens": "app opens",
    "app_installs": "app installs",
    "email": "email tweet",
    "dials": "dial phone",
    "media_views": "media views",
    "video_views": "video views",
    "media_engagements": "media engagements",
    "follows": "follows",
    "tweets": "tweets published|tweets|posts|create post|posts published|tweet count|post count|anzahl tweets|"
    "ツイート数|ポスト数|publicaciones",
    "new_followers": "new follows|new followers|followers gained|follower gain|gained followers|neue follower|"
    "nuevos seguidores|nouveaux abonnés|新規フォロワー",
    "unfollows": "unfollows|lost followers|followers lost",
    "followers": "followers|follower|follower count|abonnés|seguidores|フォロワー|フォロワー数",
    "impressions_per_tweet": "impressions per tweet|impressions/tweet|impressions per post|impressions/post|"
    "avg impressions|average impressions|impr per tweet",
    "followers_per_tweet": "followers per tweet|followers/tweet|new followers per tweet|new followers/tweet|"
    "followers per post|followers/post|follows per tweet",
    "completion": "completion rate|watch time|watch time ms|average watch time ms|avg watch time",
}
_AIM = "(?:goal|target|ziel|objetivo|objectif|目標)s?"
_GOAL = re.compile(f"{_AIM}(?: for)? (.+)|(.+?) {_AIM}")
_RATIOS = ("rate", "impressions_per_tweet", "followers_per_tweet")
_GOALS = ("tweets", "impressions", "engagements", "new_followers", *_RATIOS)

_COUNTED = {"impressions", "engagements", "likes", "tweets", "new_followers", *_RATIOS}  # one of them makes a table
_FIGURE = re.compile(r"[\d.,%\s-]*\d[\d.,%\s-]*")

HEADER_ROWS = 20  # title and blank rows above a header that are looked through
_LIKENESS = 88  # of 100: one or two wrong letters in a word of ten


@dataclass(frozen=True)
class Layout:
    """Where the figures of a table stand."""

    kind: Kind
    definition: Definition
    columns: dict[str, int]  # field -> column
    width: int  # columns of the header
    guesses: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # field -> heading, where it was found by its heading

    @property
    def title(self) -> str:
        """What it was read as, in words."""
        if self.definition == "sheet":
            return {"posts": "posts", "days": "days", "months": "months"}[self.kind] + " of a hand-made sheet"
        if self.kind == "posts":
            return "posts, the export by tweet" if self.definition == "old" else "posts, the content export"
        return "days, the export by day" if self.definition == "old" else "days, the account overview"


def unknown(header: Sequence[str], reason: str = "") -> UnknownLayout:
    """The error for a table whose columns a person must name."""
    shown = ", ".join(name for name in header[:6] if name) or "nothing"
    remedy = "say on the Tweets page which column holds what, or rename the headings"
    return UnknownLayout(reason or f"its columns are not known ({shown})", remedy, header)


def normal(name: Cell) -> str:
    """A heading as it is compared: one case, no punctuation, without "total", "# of" and "no."."""
    text = clean(str(name or "")).casefold()
    text = unicodedata.normalize("NFKC", text).replace("'", "").replace("\u2019", "").replace("_", " ")
    text = re.sub(r"(^|\s)(total|# of|no\.|number of|anzahl der|#)(?=\s|$)", " ", text)
    text = re.sub(r"[^\w\s%/#]", " ", text).replace("#", " ")
    return re.sub(r"\s*/\s*", "/", re.sub(r"\s+", " ", text)).strip()


_BY_NAME: dict[str, str] = {}
for _field, _names in _ALIASES.items():
    for _name in _names.split("|"):
        _BY_NAME.setdefault(normal(_name), _field)


def field_of(heading: Cell) -> str | None:
    """The field a heading names exactly (or by an alias), "goal:<field>" for a goal, None if it is not known."""
    name = normal(heading)
    if name.startswith(("promoted ", "プロモの")):
        return f"promoted_{field_of(name.removeprefix('promoted ').removeprefix('プロモの')) or name}"
    if name in _BY_NAME:
        return _BY_NAME[name]
    if match := _GOAL.fullmatch(name):
        goal = _BY_NAME.get(match[1] or match[2])
        return f"goal:{goal}" if goal in _GOALS else None
    return None


def known_headings(row: Sequence[Cell]) -> int:
    """How many cells of a row are headings. A row that holds a number is no header: 0."""
    texts = [cell for cell in row if isinstance(cell, str) and cell.strip()]
    filled = sum(cell is not None and cell != "" for cell in row)
    if len(texts) < filled or any(_FIGURE.fullmatch(text) for text in texts):
        return 0
    return sum(field_of(text) is not None for text in texts)


def headings(header: Sequence[Cell]) -> list[str]:
    """A header's names, told apart where they are the same: a, a (2)."""
    names: list[str] = []
    for cell in header:
        name = str(cell or "").strip()
        again = 2
        while name and name in names:
            name = f"{str(cell).strip()} ({again})"
            again += 1
        names.append(name)
    return names


def layout_of(header: Sequence[Cell], first: Sequence[Cell], mapping: Mapping[str, str] | None = None) -> Layout:
    """Recognise a table by its header and its first row of data.

    `mapping` (heading -> field) is a person's answer for a header that is not known. Raises UnknownLayout if a person
    must say what the columns hold, UnreadableData with the reason for tables that hold no figures of posts.
    """
    names = headings(header)
    by_position = _position(names, first)
    if by_position:
        return by_position
    fields = [mapping.get(name) if mapping else field_of(cell) for name, cell in zip(names, header, strict=True)]
    guesses = [] if mapping else _alike(names, fields)
    if "completion" in fields:
        raise UnreadableData(
            "it is the video overview, which counts views of videos and not of posts",
            "export the content or the account overview from the same page",
        )
    columns, warnings = _columns(names, fields)
    kind = _kind(columns)
    if kind is None:
        raise unknown(names)
    layout = _finished(kind, columns, len(names), guesses, warnings)
    layout.names.update({field: names[at] for field, at in layout.columns.items()})
    return layout


def _position(names: Sequence[str], first: Sequence[Cell]) -> Layout | None:
    """The old exports by position: 40 columns with a permalink in the second, or 38 that start with a date."""
    if sum(field_of(name) is not None for name in names) > 6:
        return None  # its headings are known
    guess = "the headings are in another language: the columns were taken by their position"
    if len(names) == 40 and len(first) > 1 and re.search(r"status/\d+", str(first[1])):
        return Layout("posts", "old", {name: at for at, name in enumerate(_OLD_POSTS)}, 40, [guess])
    if len(names) == 38 and first and re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(first[0]).strip()):
        return Layout("days", "old", {name: at for at, name in enumerate(_OLD_DAYS)}, 38, [guess])
    return None


def _alike(names: Sequence[str], fields: list[str | None]) -> list[str]:
    """Fill in fields of headings that are nearly a known one; returns what was guessed."""
    from rapidfuzz import fuzz, process

    guesses = []
    for at, name in enumerate(names):
        if fields[at] is None and len(normal(name)) > 4:
            free = [alias for alias, found in _BY_NAME.items() if found not in fields]
            best = process.extractOne(normal(name), free, scorer=fuzz.ratio, score_cutoff=_LIKENESS)
            if best:
                fields[at] = _BY_NAME[best[0]]
                guesses.append(f"“{name}” is read as {best[0]}")
    return guesses


def _columns(names: Sequence[str], fields: Sequence[str | None]) -> tuple[dict[str, int], list[str]]:
    """Field -> column. Two columns for one field are for a person to settle, never silently the last."""
    columns: dict[str, int] = {}
    warnings = []
    for at, found in enumerate(fields):
        if found is None:
            continue
        if found in columns:
            pair = f"“{names[columns[found]]}” and “{names[at]}”"
            raise unknown(names, f"two columns may hold the {found.replace('_', ' ')}: {pair}")
        columns[found] = at
    if "followers" in columns and "new_followers" not in columns:
        warnings.append(
            f"“{names[columns['followers']]}” counts all followers, not new ones: new followers are left open"
        )
    return columns, warnings


def _kind(columns: Mapping[str, int]) -> Kind | None:
    if not _COUNTED & columns.keys() and not any(name.startswith("goal:") for name in columns):
        return None
    if ("text" in columns or "url" in columns or "id" in columns) and "tweets" not in columns:
        return "posts" if {"date", "id", "url"} & columns.keys() else None
    if "month" in columns:
        return "months"
    return "days" if "date" in columns else None


def _finished(kind: Kind, columns: dict[str, int], width: int, guesses: list[str], warnings: list[str]) -> Layout:
    """Settle what a heading means from the company it keeps."""
    definition: Definition = "sheet"
    if kind == "posts":
        if "new_followers" in columns:  # of one post, not of the account
            columns["new_follows"] = columns.pop("new_followers")
        old = {"permalink_clicks", "app_opens", "media_views", "promoted_impressions"} <= columns.keys()
        new = {"bookmarks", "new_follows"} <= columns.keys()
        definition = "old" if old else "new" if new else "sheet"
    elif kind == "days":
        old = {"tweets", "app_opens", "media_views"} <= columns.keys()
        new = {"unfollows", "new_followers", "profile_clicks"} <= columns.keys()
        definition = "old" if old else "new" if new else "sheet"
    known = [
        name for name in sorted(columns, key=lambda name: columns[name]) if name in _ORDERS.get((kind, definition), ())
    ]
    if known != [name for name in _ORDERS.get((kind, definition), ()) if name in columns]:
        guesses.append("the columns stand in another order than in the export: they were taken by their headings")
    return Layout(kind, definition, columns, width, guesses, warnings)
