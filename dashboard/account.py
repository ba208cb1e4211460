"""The account a visitor looks at: its history, goals and notes, from the database or made up to try Tally with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

from engine.store import accounts
from engine.store.schema import Goal, Import, Note
from engine.tweets import sample
from engine.tweets.daily import daily
from engine.tweets.forecast import CannotTell, Forecast, forecast
from engine.tweets.goals import TOTALS, sheet_goals
from engine.tweets.history import History, combine, with_details
from engine.tweets.metrics import Basis, Month, by_month

SAMPLE = "Sample account"
FIRST_ACCOUNT = "My account"  # made for the first import of someone who has none


@dataclass(frozen=True)
class Opened:
    """An account as the page needs it."""

    name: str
    history: History
    months: list[Month]
    goals: dict[tuple[str, str], float]  # (month, metric) -> target
    goal_log: Sequence[Goal] = ()
    notes: Sequence[Note] = ()
    imports: Sequence[Import] = ()  # the undone ones too
    rate_demoted: str | None = None

    @property
    def is_sample(self) -> bool:
        return self.name == SAMPLE

    def month(self, name: str) -> Month:
        return next(month for month in self.months if month.month == name)

    def before(self, month: Month) -> Month | None:
        """The month before, where there is one."""
        return next((one for one in self.months if one.period == month.period - 1), None)

    def complete_months(self) -> list[Month]:
        """The months that are not known to be cut short."""
        return [month for month in self.months if month.complete is not False]

    def table(self) -> pd.DataFrame:
        """The figures by month, a row a month."""
        return pd.DataFrame([month.as_dict() for month in self.months]).drop(
            columns=["source", "derived"], errors="ignore"
        )

    def goals_of(self, month: str) -> dict[str, float]:
        """metric -> target"""
        return {metric: target for (when, metric), target in self.goals.items() if when == month}


def open_account(name: str, basis: Basis | None) -> Opened:
    """The account of that name. Raises AccountNotFound, StoreError."""
    if name == SAMPLE:
        history, months = _history(SAMPLE, (), "UTC", basis)
        return Opened(SAMPLE, history, months, dict(sample.GOALS), rate_demoted=st.session_state.get("sample_demoted"))
    found = accounts.account(name)
    counted = tuple(f"{kept.sha256} {kept.imported_at}" for kept in found.imports if kept.undone_at is None)
    history, months = _history(name, counted, found.time_zone, basis)
    goals = sheet_goals(history.months) | accounts.current_goals(found.goals)
    return Opened(name, history, months, goals, found.goals, found.notes, found.imports, found.rate_demoted)


@st.cache_resource(max_entries=8, show_spinner="Reading the account")
def _history(
    name: str,
    imports: tuple[str, ...],  # noqa: ARG001 - the cache goes by them
    time_zone: str,
    basis: Basis | None,
) -> tuple[History, list[Month]]:
    """Kept while the account has the same imports."""
    parts = sample.sample_parts() if name == SAMPLE else accounts.load_parts(name)
    history = with_details(combine(parts, time_zone))
    return history, by_month(history, basis)


def series_of(opened: Opened, metric: str, month: Month) -> pd.Series:
    """The metric by day on the basis of a month."""
    return daily(opened.history, metric, month.source.get(metric))


def forecast_of(opened: Opened, metric: str, month: Month) -> Forecast | CannotTell | None:
    """Where a month in progress will end; None where the metric has no days or the month is over."""
    if metric not in TOTALS or month.complete is not False:
        return None
    series = series_of(opened, metric, month)
    known = series[month.month : month.month]
    if known.empty:
        return CannotTell("there are no figures by day", None, None)
    return _forecast(series, month.month, known.index[-1].date())


@st.cache_data(max_entries=64, show_spinner=False)
def _forecast(series: pd.Series, month: str, as_of: date) -> Forecast | CannotTell:
    return forecast(series, pd.Period(month, "M"), as_of=as_of)
