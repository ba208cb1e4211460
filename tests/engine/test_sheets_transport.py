"""Asking Google for a sheet: troubles that pass, the way without an account, and links that are none."""

from dataclasses import replace

import pytest

from engine import settings
from engine.errors import InputError, LimitExceeded, SheetError, SheetForbidden, SheetUnavailable
from engine.tweets import transport
from engine.tweets.sheets import ApiKey, Book, CsvCopy, ServiceAccount, read_book
from tests.engine.fake_sheets import (
    API_KEY,
    BAD_GATEWAY,
    CSV,
    HANG,
    HTML,
    ID,
    JSON,
    LINK,
    PUBLISHED,
    QUOTA,
    FakeTab,
    Reply,
)

KEY = ApiKey(API_KEY)


def read_by_key(link=LINK):
    book = read_book(link, KEY)
    assert isinstance(book, Book)
    return book


def read_csv(link=LINK):
    copy = read_book(link)
    assert isinstance(copy, CsvCopy)
    return copy


# Troubles that pass


def test_one_429_costs_one_more_request(google, clock):
    google.faults.append(QUOTA)
    assert read_by_key().stale is None
    assert len(google.log) == 3
    assert len(clock.slept) == 1


def test_a_storm_of_429_ends(google, clock):
    google.faults.extend([QUOTA] * 100)
    with pytest.raises(SheetUnavailable, match="asked too often"):
        read_by_key()
    assert len(google.log) == 5
    assert sum(clock.slept) < 60


def test_the_waits_grow_and_are_spread(google, clock, monkeypatch):
    spans = []
    monkeypatch.setattr(transport, "_jitter", lambda low, high: spans.append((low, high)) or high)
    google.faults.extend([QUOTA] * 100)
    with pytest.raises(SheetUnavailable):
        read_by_key()
    assert clock.slept == [1, 2, 4, 8]
    assert all(low == 0 for low, _ in spans)


def test_retry_after_is_honoured(google, clock):
    google.faults.append(replace(QUOTA, headers={"Retry-After": "17"}))
    read_by_key()
    assert clock.slept == [17]


def test_troubles_of_all_requests_share_a_minute(google, clock):
    google.faults.extend([replace(QUOTA, headers={"Retry-After": "25"})] * 5)
    with pytest.raises(SheetUnavailable):
        read_by_key()
    assert clock.slept == [25, 25]


def test_a_wait_of_more_than_a_minute_is_not_begun(google, clock):
    google.faults.append(replace(QUOTA, headers={"Retry-After": "61"}))
    with pytest.raises(SheetUnavailable):
        read_by_key()
    assert clock.slept == []


@pytest.mark.parametrize("fault", [BAD_GATEWAY, Reply(503), Reply(408), Reply(200, b"<html>", HTML)])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_fault_of_googles_is_sat_out_wherever_it_comes(google, clock, fault, before):
    answers = google.answer

    def stumbling(call, body):
        return fault if len(google.log) == before + 1 else answers(call, body)

    google.answer = stumbling
    assert read_book(LINK, ServiceAccount(google.service_account())).title == "Growth"
    assert len(google.log) == 4  # the token, what there is, all values, and one of them twice
    assert len(clock.slept) == 1


def test_silence_is_not_waited_for_for_ever(google, monkeypatch):
    monkeypatch.setattr(settings, "SHEET_SILENCE_SECONDS", 0.05)
    google.faults.extend([HANG] * 5)
    with pytest.raises(SheetUnavailable, match="did not answer in time"):
        read_by_key()
    assert len(google.log) == 5


def test_nobody_there(google):
    google.__exit__()
    with pytest.raises(SheetUnavailable, match="could not be reached"):
        read_by_key()


# Without an account


def test_a_sheet_shared_by_link_comes_as_the_csv_file_google_makes(google):
    copy = read_csv()
    assert copy.name == "Growth-Months.csv"
    assert copy.data.decode().splitlines()[2] == "Aug 2020,3.126,5"
    assert "authorization" not in {name for call in google.log for name in call.headers}


def test_the_link_chooses_the_tab_and_without_one_it_is_the_first(google):
    google.books[ID].tabs.append(FakeTab("Other", [["other"]], gid=12))
    assert read_csv(f"https://docs.google.com/spreadsheets/d/{ID}/edit#gid=12").data == b"other\r\n"
    assert read_csv(f"https://docs.google.com/spreadsheets/d/{ID}/edit?usp=sharing").name == "Growth-Months.csv"
    with pytest.raises(SheetError, match="error 400"):
        read_csv(f"https://docs.google.com/spreadsheets/d/{ID}/edit#gid=99")


@pytest.mark.parametrize("credentials", [None, KEY])
@pytest.mark.parametrize("ending", ["pub?output=csv", "pubhtml?gid=7&single=true", "pub"])
def test_a_published_sheet_is_a_csv_file_whatever_the_credentials(google, credentials, ending):
    google.books[ID].by_link = False
    copy = read_book(f"https://docs.google.com/spreadsheets/d/{PUBLISHED}/{ending}", credentials)
    assert copy.name == "Growth-Months.csv"


def test_a_private_sheets_sign_in_page_is_no_table(google):
    google.books[ID].by_link = False
    with pytest.raises(SheetForbidden, match="not shared by link"):
        read_csv()
    google.faults.append(Reply(302, headers={"Location": "https://accounts.google.com/v3/signin?continue=x"}))
    with pytest.raises(SheetForbidden, match="not shared by link"):
        read_csv()


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/data.csv",
        "http://doc-0s-00-sheets.googleusercontent.com/kept",
        "https://doc.googleusercontent.com.example.com/kept",
        "https://user@doc.googleusercontent.com/kept",
        "https://doc.googleusercontent.com:8443/kept",
        "https://docs.google.com\\@example.com/kept",
        "https://evil-googleusercontent.com/kept",
        "https://docs.google.com/kept here",
        "https://accounts.google.com.example.com/signin",
        "http://169.254.169.254/latest/meta-data",
        "//example.com/data.csv",
        "file:///etc/hostname",
        "",
    ],
)
def test_google_is_not_followed_to_other_places(google, address):
    google.faults.append(Reply(307, headers={"Location": address}))
    with pytest.raises(SheetError, match="not Google's"):
        read_csv()
    assert len(google.log) == 1


def test_going_round_in_circles_ends(google):
    google.faults.extend([Reply(302, headers={"Location": "https://docs.google.com/spreadsheets/again"})] * 50)
    with pytest.raises(SheetError, match="error 302"):
        read_csv()
    assert len(google.log) < 10


def test_a_sheet_that_is_too_large_is_not_read_to_its_end(google, monkeypatch):
    monkeypatch.setattr(settings, "REQUEST_MEGABYTES", 1)
    google.faults.append(Reply(200, b"x" * 1_000_000, CSV))
    assert len(read_csv().data) == 1_000_000
    for credentials, kind in ((KEY, JSON), (None, CSV)):
        google.faults.append(Reply(200, b"x" * 1_000_001, kind))
        with pytest.raises(LimitExceeded, match="larger than 1 MB"):
            read_book(LINK.replace("=7", "=8"), credentials)


def test_without_an_account_an_outage_is_sat_out_too(google, clock):
    google.faults.append(BAD_GATEWAY)
    good = read_csv()
    clock.now += 61
    google.faults.extend([QUOTA] * 5)
    assert read_csv() == replace(good, stale="Google was asked too often (error 429)")


# Links


@pytest.mark.parametrize(
    "link",
    [
        f"http://docs.google.com/spreadsheets/d/{ID}/edit",
        f"https://docs.google.com.evil.com/spreadsheets/d/{ID}/edit",
        f"https://evil.com/https://docs.google.com/spreadsheets/d/{ID}/edit",
        f"https://docs.google.com@evil.com/spreadsheets/d/{ID}/edit",
        f"https://user:word@docs.google.com/spreadsheets/d/{ID}/edit",
        f"https://docs.google.com:8443/spreadsheets/d/{ID}/edit",
        f"https://docs.google.com\\@evil.com/spreadsheets/d/{ID}/edit",
        f"https://docs.google.com/spreadsheets/d/{ID}/edit\nHost: evil.com",
        f"https://docs.google.com/spreadsheets/d/{ID}/edit#gid=7%26x",
        f"https://docs.google.com/spreadsheets/d/{ID}/edit?gid=٣",
        f"https://docs.google.com/spreadsheets/d/{ID}ü/edit",
        f"https://docs.google.com/document/d/{ID}/edit",
        "https://docs.google.com/spreadsheets/d/../../etc/edit",
        "https://docs.google.com/spreadsheets/d/e/notpublished0123456789/pub",
        "https://docs.google.com/spreadsheets/d/short/edit",
        "file:///etc/passwd",
        "/etc/passwd",
        ID,
        "",
    ],
)
@pytest.mark.parametrize("credentials", [None, KEY])
def test_only_links_to_a_google_sheet_are_asked_for(google, link, credentials):
    with pytest.raises(InputError, match="not a link to a Google Sheet"):
        read_book(link, credentials)
    assert google.log == []


@pytest.mark.parametrize(
    "link",
    [
        f"  HTTPS://Docs.Google.com/spreadsheets/d/{ID}  ",
        f"https://docs.google.com/spreadsheets/d/{ID}/htmlview#",
        f"https://docs.google.com/a/example.org/spreadsheets/d/{ID}/edit",
        f"https://docs.google.com/spreadsheets/d/{ID}/edit?gid=7#gid=7&range=A1:B2",
    ],
)
def test_links_as_people_copy_them(google, link):
    assert read_csv(link).name == "Growth-Months.csv"


@pytest.mark.parametrize(
    "address", ["https://example.com", "http://127.0.0.1@evil.com", "http://evil.com\\@127.0.0.1", "http://10.0.0.1:80"]
)
def test_a_stand_in_for_google_is_on_this_computer(google, monkeypatch, address):
    monkeypatch.setenv("TALLY_SHEETS_URL", address)
    for credentials in (KEY, None):
        with pytest.raises(InputError, match="not this computer"):
            read_book(LINK, credentials)
    assert google.log == []
