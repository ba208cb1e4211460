"""Numbers as people write them: known answers, what a column settles, and round trips in many locales."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tweets.numbers import Quantity, is_missing, read_column


def values(cells: list[object], quantity: Quantity = "count", locale: str | None = None) -> list[float | None]:
    column = read_column(cells, quantity, locale)  # type: ignore[arg-type]
    return [None if math.isnan(value) else value for value in column.values]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["3.126", "949", "7.215.438"], [3126, 949, 7215438]),
        (["1.234,56", "5,38"], [1234.56, 5.38]),
        (["3,126", "949", "14,400,000"], [3126, 949, 14400000]),
        (["5.38%", "2.52%"], [0.0538, 0.0252]),
        (["5,38%", "3,1 %"], [0.0538, 0.031]),
        (["14.4M", "13M", "950k"], [14.4e6, 13e6, 950e3]),
        (["14,4M", "7,2M"], [14.4e6, 7.2e6]),
        (["1 234 567", "12\u202f345,6"], [1234567, 12345.6]),
        (["1'234'567.8"], [1234567.8]),
        (["(1,234)", "-"], [-1234, None]),
        (["1203.0", "39.0", "0.032418952618453865"], [1203, 39, 0.032418952618453865]),
        (["\u22125", "\u22121,234"], [-5, -1234]),
        (["3 Mio.", "1,5 Tsd", "2 mil"], [3e6, 1500, 2000]),
        (["144万", "1.5億", "3천", "1,5万"], [1.44e6, 1.5e8, 3000, 15000]),
        (["١٬٢٣٤", "٥٫٥٪"], [1234, 0.055]),  # noqa: RUF001
        (["12,34,567", "1,00,000"], [1234567, 100000]),
        (["~13M", "13M+", "949 ▲", "13M*"], [13e6, 13e6, 949, 13e6]),
        (["1.35E+06", "2,5e3"], [1.35e6, 2500]),
        (["+5,106", "+12"], [5106, 12]),
    ],
)
def test_known_answers(cells: list[object], expected: list[float | None]):
    assert [value is None for value in values(cells)] == [value is None for value in expected]
    read = read_column(cells, "count").values  # type: ignore[arg-type]
    assert list(read) == pytest.approx([math.nan if value is None else value for value in expected], nan_ok=True)


@pytest.mark.parametrize("text", ["", " ", "-", "–", "—", "N/A", "#N/A", "#DIV/0!", "#REF!", "nan", "null", None])  # noqa: RUF001
def test_missing_is_never_zero(text: object):
    assert is_missing(text)  # type: ignore[arg-type]
    assert values([text, "7"]) == [None, 7]
    assert read_column([text], "count").unread == {}  # type: ignore[list-item]


@pytest.mark.parametrize(
    "text",
    [
        "about 5",
        "5 apples",
        "12.34.56",
        "1,23,4",
        "5%%",
        "see note",
        "1e999",
        "--5",
        "10\x1e",
        "1\x1e000",
        "949³",
        "949①",
        "94½",
    ],
)
def test_what_is_no_number_is_told_and_stays_missing(text: str):
    column = read_column([text, "7"], "count")
    assert np.isnan(column.values[0])
    assert column.unread == {text: 1}


def test_a_count_groups_and_a_rate_does_not():
    assert values(["3.126", "1.204"]) == [3126, 1204]
    assert values(["3,126", "1,204"]) == [3126, 1204]
    assert values(["3.126", "1.204"], "rate") == [3.126, 1.204]
    assert "thousands" in (read_column(["3.126"], "count").guess or "")
    assert "decimal" in (read_column(["3.126"], "rate").guess or "")


def test_a_locale_settles_what_the_cells_leave_open():
    assert values(["3.126"], "rate", "en_US") == [3.126]
    assert values(["3.126"], "rate", "de_DE") == [3126]
    assert values(["3,126"], "rate", "de_DE") == [3.126]
    assert read_column(["3,126"], "rate", "de_DE").guess is None


def test_one_telling_cell_settles_its_column():
    assert values(["3.126", "5,38"]) == [3126, 5.38]
    assert values(["3,126", "5.38"]) == [3126, 5.38]


def test_what_is_no_number_has_no_vote():
    assert values(["7,878", "6,000", "5,10\u00b3"]) == [7878, 6000, None]


def test_numbers_of_workbooks_are_taken_as_they_are():
    assert values([949, 14.5, True, float("inf")]) == [949, 14.5, None, None]


def test_signs_beside_figures_are_left_out_and_it_is_told():
    assert read_column(["94*", "13M+"], "count").guess == "signs beside figures are left out (“13M+”)"
    assert read_column(["94", "-", "+5"], "count").guess is None


def test_a_percent_sign_is_told():
    assert read_column(["1.5%"], "rate").percent
    assert not read_column(["1.5"], "rate").percent


def grouped(whole: int, mark: str, sizes: tuple[int, int] = (3, 3)) -> str:
    """Digits in groups: the last of sizes[0], the others of sizes[1]."""
    digits, groups = str(whole), []
    while digits:
        size = sizes[1] if groups else sizes[0]
        groups.insert(0, digits[-size:])
        digits = digits[:-size]
    return mark.join(groups)


def western(group: str, decimal: str) -> Callable[[int, int], str]:
    return lambda whole, cents: grouped(whole, group) + (f"{decimal}{cents:02}" if cents else "")


def arabic(whole: int, cents: int) -> str:
    text = western("\u066c", "\u066b")(whole, cents)
    return text.translate({ord("0") + n: 0x660 + n for n in range(10)})


LOCALES: dict[str, Callable[[int, int], str]] = {
    "en_US": western(",", "."),
    "de_DE": western(".", ","),
    "fr_FR": western("\u202f", ","),
    "de_CH": western("\u2019", "."),
    "es_ES": lambda whole, cents: (str(whole) if whole < 10_000 else grouped(whole, ".")) + f",{cents:02}",
    "pt_BR": western(".", ","),
    "hi_IN": lambda whole, cents: grouped(whole, ",", (3, 2)) + (f".{cents:02}" if cents else ""),
    "sv_SE": western("\u00a0", ","),
    "ar_EG": arabic,
    "it_IT": western(".", ","),
}
NUMBERS = st.lists(st.tuples(st.integers(0, 10**10), st.integers(0, 99)), min_size=1, max_size=8)


@pytest.mark.parametrize("locale", LOCALES)
@given(numbers=NUMBERS)
def test_figures_round_trip_in_every_locale(locale: str, numbers: list[tuple[int, int]]):
    numbers = [*numbers, (1234567, 25)]  # one cell with both marks, as any column of money has
    cells = [LOCALES[locale](whole, cents) for whole, cents in numbers]
    column = read_column(cells, "rate")
    assert column.unread == {}
    assert list(column.values) == [float(f"{whole}.{cents:02}") for whole, cents in numbers]


@pytest.mark.parametrize("locale", [name for name in LOCALES if name != "es_ES"])
@given(counts=st.lists(st.integers(0, 10**10), min_size=1, max_size=8))
def test_counts_round_trip_in_every_locale_without_a_hint(locale: str, counts: list[int]):
    cells = [LOCALES[locale](count, 0) for count in counts]
    assert list(read_column(cells, "count").values) == counts


@given(counts=st.lists(st.integers(1, 10**8), min_size=1, max_size=8))
def test_counts_in_myriads_round_trip(counts: list[int]):
    cells = [f"{count / 10_000:.4f}万" for count in counts]
    assert list(read_column(cells, "count").values) == counts


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_text_is_read_or_told(cells: list[str]):
    column = read_column(cells, "count")
    missing = sum(is_missing(cell) for cell in cells)
    assert np.isnan(column.values).sum() == missing + sum(column.unread.values())
