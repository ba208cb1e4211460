"""Days and dates at which a figure's history is not one history: anomalies, change points, changed definitions.

`daily` is a float Series by day (datetime index; a missing day is unknown, not 0) of a count such as impressions.
"""

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL_DAYS = 29  # the level is the median of four weeks around the day
ANOMALOUS = 4.0  # robust standard deviations
FALSE_DISCOVERIES = 0.05

SHORTEST, LONGEST = 12, 104  # weeks; fewer cannot hold a break, more are another era
SEGMENT = 4  # weeks a new level must last
KNOWN_DAYS = 4  # that make a week

MAD_TO_SD = 1 / 0.6745  # of a normal distribution


def anomalies(daily: pd.Series) -> pd.DataFrame:
    """Days far off their own level: one row a day, with day, value, expected and z; empty under two weeks.

    The residual of log(1 + x) over a rolling median and the weekday's median is scaled by its median absolute
    deviation: |z| = 0.6745 |x - median| / MAD > 4 (Iglewicz and Hoaglin 1993), and Benjamini-Hochberg at 5 %
    over the whole window. Never scaled by less than counting noise, so steady and sparse series raise no alarm.
    """
    from scipy.stats import false_discovery_control, norm

    log = np.log1p(_by_day(daily))
    if log.count() < 14:
        return pd.DataFrame({"day": [], "value": [], "expected": [], "z": []})
    level = log.rolling(LEVEL_DAYS, center=True, min_periods=7).median().fillna(log.median())
    weekdays = (log - level).groupby(pd.DatetimeIndex(log.index).day_of_week)
    expected = (level + weekdays.transform("median"))[log.notna()]
    log = log.dropna()
    residual = (log - expected).to_numpy(float)
    centred = residual - np.median(residual)
    z = centred / max(np.median(np.abs(centred)) * MAD_TO_SD, _counting_noise(log.to_numpy(float)))
    flagged = (np.abs(z) > ANOMALOUS) & (false_discovery_control(2 * norm.sf(np.abs(z))) <= FALSE_DISCOVERIES)
    table = pd.DataFrame({"day": log.index, "value": np.expm1(log), "expected": np.expm1(expected), "z": z})
    found: pd.DataFrame = table[flagged].reset_index(drop=True)
    return found


def change_points(daily: pd.Series) -> list[date]:
    """First days of weeks at which the level changed for four weeks or more; none with fewer than 12 whole weeks.

    Optimal partitioning (Jackson et al. 2005) of weekly log values, by least squares with a penalty of 3 s^2 ln n a
    break; s from the MAD of week-to-week differences. A week is the median of its days' logs, so that a viral day or
    two make no break; weeks end with the last day, those with under four known days are left out, the last 104 count.
    A steady trend has no break, but may be cut into steps.
    """
    days = _by_day(daily)
    if days.empty:
        return []
    weeks = np.log1p(days).groupby((days.index[-1] - days.index).days // 7)
    known = weeks.median()[weeks.count() >= KNOWN_DAYS].sort_index(ascending=False).tail(LONGEST)
    if len(known) < SHORTEST:
        return []
    log = known.to_numpy(float)
    steps = np.diff(log)
    noise = np.median(np.abs(steps - np.median(steps))) * MAD_TO_SD / np.sqrt(2)
    penalty = 3 * max(noise, _counting_noise(log)) ** 2 * np.log(len(log))
    last = days.index[-1]
    return [(last - pd.Timedelta(days=7 * int(known.index[at]) + 6)).date() for at in _partition(log, float(penalty))]


def definition_changes(frame: pd.DataFrame) -> list[tuple[date, str, str]]:
    """Where the export's definition changed: (first day of the new one, old, new). No line may join across it."""
    known = frame.dropna(subset=["definition"]).sort_values("day", kind="stable")
    definition = known["definition"].astype(str)
    before = definition.shift()
    changed = before.notna() & (definition != before)
    rows = zip(known["day"][changed], before[changed], definition[changed], strict=True)
    return [(day.date(), old, new) for day, old, new in rows]


def _by_day(daily: pd.Series) -> pd.Series:
    """Every day from the first known to the last, in order; NaN where unknown or below 0."""
    known = daily[(daily >= 0) & np.isfinite(daily)].astype(float)
    days: pd.Series = known.resample("D").sum(min_count=1)
    return days


def _counting_noise(log: Array) -> float:
    """Standard deviation of log(1 + x) that a Poisson count of the median level has by chance."""
    return float(np.exp(-np.median(log) / 2))


def _partition(values: Array, penalty: float) -> list[int]:
    """Starts of the segments after the first, of the partition with the least squared error + penalty x breaks."""
    # Centred, as the sums of squares' difference would lose what matters of large values.
    centred = values - values.mean()
    sums, squares = (np.concatenate([[0], np.cumsum(centred**power)]) for power in (1, 2))
    size = len(values)
    least, previous = np.full(size + 1, np.inf), np.zeros(size + 1, dtype=int)
    least[0] = -penalty
    for end in range(SEGMENT, size + 1):
        start = np.arange(end - SEGMENT + 1)
        error = squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / (end - start)
        total = least[start] + error + penalty
        previous[end] = total.argmin()
        least[end] = total.min()
    breaks, end = [], size
    while previous[end]:
        end = int(previous[end])
        breaks.append(end)
    return breaks[::-1]
