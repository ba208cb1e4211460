"""A made-up account to try Tally with. Its months from August to January are those of a real creator's story.

Fewer tweets, each seen far more often: impressions double, new followers fall, and the engagement rate almost halves.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.tweets.formats import Kind
from engine.tweets.read import Part, TableReport
from engine.tweets.words import words

_MONTHS = pd.read_csv(Path(__file__).with_name("sample.csv"), index_col="month")  # February has only begun
GOALS = {
    (str(month), metric): float(target)
    for metric in ("impressions", "new_followers")
    for month, target in _MONTHS[f"{metric}_goal"].dropna().items()
}
_SEED = 20_210_131
_TYPES = ("reply", "text", "link", "media")
_SHARES = (0.55, 0.2, 0.15, 0.1)
_REACH = {"reply": 0.35, "text": 1.6, "link": 1.1, "media": 2.9}  # impressions against the average post
_RATE = {"reply": 1.5, "text": 1.0, "link": 0.8, "media": 0.75}  # engagement rate against the average
_FALL = -0.35  # a post seen twice as often has a rate 0.35 x ln 2 lower: what the page's model should find
_HOURS = (6, 7, 8, 9, 12, 13, 16, 17, 18, 19, 20, 21)
_WORDS = words("sample")["word"]


def sample_parts() -> list[Part]:
    """The sample's tables: posts, and the account by day."""
    chance = np.random.default_rng(_SEED)
    posts, days = [], []
    months: list[Any] = [*_MONTHS.itertuples()]
    for month in months:
        day = np.datetime64(f"{month.Index}-01") + np.arange(month.days)
        posts.append(_posts(chance, day[0], month))
        week = np.array([1.0, 1.05, 1.1, 1.05, 1.0, 0.8, 0.75])
        weights = week[(day.astype("int64") + 3) % 7] * chance.lognormal(0, 0.12, len(day))
        frame = pd.DataFrame(
            {"day": day.astype("datetime64[s]"), "new_followers": exactly(month.new_followers, weights)}
        )
        frame["unfollows"] = (frame["new_followers"] * 0.18).round()
        of_day = posts[-1].assign(tweets=1.0).groupby("day")[["impressions", "engagements", "tweets"]].sum()
        days.append(frame.join(of_day, on="day").fillna(0.0))
    return [_part("sample posts", "posts", pd.concat(posts)), _part("sample account by day", "days", pd.concat(days))]


def exactly(total: float, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole numbers in proportion to the weights that add up to the total."""
    return np.diff(np.round(np.cumsum(weights) / weights.sum() * total), prepend=0.0)


def _posts(chance: np.random.Generator, first: np.datetime64, month: Any) -> pd.DataFrame:
    number = month.tweets
    kinds = chance.choice(_TYPES, number, p=_SHARES)
    day = np.sort(chance.integers(0, month.days, number))
    hour = chance.choice(_HOURS, number)
    seconds = day * 86_400 + hour * 3_600 + chance.integers(0, 3_600, number)
    clock = first.astype("datetime64[s]") + seconds.astype("timedelta64[s]")
    reach = np.vectorize(_REACH.__getitem__)(kinds) * chance.lognormal(0, 0.9, number)
    seen = exactly(month.impressions, reach)
    rate = np.vectorize(_RATE.__getitem__)(kinds) * np.maximum(reach, 0.05) ** _FALL * chance.lognormal(0, 0.35, number)
    acted = np.minimum(exactly(month.engagements, seen * rate), seen)
    table: dict[str, Any] = {
        "key": np.sort((clock - np.datetime64("2010-11-04T01:42:54", "s")).astype("int64") * 1000 + np.arange(number)),
        "text": [_text(chance, kind) for kind in kinds],
        "day": clock.astype("datetime64[D]").astype("datetime64[s]"),
        "clock": clock,
        "impressions": seen,
        "engagements": acted,
        "likes": np.floor(acted * 0.4),
        "replies": np.floor(acted * 0.08),
        "retweets": np.floor(acted * 0.06),
        "media_views": np.where(kinds == "media", np.floor(seen * 0.3), 0.0),
    }
    return pd.DataFrame(table).sort_values("clock", ignore_index=True)


def _text(chance: np.random.Generator, kind: str) -> str:
    said = " ".join(chance.choice(_WORDS, chance.integers(3, 14)))
    if kind == "reply":
        return f"@reader {said}"
    return f"{said} https://t.co/sample".capitalize() if kind in ("link", "media") else said.capitalize()


def _part(name: str, kind: Kind, frame: pd.DataFrame) -> Part:
    rows, first, last = len(frame), frame["day"].min().date(), date(2021, 2, 10)
    report = TableReport(name, f"{kind}, made up", rows, rows, first=f"{first}", last=f"{last}")
    return Part(name, kind, "new", frame.reset_index(drop=True), (first, last + timedelta(days=1)), report)
