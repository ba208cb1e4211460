"""Label it yourself, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.panels.learning.quiz import keys_of
from engine.curves.data import load
from engine.curves.people import questions
from engine.store import answers as store

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"
DIGITS = load("digits")
ASKED = list(questions(DIGITS).items())  # key, class


@pytest.fixture
def page() -> Iterator[AppTest]:
    page = AppTest.from_file(str(APP), default_timeout=180).run()
    page.switch_page("../pages/learning.py").run()
    page.button[0].click()
    run(page)
    yield page
    assert not page.exception


def run(page: AppTest, tab: str = "Label it yourself") -> None:
    """The test's page does not tell which tab is open, as a browser does."""
    page.session_state["learning-tab"] = tab
    page.run()


def enter(page: AppTest, name: str) -> None:
    """Only a browser can type a name that is not in the list."""
    page.session_state["person"] = name
    run(page)


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label.replace("\\", "") == label).click()
    run(page)


def progress(page: AppTest) -> str:
    return page.get("progress")[0].proto.text


def words(page: AppTest) -> str:
    return "\n".join(element.value for element in page.markdown).replace("\\", "")


def test_answers_are_kept_undone_and_taken_up_again(page):
    enter(page, "Ana")
    assert progress(page).startswith("0 of 100 answered; 73 give ± 5 points")
    for _, label in ASKED[:3]:
        press(page, label)
    assert store.answers(DIGITS.digest) == [("Ana", key, label) for key, label in ASKED[:3]]
    press(page, "Undo")
    assert store.answers(DIGITS.digest) == [("Ana", key, label) for key, label in ASKED[:2]]
    press(page, "Skip")
    press(page, ASKED[3][1])
    assert store.answers(DIGITS.digest)[-1] == ("Ana", *ASKED[3])
    press(page, "Someone else")
    assert page.selectbox(key="person-name").options == ["Ana"]
    page.selectbox(key="person-name").set_value("Ana")
    run(page)
    assert progress(page).startswith("3 of 100 answered")


def test_undo_takes_back_a_skip_before_the_answer_it_came_after(page):
    enter(page, "Ana")
    for button in (ASKED[0][1], "Skip", "Undo", ASKED[1][1]):
        press(page, button)
    assert [item for _, item, _ in store.answers(DIGITS.digest)] == [ASKED[0][0], ASKED[1][0]]


def test_at_the_end_it_tells_who_was_right_and_how_far_people_agree(page):
    for key, label in ASKED[:19]:
        store.save_answer(DIGITS.digest, key, "Ben", label)
        store.save_answer(DIGITS.digest, key, "Ana", "7")
    enter(page, "Ben")
    page.number_input(key=f"quiz-wanted-{DIGITS.digest}").set_value(20)
    run(page)
    assert "Ben agrees" not in words(page)
    press(page, "Skip")
    assert "Ben agrees with the labels on 19 of 19 digits: 100.0 % (83.2 to 100.0)." in words(page)
    assert "Cohen's kappa is" in words(page)
    assert "people can agree and be wrong" in words(page)
    assert any("Ben agrees" in chart.proto.alt for chart in page.get("plotly_chart"))
    page.segmented_control(key="quiz-right").set_value("what most others say")
    run(page)
    assert "Ben agrees with most of the others on 2 of 19 digits" in words(page)
    press(page, "Answer the 1 skipped")
    assert progress(page).startswith("19 of 20 answered")
    press(page, ASKED[19][1])
    assert progress(page).startswith("20 of 20 answered")


def test_answers_make_the_human_line_of_the_curve(page):
    for at, (key, label) in enumerate(ASKED[:40]):
        store.save_answer(DIGITS.digest, key, "Ana", label if at else "nonsense")
    run(page, "Curve")
    assert "People err on 2.5 % of 40 digits" in words(page)


def test_a_table_has_no_pictures_and_says_what_to_do(page):
    rows = "".join(f"{at % 2 + at / 100},{'ab'[at % 2]}\n" for at in range(60))
    page.file_uploader[0].upload("one.csv", b"x,label\n" + rows.encode())
    run(page)
    assert "There are no pictures of these rows to answer." in page.info[0].value
    assert "person-name" not in [box.key for box in page.selectbox]


@pytest.mark.parametrize(
    ("classes", "keys"),
    [
        ([str(digit) for digit in range(10)], [*"0123456789"]),
        (["car", "chair", "mug"], ["1", "2", "3"]),
        (["1", "2", "B", "bee", "C"], ["1", "2", "b", "3", "4"]),
        (["a", "A"], ["1", "2"]),
    ],
)
def test_a_class_named_like_a_key_has_that_key(classes, keys):
    assert keys_of(classes) == keys


def test_more_classes_than_keys_are_looked_up():
    many = [f"class {number}" for number in range(32)]
    assert len(set(keys_of(many))) == 32
    assert keys_of([*many, "one more"]) is None
