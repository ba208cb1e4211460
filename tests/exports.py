"""Made-up exports and sheets in the formats of X: for tests and benchmarks. No real account, no real words."""

import csv
import io
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import openpyxl

_FIGURES = [
    "impressions",
    "engagements",
    "engagement rate",
    "retweets",
    "replies",
    "likes",
    "user profile clicks",
    "url clicks",
    "hashtag clicks",
    "detail expands",
    "permalink clicks",
    "app opens",
    "app installs",
    "follows",
    "email tweet",
    "dial phone",
    "media views",
    "media engagements",
]
_PROMOTED = [f"promoted {name}" for name in _FIGURES]
OLD_POSTS = ["Tweet id", "Tweet permalink", "Tweet text", "time", *_FIGURES, *_PROMOTED]
OLD_DAYS = ["Date", "Tweets published", *_FIGURES, *_PROMOTED]
NEW_POSTS = [
    "Post id",
    "Date",
    "Post text",
    "Post Link",
    "Impressions",
    "Likes",
    "Engagements",
    "Bookmarks",
    "Shares",
    "New follows",
    "Replies",
    "Reposts",
    "Profile visits",
    "Detail Expands",
    "URL Clicks",
    "Hashtag Clicks",
    "Permalink Clicks",
]
NEW_POSTS_2025 = [
    "Post id",
    "Date",
    "Post text",
    "Link",
    "Impressions",
    "Likes",
    "Engagements",
    "Bookmarks",
    "Share",
    "New follows",
    "Replies",
    "Reposts",
    "Profile visits",
    "Detail expands",
    "Url clicks",
    "Hashtag clicks",
    "Permalink clicks",
]
OVERVIEW = [
    "Date",
    "Impressions",
    "Likes",
    "Engagements",
    "Bookmarks",
    "Shares",
    "New follows",
    "Unfollows",
    "Replies",
    "Reposts",
    "Profile visits",
    "Create Post",
    "Video views",
    "Media views",
]
_WORDS = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "omicron",
    "pi",
    "rho",
    "sigma",
]


@dataclass(frozen=True)
class Post:
    """One made-up post."""

    moment: datetime  # UTC
    text: str
    impressions: int
    likes: int
    replies: int
    retweets: int
    clicks: int

    @property
    def id(self) -> str:
        return str((int(self.moment.timestamp() * 1000) - 1_288_834_974_657 << 22) + (361 << 12))  # 361: of a machine

    @property
    def url(self) -> str:
        return f"https://twitter.com/example/status/{self.id}"

    @property
    def engagements(self) -> int:
        return self.likes + self.replies + self.retweets + self.clicks


def posts(number: int, first: date = date(2021, 1, 1), days: int = 59, seed: int = 0) -> list[Post]:
    """Posts spread over some days, newest first, some with line breaks and quotation marks in their text."""
    return list(generate(number, first, days, seed))[::-1]


def generate(number: int, first: date, days: int, seed: int = 0) -> Iterator[Post]:
    chance = random.Random(seed)
    start = datetime.combine(first, datetime.min.time(), UTC)
    for at in range(number):
        moment = start + timedelta(days=days * (at + 0.5) / number)
        text = " ".join(chance.choices(_WORDS, k=chance.randint(3, 20)))
        if at % 3 == 0:
            text = f"@reader {text}"
        if at % 5 == 0:
            text = f'{text}\n\n"{chance.choice(_WORDS)}", she said\nhttps://t.co/{at:x}'
        figures = [chance.randint(0, 9) for _ in range(4)]
        yield Post(moment.replace(second=0, microsecond=at % 1000 * 1000), text, chance.randint(40, 9000), *figures)


def old_row(post: Post) -> list[str]:
    """A row of the old export by tweet."""
    rate = repr(post.engagements / post.impressions) if post.impressions else "0.0"
    counts = [f"{n}.0" for n in (post.retweets, post.replies, post.likes, 0, post.clicks, 0, 0, 0)]
    figures = [f"{post.impressions}.0", f"{post.engagements}.0", rate, *counts, *["0"] * 7]
    return [post.id, post.url, post.text, f"{post.moment:%Y-%m-%d %H:%M} +0000", *figures, *["-"] * 18]


def old_posts(made: Sequence[Post]) -> bytes:
    """The old export by tweet: every field quoted, LF."""
    return table([OLD_POSTS, *map(old_row, made)], quoting=csv.QUOTE_ALL)


def old_days(made: Sequence[Post], first: date, days: int) -> bytes:
    """The old export by day: activity of the day, here of its own posts only."""
    rows = [OLD_DAYS]
    for at in range(days):
        day = first + timedelta(days=at)
        of_day = [post for post in made if post.moment.date() == day]
        impressions, engagements = sum(p.impressions for p in of_day), sum(p.engagements for p in of_day)
        rate = repr(engagements / impressions) if impressions else "0.0"
        figures = [str(len(of_day)), str(impressions), str(engagements), rate, *["0"] * 15, *["-"] * 18]
        rows.append([f"{day}", *figures])
    return table(rows, quoting=csv.QUOTE_ALL)


def new_row(post: Post, style: str = "%a, %b %d, %Y") -> list[str]:
    """A row of the new content export."""
    figures = [post.impressions, post.likes, post.engagements, 0, 0, 1, post.replies, post.retweets, 0, 0, post.clicks]
    return [post.id, post.moment.strftime(style), post.text, post.url, *map(str, figures), "0", "0"]


def new_posts(made: Sequence[Post]) -> bytes:
    """The new content export: quoted where needed, dates without a time."""
    return table([NEW_POSTS, *map(new_row, made)])


def overview(first: date, days: int, followers: int = 3) -> bytes:
    """The new account overview: newest first, `followers` gained and one lost a day."""
    rows = [OVERVIEW]
    for at in reversed(range(days)):
        day = first + timedelta(days=at)
        rows.append(
            [f"{day:%a, %b} {day.day}, {day.year}", "100", "5", "9", "0", "0", str(followers), "1", *"1121", "0", "0"]
        )
    return table(rows)


def table(
    rows: Sequence[Sequence[object]], separator: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL
) -> bytes:
    """Rows as the bytes of a CSV file in UTF-8."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return buffer.getvalue().encode()


def workbook(tabs: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """Tabs of rows as the bytes of an XLSX file."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in tabs.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def totals(made: Sequence[Post]) -> dict[str, tuple[int, int, int]]:
    """Month -> tweets, impressions, engagements of made-up posts, in UTC."""
    found: dict[str, tuple[int, int, int]] = {}
    for post in made:
        tweets, impressions, engagements = found.get(f"{post.moment:%Y-%m}", (0, 0, 0))
        found[f"{post.moment:%Y-%m}"] = (tweets + 1, impressions + post.impressions, engagements + post.engagements)
    return dict(sorted(found.items()))
