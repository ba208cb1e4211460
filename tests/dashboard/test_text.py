"""Numbers and names as people read them."""

import csv
import io

import pytest

from dashboard.panels.classify.result import photos_csv
from dashboard.panels.classify.words import explanation, headline
from dashboard.text import count, escape, harmless, percent, plain, sentence, table
from engine import PhotoVerdict, TieBreak, Verdict


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.974, "97 %"), (0.5, "50 %"), (0.996, "> 99 %"), (1.0, "> 99 %"), (0.004, "< 1 %"), (0.0, "< 1 %")],
)
def test_percent(share, text):
    assert percent(share) == text


def test_counts_and_sentences():
    assert [count(1, "photo"), count(2, "photo"), count(0.5, "vote")] == ["1 photo", "2 photos", "0.5 votes"]
    assert [plain(2.0), plain(1 / 3)] == ["2", "0.33"]
    assert sentence("the file is empty") == "The file is empty."


def test_columns_line_up_and_numbers_stand_right():
    text = table(["name", "n"], [["a", "1"], ["bbbb", "100"]])
    assert text.splitlines() == ["name    n", "a       1", "bbbb  100"]


@pytest.mark.parametrize("shown", [escape, harmless])
def test_names_move_no_cursor_and_turn_no_text(shown):
    assert shown("\x1b\u202egnp\u2066 tac\x00") == "gnp tac"
    assert shown("one\ntwo \U0001f468\u200d\U0001f33e") == "one\ntwo \U0001f468\u200d\U0001f33e"


def test_a_formula_behind_a_control_character_is_one_still():
    assert harmless("\x1b=1+1") == "'=1+1"


def verdict(**changes) -> Verdict:
    photos = [
        PhotoVerdict("front.jpg", "ok", "bicycle", 0.9, 1.0, None, []),
        PhotoVerdict("=cmd|' /C calc'!A0", "ok", "tire", 0.6, 1.0, None, []),
        PhotoVerdict("x.jpg", "unreadable", None, None, 0.0, None, ["not an image: it holds text"]),
    ]
    values = {
        "listing": "l", "decision": "accept", "label": "bicycle", "confidence": 0.99, "sure": 0.97, "rule": "pooled",
        "scores": {"bicycle": 0.99, "tire": 0.01}, "votes": {"bicycle": 1.0, "tire": 1.0},
        "tie_break": TieBreak(["bicycle", "tire"], "score", "1-1; bicycle wins on score 0.93 to 0.61"),
        "photos": photos, "model": "m@0",
    }  # fmt: skip
    return Verdict(**{**values, **changes})


def test_the_headline_is_the_answer():
    assert headline(verdict()) == "Bicycle, 97 % sure"
    assert headline(verdict(label=None, confidence=None, sure=None)) == "No photo could be read"
    assert headline(verdict(decision="unknown")) == "Not in the catalogue, nearest is bicycle"


def test_the_tie_is_told_in_a_sentence():
    text = explanation(verdict()).replace("\\", "")
    assert text == "1 of 2 photos says bicycle, 1 says tire. The vote is tied 1-1; bicycle wins on score 0.93 to 0.61."


def test_the_csv_has_a_row_a_photo_and_runs_nothing():
    rows = list(csv.DictReader(io.StringIO(photos_csv(verdict(), "+old bike").lstrip("\ufeff"))))
    assert [row["status"] for row in rows] == ["ok", "ok", "unreadable"]
    assert rows[1]["photo"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["confidence"] == "0.99"
    assert rows[0]["description"] == "'+old bike"
    assert rows[2]["reasons"] == "not an image: it holds text"
