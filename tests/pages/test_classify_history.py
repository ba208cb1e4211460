"""The History tab without a browser."""

import csv as reader
import io
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.downloads import csv
from dashboard.panels.classify.history import log_table, table
from engine.store import queue, verdicts
from tests.listings import keep
from tests.pages.test_classify import APP, text


@pytest.fixture
def page() -> Iterator[AppTest]:
    page = AppTest.from_file(str(APP), default_timeout=60)
    yield page
    assert not page.exception


def run(page: AppTest) -> AppTest:
    """The test's page does not tell which tab is open."""
    page.session_state["classify-tab"] = "History"
    return page.run()


def listings(page: AppTest) -> list[str]:
    """The ids in the table, in its order."""
    return [address.rpartition("=")[2] for address in page.dataframe[0].value["address"]]


def test_without_verdicts_it_teaches(page):
    run(page)
    assert page.title[0].value == "No verdict yet"
    assert "It has an address of its own" in text(page)
    assert "Nobody decided yet." in text(page)


def test_what_people_say_stands_beside_what_tally_says(page, model):
    waits, wrong, fine = keep(model, "a grand piano", "black grand piano", "mug")
    queue.settle(wrong, "Ana", "cd_player")
    run(page)
    assert page.title[0].value == "3 verdicts so far"
    assert listings(page) == [fine, wrong, waits]
    shown = page.dataframe[0].value
    assert list(shown["people say"]) == ["", "CD player", "waits"]
    assert list(shown["who"]) == ["", "Ana", ""]
    assert list(shown["Tally says"]) == ["mug"] * 3
    assert shown["photo"].str.startswith("data:image/jpeg;base64,").all()


def test_search_and_filters_narrow_it(page, model):
    piano, mug = keep(model, "a grand piano", "My Coffee cup")
    queue.settle(piano, "Ana", None)
    run(page)
    page.text_input(key="history-text").set_value("coffee")
    run(page)
    assert (page.title[0].value, listings(page)) == ("1 verdict found", [mug])
    page.text_input(key="history-text").set_value("no such thing")
    run(page)
    assert page.title[0].value == "Nothing found"
    page.text_input(key="history-text").set_value("")
    page.session_state["history-decision"] = "accept"
    run(page)
    assert listings(page) == [mug]
    page.session_state["history-decision"] = None
    page.session_state["history-decided"] = "decided"
    run(page)
    assert listings(page) == [piano]


def test_many_verdicts_have_pages(page, model):
    ids = keep(model, *(f"number {number}" for number in range(27)))
    run(page)
    assert listings(page) == ids[:1:-1]
    page.session_state["history-page--None-None"] = 2
    run(page)
    assert listings(page) == ids[1::-1]


def test_a_row_is_opened_or_deleted(page, model):
    first, _ = keep(model, "one", "two")
    page.session_state["history-table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    run(page)
    page.button(key="history-gone").click()
    run(page)
    assert listings(page) == [first]
    next(button for button in page.button if button.label == "Open here").click()
    page.run()
    assert page.title[0].value.startswith("Mug")
    assert page.code[0].value.endswith(f"/classify?verdict={first}")


def test_downloads_hold_all_of_it_and_run_no_formula(model):
    one, two = keep(model, "a grand piano", "grand piano")
    queue.settle(one, "=cmd|' /C calc'!A0", "banjo")
    queue.undo("=cmd|' /C calc'!A0")
    queue.skip(two, "Ben")
    rows = list(reader.DictReader(io.StringIO(csv(table(verdicts.search()[0])).lstrip("\ufeff"))))
    assert [row["address"] for row in rows] == [f"/classify?verdict={key}" for key in (two, one)]
    skipped, undone = reader.DictReader(io.StringIO(csv(log_table(queue.decisions())).lstrip("\ufeff")))
    assert (skipped["who"], skipped["people say"], skipped["undone"]) == ("Ben", "skipped", "")
    assert (undone["who"], undone["people say"]) == ("'=cmd|' /C calc'!A0", "banjo")
    assert undone["undone"]
    assert (undone["model"], undone["weights"]) == tuple(model.id.split("@"))
    assert undone["terms"] == "default"
