"""Dates and months as exports and people write them."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tweets.dates import clock_of_key, read_dates, read_months

TODAY = date(2021, 3, 15)


def days(*cells: object, locale: str | None = None) -> list[str]:
    return [str(day) for day in read_dates(cells, locale).day]  # type: ignore[arg-type]


def months(*cells: object, locale: str | None = None) -> list[str]:
    return [str(day)[:7] for day in read_months(cells, locale, TODAY).day]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("2021-01-31 23:59 +0000", "2021-01-31T23:59"),
        ("2021-01-31 23:59:07 +0200", "2021-01-31T21:59"),
        ("2021-01-31T23:59:07.000Z", "2021-01-31T23:59"),
        ("Sun Jan 31 23:59:07 +0000 2021", "2021-01-31T23:59"),
        ("1/31/2021 11:59 PM", "2021-01-31T23:59"),
        ("31.01.2021 23:59", "2021-01-31T23:59"),
        (datetime(2021, 1, 31, 23, 59), "2021-01-31T23:59"),
        (44227.999305555, "2021-01-31T23:59"),
    ],
)
def test_a_time_is_read_in_utc_and_the_day_as_written(text: object, minute: str):
    dates = read_dates([text])  # type: ignore[list-item]
    assert str(dates.day[0]) == "2021-01-31"
    assert str(dates.clock[0]) == minute


@pytest.mark.parametrize(
    "text",
    ["Sun, Jan 31, 2021", "Sun Jan 31 2021", "2021-01-31", "2021/01/31", "20. Januar 2021".replace("20.", "31."),
     "31 janvier 2021", "31 de enero de 2021", "31 gennaio 2021", "31st January 2021", "2021年1月31日", "31-Jan-21",
     44227, 44227.0, date(2021, 1, 31), datetime(2021, 1, 31)],
)  # fmt: skip
def test_a_day_without_a_time_is_read(text: object):
    dates = read_dates([text])  # type: ignore[list-item]
    assert str(dates.day[0]) == "2021-01-31"
    assert np.isnat(dates.clock[0])


def test_a_weekday_that_is_a_month_elsewhere_is_no_month():
    assert days("mar, 2 feb 2021") == ["2021-02-02"]
    assert days("mar, 2 mar 2021") == ["2021-03-02"]


def test_a_span_of_days_is_no_day():
    assert read_dates(["Jan 4 - Jan 10"]).unread == {"Jan 4 - Jan 10": 1}


def test_the_column_votes_for_the_day_or_the_month_first():
    assert days("03/04/2021", "13/04/2021") == ["2021-04-03", "2021-04-13"]
    assert days("03/04/2021", "04/13/2021") == ["2021-03-04", "2021-04-13"]
    assert days("01/02/2021", "01/03/2021", "01/04/2021") == ["2021-02-01", "2021-03-01", "2021-04-01"]
    assert days("02/01/2021", "03/01/2021", "04/01/2021", locale="en_US")[0] == "2021-02-01"
    assert days("03.04.2021") == ["2021-04-03"]


def test_an_open_column_goes_by_its_locale_or_is_told():
    assert days("03/04/2021", locale="en_US") == ["2021-03-04"]
    assert days("03/04/2021", locale="en_GB") == ["2021-04-03"]
    dates = read_dates(["03/04/2021"])
    assert str(dates.day[0]) == "2021-04-03"
    assert dates.guess == "03/04/2021 is read as day, then month"


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2021",
        "hello",
        "12",
        7,
        "2021-13-01",
        "99/99/2021",
        "25:00",
        True,
        "Sun, Feb 1\x1e, 2021",
        "Feb 1#, 2021",
        "Wed Xyz 10 20:19:24 +0000 2018",
        "Wed Feb 31 20:19:24 +0000 2018",
    ],
)
def test_what_is_no_date_is_told(text: object):
    dates = read_dates([text])  # type: ignore[list-item]
    assert np.isnat(dates.day[0])
    assert dates.unread == {str(text): 1}


@given(st.lists(st.dates(date(2008, 1, 1), date(2040, 12, 31)), min_size=1, max_size=8), st.sampled_from("./-"))
def test_days_round_trip_with_the_day_first_and_the_month_first(made: list[date], mark: str):
    telling = date(2021, 12, 31)
    for style in (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y", f"%Y{mark}%m{mark}%d", "%a, %b %d, %Y"):
        cells = [day.strftime(style) for day in [*made, telling]]
        assert days(*cells) == [str(day) for day in [*made, telling]]


@pytest.mark.parametrize(
    "text",
    ["2021-01", "01/2021", "1/2021", "2021/01", "Jan-21", "Jan 21", "January 2021", "Januar 2021", "enero de 2021",
     "janvier 2021", "gennaio 2021", "janeiro 2021", "styczeń 2021", "2021年1月", "202101", 202101, 202101.0, "Jan '21",
     44197, "1 January 2021", date(2021, 1, 1), "January, 2021", "2021-01-31", "Jan. 2021", "Ocak 2021"],
)  # fmt: skip
def test_a_month_is_read_however_it_is_written(text: object):
    assert months(text) == ["2021-01"]


def test_months_with_names_that_start_alike_are_told_apart():
    assert months("Juni 2021", "Juli 2021", "Mar 2021", "März 2021", "mai 2021") == [
        "2021-06", "2021-07", "2021-03", "2021-03", "2021-05",
    ]  # fmt: skip


def test_a_typed_month_that_a_spreadsheet_took_for_a_day_is_mended_and_told():
    eaten = [date(2022, 8, 20), date(2022, 9, 20), date(2022, 10, 20), date(2022, 11, 20), date(2022, 1, 21)]
    found = read_months([*eaten, date(2022, 2, 21)], None, TODAY)
    assert [str(day)[:7] for day in found.day] == ["2020-08", "2020-09", "2020-10", "2020-11", "2021-01", "2021-02"]
    assert found.guess == "2022-08-20 is read as Aug 2020: a spreadsheet took a typed Aug-20 for a day"


def test_ends_of_months_are_no_typed_years():
    assert months(date(2031, 1, 31), date(2031, 3, 31), date(2031, 5, 31)) == ["2031-01", "2031-03", "2031-05"]


def test_months_without_years_end_with_the_latest():
    assert months("November", "December", "January", "February") == ["2020-11", "2020-12", "2021-01", "2021-02"]
    assert months("Feb", "Jan", "Dec") == ["2021-02", "2021-01", "2020-12"]
    assert months("11", "12", "1") == ["2020-11", "2020-12", "2021-01"]
    assert months("01 Jan", "02 Feb", "03 Mar") == ["2021-01", "2021-02", "2021-03"]
    assert "no year" in (read_months(["Jan", "Feb"], None, TODAY).guess or "")


@pytest.mark.parametrize("text", ["Total", "Q1 2021", "H1 2021", "YTD", "2021", "FY21", "13/2021"])
def test_what_is_no_month_is_told(text: str):
    assert read_months([text, "2021-01"], None, TODAY).unread == {text: 1}


@given(st.datetimes(datetime(2013, 4, 1), datetime(2040, 1, 1)))
def test_an_id_holds_its_time(moment: datetime):
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    key = int(moment.timestamp() * 1000) - 1_288_834_974_657
    found = clock_of_key(np.array([key, 0, -5]))
    assert found[0] == np.datetime64(moment.replace(tzinfo=None), "s")
    assert np.isnat(found[1:]).all()
