"""Reading Google Sheets with an account, end to end over HTTP against a stand-in for Google on loopback."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engine import settings
from engine.errors import InputError, SheetError, SheetForbidden, SheetNotFound, SheetUnavailable
from engine.tweets import sheets
from engine.tweets.sheets import ApiKey, Book, ServiceAccount, read_book
from tests.engine.fake_sheets import API_KEY, BAD_GATEWAY, EMAIL, HTML, ID, LINK, SCOPE, FakeTab, Reply, Shown, growth

KEY = ApiKey(API_KEY)


def read_by_key(link=LINK):
    book = read_book(link, KEY)
    assert isinstance(book, Book)
    return book


# The whole way with an account


def test_a_service_account_reads_the_cells_as_google_holds_them(google):
    google.books[ID].by_link = False
    book = read_book(LINK, ServiceAccount(google.service_account()))
    assert (book.title, book.locale, book.time_zone, book.stale) == ("Growth", "en_US", "Etc/GMT", None)
    assert [(tab.name, tab.gid) for tab in book.tabs] == [("Months", 7)]
    assert book.tabs[0].rows == [
        ["Growth 2020/21"],
        ["Month", "Tweets", "Tweets"],
        [44044, 3126, 5],
        [44197, 949, "14.4M"],
        ["Total", 4075],
    ]
    assert abs((datetime.now(UTC) - book.fetched_at).total_seconds()) < 600


def test_the_service_account_asks_for_no_more_than_reading(google):
    read_book(LINK, ServiceAccount(google.service_account()))
    (claims,) = google.claims
    assert (claims["iss"], claims["scope"]) == (EMAIL, SCOPE)
    assert claims["aud"] == "https://oauth2.googleapis.com/token"
    assert [call.method for call in google.log] == ["POST", "GET", "GET"]  # the token, what there is, all values
    (values,) = google.asked(":batchGet")
    assert values.query["dateTimeRenderOption"] == ["SERIAL_NUMBER"]


def test_an_api_key_goes_in_its_header_and_nowhere_else(google):
    read_by_key()
    assert {call.headers["x-goog-api-key"] for call in google.log} == {KEY.key}
    assert not any(KEY.key in str((call.path, call.query)) for call in google.log)


@pytest.mark.parametrize(
    ("locale", "shown", "name"),
    [("de_DE", "3.126", "Übersicht"), ("en_US", "3,126", "it's"), ("ja_JP", "3126", "月次")],
)
def test_numbers_do_not_depend_on_the_sheets_language(google, locale, shown, name):
    cells = [["Tweets", "Rate"], [Shown(shown, 3126), Shown("5,38", 5.38)], [True, "007"]]
    google.books[ID] = growth(locale=locale, tabs=[FakeTab(name, cells)])
    book = read_by_key()
    assert (book.locale, book.tabs[0].name) == (locale, name)
    assert book.tabs[0].rows == [["Tweets", "Rate"], [3126, 5.38], [True, "007"]]


def test_every_tab_of_cells_comes_and_an_empty_one_is_empty(google):
    cells = FakeTab("it's", [["a", "", "b"], [], ["", "c"], ["", ""]], gid=1)
    chart, empty = FakeTab("Chart", [], gid=2, kind="OBJECT"), FakeTab("Empty", [], gid=4)
    like_a_range = FakeTab("A1:B2", [[0, False, 0.0, ""]], gid=5)
    google.books[ID] = growth(tabs=[cells, chart, empty, like_a_range])
    found = {tab.gid: tab.rows for tab in read_by_key().tabs}
    assert found == {1: [["a", None, "b"], [], [None, "c"]], 4: [], 5: [[0, False, 0.0]]}


def test_fifty_thousand_posts(google):
    row = [1344567890123456789, "text", *range(15)]
    google.books[ID] = growth(tabs=[FakeTab("Posts", [row] * 50_000)])
    rows = read_by_key().tabs[0].rows
    assert (len(rows), rows[-1]) == (50_000, row)


# What Google refuses


def test_an_unshared_sheet_names_the_address_to_share_it_with(google):
    google.books[ID] = growth(readers=set(), by_link=False)
    with pytest.raises(SheetForbidden, match=EMAIL) as refused:
        read_book(LINK, ServiceAccount(google.service_account()))
    assert "share it" in refused.value.remedy
    assert len(google.log) == 2  # the token and one answer: a refusal is not asked again


def test_a_sheet_that_is_not_there(google):
    google.books.clear()
    for credentials in (KEY, ServiceAccount(google.service_account()), None):
        with pytest.raises(SheetNotFound, match="no Google Sheet"):
            read_book(LINK, credentials)


def test_an_api_key_reads_only_what_is_shared_by_link(google):
    google.books[ID].by_link = False
    with pytest.raises(SheetForbidden, match="not shared by link"):
        read_by_key()


@pytest.mark.parametrize(
    ("status", "word", "expected", "message"),
    [
        (403, b"SERVICE_DISABLED", SheetForbidden, "API is off"),
        (400, b"FAILED_PRECONDITION", SheetError, "Excel file"),
        (400, b"INVALID_ARGUMENT", SheetError, "error 400"),
        (401, b"UNAUTHENTICATED", SheetForbidden, "not shared"),
    ],
)
def test_other_refusals_are_told_apart_and_not_repeated(google, status, word, expected, message):
    google.faults.append(Reply(status, b'{"error": {"status": "%s", "consumer": "api_key:AIza"}}' % word))
    with pytest.raises(expected, match=message) as refused:
        read_by_key()
    assert "AIza" not in str(refused.value)
    assert len(google.log) == 1


def test_a_refusal_that_comes_as_a_page_is_not_repeated(google):
    google.faults.append(Reply(404, b"<!DOCTYPE html>", HTML))
    with pytest.raises(SheetNotFound):
        read_by_key()
    assert len(google.log) == 1


@pytest.mark.parametrize("body", [b"{", b"{}", b"[]", b""])
def test_an_answer_of_another_form_is_an_error_with_a_remedy(google, body):
    google.faults.append(Reply(200, body))
    with pytest.raises(SheetError, match="form that Tally does not know"):
        read_by_key()


def test_an_unknown_api_key(google):
    google.keys.clear()
    with pytest.raises(SheetForbidden, match="does not know this API key"):
        read_by_key()
    assert len(google.log) == 1


def test_a_key_that_was_deleted(google):
    google.faults.append(Reply(400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'))
    with pytest.raises(SheetForbidden, match=f"does not accept the key of {EMAIL}"):
        read_book(LINK, ServiceAccount(google.service_account()))
    assert len(google.log) == 1


# Credentials


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"client_email": None}, "lacks client_email:"),
        ({"private_key": None, "token_uri": 5}, "lacks private_key and token_uri:"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n"}, "private_key cannot be"),
        ({"token_uri": "http://example.com/token"}, "not an https address"),
    ],
)
def test_a_malformed_service_account_says_what_is_wrong(google, changes, message):
    info = {**google.service_account(), **changes}
    with pytest.raises(InputError, match=message) as refused:
        read_book(LINK, ServiceAccount(info))
    assert "SECRET" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert google.log == []


def test_a_key_of_another_kind_is_refused(google):
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(InputError, match="private_key cannot be read"):
        read_book(LINK, ServiceAccount({**google.service_account(), "private_key": key.decode()}))


def test_an_api_key_with_a_line_break_is_refused(google):
    with pytest.raises(InputError, match="API key is empty or damaged"):
        read_book(LINK, ApiKey("AIza\nX-Evil: 1"))
    assert google.log == []


def test_credentials_do_not_show_their_secrets(google):
    assert "AIza" not in repr(KEY)
    assert "PRIVATE" not in repr(ServiceAccount(google.service_account()))


# Copies


def test_a_sheet_is_read_once_a_minute(google, clock):
    first = read_by_key()
    google.books[ID].title = "Renamed"
    clock.now += 59
    assert read_by_key() is first
    clock.now += 2
    assert read_by_key().title == "Renamed"


def test_all_tabs_of_a_sheet_are_one_copy(google):
    read_by_key()
    read_by_key(f"https://docs.google.com/spreadsheets/u/1/d/{ID}/edit?usp=sharing")
    assert len(google.log) == 2


def test_no_copy_is_given_to_other_credentials(google):
    read_book(LINK, ServiceAccount(google.service_account()))
    google.books[ID].by_link = False
    for credentials in (KEY, ServiceAccount(google.service_account("other@fake.iam.gserviceaccount.com")), None):
        with pytest.raises(SheetForbidden):
            read_book(LINK, credentials)


def test_the_last_good_copy_says_why_it_is_shown(google, clock):
    good = read_by_key()
    clock.now += 61
    google.faults.extend([BAD_GATEWAY] * 5)
    stale = read_by_key()
    assert stale == replace(good, stale="Google is in trouble (error 502)")
    asked = len(google.log)
    assert read_by_key() is stale
    assert len(google.log) == asked  # an outage is not asked about at every turn
    clock.now += 61
    assert read_by_key().stale is None


@pytest.mark.parametrize("status", [403, 404])
def test_a_copy_goes_when_access_is_withdrawn(google, clock, status):
    read_by_key()
    clock.now += 61
    google.faults.append(Reply(status))
    with pytest.raises(SheetError):
        read_by_key()
    google.faults.extend([BAD_GATEWAY] * 5)
    with pytest.raises(SheetUnavailable):
        read_by_key()


def test_copies_are_bounded(google, monkeypatch):
    monkeypatch.setattr(settings, "CACHED_SHEETS", 2)
    links = [f"https://docs.google.com/spreadsheets/d/{ID}{n}" for n in range(3)]
    for n in range(3):
        google.books[f"{ID}{n}"] = growth()
    for link in [*links, links[2], links[1], links[0]]:
        read_by_key(link)
    assert len(google.log) == 2 * (3 + 1)


def test_visitors_at_once_share_one_read(google):
    gate, answers = threading.Event(), google.answer
    google.answer = lambda call, body: gate.wait() and answers(call, body)
    waiting = threading.Semaphore(0)

    class Watched(sheets.Future):
        def result(self, timeout=None):
            waiting.release()
            return super().result(timeout)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(6) as pool:
        patch.setattr(sheets, "Future", Watched)
        visits = [pool.submit(read_by_key) for _ in range(6)]
        for _ in range(5):
            waiting.acquire()
        gate.set()
        books = [visit.result() for visit in visits]
    assert all(book is books[0] for book in books)
    assert len(google.log) == 2
    assert sheets._flights == {}
