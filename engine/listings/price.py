"""What such a thing sold for -> a price range with its coverage. Without sales there is no price."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.errors import UnreadableData
from engine.listings.table import Row, plain, read_rows
from engine.listings.vote import readable
from engine.tweets.dates import read_dates
from engine.tweets.numbers import Cell, read_column
from engine.tweets.tables import Source

TEMPLATE = "label,price,currency,condition,date\nbicycle,180,EUR,used,2026-05-31\nguitar,95.50,EUR,good,2026-06-02\n"
_COVERAGE = 0.8  # of the next sales: four in five; wider ranges say little of things people sell used
_LEAST = 9  # sales: with fewer, even the cheapest to the dearest cover less
_RECENT_DAYS = 730  # two years: long enough for seasons and seldom sold things; older prices say little of today's
_SIGNS = {"€": "EUR", "euro": "EUR", "£": "GBP", "₹": "INR", "zł": "PLN", "kč": "CZK"}  # $ and ¥ are several countries'
_CODES = "EUR|USD|GBP|CHF|JPY|CNY|INR|PLN|CZK|HUF|RON|RSD|BAM|BGN|SEK|NOK|DKK|TRY|UAH|CAD|AUD|NZD|BRL|MXN|ZAR"
_MONEY = re.compile(rf"euros?|zł|kč|[€£¥₹$]|\b(?:{_CODES})(?![a-z])", re.IGNORECASE)


class Sale(NamedTuple):
    """One sold item."""

    label: str
    price: float
    currency: str
    condition: str
    date: np.datetime64  # NaT where it is not known


@dataclass(frozen=True)
class PriceRange:
    """Where the next sale's price lies with probability `coverage` or more, from `n` sales; the contract's `price`."""

    low: float
    high: float
    currency: str
    n: int
    coverage: float


@dataclass(frozen=True)
class Quote:
    """A range, or None, and the sentence that says what it rests on or why there is none."""

    price: PriceRange | None
    sentence: str


@dataclass(frozen=True)
class Prices:
    """Sold items. `left_out` says why rows were left out, and how often; `guesses` how open figures were read."""

    sales: list[Sale] = field(repr=False)
    left_out: dict[str, int]
    guesses: list[str]

    @classmethod
    def read(cls, source: Source, name: str = "") -> "Prices":
        """Read a table with the columns label and price, and where known currency, condition and date.

        Where rows have dates, sales more than two years before the latest one are left out.
        Raises UnreadableData if no row can be used.
        """
        rows = [row for _, row in read_rows(source, name, ["label", "price"], ["currency", "condition", "date"])]
        prices = read_column([_amount(row["price"]) for row in rows], "count")
        dates = read_dates([row.get("date") for row in rows])
        known = dates.day[~np.isnat(dates.day)]
        oldest = known.max() - np.timedelta64(_RECENT_DAYS, "D") if len(known) else np.datetime64("NaT")
        sales, left_out = [], Counter[str]()
        for row, price, date in zip(rows, prices.values.tolist(), dates.day, strict=True):
            sale = Sale(plain(row["label"]), price, _currency(row), plain(row.get("condition")), date)
            if reason := _unusable(sale, row, oldest):
                left_out[reason] += 1
            else:
                sales.append(sale)
        if not sales:
            why = ", ".join(f"{reason}: {count:,}" for reason, count in left_out.items()) or "it has no rows"
            raise UnreadableData(f"{name or 'the table'} holds no sale that can be used ({why})", "see the template")
        return cls(sales, dict(left_out), [guess for guess in (prices.guess, dates.guess) if guess])

    def range(self, label: str, condition: str | None = None, *, classes: Sequence[str] = ()) -> Quote:
        """The range for a class, or the name of several. Sales in the same condition are used alone where enough."""
        thing, wanted, notes = readable(label), {plain(name) for name in (label, *classes)}, []
        sales = [sale for sale in self.sales if sale.label in wanted]
        counts = Counter(sale.currency for sale in sales)
        currency, *others = sorted(counts, key=lambda name: (-counts[name], name)) or [""]
        if others:
            sales = [sale for sale in sales if sale.currency == currency]
            left = ", ".join(f"{counts[name]:,} in {name}" for name in others)
            notes.append(f"in {currency}, the commonest currency, without {left}")
        same = [sale for sale in sales if condition and sale.condition == plain(condition)]
        if condition and len(sales) >= _LEAST:
            enough = len(same) >= _LEAST
            sales = same if enough else sales
            notes.append(f"{condition} only" if enough else f"of any condition, as only {len(same)} are {condition}")
        note = f" ({'; '.join(notes)})" if notes else ""
        if len(sales) < _LEAST:
            few = f"{len(sales):,} {'sale' if len(sales) == 1 else 'sales'}" if sales else "no sale"
            return Quote(None, f"no price: {few} of {thing} in the table{note}, and a range takes {_LEAST}")
        low, high, coverage = interval([sale.price for sale in sales])
        return Quote(
            PriceRange(low, high, currency, len(sales), round(coverage, 3)),
            f"the next {thing} sells for {spoken(low, high, currency)} with a probability of at least "
            f"{100 * coverage:.0f} %, judging by {len(sales):,} sales{note}",
        )


def interval(prices: Sequence[float]) -> tuple[float, float, float]:
    """Low, high and coverage of a prediction interval for one more price, from at least `_LEAST`.

    Between the i-th and the j-th of n exchangeable values the next one lies with probability (j - i) / (n + 1), or
    more with ties (Wilks 1941), whatever the distribution. Where the tails cannot be equal the upper one is longer, as
    prices are sparse there.
    """
    n, ordered = len(prices), sorted(prices)
    inside = math.ceil(_COVERAGE * (n + 1) - 1e-9)
    low = (n + 1 - inside) // 2
    return ordered[low - 1], ordered[low + inside - 1], inside / (n + 1)


def spoken(low: float, high: float, currency: str) -> str:
    """ "120 to 260.50 EUR"."""
    return " to ".join(f"{price:,.2f}".removesuffix(".00") for price in (low, high)) + f" {currency}"


def _amount(cell: Cell) -> Cell:
    """A price without its currency: "€ 1,200" is 1,200."""
    return _MONEY.sub("", cell).strip() if isinstance(cell, str) else cell


def _currency(row: Row) -> str:
    """The currency's own column, or the sign beside the price; "" where neither tells."""
    text = str(row.get("currency") or "").strip() or str(row["price"])
    found = _MONEY.search(text)
    return _SIGNS.get(found[0].lower().rstrip("s"), found[0].upper()) if found else ""


def _unusable(sale: Sale, row: Row, oldest: np.datetime64) -> str | None:
    if not sale.label:
        return "no label"
    if not 0 < sale.price < math.inf or "%" in str(row["price"]):
        return "no price above 0"
    if not sale.currency:
        return "no currency"
    if np.isnat(sale.date) and str(row.get("date") or "").strip():
        return "a date that cannot be read"
    if sale.date < oldest:
        return f"sold before {oldest}"
    return None
