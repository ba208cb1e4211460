"""How fast are a million posts monthly figures? `python -m tests.benchmarks.tweets`; prints Markdown for RESULTS.md.

An old export by tweet (40 columns, every field quoted, line breaks in the texts) and a workbook of the content export,
both made up, read by Tally and by its peers in their quickest form. Every way runs in a process of its own, in turns,
and must come to the same sums of each month.
"""

import csv
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.exports import NEW_POSTS, OLD_POSTS, new_row, old_row, posts

ROOT = Path(__file__).resolve().parents[2]
ROWS, BOOK_ROWS, ROUNDS = 1_000_000, 100_000, 3
FIRST, DAYS = date(2018, 1, 1), 2557  # seven years
OLD = ("time", "impressions", "engagements")
NEW = ("Date", "Impressions", "Engagements")
FIGURES = ("month", "tweets", "impressions", "engagements")
Totals = list[list[object]]  # a row a month of these


def write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(OLD_POSTS)
        writer.writerows(map(old_row, posts(ROWS, FIRST, DAYS)))


def write_book(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Posts")
    sheet.append(NEW_POSTS)
    for row in map(new_row, posts(BOOK_ROWS, FIRST, DAYS)):
        sheet.append([*row[:4], *map(int, row[4:])])
    book.save(path)


def tally(path: Path) -> Callable[[], Totals]:
    import polars  # noqa: F401  (imported before the clock starts, as by the peers)
    import python_calamine  # noqa: F401

    from engine.tweets.history import combine
    from engine.tweets.metrics import by_month
    from engine.tweets.read import read_file

    def work() -> Totals:
        months = by_month(combine(read_file(path.name, path, text=False)))
        return sums((month.month, month.tweets, month.impressions, month.engagements) for month in months)

    return work


def with_polars(path: Path) -> Callable[[], Totals]:
    import polars as pl

    def work() -> Totals:
        figures = [pl.len(), pl.col("impressions").sum(), pl.col("engagements").sum()]
        month = pl.col("time").str.slice(0, 7)
        return sums(pl.scan_csv(path).select(OLD).group_by(month).agg(figures).sort("time").collect().rows())

    return work


def with_polars_whole(path: Path) -> Callable[[], Totals]:
    """As much as Tally reads: eight columns, and the moment in a time zone."""
    import polars as pl

    def work() -> Totals:
        names = ["Tweet id", *OLD, "engagement rate", "likes", "replies", "retweets"]
        table = pl.scan_csv(path, schema_overrides={"Tweet id": pl.String}).select(names).collect()
        moment = pl.col("time").str.to_datetime("%Y-%m-%d %H:%M %z", time_zone="UTC").dt.convert_time_zone("UTC")
        figures = [pl.len(), pl.col("impressions").sum(), pl.col("engagements").sum()]
        return sums(table.group_by(moment.dt.strftime("%Y-%m")).agg(figures).sort("time").rows())

    return work


def with_duckdb(path: Path) -> Callable[[], Totals]:
    import duckdb

    def work() -> Totals:
        figures = "time[:7], count(*), sum(impressions), sum(engagements)"
        query = f"SELECT {figures} FROM read_csv(?, types = {{'time': 'VARCHAR'}}) GROUP BY 1 ORDER BY 1"
        return sums(duckdb.execute(query, [str(path)]).fetchall())

    return work


def with_pandas(path: Path) -> Callable[[], Totals]:
    import pandas as pd

    def work() -> Totals:
        table = pd.read_csv(path, usecols=OLD, engine="c")
        groups = table.groupby(table["time"].str[:7])
        figures = pd.concat([groups.size(), groups[["impressions", "engagements"]].sum()], axis=1)
        return sums(figures.itertuples(name=None))

    return work


def with_pandas_book(path: Path) -> Callable[[], Totals]:
    import pandas as pd

    def work() -> Totals:
        table = pd.read_excel(path, usecols=NEW, engine="calamine")
        groups = table.groupby(pd.to_datetime(table["Date"], format="%a, %b %d, %Y").dt.strftime("%Y-%m"))
        figures = pd.concat([groups.size(), groups[["Impressions", "Engagements"]].sum()], axis=1)
        return sums(figures.itertuples(name=None))

    return work


def sums(rows: Iterable[tuple[object, ...]]) -> Totals:
    return [[month, *(int(str(figure).removesuffix(".0")) for figure in figures)] for month, *figures in rows]


WAYS: dict[str, Callable[[Path], Callable[[], Totals]]] = {
    "Tally, the engine": tally,
    "polars, three columns": with_polars,
    "polars, eight columns and times": with_polars_whole,
    "duckdb": with_duckdb,
    "pandas, C engine": with_pandas,
    "pandas, calamine": with_pandas_book,
}
COMMAND = "Tally, the whole command"
PEERS = [way for way in WAYS if way not in ("Tally, the engine", "pandas, calamine")]


@dataclass(frozen=True)
class Run:
    """One run in a process of its own: its totals, the time of the work and of the whole process, and its peak."""

    totals: Totals
    work: float  # s, without imports
    whole: float  # s
    megabytes: float


def run(way: str, path: Path) -> Run:
    """Run one way in a fresh process."""
    command = ["dashboard.cli", "tweets", path, "--json"] if way == COMMAND else [__spec__.name, way, path]
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *map(str, command)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    lines = [json.loads(line) for line in process.stdout]
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    whole = time.perf_counter() - start
    assert process.returncode == 0, f"{way} failed"
    if way == COMMAND:
        totals, work = [[line[name] for name in FIGURES] for line in lines], whole
    else:
        totals, work = lines[0]["totals"], lines[0]["seconds"]
    return Run(totals, work, whole, usage.ru_maxrss / 1024)


def one(way: str, path: str) -> None:
    """What the fresh process does."""
    work = WAYS[way](Path(path))
    start = time.perf_counter()
    totals = work()
    print(json.dumps({"totals": totals, "seconds": time.perf_counter() - start}))


def compare(path: Path, ways: list[str]) -> dict[str, list[Run]]:
    """Runs of every way, in turns; all must come to the same totals."""
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way in ways:
            runs[way].append(run(way, path))
    first = runs[ways[0]][0].totals
    assert len(first) == 84
    assert all(other.totals == first for several in runs.values() for other in several), "the totals differ"
    return runs


def told(title: str, path: Path, runs: dict[str, list[Run]]) -> None:
    medians = {
        way: [statistics.median(getattr(each, name) for each in several) for name in ("work", "whole", "megabytes")]
        for way, several in runs.items()
    }
    best = min(work for way, (work, *_) in medians.items() if not way.startswith("Tally"))
    print(f"{title}, {path.stat().st_size / 1e6:,.0f} MB:\n")
    print("| way | work, s | against the best peer | whole process, s | peak memory, MB |\n|---|---:|---:|---:|---:|")
    for way, (work, whole, megabytes) in medians.items():
        shown = ("-", "-") if way == COMMAND else (f"{work:.2f}", f"{work / best:.2f}")
        print(f"| {way} | {' | '.join(shown)} | {whole:.2f} | {megabytes:,.0f} |")
    print()


def main() -> None:
    with TemporaryDirectory() as folder:
        table, book = Path(folder) / "posts.csv", Path(folder) / "posts.xlsx"
        # Written in another process, as the memory of this one is where the peaks of its children begin.
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            for writing in (pool.submit(write_csv, table), pool.submit(write_book, book)):
                writing.result()
        of_table = compare(table, ["Tally, the engine", COMMAND, *PEERS])
        of_book = compare(book, ["Tally, the engine", COMMAND, "pandas, calamine"])
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"## {datetime.now(UTC):%Y-%m-%d}, posts to months\n")
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load}; ", end=""
        )
        print(f"medians of {ROUNDS} runs, each in a fresh process; work leaves imports out.\n")
        told(f"{ROWS:,} posts, CSV", table, of_table)
        told(f"{BOOK_ROWS:,} posts, XLSX", book, of_book)


if __name__ == "__main__":
    one(*sys.argv[1:]) if sys.argv[1:] else main()
