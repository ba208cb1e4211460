"""What must survive a restart: accounts, imports, goals, notes, answers about columns."""

import os
import random
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine

from engine.errors import AccountNotFound, InputError, StoreError, TallyError
from engine.store import accounts, database
from engine.store.schema import Base
from engine.tweets.history import combine
from engine.tweets.metrics import by_month
from engine.tweets.read import Part, read_file
from tests import exports

ROOT = Path(__file__).resolve().parents[2]
MADE = exports.posts(60)
FILES = {
    "tweet_activity_metrics_example_20210101_20210301_en.csv": exports.old_posts(MADE),
    "daily_tweet_activity_metrics_example_20210101_20210301_en.csv": exports.old_days(MADE, date(2021, 1, 1), 59),
    "account_analytics_content_2021-01-01_2021-02-28.csv": exports.new_posts(MADE),
    "account_overview_analytics.csv": exports.overview(date(2021, 1, 1), 59),
    "mine.csv": b"Month,Tweets,Impressions per tweet,Goal impressions\nJan 2021,10,\"1,000\",9M\nFeb 2021,20,,14.5M\n",
    "damaged ids.csv": exports.table(
        [exports.OLD_POSTS, *([f"{int(row[0]):.5E}", "", *row[2:]] for row in map(exports.old_row, MADE))]
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _restarted(home) -> None:
    """Every test starts as a process does."""
    restart()


def restart() -> None:
    database._open.cache_clear()


def keep(account: str, name: str = next(iter(FILES))) -> str:
    return accounts.save_import(account, name, "file", accounts.digest(FILES[name]), read_file(name, FILES[name]))


def count(home: Path, table: str) -> int:
    with sqlite3.connect(home / "tally.sqlite3") as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_accounts_are_made_listed_and_deleted_with_all_they_hold(home):
    accounts.create_account(" Mine ", "Europe/Madrid")
    accounts.create_account("her account ☕")
    assert accounts.list_accounts() == ["Mine", "her account ☕"]
    keep("Mine")
    accounts.set_goal("Mine", "2021-01", "impressions", 9e6)
    accounts.add_note("Mine", date(2021, 1, 2), "a new policy")
    accounts.delete_account("Mine")
    assert accounts.list_accounts() == ["her account ☕"]
    assert [count(home, name) for name in ("accounts", "imports", "tables", "goals", "notes")] == [1, 0, 0, 0, 0]
    for use in (accounts.account, accounts.load_parts, accounts.delete_account, keep):
        with pytest.raises(AccountNotFound, match="no account 'Mine'"):
            use("Mine")


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "two\nlines", "bell\a"])
def test_what_cannot_name_an_account_is_refused(name):
    with pytest.raises(InputError, match="cannot name an account"):
        accounts.create_account(name)


def test_an_account_has_one_name_and_a_real_time_zone():
    accounts.create_account("mine")
    with pytest.raises(InputError, match="an account 'mine' already"):
        accounts.create_account("mine ")
    with pytest.raises(InputError, match="no time zone"):
        accounts.create_account("other", "Mars/Olympus")
    with pytest.raises(InputError, match="no time zone"):
        accounts.change_account("mine", time_zone="Mars/Olympus")
    accounts.change_account("mine", time_zone="Asia/Tokyo", rate_demoted="reach explains it")
    accounts.change_account("mine")
    found = accounts.account("mine")
    assert (found.time_zone, found.rate_demoted) == ("Asia/Tokyo", "reach explains it")
    accounts.change_account("mine", rate_demoted=None)
    assert accounts.account("mine").rate_demoted is None


def assert_same(one: Part, other: Part) -> None:
    for name in ("name", "kind", "definition", "covers", "report"):
        assert getattr(one, name) == getattr(other, name)
    pd.testing.assert_frame_equal(one.frame, other.frame)


@pytest.mark.parametrize("name", FILES)
def test_an_import_comes_back_as_it_was_read(name):
    accounts.create_account("mine")
    assert keep("mine", name) == "saved"
    restart()
    parts, kept = read_file(name, FILES[name]), accounts.load_parts("mine")
    for one, other in zip(parts, kept, strict=True):
        assert_same(one, other)
    assert by_month(combine(kept)) == by_month(combine(parts))
    (source,) = accounts.account("mine").imports
    assert (source.name, source.origin, source.sha256) == (name, "file", accounts.digest(FILES[name]))
    assert datetime.now(UTC) - source.imported_at < timedelta(minutes=5)
    assert accounts.import_reports(source.id) == [part.report for part in parts]


def test_many_imports_make_one_history():
    accounts.create_account("mine")
    for name in FILES:
        keep("mine", name)
    read = [part for name, data in FILES.items() for part in read_file(name, data)]
    assert [month.as_dict() for month in by_month(combine(accounts.load_parts("mine")))] == [
        month.as_dict() for month in by_month(combine(read))
    ]


def test_a_file_is_recognised_however_it_is_named(tmp_path):
    data = FILES["account_overview_analytics.csv"]
    (tmp_path / "copy.csv").write_bytes(data)
    assert accounts.digest(tmp_path / "copy.csv") == accounts.digest(data)
    for account in ("mine", "hers"):
        accounts.create_account(account)
        assert keep(account, "account_overview_analytics.csv") == "saved"
        assert keep(account, "account_overview_analytics.csv") == "known"
        assert len(accounts.load_parts(account)) == 1


def test_an_import_can_be_undone_and_restored():
    accounts.create_account("mine")
    keep("mine")
    (kept,) = accounts.account("mine").imports
    accounts.undo_import(kept.id)
    assert accounts.load_parts("mine") == []
    assert accounts.account("mine").imports[0].undone_at is not None
    accounts.undo_import(kept.id, undone=False)
    assert len(accounts.load_parts("mine")) == 1
    accounts.undo_import(kept.id)
    assert keep("mine") == "restored"
    assert len(accounts.load_parts("mine")) == 1
    assert len(accounts.account("mine").imports) == 1


def test_an_undone_file_comes_back_as_it_is_read_now():
    """A wrong answer about its columns may be why it was undone."""
    data = b"when,seen,done\n2021-01,100,7\n2021-02,200,8\n"
    accounts.create_account("mine")
    for fields in ({"when": "month", "done": "impressions"}, {"when": "month", "seen": "impressions"}):
        parts = read_file("odd.csv", data, mappings={"when|seen|done": fields})
        accounts.save_import("mine", "odd.csv", "file", accounts.digest(data), parts)
        (kept,) = accounts.account("mine").imports
        accounts.undo_import(kept.id)
    accounts.undo_import(kept.id, undone=False)
    (part,) = accounts.load_parts("mine")
    assert part.frame["impressions"].tolist() == [100, 200]


def test_goals_keep_their_history():
    accounts.create_account("mine")
    for target in (13e6, 13e6, 14.5e6):
        accounts.set_goal("mine", "2021-02", "impressions", target)
    accounts.set_goal("mine", "2021-02", "new_followers", 5000)
    accounts.set_goal("mine", "2021-02", "new_followers", None)
    accounts.set_goal("mine", "2021-03", "new_followers", None)
    restart()
    goals = accounts.account("mine").goals
    assert accounts.current_goals(goals) == {("2021-02", "impressions"): 14.5e6}
    assert [goal.target for goal in goals] == [13e6, 14.5e6, 5000, None]
    assert all(goal.set_at.tzinfo is UTC for goal in goals)


def test_notes_stand_in_the_order_of_their_days():
    accounts.create_account("mine")
    for day in (3, 1, 2):
        accounts.add_note("mine", date(2021, 1, day), f" note {day} " + "x" * 500)
    first, second, third = accounts.account("mine").notes
    assert [note.day.day for note in (first, second, third)] == [1, 2, 3]
    assert first.text.startswith("note 1")
    accounts.delete_note(second.id)
    accounts.delete_note(second.id)
    assert [note.day.day for note in accounts.account("mine").notes] == [1, 3]


def test_answers_about_columns_are_remembered():
    accounts.remember_mapping("when|seen", {"when": "month"})
    accounts.remember_mapping("when|seen", {"when": "month", "seen": "impressions"})
    restart()
    assert accounts.mappings() == {"when|seen": {"when": "month", "seen": "impressions"}}


def test_another_process_sees_all_that_was_kept():
    accounts.create_account("mine")
    keep("mine")
    code = "from engine.store import accounts; print(sum(len(part.frame) for part in accounts.load_parts('mine')))"
    assert run(code) == "60\n"


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_processes_may_open_a_fresh_database_at_once(home):
    code = "from engine.store import accounts; input(); accounts.create_account(input()); print('made')"
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [subprocess.Popen(command, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    for process in processes:  # each has loaded its code when it reads its line: they start together
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(f"account {at}\n") for at, process in enumerate(processes)]
    assert answers == [("made\n", "")] * 3
    assert accounts.list_accounts() == ["account 0", "account 1", "account 2"]


def test_the_revisions_make_the_tables_of_the_models(home):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    accounts.list_accounts()
    engine = create_engine(f"sqlite:///{home / 'tally.sqlite3'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def assert_refused(match: str, kind: type[TallyError] = StoreError) -> None:
    with pytest.raises(kind, match=match) as refused:
        accounts.list_accounts()
    assert len(str(refused.value).splitlines()) == 1
    assert refused.value.remedy


@pytest.mark.parametrize("content", [b"no database" * 1000, b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_database_is_said_so(home, content):
    home.mkdir()
    (home / "tally.sqlite3").write_bytes(content)
    assert_refused("the database cannot be used.*copy")


def test_a_damaged_database_never_ends_in_a_traceback(home):
    accounts.create_account("mine")
    for name in FILES:
        keep("mine", name)
    with sqlite3.connect(home / "tally.sqlite3") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    intact = (home / "tally.sqlite3").read_bytes()
    chance = random.Random(0)
    refused = []
    for at in range(40):
        restart()
        damaged = bytearray(intact[: len(intact) * (at + 1) // 40])
        for _ in range(20):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        for file in home.iterdir():
            file.unlink()
        (home / "tally.sqlite3").write_bytes(damaged)
        try:
            for name in accounts.list_accounts():
                for kept in accounts.account(name).imports:
                    accounts.import_reports(kept.id)
                accounts.load_parts(name)
        except StoreError as error:
            refused.append(str(error))
    assert len(refused) > 30
    assert all(len(text.splitlines()) == 1 for text in refused)


def test_a_database_of_a_newer_tally_is_left_alone(home):
    accounts.create_account("mine")
    with sqlite3.connect(home / "tally.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    restart()
    assert_refused("newer version of Tally.*9999.*update Tally")


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("TALLY_HOME", str(tmp_path / "file" / "home"))
    assert_refused("folder of the database cannot be made")
    (tmp_path / "home" / "tally.sqlite3").mkdir(parents=True)
    monkeypatch.setenv("TALLY_HOME", str(tmp_path / "home"))
    assert_refused("unable to open database file")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_of_someone_else_is_said_so(home):
    home.mkdir(mode=0o500)
    assert_refused("unable to open database file")


def test_a_home_with_an_odd_name_is_used_as_it_is_named(tmp_path, monkeypatch):
    home = tmp_path / "50% off? #1 & more"
    monkeypatch.setenv("TALLY_HOME", str(home))
    accounts.create_account("mine")
    assert (home / "tally.sqlite3").is_file()


def test_the_database_goes_where_the_url_says(home, tmp_path, monkeypatch):
    monkeypatch.setenv("TALLY_DATABASE_URL", f"sqlite:///{tmp_path / 'new' / 'other.db'}")
    accounts.create_account("there")
    assert (tmp_path / "new" / "other.db").is_file()
    assert not home.exists()
    monkeypatch.delenv("TALLY_DATABASE_URL")
    assert accounts.list_accounts() == []


@pytest.mark.parametrize("url", ["nonsense", "fishbase://x", "sqlite", "nodialect+nodriver://a:secret@b/c"])
def test_a_url_that_names_no_database_is_refused(url, monkeypatch):
    monkeypatch.setenv("TALLY_DATABASE_URL", url)
    assert_refused("TALLY_DATABASE_URL cannot be used", InputError)


def test_nothing_half_done_stays():
    accounts.create_account("mine")

    def begin() -> None:
        with database.session() as opened:
            opened.delete(accounts._account(opened, "mine"))
            opened.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        begin()
    assert accounts.list_accounts() == ["mine"]


@pytest.mark.parametrize("module", ["engine.store.accounts", "engine.tweets.metrics"])
def test_it_loads_no_torch(module):
    assert run(f"import sys, {module}; print('torch' in sys.modules)") == "False\n"
