"""How good is the forecast of a month's end on real accounts? `python -m tests.benchmarks.forecast PATH...`; Markdown.

A PATH is a folder with one account's daily exports (old or new), or one such file. Every complete month is forecast
from days 5 to 25, knowing only what was known then; intervals are of the months that the page would have given one for.
Nothing was tuned on the figures.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from engine.tweets.forecast import Forecast, Trial, backtest, forecast

DAYS = (5, 10, 15, 20, 25)
METRICS = ("impressions", "engagements", "likes", "new follows")


def read(path: Path) -> pd.DataFrame:
    """One account's days, indexed by day, columns in lower case."""
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    tables = [pd.read_csv(file).rename(columns=str.lower) for file in files]
    daily = [
        table for table in tables if {"date", "impressions", "engagements"} <= set(table) and "post id" not in table
    ]
    if not daily:
        raise SystemExit(f"no daily export in {path.name}")
    days = pd.concat(daily)
    days.index = pd.DatetimeIndex(pd.to_datetime(days["date"], format="mixed"))
    return days[~days.index.duplicated(keep="last")].sort_index()


def share(hits: list[bool]) -> str:
    return f"{np.mean(hits):.2f}" if hits else "-"


def error(trials: list[Trial], estimates: list[float]) -> str:
    totals = np.array([trial.so_far + trial.rest for trial in trials])
    return f"{np.median(np.abs(np.array(estimates) / totals - 1)):.2f}" if trials else "-"


def row(daily: pd.Series, day: int) -> str:
    """One line of the table: every month with a trial, and those of them that had an interval."""
    after = pd.Period(daily.index[-1], "M") + 1
    trials = [trial for trial in backtest(daily, after, day) if trial.so_far + trial.rest]
    given = [trial for trial in trials if trial.margin is not None]
    model = [trial.so_far + trial.mid for trial in trials]
    run_rate = [trial.so_far / day * trial.month.days_in_month for trial in trials]
    plain, widened, factors = [], [], []
    for trial in given:
        as_of = (trial.month.start_time + pd.Timedelta(days=day - 1)).date()
        outcome = forecast(daily, trial.month, as_of=as_of)
        assert isinstance(outcome, Forecast)
        plain.append(trial.low <= trial.rest <= trial.high)
        widened.append(outcome.low <= trial.so_far + trial.rest <= outcome.high)
        factors.append(outcome.widening)
    factor = f"{np.median(factors):.2f}" if factors else "-"
    cells = [str(day), str(len(trials)), error(trials, model), error(trials, run_rate)]
    cells += [str(len(given)), share(plain), share(widened), factor]
    return f"| {' | '.join(cells)} |"


def main(paths: list[str]) -> None:
    if not paths:
        raise SystemExit(__doc__)
    for number, path in enumerate(paths, start=1):
        days = read(Path(path))
        for metric in (name for name in METRICS if name in days):
            daily = days[metric].astype(float)
            begin = time.perf_counter()
            rows = [row(daily, day) for day in DAYS]
            seconds = time.perf_counter() - begin
            print(f"\n### Account {number}, {metric}, {len(daily)} days ({seconds:.1f} s)\n")
            print("| day | months | median APE: model | run-rate | with interval | inside: plain | widened | factor |")
            print("|---:|---:|---:|---:|---:|---:|---:|---:|")
            print("\n".join(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
