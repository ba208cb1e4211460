"""Many listings, quality and costs, and prices, without a browser."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.cached import model_in_background
from dashboard.cli import main
from dashboard.samples import drawn_listing
from engine import settings
from engine.errors import StoreError
from engine.listings.operating import Judged
from engine.listings.proposals import Proposal
from engine.listings.route import Dial, Trial, risk_coverage
from engine.store import changes
from engine.store.terms import terms_in_force

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"


@pytest.fixture
def page() -> Iterator[AppTest]:
    page = AppTest.from_file(str(APP), default_timeout=60)
    page.session_state["person"] = "Ada"
    yield page.run()
    assert not page.exception


@pytest.fixture(autouse=True)
def trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand listings of each size, right as often as they are sure: from 1/2 on a quarter of them is wrong."""
    number = np.tile(np.arange(1000), 4)
    kappa, right = (number // 100 + 0.5) / 10, number % 100 < number // 100 * 10 + 5
    sizes, fitted = np.repeat([1, 4, 1, 4], 1000), np.repeat([True, True, False, False], 1000)
    model = model_in_background().result()
    found = replace(model.fitted, trial=Trial(kappa, right, sizes, fitted), accept=(0.5,))
    monkeypatch.setattr(model, "fitted", found)


def run(page: AppTest, tab: str, part: str | None = None) -> str:
    """Draw a tab: the test's page does not tell which one is open, as a browser does. Gives its words."""
    page.session_state["classify-tab"] = tab
    if part:
        page.session_state["quality-part"] = part
    page.run()
    elements = [*page.title, *page.markdown, *page.caption, *page.info, *page.warning]
    return "\n".join(element.value for element in elements).replace("\\", "")


def press(page: AppTest, label: str, tab: str, part: str | None = None) -> str:
    next(button for button in page.button if button.label == label).click()
    return run(page, tab, part)


def zipped(**listings: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for listing, photos in listings.items():
            for name, data in photos:
                archive.writestr(f"{listing}/{name}", data)
    return buffer.getvalue()


def rows(page: AppTest) -> pd.DataFrame:
    return page.dataframe[0].value


def drop(page: AppTest, *archives: tuple[str, bytes]) -> str:
    run(page, "Many listings")
    for name, data in archives:
        page.file_uploader[0].upload(name, data)
    return run(page, "Many listings")


LISTINGS = {"mug": drawn_listing("mug"), "broken": [("a.jpg", b"hello")], "empty": [("x.jpg", b"")]}


def test_many_listings_get_a_row_each_as_the_command_line_says(page, tmp_path, capsys):
    flat = io.BytesIO()
    with zipfile.ZipFile(flat, "w") as archive:
        for name, data in drawn_listing("bicycle"):
            archive.writestr(name, data)
    files = {
        "lot.zip": zipped(**LISTINGS),
        "Räder & co.zip": flat.getvalue(),
        "bad.zip": b"PK\x03\x04",
        "none.zip": zipped(),
    }
    words = drop(page, *files.items())
    assert page.title[0].value == "6 listings: 2 accepted, 4 for a person"
    table = rows(page).set_index("listing")
    assert table["decision"].to_dict() == {
        "Räder & co": "✓ Accepted",
        "bad": "☺ Needs a person",
        "broken": "☺ Needs a person",
        "empty": "☺ Needs a person",
        "mug": "✓ Accepted",
        "none": "☺ Needs a person",
    }
    assert table.loc["mug", ["label", "sure", "photos read"]].tolist() == ["mug", "99 %", "2 of 2"]
    assert "damaged ZIP" in table.loc["bad", "why"]
    assert "no photos in it" in table.loc["none", "why"]
    assert "no photo could be read" in table.loc["broken", "why"]
    assert table.loc["mug", "open"].startswith("?verdict=")
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    main(["classify", "--json", *(str(tmp_path / name) for name in files)])
    from dashboard.panels.classify.many import json_lines

    work = page.session_state["many"]
    same = sorted(capsys.readouterr().out.splitlines())
    assert sorted(json_lines([verdict for _, verdict in work.done]).splitlines()) == same
    assert {json.loads(line)["listing"] for line in same} == set(table.index)
    assert "not kept" not in words


def test_zips_that_are_too_many_megabytes_say_so_in_their_rows(page, monkeypatch):
    monkeypatch.setattr(settings, "REQUEST_MEGABYTES", 0.001)
    drop(page, ("lot.zip", zipped(**LISTINGS)))
    assert "drop the rest by itself" in rows(page).loc[0, "why"]


def test_stopping_keeps_what_is_done_and_goes_on(page):
    drop(page, ("lot.zip", zipped(**LISTINGS)))
    work = page.session_state["many"]
    del work.done[1:]
    work.stopped = True
    words = run(page, "Many listings")
    assert page.title[0].value == "1 listing: 1 for a person"
    assert "Stopped: 2 listings of 3 were not looked at." in words
    press(page, "Go on", "Many listings")
    assert len(rows(page)) == 3


def test_many_listings_are_shown_though_the_store_fails(page, monkeypatch):
    def full(*_: object, **__: object) -> str:
        raise StoreError("the disk is full", "make room")

    monkeypatch.setattr("dashboard.keeping.save_verdict", full)
    words = drop(page, ("lot.zip", zipped(**LISTINGS)))
    assert "The disk is full: make room. Verdicts without an address are not kept." in words
    assert not rows(page)["open"].notna().any()


def test_the_dial_says_what_follows_and_is_saved_and_rolled_back(page):
    words = run(page, "Quality and costs")
    assert page.title[0].value == "50 % go without a person, 25.0 % of them wrong"
    assert "50 of 100 listings a day go to people" in words
    assert "a listing costs **3.30**" in words.lower()  # 0.5 x 0.25 x 20 + 0.5 x (1 + 0.03 x 20)
    assert "The default dial is in force" in words
    page.segmented_control(key="dial-rule-default").set_value("costs")
    page.number_input(key="dial-places-default").set_value(5)
    words = run(page, "Quality and costs")
    assert "10.0 % go without a person, 5.0 % of them wrong" in words  # from 1 - 1/20 - 0.03 = 0.92 on
    assert "The dial in force: 50.0 % go without a person" in words
    assert "People have time for 5 a day: 85 more are left each day" in words
    press(page, "Use this dial", "Quality and costs")
    assert page.title[0].value == "10 % go without a person, 5.0 % of them wrong"
    model = model_in_background().result()
    assert terms_in_force(model).dial == Dial("costs", places=5)
    press(page, "Roll back", "Quality and costs")
    assert page.title[0].value == "50 % go without a person, 25.0 % of them wrong"
    words = run(page, "Quality and costs", "Changes")
    assert "an error costs 20, a review 1, people are wrong on 3 %; 5 reviews a day" in words
    assert "rolled back by Ada" in words


def test_the_chart_marks_both_dials_the_limit_and_the_capacity(page):
    run(page, "Quality and costs")
    page.slider(key="dial-errors-default").set_value(15.0)
    page.number_input(key="dial-places-default").set_value(40)
    run(page, "Quality and costs")
    chart = page.get("plotly_chart")[0].proto
    names = [trace["name"] for trace in json.loads(chart.spec)["data"]]
    assert names == ["held-out trial", "this dial", "the dial in force"]
    assert len(json.loads(chart.spec)["layout"]["shapes"]) == 2
    assert "20.0 % go without a person, 10.0 % of them wrong" in chart.alt


def test_reviewed_listings_of_the_shop_are_drawn_beside_the_trial_and_rule(page, monkeypatch):
    own = Judged(np.full(100, 0.9), np.arange(100) >= 2, np.full(100, 4), np.ones(100))
    monkeypatch.setattr(Judged, "of_reviewed", lambda *_: own)
    run(page, "Quality and costs")
    assert page.title[0].value == "100 % go without a person, 2.0 % of them wrong"
    names = [trace["name"] for trace in json.loads(page.get("plotly_chart")[0].proto.spec)["data"]]
    assert names == ["held-out trial", "your reviewed listings", "this dial"]


def test_listings_that_people_must_see_are_more_than_they_have_time_for(page, monkeypatch):
    own = Judged(np.repeat([-1.0, 0.9], [60, 40]), np.arange(100) >= 2, np.full(100, 4), np.ones(100))
    monkeypatch.setattr(Judged, "of_reviewed", lambda *_: own)
    run(page, "Quality and costs")
    page.number_input(key="dial-places-default").set_value(10)
    words = run(page, "Quality and costs")
    assert "50 more are left each day, and 60 need a person for other reasons than doubt" in words


def test_a_model_without_a_trial_has_a_dial_all_the_same(page, monkeypatch):
    model = model_in_background().result()
    monkeypatch.setattr(model, "fitted", replace(model.fitted, trial=None))
    assert "not tried on held-out listings" in run(page, "Quality and costs")


def test_a_change_that_cannot_be_used_is_rolled_back_on_the_page(page):
    changes.accept("dial", b"{", person="Ada", summary="broken")
    run(page, "Quality and costs", "Changes")
    assert "cannot be used" in page.error[0].proto.title
    press(page, "Roll back", "Quality and costs", "Changes")
    assert not page.error


def test_a_policy_is_read_from_a_table_and_what_is_wrong_names_its_row(page):
    words = run(page, "Quality and costs", "Catalogue")
    assert "The default policy is in force" in words
    page.file_uploader[0].upload("policy.csv", b"class,policy,part_of\nmug,review,\nsofa,eat,\n")
    run(page, "Quality and costs", "Catalogue")
    assert "row 3: there is no policy 'eat'" in page.error[0].proto.title.replace("\\", "")
    page.file_uploader[0].upload("policy.csv", b'class,policy,part_of\nmug,review,\ntire,part_of,"bicycle, car"\n')
    words = run(page, "Quality and costs", "Catalogue")
    assert "mug: review" in words
    assert "tire: part of bicycle, car" in words
    press(page, "Use this catalogue", "Quality and costs", "Catalogue")
    policy = terms_in_force(model_in_background().result()).policy
    assert policy.of("mug").action == "review"
    assert policy.of("tire").wholes == ("bicycle", "car")
    assert not any("changes" in line.value for line in page.markdown)
    drop(page, ("lot.zip", zipped(mug=LISTINGS["mug"])))
    assert rows(page).loc[0, "why"] == "by policy a person looks at every mug"


def test_proposals_ask_for_reviews_and_are_accepted_with_their_figures(page, monkeypatch):
    words = run(page, "Quality and costs", "Proposals")
    assert "Nothing changes until somebody accepts it" in words
    words = press(page, "Look for proposals", "Quality and costs", "Proposals")
    assert "Review 40 more" in words
    curve = risk_coverage(np.array([0.9, 0.8]), np.array([True, False]))
    figures = {"accuracy": [0.8, 0.9], "reviewed": 50}
    found = [
        Proposal("prior", "Mugs are common", b"content", curve, curve, figures, better=True),
        Proposal("head", "Too few of each class", b"", curve, curve, {}, better=None),
    ]
    monkeypatch.setattr("dashboard.panels.classify.proposals.propose", lambda *_: found)
    changes.accept("dial", json.dumps(Dial(audit=0.1).as_dict()).encode(), person="Ada")  # another state asks anew
    run(page, "Quality and costs", "Proposals")
    words = press(page, "Look for proposals", "Quality and costs", "Proposals")
    assert "Mugs are common." in words
    assert "Too few of each class." in words
    assert "| right label, of listings that are in a class | 80.0 % | 90.0 % |" in words
    accepted: list[tuple[str, str | None]] = []
    monkeypatch.setattr(changes, "accept", lambda kind, **given: accepted.append((kind, given["model"])))
    press(page, "Accept", "Quality and costs", "Proposals")
    assert accepted == [("prior", model_in_background().result().id)]


SOLD = "label,price,currency\n" + "".join(f"mug,{price},EUR\n" for price in range(1, 20)) + "mugg,3,EUR\nsofa,9,\n"


def test_prices_are_read_used_and_given_up(page):
    assert "Without a table there is no price" in run(page, "Prices")
    page.file_uploader[0].upload("sold.csv", SOLD.encode())
    words = run(page, "Prices")
    assert page.title[0].value == "1 of 100 classes has a price"
    assert "20 sales read; 1 row left out: no currency (1)." in words
    assert "mugg (perhaps mug)" in words
    first = rows(page).iloc[0]
    assert first[["class", "low", "high", "currency", "sales", "covers"]].tolist() == ["mug", 2, 18, "EUR", 19, "80 %"]
    drop(page, ("lot.zip", zipped(mug=LISTINGS["mug"])))
    assert rows(page).loc[0, "price"] == ""
    run(page, "Prices")
    press(page, "Use these prices", "Prices")
    assert "changed since" in run(page, "Many listings")
    press(page, "Decide again", "Many listings")
    assert rows(page).loc[0, "price"] == "2 to 18 EUR (19 sales)"
    run(page, "Prices")
    assert "Without a table there is no price" in press(page, "Stop using", "Prices")


def test_a_table_without_prices_is_refused_in_words(page):
    run(page, "Prices")
    page.file_uploader[0].upload("notes.csv", b"what,ever\n1,2\n")
    run(page, "Prices")
    assert "lacks one of the columns label, price" in page.error[0].proto.title


def test_evidence_is_weighed_otherwise_for_this_visit():
    def script() -> None:
        import numpy as np
        import streamlit as st

        from dashboard.cached import model_in_background
        from dashboard.panels.classify.whatif import what_if
        from engine.listings.terms import Terms

        model = model_in_background().result()
        terms = Terms(prior=np.zeros(len(model.classes)))
        turned = what_if(terms, model)
        st.write("as fitted" if turned is terms else f"{turned.version} {turned.fitted.rho} {turned.right}")

    page = AppTest.from_function(script, default_timeout=60).run()
    assert page.markdown[-1].value == "as fitted"
    assert len(page.slider) == 3
    right = page.slider[1].value
    page.slider[0].set_value(0.5).run()
    assert page.markdown[-1].value.startswith("default turned 0.5")
    assert page.slider[1].value == right
    page.button[0].click().run()
    assert page.markdown[-1].value == "as fitted"
