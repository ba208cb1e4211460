"""`tally tweets` as people and programs use it, on made-up exports."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dashboard.cli import main
from engine.store import accounts
from tests import exports

ROOT = Path(__file__).resolve().parents[2]
OLD = "tweet_activity_metrics_example_20210101_20210301_en.csv"
MADE = exports.posts(200)
FIELDS = [
    "month", "tweets", "impressions", "impressions_per_tweet", "new_followers", "followers_per_tweet", "engagements",
    "engagement_rate", "complete", "source",
]  # fmt: skip


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """The old export by tweet of January and February 2021."""
    path = tmp_path / OLD
    path.write_bytes(exports.old_posts(MADE))
    return path


def lines(capsys, *arguments: object) -> list[dict]:
    assert main(["tweets", *map(str, arguments), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def refused(capsys, *arguments: object) -> tuple[int, str]:
    """The exit status of a command that prints nothing but one line on stderr."""
    status = main(["tweets", *map(str, arguments)])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return status, captured.err


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def of_month(month: int) -> list[exports.Post]:
    return [post for post in MADE if post.moment.month == month]


def test_a_line_a_month_as_the_contract_says(export, capsys):
    months = lines(capsys, export)
    assert [month["month"] for month in months] == ["2021-01", "2021-02"]
    for at, month in enumerate(months, start=1):
        posts = of_month(at)
        impressions, engagements = sum(p.impressions for p in posts), sum(p.engagements for p in posts)
        assert set(FIELDS) <= set(month)
        assert month["tweets"] == len(posts)
        assert month["impressions"] == impressions
        assert month["engagements"] == engagements
        assert month["impressions_per_tweet"] == pytest.approx(impressions / len(posts))
        assert month["engagement_rate"] == pytest.approx(engagements / impressions)
        assert month["new_followers"] is None
        assert month["followers_per_tweet"] is None
        assert month["complete"] is True
        assert month["source"]["impressions"] == "by-tweet"
        assert month["source"]["new_followers"] is None


def test_followers_come_from_the_account_overview(export, tmp_path, capsys):
    overview = write(tmp_path / "account_overview.csv", exports.overview(date(2021, 1, 1), 59, followers=3))
    january, february = lines(capsys, export, overview)
    assert (january["new_followers"], february["new_followers"]) == (93, 84)
    assert january["followers_per_tweet"] == pytest.approx(93 / january["tweets"])
    assert january["source"] == {
        "tweets": "by-tweet", "impressions": "by-tweet", "engagements": "by-tweet", "new_followers": "overview"
    }  # fmt: skip


def test_months_without_tweets_are_there_where_they_are_covered(tmp_path, capsys):
    posts = [post for post in exports.posts(90, days=90) if post.moment.month != 2]
    name = "tweet_activity_metrics_example_20210101_20210401_en.csv"
    months = lines(capsys, write(tmp_path / name, exports.old_posts(posts)))
    assert [month["month"] for month in months] == ["2021-01", "2021-02", "2021-03"]
    assert (months[1]["tweets"], months[1]["impressions"]) == (0, 0)
    assert months[1]["impressions_per_tweet"] is months[1]["engagement_rate"] is None


def test_whether_a_month_is_complete_is_null_where_nothing_tells(tmp_path, capsys):
    assert {month["complete"] for month in lines(capsys, write(tmp_path / "a.csv", exports.old_posts(MADE)))} == {None}


def test_the_report_is_the_last_line_and_adds_up(export, tmp_path, capsys):
    again = write(tmp_path / "again.csv", exports.old_posts(MADE[:50]))
    bad = write(tmp_path / "bad.csv", b"nothing\nof use\n")
    *months, last = lines(capsys, export, again, bad, "--report")
    assert all("month" in month for month in months)
    report = last["report"]
    assert set(last) == {"report"}
    assert {"files", "rows", "kept", "dropped", "guesses"} <= set(report)
    assert (report["rows"], report["kept"]) == (250, 200)
    for part in [report, *report["files"]]:
        assert part["rows"] == part["kept"] + sum(part["dropped"].values())
    assert sum(file["rows"] for file in report["files"]) == report["rows"]
    assert [file["name"] for file in report["files"]].count("bad.csv") == 1
    assert sum(month["tweets"] for month in months) == report["kept"]


def test_without_report_there_is_none(export, capsys):
    assert not any("report" in line for line in lines(capsys, export))


def test_the_later_argument_wins_of_equal_exports(tmp_path, capsys):
    before = write(tmp_path / "a.csv", exports.old_posts(MADE))
    grown = [exports.Post(p.moment, p.text, p.impressions + 10, *[1] * 4) for p in MADE]
    after = write(tmp_path / "b.csv", exports.old_posts(grown))
    total = sum(post.impressions for post in MADE)
    assert sum(month["impressions"] for month in lines(capsys, before, after)) == total + 10 * len(MADE)
    assert sum(month["impressions"] for month in lines(capsys, after, before)) == total


def test_times_are_in_the_time_zone_asked_for_and_dates_stay(tmp_path, capsys):
    post = exports.Post(datetime(2021, 1, 31, 23, 30, tzinfo=UTC), "late", 100, 1, 1, 1, 1)
    timed = write(tmp_path / "timed.csv", exports.old_posts([post]))
    dated = write(tmp_path / "dated.csv", exports.new_posts([post]))
    daily = write(tmp_path / "daily.csv", exports.old_days([post], date(2021, 1, 31), 1))
    assert lines(capsys, timed)[0]["month"] == "2021-01"
    assert [line["month"] for line in lines(capsys, timed, "--timezone", "Europe/Madrid")] == ["2021-02"]
    assert [line["month"] for line in lines(capsys, timed, "--timezone", "America/New_York")] == ["2021-01"]
    for fixed in (dated, daily):
        assert [line["month"] for line in lines(capsys, fixed, "--timezone", "Europe/Madrid")] == ["2021-01"]


def test_one_basis_a_metric(export, tmp_path, capsys):
    days = exports.old_days(MADE, date(2021, 1, 1), 59)
    doubled = write(tmp_path / "days.csv", days.replace(b'"0.0"', b'"0"'))
    later = write(
        tmp_path / "march.csv", exports.old_days(exports.posts(9, date(2021, 3, 1), 31), date(2021, 3, 1), 31)
    )
    months = lines(capsys, export, doubled, later)
    assert [month["source"]["impressions"] for month in months] == ["by-tweet", "by-tweet", "by-day"]
    months = lines(capsys, export, doubled, later, "--basis", "by-day")
    assert {month["source"]["impressions"] for month in months} == {"by-day"}
    assert len(months) == 3
    months = lines(capsys, export, doubled, "--basis", "by-tweet")
    assert {month["source"]["impressions"] for month in months} == {"by-tweet"}


def test_goals_are_held_against_the_months(export, tmp_path, capsys):
    goals = write(tmp_path / "goals.csv", b"month,metric,target\n2021-01,impressions,1000\n2021-02,tweets,5K\n")
    january, february = lines(capsys, export, "--goals", goals)
    assert january["goals"] == {"impressions": {"target": 1000, "status": "met"}}
    assert february["goals"] == {"tweets": {"target": 5000, "status": "missed"}}
    assert main(["tweets", str(export), "--goals", str(goals)]) == 0
    assert "2021-02: goal of 5,000 tweets: missed" in capsys.readouterr().out


def test_a_goal_of_a_month_without_figures_is_not_lost(export, tmp_path, capsys):
    goals = write(tmp_path / "goals.csv", b"month,metric,target\n2021-03,impressions,1000\n")
    assert main(["tweets", str(export), "--goals", str(goals), "--json"]) == 0
    assert capsys.readouterr().err == "tally: no figures for the goals of 2021-03\n"


@pytest.mark.parametrize("table", [b"hello\nworld\n", b"month,metric,target\n2021-01,impressions,many\n", b"", b"\0\1"])
def test_goals_that_cannot_be_read_stop_the_command(table, export, tmp_path, capsys):
    status, error = refused(capsys, export, "--goals", write(tmp_path / "goals.csv", table))
    assert status == 1
    assert error.count("\n") == 1


def test_a_folder_stands_for_its_tables(export, tmp_path, capsys):
    expected = lines(capsys, export)
    write(tmp_path / ".hidden.csv", b"x")
    write(tmp_path / "~$open.xlsx", b"x")
    write(tmp_path / "notes.md", b"x")
    write(tmp_path / "deeper" / "other.csv", b"x")
    assert lines(capsys, tmp_path) == expected


def test_a_folder_without_tables_does_not_stop_the_others(export, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["tweets", str(tmp_path / "empty"), str(export), "--json"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2
    assert "empty holds no CSV, TSV, XLSX or ODS file" in captured.err
    status, error = refused(capsys, tmp_path / "empty")
    assert (status, "no file could be read" in error) == (1, True)


@pytest.mark.parametrize(
    "data", [b"", b"two\nwords\n", b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04 damaged", b'"Total\nviews","of\nall"\n1,2\n',
             b"<!doctype html><title>Sign in</title>", b"\xd0\xcf\x11\xe0 old"],
)  # fmt: skip
def test_a_bad_file_has_its_line_and_the_others_count(data, export, tmp_path, capsys):
    expected = lines(capsys, export)
    bad = write(tmp_path / "bad.csv", data)
    assert main(["tweets", str(bad), str(export), "--json"]) == 0
    captured = capsys.readouterr()
    assert [json.loads(line) for line in captured.out.splitlines()] == expected
    assert captured.err.startswith("tally: bad.csv: ")
    assert captured.err.count("\n") == 1


def test_nothing_readable_fails(tmp_path, capsys):
    paths = [write(tmp_path / name, b"nothing\nof use\n") for name in ("a.csv", "b.csv")]
    status, error = refused(capsys, *paths, "--json", "--report")
    assert status == 1
    assert [line.split(":")[1].strip() for line in error.splitlines()] == ["a.csv", "b.csv", "no file could be read"]


def test_tables_without_a_figure_that_counts_fail(export, tmp_path, capsys):
    status, error = refused(capsys, write(tmp_path / "likes.csv", b"Month,Likes\nJan 2021,5\nFeb 2021,6\n"), "--json")
    assert (status, error.count("\n")) == (1, 1)
    status, error = refused(capsys, export, "--basis", "by-day", "--json")
    assert status == 1
    assert "counted by-day" in error


@pytest.mark.parametrize(
    "arguments",
    [[], ["no/such.csv"], [".", "--basis", "weekly"], [".", "--goals", "no/such.csv"], ["a\0b"],
     [".", "--save", "--account"]],
)  # fmt: skip
def test_wrong_use_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["tweets", *arguments])
    assert stopped.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--timezone", "Mars/Olympus"], "'Mars/Olympus' is no time zone"), (["--timezone", ""], "no time zone"),
     (["--timezone", "../etc"], "no time zone"), (["--save"], "go together"), (["--account", "mine"], "go together"),
     (["--save", "--account", " "], "cannot name an account"), (["--save", "--account", "a\nb"], "cannot name")],
)  # fmt: skip
def test_wrong_use_is_one_line(arguments, told, export, home, capsys):
    status, error = refused(capsys, export, *arguments)
    assert (status, error.count("\n")) == (2, 1)
    assert told in error
    assert not home.exists()


def test_what_is_saved_is_there_next_time(export, home, tmp_path, capsys):
    assert main(["tweets", str(export), "--save", "--account", " mine ", "--timezone", "Asia/Tokyo", "--json"]) == 0
    first = capsys.readouterr()
    assert first.err == f"tally: {OLD}: saved\n"
    assert accounts.list_accounts() == ["mine"]
    found = accounts.account("mine")
    assert (found.time_zone, [kept.name for kept in found.imports]) == ("Asia/Tokyo", [OLD])
    (part,) = accounts.load_parts("mine")
    assert len(part.frame) == len(MADE)
    assert set(part.frame["text"]) == {post.text for post in MADE}
    bad = write(tmp_path / "bad.csv", b"nothing\nof use\n")
    assert (
        main(["tweets", str(export), str(bad), "--save", "--account", "mine", "--timezone", "Asia/Tokyo", "--json"])
        == 0
    )
    second = capsys.readouterr()
    assert second.out == first.out
    assert f"{OLD}: known" in second.err
    assert len(accounts.account("mine").imports) == 1


def test_without_save_nothing_is_written(export, home, capsys):
    lines(capsys, export)
    assert not home.exists()


def test_nothing_readable_makes_no_account(tmp_path, capsys):
    bad = write(tmp_path / "bad.csv", b"nothing\nof use\n")
    assert main(["tweets", str(bad), "--save", "--account", "mine"]) == 1
    assert accounts.list_accounts() == []


def test_a_database_that_cannot_be_used_is_one_line(export, home, capsys):
    home.mkdir()
    (home / "tally.sqlite3").write_bytes(b"no database" * 500)
    status, error = refused(capsys, export, "--save", "--account", "mine", "--json")
    assert (status, error.count("\n")) == (1, 1)
    assert error.startswith("tally: the database cannot be used")


def test_answers_given_on_the_page_are_known_where_the_account_is(tmp_path, capsys):
    odd = write(tmp_path / "odd.csv", b"when,seen\n2021-01,100\n2021-02,200\n")
    accounts.remember_mapping("when|seen", {"when": "month", "seen": "impressions"})
    assert refused(capsys, odd)[0] == 1
    assert [line["impressions"] for line in lines(capsys, odd, "--save", "--account", "mine")] == [100, 200]


def test_two_files_of_one_name_are_told_apart(tmp_path, capsys):
    paths = [write(tmp_path / f"m{at}" / "export.csv", exports.old_posts(of_month(at))) for at in (1, 2)]
    *months, last = lines(capsys, *paths, "--report")
    assert sum(month["tweets"] for month in months) == len(MADE)
    assert [file["name"] for file in last["report"]["files"]] == ["m1/export.csv", "m2/export.csv"]


def test_a_pipe_is_read_whole(export, capsys):
    expected = lines(capsys, export)
    command = [sys.executable, "-m", "dashboard.cli", "tweets", "/dev/stdin", "--json"]
    large = exports.posts(20_000)  # more than a pipe holds at once
    for posts in (MADE, large):
        result = subprocess.run(command, cwd=ROOT, input=exports.old_posts(posts), capture_output=True, check=True)
        months = [json.loads(line) for line in result.stdout.splitlines()]
        assert sum(month["impressions"] for month in months) == sum(post.impressions for post in posts)
        assert sum(month["tweets"] for month in months) == len(posts)
    assert [month["month"] for month in months] == [month["month"] for month in expected]


def test_the_table_for_people(export, tmp_path, capsys):
    overview = write(tmp_path / "overview.csv", exports.overview(date(2021, 1, 1), 59))
    bad = write(tmp_path / "bad.csv", b"nothing\nof use\n")
    assert main(["tweets", str(export), str(overview), str(bad)]) == 0
    out = capsys.readouterr().out
    head, january, february, *rest = out.splitlines()
    assert head.split() == [
        "month",
        "tweets",
        "impressions",
        "per",
        "tweet",
        "new",
        "followers",
        "per",
        "tweet",
        "rate",
        "complete",
        "counted",
    ]
    impressions, tweets = sum(post.impressions for post in of_month(1)), len(of_month(1))
    assert january.split()[:2] == ["2021-01", str(tweets)]
    assert january.split()[2] == f"{impressions / 1e3:.0f}K"
    assert january.split()[3] == f"{impressions / tweets:,.0f}"
    assert january.split()[-3:] == ["%", "yes", "by-tweet"]
    assert february.split()[4] == "84"
    assert "259 rows: 259 kept" in [line.strip() for line in rest]
    assert main(["tweets", str(export), str(overview), "--report"]) == 0
    assert f"{OLD}: posts, the export by tweet, 200 of 200 rows" in capsys.readouterr().out


def test_missing_figures_are_dashes(tmp_path, capsys):
    assert main(["tweets", str(write(tmp_path / "s.csv", b"Month,Tweets\nJan 2021,949\nFeb 2021,\n"))]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:4] == ["2021-01", "949", "-", "-"]


def test_it_explains_itself(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["tweets", "--help"])
    assert stopped.value.code == 0
    assert "Example: tally tweets" in capsys.readouterr().out


def test_it_loads_no_torch(export):
    code = f"import sys; from dashboard.cli import main; main(['tweets', {str(export)!r}, '--json'])\n"
    code += "sys.exit(bool({'torch', 'streamlit', 'plotly', 'sqlalchemy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_a_reader_that_stops_early_is_no_error(export):
    command = f"{sys.executable} -m dashboard.cli tweets {export} --json --report | head -c 1"
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("{", "")
