"""The audit of a sample: it names the bias that is there, no other, and says what cannot be tested."""

import json

import numpy as np
import polars as pl
import pytest

from engine import settings
from engine.audit.audit import audit_selection
from engine.audit.tables import from_frame
from engine.audit.theatre import survey
from engine.errors import InputError


def people(items: int, seed: int, regions: tuple[float, ...] = (0.5, 0.3, 0.2), **columns) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    region = random.choice(["north", "south", "east"][: len(regions)], items, p=np.array(regions) / sum(regions))
    return pl.DataFrame({"region": region, "age": random.normal(45, 15, items), **columns})


def audit(sample: pl.DataFrame, **given):
    return audit_selection(
        from_frame(sample, "sample"),
        **{
            name: from_frame(value, name) if isinstance(value, pl.DataFrame) else value for name, value in given.items()
        },
    )


def verdicts(found) -> tuple[str, str, str]:
    return found.coverage["verdict"], found.sampling["verdict"], found.participation["verdict"]


@pytest.mark.parametrize("on", [("coverage", "sampling", "participation"), ("coverage",), ("sampling",), ()])
def test_the_theatre_is_accused_of_what_it_did_and_of_nothing_else(on):
    parts = ("coverage", "sampling", "participation")
    made = survey(31, **{part: part in on for part in parts})
    found = made.audit()
    assert verdicts(found) == tuple("yes" if part in on else "no" for part in parts)
    share = found.weights["estimates"][-1]
    low, high = share["after_interval"]
    assert low < made.reached < high
    least, most = share["bounds"].get("missing", [0, 1])
    assert least < made.truth < most


def test_the_theatre_says_who_is_missing_and_what_that_does():
    made = survey()
    found = made.audit()
    told = " ".join(found.sentences)
    assert "visits never" in told
    assert "most by seat" in told
    assert "where newsletter is yes" in told
    share = found.weights["estimates"][-1]
    assert share["name"] == "share with content yes"
    assert share["before"] > share["after"] + 0.1
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False)) == found.as_dict()


def test_without_anything_outside_nothing_can_be_tested():
    found = audit(people(300, 1, label=["a", "b", "b"] * 100))
    assert verdicts(found) == ("cannot be tested",) * 3
    assert "it takes a reference sample" in found.sentences[0]
    assert found.labels["classes"] == {"b": 200, "a": 100}
    assert found.weights is None


def test_a_fair_sample_is_not_accused():
    for seed in range(10):
        found = audit(people(1500, seed), reference=people(1500, seed + 1000))
        assert "yes" not in verdicts(found), seed
        assert found.coverage["verdict"] == "no"


def test_margins_alone_show_an_empty_cell_and_an_uneven_draw():
    margins = {"region": {"north": 0.4, "south": 0.3, "west": 0.3}}
    found = audit(people(1000, 1, (0.8, 0.2)), margins=margins)
    assert verdicts(found) == ("yes", "yes", "cannot be tested")
    assert found.coverage["missing_share"] == pytest.approx(0.3)
    (empty,) = [cell for cell in found.coverage["cells"] if cell["state"] == "empty"]
    assert empty["value"] == "west"
    fair = audit(people(1000, 1, (0.57, 0.43)), margins={"region": {"north": 0.57, "south": 0.43}})
    assert verdicts(fair)[:2] == ("no", "no")


def test_many_small_groups_that_are_missing_add_up():
    random = np.random.default_rng(7)
    names = np.array([f"town {number}" for number in range(40)])
    reference = pl.DataFrame({"town": random.choice(names, 300)})
    assert audit(pl.DataFrame({"town": random.choice(names, 150)}), reference=reference).coverage["verdict"] != "yes"
    found = audit(pl.DataFrame({"town": random.choice(names[:30], 150)}), reference=reference)
    assert found.coverage["verdict"] == "yes"
    assert found.coverage["missing_share"] == pytest.approx(0.25, abs=0.07)


def test_classes_of_the_population_that_the_sample_lacks():
    random = np.random.default_rng(8)
    labels = [f"class {number}" for number in random.integers(0, 50, 1000)]
    reference = people(1000, 1, label=labels)
    fair = people(200, 2, label=[f"class {number}" for number in random.integers(0, 50, 200)])
    assert audit(fair, reference=reference).coverage["verdict"] != "yes"
    found = audit(people(200, 2, label=labels[:200]).filter(pl.col("label") < "class 3"), reference=reference)
    assert found.coverage["verdict"] == "yes"
    assert "Classes with" in found.sentences[0]


def test_a_value_the_population_does_not_have_is_a_fault_of_coverage():
    found = audit(people(3000, 1), reference=people(3000, 2, (0.625, 0.375)))
    assert verdicts(found)[:2] == ("yes", "no")
    assert "not of the population: region east" in found.sentences[0]
    assert found.coverage["foreign_share"] == pytest.approx(0.2, abs=0.04)


def test_an_age_nobody_has_in_the_sample_is_a_hole_with_examples():
    sample = people(3000, 1).filter(pl.col("age") < 60)
    found = audit(sample, reference=people(2000, 2))
    assert found.coverage["verdict"] == "yes"
    assert found.sampling["verdict"] != "yes"
    (hole,) = found.coverage["holes"]
    assert hole["column"] == "age"
    assert hole["share"] == pytest.approx(0.16, abs=0.03)
    reference = people(2000, 2)["age"]
    for example in found.coverage["nearest"]:
        assert reference[int(example["item"].removeprefix("row ")) - 1] > 60


def test_a_missing_corner_that_no_column_shows_is_a_hole_of_all_together():
    def corner(items: int, seed: int) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        return pl.DataFrame(random.normal(size=(items, 2)), ["x", "z"], orient="row")

    sample = corner(4000, 1).filter(~((pl.col("x") > 0.3) & (pl.col("z") > 0.3)))
    found = audit(sample, reference=corner(3000, 2))
    assert found.coverage["verdict"] == "yes"
    assert [hole["column"] for hole in found.coverage["holes"]] == [None]


def test_too_few_rows_leave_it_open():
    found = audit(people(40, 1), reference=people(40, 2))
    assert verdicts(found)[:2] == ("unsure", "unsure")


def test_a_hundred_thousand_rows_do_not_turn_a_trifle_into_a_verdict():
    found = audit(people(100_000, 1, (0.51, 0.295, 0.195)), reference=people(100_000, 2))
    assert verdicts(found)[:2] == ("no", "no")
    assert any("10,000 of 100,000 rows" in sentence for sentence in found.sentences)


def test_labels_are_counted_before_rows_are_sampled(monkeypatch):
    monkeypatch.setattr(settings, "AUDIT_ROWS", 200)
    found = audit(people(2000, 1, label=["rare"] * 40 + ["common"] * 1960))
    assert found.labels["classes"] == {"common": 1960, "rare": 40}


def test_who_answers_is_told_from_who_does_not():
    frame = people(4000, 3)
    random = np.random.default_rng(30)
    chance = np.where(frame["region"] == "north", 0.8, 0.4)
    answers = random.random(4000) < chance
    found = audit(frame.filter(pl.Series(answers)), frame=frame.with_columns(pl.Series("responded", answers)))
    assert verdicts(found) == ("cannot be tested", "cannot be tested", "yes")
    assert found.participation["r_indicator"] == pytest.approx(0.6, abs=0.03)  # 1 - 2 x 0.2
    rates = {cell["value"]: cell["rate"] for cell in found.participation["groups"] if cell["column"] == "region"}
    assert rates["north"] == pytest.approx(0.8, abs=0.03)
    assert found.weights["to"] == "invited"
    assert "80." in found.sentences[2] or "79." in found.sentences[2]


def test_where_everybody_answered_nobody_is_missing():
    frame = people(200, 1)
    found = audit(frame, frame=frame.with_columns(responded=pl.lit("yes")))
    assert found.participation["verdict"] == "no"
    assert found.participation["rate"] == 1


def test_weights_mend_an_error_that_differs_by_region():
    random = np.random.default_rng(41)
    sample = people(4000, 4, (0.2, 0.3, 0.5))
    chance = sample["region"].replace_strict({"north": 0.1, "south": 0.2, "east": 0.4}).to_numpy()
    sample = sample.with_columns(pl.Series("wrong", random.random(4000) < chance))
    found = audit(sample, reference=people(4000, 5))
    (error,) = found.weights["estimates"]
    assert error["before"] == pytest.approx(0.28, abs=0.02)
    low, high = error["after_interval"]
    assert low < 0.5 * 0.1 + 0.3 * 0.2 + 0.2 * 0.4 < high
    assert "Wrong: " in " ".join(found.sentences)


def test_a_sample_of_nobody_in_the_population():
    found = audit(people(500, 1, (1,)), reference=people(500, 2).with_columns(region=pl.lit("west")))
    assert found.coverage["verdict"] == "yes"
    assert found.sampling["verdict"] == "cannot be tested"
    assert found.weights is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": "kind"}, "sample has no column 'kind'"),
        ({"groups": ["kind"]}, "no table has a column 'kind'"),
        ({"margins": {"kind": {"a": 1.0}}}, "no table has a column 'kind'"),
        ({"margins": {"region": {"North": 0.5, "South": 0.5}}}, "none of the margins of 'region'"),
        ({"reference": pl.DataFrame({"size": [1.0, 2.0] * 20})}, "share no column"),
        ({"frame": people(50, 1)}, "frame has no column 'responded'"),
        ({"frame": people(50, 1, responded=["yes", "maybe"] * 25)}, "says 'maybe'"),
        ({"frame": people(50, 1, responded=["no"] * 50)}, "nobody in frame answered"),
        ({"groups": ["name"]}, "column 'name' has 300 values"),
    ],
)
def test_what_cannot_be_compared_is_said(given, message):
    with pytest.raises(InputError, match=message) as caught:
        audit(people(300, 1, name=[f"name {row}" for row in range(300)]), **given)
    assert caught.value.remedy


def test_names_and_row_numbers_are_not_compared():
    sample = people(400, 1, id=range(400), name=[f"a{row}" for row in range(400)])
    reference = people(400, 2, id=range(9000, 9400), name=[f"b{row}" for row in range(400)])
    found = audit(sample, reference=reference)
    assert {row["column"] for row in found.sampling["columns"]} == {"region", "age"}
    assert any("'name' is not compared" in sentence for sentence in found.sentences)


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        (["a"] * 500 + ["b"] * 500, []),
        (["a"] * 1000 + ["b"] * 40, ["severe imbalance", "missing class"]),
        (["a"] * 100 + ["b"] * 100 + ["c"] * 12, ["rare class", "missing class"]),
    ],
)
def test_labels_that_warn(labels, kinds):
    reference = people(400, 2, label=["a", "b"] * 200 if not kinds else ["a", "b", "c", "d"] * 100)
    found = audit(people(len(labels), 1, label=labels), reference=reference)
    named = [finding["kind"] for finding in found.labels["findings"]]
    assert [kind for kind in named if kind not in ("label shift", "no-skill trap")] == kinds
    assert ("label shift" in named) == bool(kinds)


def test_a_model_that_is_no_better_than_the_commonest_class():
    trap = people(1000, 1, label=["a"] * 800 + ["b"] * 200, correct=[1] * 800 + [0] * 200)
    assert "no-skill trap" in [finding["kind"] for finding in audit(trap).labels["findings"]]
    good = people(1000, 1, label=["a"] * 800 + ["b"] * 200, correct=[1] * 950 + [0] * 50)
    assert audit(good).labels["findings"] == []


def test_it_says_what_it_compared_and_what_it_could_not():
    found = audit(people(1000, 1, (0.57, 0.43)), margins={"Region": {"north": 0.57, "south": 0.43}, "planet": {"x": 1}})
    assert verdicts(found)[:2] == ("no", "no")
    for sentence in found.sentences[:2]:
        assert "y region" in sentence
        assert "Not compared, as nothing outside tells of them: age." in sentence
    notes = " ".join(found.sentences)
    assert "'Region' is taken for 'region'" in notes
    assert "no table has such a column: planet" in notes


def test_columns_of_one_side_and_those_in_another_case_are_told():
    reference = people(800, 2, income=list(range(800))).rename({"age": "AGE"})
    found = audit(people(800, 1), reference=reference)
    assert found.coverage["compared"] == ["region", "age"]
    notes = " ".join(found.sentences)
    assert "reference: 'AGE' is taken for 'age'" in notes
    assert "only reference has them: income" in notes


@pytest.mark.parametrize(
    "outside", [{"reference": pl.DataFrame({"label": ["a", "b"] * 300})}, {"margins": {"label": {"a": 0.5, "b": 0.5}}}]
)
def test_answers_alone_do_not_say_who_is_missing(outside):
    found = audit(people(600, 1, label=["a", "b", "b"] * 200), **outside)
    assert verdicts(found)[:2] == ("cannot be tested",) * 2
    assert "only the answers, 'label', are known outside" in found.sentences[0]
    assert "label shift" in [finding["kind"] for finding in found.labels["findings"]]


def test_with_a_frame_it_is_the_invited_who_are_compared():
    found = survey(31, coverage=False, sampling=False, participation=True).audit()
    assert "those invited look like the population" in found.sentences[1]
    assert "the list of those invited" in found.sentences[0]


def test_a_sample_that_is_its_own_reference_is_told():
    found = audit(people(600, 1), reference=people(600, 1))
    assert "sample and reference hold the same rows" in found.sentences[-1]
    assert "50.0 % of pairs, 50.0 to" in found.sentences[1]  # a classifier worse than chance is at chance


def test_bands_for_a_column_of_numbers_are_explained():
    with pytest.raises(InputError, match="of bands") as caught:
        audit(people(300, 1), margins={"age": {"18-34": 0.5, "35+": 0.5}})
    assert "make a column of bands" in caught.value.remedy
