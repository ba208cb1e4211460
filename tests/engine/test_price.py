"""Prices: ranges hold what they promise, and tables are read without silent losses."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UnreadableData
from engine.listings.price import TEMPLATE, Prices, interval
from tests.exports import workbook


def prices(*rows: str, header: str = "label,price,currency,condition,date") -> Prices:
    return Prices.read("\n".join([header, *rows]).encode(), "sold.csv")


BIKES = [f"bicycle,{100 + 10 * n},EUR,used,2026-03-{n + 1:02}" for n in range(9)]


def test_nine_sales_give_a_range_of_80_percent_from_cheapest_to_dearest():
    quote = prices(*BIKES).range("bicycle")
    assert quote.price is not None
    found = quote.price
    assert (found.low, found.high, found.currency, found.n, found.coverage) == (100, 180, "EUR", 9, 0.8)
    assert quote.sentence == (
        "the next bicycle sells for 100 to 180 EUR with a probability of at least 80 %, judging by 9 sales"
    )


def test_too_few_sales_give_no_price():
    quote = prices(*BIKES[:8]).range("bicycle")
    assert quote.price is None
    assert quote.sentence == "no price: 8 sales of bicycle in the table, and a range takes 9"
    assert prices(*BIKES).range("sofa").sentence.startswith("no price: no sale of sofa")


@pytest.mark.parametrize("n", [9, 10, 14, 18, 19, 41])
def test_the_coverage_stated_is_the_coverage_of_the_next_sale(n: int):
    random = np.random.default_rng(n)
    draws = random.lognormal(4, 1.2, (4000, n + 1))
    ranges = [interval(row[:n].tolist()) for row in draws]
    held = np.mean([low <= row[n] <= high for (low, high, _), row in zip(ranges, draws, strict=True)])
    stated = ranges[0][2]
    assert 0.8 <= stated < 0.8 + 1 / (n + 1)
    assert abs(held - stated) < 4 * np.sqrt(stated * (1 - stated) / len(draws))


@given(st.lists(st.floats(0.01, 1e9), min_size=9, max_size=200))
def test_a_range_is_of_prices_that_were_paid(paid: list[float]):
    low, high, coverage = interval(paid)
    assert low <= high
    assert {low, high} <= set(paid)
    assert coverage >= 0.8


def test_the_template_can_be_read():
    sales = Prices.read(TEMPLATE.encode())
    assert [sale.price for sale in sales.sales] == [180, 95.5]
    assert sales.left_out == {}


def test_a_condition_is_used_where_it_has_sales_enough():
    table = prices(*BIKES, *(f"bicycle,{n + 500},EUR,New,2026-03-01" for n in range(9)), "bicycle,1,EUR,broken,")
    assert table.range("bicycle").price.n == 19
    new = table.range("bicycle", "new")
    assert (new.price.low, new.price.n) == (500, 9)
    assert "(new only)" in new.sentence
    broken = table.range("bicycle", "broken")
    assert broken.price.n == 19
    assert "(of any condition, as only 1 are broken)" in broken.sentence


def test_the_commonest_currency_is_used_and_said():
    quote = prices(*BIKES, "bicycle,5000,RSD,,", "bicycle,120,USD,,").range("bicycle")
    assert (quote.price.n, quote.price.currency) == (9, "EUR")
    assert quote.sentence.endswith("(in EUR, the commonest currency, without 1 in RSD, 1 in USD)")


@pytest.mark.parametrize("cell", ["€ 1.200,50", "1200,50 €", "EUR 1.200,50", "1200,5 Euro"])
def test_a_currency_may_stand_beside_the_price(cell: str):
    found = Prices.read(f"label;price\nguitar;{cell}\n".encode()).sales[0]
    assert (found.price, found.currency) == (1200.5, "EUR")


def test_a_dollar_is_nobodys_dollar():
    assert Prices.read(b"label,price\nguitar,$12.50\n").sales[0].currency == "$"


def test_rows_that_cannot_be_used_are_counted_with_the_reason():
    table = prices(
        *BIKES,
        ",5,EUR,,",
        "bicycle,,EUR,,",
        "bicycle,free,EUR,,",
        "bicycle,-5,EUR,,",
        "bicycle,10%,EUR,,",
        "bicycle,5,,,",
        "bicycle,5,EUR,,soon",
        "bicycle,5,EUR,,2024-03-08",
    )
    assert table.left_out == {
        "no label": 1,
        "no price above 0": 4,
        "no currency": 1,
        "a date that cannot be read": 1,
        "sold before 2024-03-09": 1,
    }
    assert table.range("bicycle").price.low == 100


def test_a_guess_about_the_figures_is_said():
    table = prices("sofa;1.200;EUR", header="label;price;currency")
    assert table.sales[0].price == 1200
    assert "groups thousands" in table.guesses[0]


def test_labels_are_found_as_people_write_them_and_in_a_workbook():
    rows = [["T-Shirt", 10 + n, "EUR", date(2026, 1, n + 1)] for n in range(9)]
    book = workbook({"Sold": [["Label", "Price", "Currency", "Date"], *rows]})
    assert Prices.read(book, "sold.xlsx").range("t_shirt").price.n == 9


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"label,price\n", "holds no sale that can be used .it has no rows"),
        (b"label,price\nsofa,5\n", "no currency: 1"),
        (b"name,cost\nsofa,5\n", "sold.csv lacks one of the columns label, price"),
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "no table"),
    ],
)
def test_a_table_without_sales_is_refused(data: bytes, words: str):
    with pytest.raises(UnreadableData, match=words):
        Prices.read(data, "sold.csv")
