"""Several exports -> one history by month, as the contract has it."""

from datetime import UTC, date, datetime

import pytest

from engine.errors import InputError
from tests import exports
from tests.exports import NEW_POSTS, OLD_POSTS, Post, new_row, old_row, table
from tests.imports import read


def post(moment: datetime, impressions: int = 100, engagements: int = 4) -> Post:
    return Post(moment.replace(tzinfo=UTC), f"words of {moment}", impressions, engagements, 0, 0, 0)


def old(first: str, last: str, *made: Post) -> tuple[str, bytes]:
    return (f"tweet_activity_metrics_example_{first}_{last}_en.csv", exports.old_posts(made))


def new(first: str, last: str, *made: Post) -> tuple[str, bytes]:
    return (f"account_analytics_content_{first}_{last}.csv", exports.new_posts(made))


def by_day(first: date, days: int, *made: Post) -> tuple[str, bytes]:
    return ("daily_tweet_activity_metrics_example_en.csv", exports.old_days(made, first, days))


JANUARY, MARCH = post(datetime(2021, 1, 10, 12)), post(datetime(2021, 3, 10, 12), 300)


def test_a_month_without_posts_inside_the_range_counts_zero():
    got = read(old("20210101", "20210401", JANUARY, MARCH))
    assert got.totals == {
        "2021-01": (1, 100, 4, None), "2021-02": (0, 0, 0, None), "2021-03": (1, 300, 4, None),
    }  # fmt: skip
    february = got.months["2021-02"].as_dict()
    assert (february["impressions_per_tweet"], february["engagement_rate"]) == (None, None)
    assert february["complete"] is True


def test_a_month_without_posts_between_the_posts_of_an_unnamed_file_counts_zero():
    got = read(("export.csv", exports.old_posts([MARCH, JANUARY])))
    assert got.totals["2021-02"] == (0, 0, 0, None)
    assert got.months["2021-02"].complete is None


def test_a_month_between_two_unnamed_files_is_left_out_and_told():
    got = read(("one.csv", exports.old_posts([JANUARY])), ("other.csv", exports.old_posts([MARCH])))
    assert list(got.months) == ["2021-01", "2021-03"]
    assert "no file covers 2021-02" in got.told


def test_a_month_that_no_file_covers_is_left_out_and_told():
    got = read(old("20210101", "20210201", JANUARY), old("20210301", "20210401", MARCH))
    assert list(got.months) == ["2021-01", "2021-03"]
    assert "no file covers 2021-02" in got.told


def test_a_figure_that_no_file_holds_is_null_and_never_zero():
    rows = [[*old_row(JANUARY)[:5], *old_row(JANUARY)[6:]]]
    header = [*OLD_POSTS[:5], *OLD_POSTS[6:]]
    line = read(("x.csv", table([header, *rows]))).months["2021-01"].as_dict()
    assert (
        line["engagements"] is line["engagement_rate"] is line["new_followers"] is line["followers_per_tweet"] is None
    )
    assert (line["tweets"], line["impressions"]) == (1, 100)


def test_a_missing_cell_is_no_zero():
    row = old_row(MARCH)
    row[4] = "-"
    got = read(("x.csv", table([OLD_POSTS, old_row(JANUARY), row])))
    assert got.months["2021-03"].impressions is None
    assert got.months["2021-03"].tweets == 1


def test_ratios_are_ratios_of_sums():
    made = [post(datetime(2021, 1, 5), 100, 50), post(datetime(2021, 1, 6), 900, 0)]
    month = read(old("20210101", "20210201", *made)).months["2021-01"]
    assert month.engagement_rate == 0.05
    assert month.impressions_per_tweet == 500


def test_a_month_is_complete_by_the_range_of_the_name():
    assert read(old("20210101", "20210201", JANUARY)).months["2021-01"].complete is True
    assert read(old("20210101", "20210131", JANUARY)).months["2021-01"].complete is False
    assert read(old("20210105", "20210201", JANUARY)).months["2021-01"].complete is False
    assert read(("export.csv", exports.old_posts([JANUARY]))).months["2021-01"].complete is None
    assert read(new("2021-01-01", "2021-01-31", JANUARY)).months["2021-01"].complete is True
    assert read(new("20210101", "20210130", JANUARY)).months["2021-01"].complete is False
    halves = old("20210101", "20210115", JANUARY), old("20210115", "20210201", post(datetime(2021, 1, 20)))
    assert read(*halves).months["2021-01"].complete is True


def test_a_month_is_complete_by_its_daily_rows():
    assert read(by_day(date(2021, 1, 1), 31, JANUARY)).months["2021-01"].complete is True
    short = read(by_day(date(2021, 1, 1), 30, JANUARY))
    assert short.months["2021-01"].complete is False
    assert "not the whole month is covered in 2021-01" in short.told


def test_followers_of_part_of_a_month_make_it_incomplete():
    got = read(old("20210101", "20210201", JANUARY), ("account_overview.csv", exports.overview(date(2021, 1, 1), 30)))
    assert got.months["2021-01"].complete is False


def test_the_basis_is_by_tweet_where_there_are_posts():
    days = by_day(date(2021, 1, 1), 59, JANUARY, post(datetime(2021, 1, 11)), post(datetime(2021, 2, 11)))
    posts = old("20210101", "20210201", JANUARY)
    got = read(posts, days)
    assert got.totals == {"2021-01": (1, 100, 4, None), "2021-02": (1, 100, 4, None)}
    assert [month.source["impressions"] for month in got.months.values()] == ["by-tweet", "by-day"]
    assert "some months are counted by tweet and others by day" in got.told
    assert {"month": "2021-01", "metric": "impressions", "by-tweet": 100, "by-day": 200} in got.report["checks"]


def test_the_basis_can_be_chosen():
    days = by_day(date(2021, 1, 1), 59, JANUARY, post(datetime(2021, 1, 11)))
    posts = old("20210101", "20210301", JANUARY)
    assert read(posts, days, basis="by-day").totals["2021-01"] == (2, 200, 8, None)
    assert read(posts, days, basis="by-tweet").totals["2021-01"] == (1, 100, 4, None)
    assert read(days, basis="by-tweet").months == {}


def test_times_move_with_the_time_zone_and_dates_do_not():
    late = post(datetime(2021, 1, 31, 23, 30))
    assert list(read(old("20210101", "20210201", late), zone="Europe/Madrid").months) == ["2021-01", "2021-02"]
    assert read(old("20210101", "20210201", late), zone="Europe/Madrid").months["2021-02"].tweets == 1
    assert read(old("20210101", "20210201", late), zone="America/New_York").months["2021-01"].tweets == 1
    assert list(read(new("2021-01-01", "2021-01-31", late), zone="Europe/Madrid").months) == ["2021-01"]
    days = read(by_day(date(2021, 1, 31), 1, late), zone="Pacific/Auckland")
    assert list(days.months) == ["2021-01"]


def test_the_clock_changes_with_summer_time():
    made = [post(datetime(2021, 6, 30, 22, 30)), post(datetime(2021, 11, 30, 22, 30))]
    got = read(("x.csv", exports.old_posts(made)), zone="Europe/Madrid")
    assert got.months["2021-07"].tweets == 1
    assert got.months["2021-11"].tweets == 1


def test_an_unknown_time_zone_is_refused():
    with pytest.raises(InputError, match="'Madrid' is no time zone"):
        read(old("20210101", "20210201", JANUARY), zone="Madrid")


def test_the_range_that_ends_later_wins_and_then_the_later_file():
    first, second = post(datetime(2021, 1, 10, 12), 100), post(datetime(2021, 1, 10, 12), 500)
    early, late = old("20210101", "20210201", first), old("20210101", "20210301", second)
    assert read(early, late).months["2021-01"].impressions == 500
    assert read(late, early).months["2021-01"].impressions == 500
    twin = (early[0].replace("example", "again"), exports.old_posts([second]))
    assert read(early, twin).months["2021-01"].impressions == 500
    got = read(twin, early)
    assert got.months["2021-01"].impressions == 100
    assert got.report["dropped"] == {"the same post in a later export": 1}
    assert "posts with fewer impressions in a later export (the later counts): 1" in got.told


def test_a_post_of_the_old_and_the_new_export_counts_once():
    got = read(old("20210101", "20210201", JANUARY), new("2021-01-01", "2021-02-28", JANUARY))
    assert got.months["2021-01"].tweets == 1
    assert list(got.history.posts["definition"]) == ["new"]


def test_a_post_that_stands_twice_in_a_file_counts_once():
    got = read(("x.csv", table([OLD_POSTS, old_row(JANUARY), old_row(JANUARY)])))
    assert got.months["2021-01"].tweets == 1
    assert got.report["dropped"] == {"the same post again in the file": 1}


def test_new_followers_come_from_the_overview_or_the_own_sheet_only():
    posts = new("2021-01-01", "2021-01-31", JANUARY)
    alone = read(posts).months["2021-01"]
    assert (alone.new_followers, alone.followers_from_posts, alone.source["new_followers"]) == (None, 1, None)
    sheet = ("mine.csv", table([["Month", "New followers"], ["2021-01", "5106"]]))
    own = read(posts, sheet).months["2021-01"]
    assert (own.new_followers, own.tweets, own.source["new_followers"]) == (5106, 1, "sheet")
    both = read(posts, sheet, ("overview.csv", exports.overview(date(2021, 1, 1), 31))).months["2021-01"]
    assert (both.new_followers, both.source["new_followers"]) == (93, "overview")


def test_follows_of_the_old_export_are_no_new_followers():
    row = old_row(JANUARY)
    row[OLD_POSTS.index("follows")] = "9"
    month = read(("x.csv", table([OLD_POSTS, row]))).months["2021-01"]
    assert (month.new_followers, month.followers_from_posts) == (None, 9)


def test_a_later_table_of_days_keeps_what_only_the_earlier_holds():
    days = by_day(date(2021, 1, 1), 31, JANUARY)
    got = read(days, ("overview.csv", exports.overview(date(2021, 1, 1), 31)))
    january = got.months["2021-01"]
    assert (january.impressions, january.new_followers) == (3100, 93)
    assert got.report["dropped"] == {"merged with the same day of a later table": 31}


def test_the_report_names_every_file_also_those_that_hold_no_table():
    got = read(old("20210101", "20210201", JANUARY), new("2021-01-01", "2021-01-31", MARCH))
    assert [table["read_as"] for table in got.report["files"]] == [
        "posts, the export by tweet",
        "posts, the content export",
    ]
    assert "rows outside the range in the file's name: 1" in got.told


def test_a_date_that_does_not_fit_its_id_is_told():
    row = new_row(JANUARY)
    row[1] = "Wed, Feb 10, 2021"
    got = read(("x.csv", table([NEW_POSTS, row])))
    assert list(got.months) == ["2021-02"]
    assert "posts with a date that does not fit their id (the date counts): 1" in got.told
