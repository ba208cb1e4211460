"""Headings -> fields: what a column is called, in several languages, with units and other trimmings.

Aliases: the design's tweets.md, B1 and B2.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence

from engine.tweets.numbers import Cell, clean

_ALIASES: dict[str, str] = {
    "id": "tweet id|post id|status id|id|ツイートid|ポストid",
    "url": "tweet permalink|permalink|post link|tweet link|tweet url|post url|link|url",
    "text": "tweet text|post text|tweet|post|text|content|full text|本文|ツイート本文",
    "date": "time|created at|date|day|timestamp|posted at|published at|datetime|日付|時間|日|fecha|datum|data|tag|jour|"
    "dia|día|week|"
    "week of|week starting|week beginning|week commencing|woche|semana|semaine|settimana|週",
    "month": "month|monat|mes|mês|mois|mese|maand|period|月|年月|월|months|month ending|month end|reporting month",
    "year": "year|jahr|año|ano|année|anno|jaar|年",
    "impressions": "impressions|impression|views|impr|imps|impressionen|impresiones|impressioni|impressões|vues|"
    "インプレッション|インプレッション数|노출수|展示量",
    "engagements": "engagements|engagement|interactions|interaktionen|interacciones|interazioni|interações|"
    "エンゲージメント|エンゲージメント数",
    "rate": "engagement rate|er|eng rate|engagementrate|engagement|tasa de interacción|tasa de interaccion|"
    "taux dengagement|taux d engagement|interaktionsrate|engagement rate %|エンゲージメント率|er %",
    "retweets": "retweets|reposts|rts|リツイート|リポスト",
    "replies": "replies|返信|antworten|respuestas",
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
    "ツイート数|ポスト数|publicaciones|tweet volume|number of tweets|anzahl beiträge|beiträge",
    "new_followers": "new follows|new followers|followers gained|follower gain|gained followers|neue follower|"
    "nuevos seguidores|nouveaux abonnés|新規フォロワー|followers new|new followers net|net new followers|"
    "novos seguidores|nuovi follower|follower growth|followers growth",
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
_BEFORE = {
    "twitter", "x", "our", "monthly", "overall", "actual", "tweet", "tweets", "post", "posts", "account", "sum",
    "count", "number", "no", "nr", "of",
}  # fmt: skip
_AFTER = {
    "count", "sum", "sent", "posted", "made", "gained", "actual", "actuals", "gesamt", "monthly", "on", "twitter", "x",
    "in",
}  # fmt: skip
_UNITS = {
    "k": 1e3, "thousand": 1e3, "thousands": 1e3, "000": 1e3, "000s": 1e3, "1000": 1e3, "1000s": 1e3, "tsd": 1e3,
    "tausend": 1e3, "miles": 1e3, "milliers": 1e3, "m": 1e6, "mm": 1e6, "mn": 1e6, "mio": 1e6, "mln": 1e6,
    "million": 1e6, "millions": 1e6, "millionen": 1e6, "millones": 1e6, "万": 1e4, "万回": 1e4,
}  # fmt: skip
_UNIT = re.compile(r"(.+?)[\s,]*(?:[(\[]\s*(?:in\s+|x\s*)?'?([^\W_]+)\.?\s*[)\]]|[\s,]in\s+'?([^\W_]+)\.?)")
_FIGURE = re.compile(r"[\d.,%\s-]*\d[\d.,%\s-]*")
_PERCENT = {"engagement", "engagements", "eng", "interactions", "interaktionen"}  # a rate, with a percent sign
_HEADING_WORDS = 6  # more are a text
_LIKENESS = 88  # of 100: one or two wrong letters in a word of ten


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


def without_unit(heading: Cell) -> tuple[str, float]:
    """A heading without its unit, and what its figures are to be multiplied by: "Impressions (K)" counts thousands."""
    text = clean(str(heading or "")).replace("\u2019", "'")
    match = _UNIT.fullmatch(text)
    unit = (match[2] or match[3]).casefold() if match else ""
    return (match[1], _UNITS[unit]) if match and unit in _UNITS else (text, 1.0)


def field_of(heading: Cell) -> str | None:
    """The field a heading names exactly (or by an alias), "goal:<field>" for a goal, None if it is not known."""
    name = normal(without_unit(heading)[0])
    if name.startswith(("promoted ", "プロモの")):
        return f"promoted_{field_of(name.removeprefix('promoted ').removeprefix('プロモの')) or name}"
    percent = name.endswith("%")
    if percent and name.rstrip("% ") in _PERCENT:
        return "rate"
    if name in _BY_NAME:
        return _BY_NAME[name]
    if match := _GOAL.fullmatch(name):
        goal = _BY_NAME.get(match[1] or match[2])
        return f"goal:{goal}" if goal in _GOALS else None
    return None


def trimmed_field(heading: Cell) -> str | None:
    """The field that a heading names among other words: "Twitter impressions", "Tweets sent", "Eng. rate (%)"."""
    name = normal(without_unit(heading)[0])
    words = re.sub(r" (per|this) month$", "", name.removesuffix("%").rstrip()).split()
    if len(words) > _HEADING_WORDS:
        return None
    for length in range(len(words), 0, -1):
        for first in range(len(words) - length + 1):
            last = first + length
            if _BEFORE.issuperset(words[:first]) and _AFTER.issuperset(words[last:]):
                found = field_of(" ".join(words[first:last]))
                if found and (found in _RATIOS or "%" not in name):
                    return found
    return None


def alike(name: str, taken: Collection[str | None]) -> str | None:
    """The alias of a field not yet taken that a heading is nearly, as with a slip of the pen; None if there is none."""
    from rapidfuzz import fuzz, process

    free = [alias for alias, found in _BY_NAME.items() if found not in taken]
    best = process.extractOne(normal(name), free, scorer=fuzz.ratio, score_cutoff=_LIKENESS)
    return best[0] if best and len(normal(name)) > 4 else None


def known_headings(row: Sequence[Cell]) -> int:
    """How many cells of a row are headings. A row that holds a number is no header: 0."""
    texts = [cell for cell in row if isinstance(cell, str) and cell.strip()]
    filled = sum(cell is not None and cell != "" for cell in row)
    if len(texts) < filled or any(_FIGURE.fullmatch(text) for text in texts):
        return 0
    return sum((field_of(text) or trimmed_field(text)) is not None for text in texts)


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
