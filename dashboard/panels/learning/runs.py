"""The Runs tab: every curve and audit that was computed, and two curves side by side."""

import json

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.charts import learning as figures
from dashboard.downloads import download
from dashboard.problems import show, tell, told
from dashboard.text import escape, share
from engine.curves.paired import compare
from engine.errors import StoreError
from engine.store import runs
from engine.store.schema import Run


def draw() -> None:
    """The table of runs; two curves that are chosen in it are compared."""
    tell("runs")
    try:
        kept = runs.list_runs()
    except StoreError as error:
        show(error)
        return
    if not kept:
        st.info("Each curve and audit is kept here as soon as it is computed.")
        return
    st.markdown("Choose two curves to compare them, or any runs to download or forget them.")
    event = st.dataframe(
        pd.DataFrame(_row(run) for run in kept),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        key="runs-table",
        column_config={
            "when": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC", help="UTC"),
            "error, %": st.column_config.NumberColumn(format="%.1f"),
            "items": st.column_config.NumberColumn(format="localized"),
            "seconds": st.column_config.NumberColumn(format="%.1f"),
        },
        alt="Runs, newest first",
    )
    chosen = [kept[row] for row in event["selection"]["rows"] if row < len(kept)]
    if not chosen:
        return
    with st.container(horizontal=True):
        whole = [
            {"kind": run.kind, "data": run.data_name, "settings": run.settings, "figures": run.figures}
            for run in chosen
        ]
        download("JSON: the chosen runs", json.dumps(whole, indent=2), "runs.json")
        st.button("Forget the chosen runs", icon=":material/delete:", on_click=_forget, args=([r.id for r in chosen],))
    curves = [run for run in chosen if run.kind == "curve"]
    if len(curves) == 2:
        _compare(*curves)


def _compare(one: Run, other: Run) -> None:
    verdict = _paired(one, other)
    st.markdown(f"**{escape(verdict)}**")
    figure = figures.compared({_name(run): run.figures for run in (one, other)})
    st.plotly_chart(figure, key="runs-compared", config=charts.CONFIG, alt=verdict)


def _paired(one: Run, other: Run) -> str:
    """Which of the two is better, on the same items; or why that cannot be told."""
    errors = [run.figures["validation_error"][-1] for run in (one, other)]
    wrong, other_wrong = runs.wrong_of(one), runs.wrong_of(other)
    if one.data != other.data or wrong is None or other_wrong is None:
        return (
            f"{_name(one)}: {share(errors[0])} error; {_name(other)}: {share(errors[1])}. "
            "They were measured on different items, so no paired test is possible."
        )
    found = compare(wrong, other_wrong)
    low, high = sorted(100 * abs(end) for end in found.interval)
    if found.p < 0.05:
        better, worse = (one, other) if found.difference < 0 else (other, one)
        return (
            f"{_name(better)} beats {_name(worse)} by {100 * abs(found.difference):.1f} points "
            f"({low:.1f} to {high:.1f}; exact McNemar p = {found.p:.2g}): right alone on "
            f"{max(found.only_a, found.only_b):,} of {len(wrong):,} items against {min(found.only_a, found.only_b):,}."
        )
    return (
        f"{_name(one)} and {_name(other)} cannot be told apart: the difference is "
        f"{100 * abs(found.difference):.1f} points on the same {len(wrong):,} items (exact McNemar p = {found.p:.2g})."
    )


def _row(run: Run) -> dict[str, object]:
    curve = run.figures if run.kind == "curve" else None
    return {
        "when": run.created_at,
        "kind": run.kind,
        "data": run.data_name,
        "model": run.settings.get("model") or "",
        "items": run.items,
        "error, %": 100 * curve["validation_error"][-1] if curve else None,
        "more data": curve["verdict"]["more_data"] if curve else "",
        "said": run.figures["sentences"][0] if run.figures.get("sentences") else "",
        "seconds": run.seconds,
    }


def _name(run: Run) -> str:
    model = f", {run.settings['model']}" if run.settings.get("model") else ""
    return f"{run.data_name}{model} (run {run.id})"


def _forget(ids: list[int]) -> None:
    with told("runs"):
        for run_id in ids:
            runs.delete_run(run_id)
