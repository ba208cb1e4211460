"""The `tally` command as people and programs use it."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import engine
from dashboard.cli import main
from dashboard.samples import drawn_listing
from engine.listings.policy import Policy
from engine.listings.price import Prices
from engine.listings.prior import read_prior
from engine.listings.terms import Terms
from engine.models.registry import find
from engine.store.changes import accept
from engine.store.terms import terms_in_force
from engine.store.verdicts import search

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    """A folder of two listings and a loose photo that is none."""
    root = tmp_path / "stock"
    for listing in ("mug", "bicycle"):
        (root / listing).mkdir(parents=True)
        for name, data in drawn_listing(listing):
            (root / listing / name).write_bytes(data)
    (root / "notes.txt").write_text("hello")
    return root


def json_lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_classify_prints_a_line_a_listing_in_name_order(stock, capsys, model):
    assert main(["classify", str(stock), "--json"]) == 0
    verdicts = json_lines(capsys.readouterr().out)
    assert [(verdict["listing"], verdict["label"]) for verdict in verdicts] == [
        ("bicycle", "bicycle"), ("mug", "mug"), ("stock", None)
    ]  # fmt: skip
    photos = sorted(drawn_listing("bicycle"))
    assert verdicts[0] == engine.classify_listing(photos, model=model, listing="bicycle").as_dict()


def test_classify_for_people_is_a_table_with_its_reasons(stock, capsys):
    assert main(["classify", str(stock), "--rule", "majority"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["listing", "decision", "label", "sure", "read", "votes"]
    assert "bicycle 2, tire 1" in out
    assert "stock: notes.txt: not an image: it holds text" in out


def test_a_tied_vote_is_told(tmp_path, capsys):
    for name, data in drawn_listing("tie"):
        (tmp_path / name).write_bytes(data)
    assert main(["classify", str(tmp_path)]) == 0
    assert "tied vote, 1-1; bicycle wins on score" in capsys.readouterr().out


def test_nothing_readable_fails_in_one_line(tmp_path, capsys):
    (tmp_path / "x.jpg").write_text("hello")
    assert main(["classify", str(tmp_path), "--json"]) == 1
    captured = capsys.readouterr()
    assert json_lines(captured.out)[0]["label"] is None
    assert len(captured.err.splitlines()) == 1


def test_a_damaged_zip_does_not_stop_the_others(stock, tmp_path, capsys):
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    assert main(["classify", str(tmp_path / "broken.zip"), str(stock / "mug"), "--json"]) == 0
    verdicts = json_lines(capsys.readouterr().out)
    assert [verdict["label"] for verdict in verdicts] == [None, "mug"]
    assert "ZIP" in verdicts[0]["reasons"][0]


def test_a_zip_gives_the_same_verdicts_as_its_folder(stock, tmp_path, capsys):
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(stock.rglob("*.jpg")):
            archive.write(file, file.relative_to(stock))
    main(["classify", str(path), "--json"])
    packed = json_lines(capsys.readouterr().out)
    main(["classify", str(stock / "bicycle"), str(stock / "mug"), "--json"])
    assert packed == json_lines(capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["classify"], ["classify", "/no/such/path"], ["classify", ".", "--rule", "loudest"],
     ["classify", "x" * 5000], ["classify", "a\0b"], ["models", "rename", "one"],
     ["classify", ".", "--description", "x" * 5001]],
)  # fmt: skip
def test_wrong_use_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_unknown_model_is_one_line(stock, capsys):
    assert main(["classify", str(stock), "--model", "nobody"]) == 2
    assert capsys.readouterr().err == (
        "tally: there is no model 'nobody': use one of starter, or the folder of a model\n"
    )


@pytest.mark.parametrize("command", [[], ["serve"], ["classify"], ["evaluate"], ["models"], ["models", "rename"]])
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert "usage: tally" in out
    assert not command or "Example: " in out


def test_evaluate_reports_figures(stock, tmp_path, capsys):
    shutil.rmtree(stock / "bicycle")
    assert main(["evaluate", str(stock), "--json"]) == 0
    (figures,) = json_lines(capsys.readouterr().out)
    assert {"photos", "accuracy", "balanced_accuracy", "top5", "log_loss", "ece", "per_class", "per_source"} <= set(
        figures
    )
    assert (figures["photos"], figures["accuracy"]) == (2, 1.0)
    assert main(["evaluate", str(stock)]) == 0
    out = capsys.readouterr().out
    assert "Hardest classes" in out
    assert "balanced_accuracy" in out


def test_evaluate_says_what_was_left_out(tmp_path, capsys):
    (_, photo), *_ = drawn_listing("mug")
    labels, photos = ["mug", "bicycle", "spaceship", "mug"], [photo, photo, photo, b""]
    pq.write_table(pa.table({"label": labels, "jpeg": photos, "source": list("aabb")}), tmp_path / "d.parquet")
    assert main(["evaluate", str(tmp_path / "d.parquet")]) == 0
    out = capsys.readouterr().out
    assert "left out: 1 photo labelled 'spaceship'" in out
    assert "not read: d.parquet row 4: the file is empty" in out
    assert "Commonest confusions" in out
    assert "Worst photos" in out


def test_models_are_listed_renamed_and_deleted(home, capsys, model):
    shutil.copytree(find("starter"), home / "models" / "mine")
    assert main(["models", "rename", "mine", "ours"]) == 0
    assert main(["models", "--json"]) == 0
    assert [row["name"] for row in json_lines(capsys.readouterr().out)] == ["starter", "ours"]
    assert main(["models", "delete", "ours"]) == 0
    assert main(["models"]) == 0
    assert model.id in capsys.readouterr().out
    assert main(["models", "delete", "starter"]) == 1
    assert "built in" in capsys.readouterr().err


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    import os

    return subprocess.run(
        [sys.executable, "-m", "dashboard.cli", *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_help_is_quick_because_it_loads_nothing_heavy():
    code = "import sys; from dashboard.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "sys.exit(bool({'torch', 'streamlit', 'pandas', 'pyarrow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_a_reader_that_stops_early_is_no_error(stock):
    command = f"{sys.executable} -m dashboard.cli classify {stock} --json | head -c 1"
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout == "{"
    assert result.stderr == ""


def test_serve_says_when_its_port_is_taken(server):
    taken = server.rsplit(":", 1)[1]
    result = run("serve", TALLY_PORT=taken)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"cannot serve on 127.0.0.1:{taken} (Address already in use)" in result.stderr


@pytest.mark.parametrize("port", ["0", "99999", "http", "-1"])
def test_serve_refuses_what_is_no_port(port):
    result = run("serve", TALLY_PORT=port)
    assert result.returncode == 1
    assert result.stderr == f"tally: TALLY_PORT is '{port}', which is not a port: use a number from 1 to 65535\n"


def test_a_prior_and_a_description_are_part_of_the_evidence(capsys, tmp_path):
    for name, data in drawn_listing("tie"):
        (tmp_path / name).write_bytes(data)
    prior = tmp_path.parent / "prior.csv"
    prior.write_text("class,share\ntire,0.9\nbicycle,0.1\n")
    assert main(["classify", str(tmp_path), "--prior", str(prior), "--description", "winter tire", "--json"]) == 0
    evidence = json.loads(capsys.readouterr().out)["evidence"]
    assert evidence["prior"]["tire"] > evidence["prior"]["bicycle"]
    assert evidence["text"]["tire"] > 1 > evidence["text"]["bicycle"]
    prior.write_text("class,share\nnothing like it,1\n")
    assert main(["classify", str(tmp_path), "--prior", str(prior)]) == 1
    assert "nothing like it" in capsys.readouterr().err


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, Path]:
    """A prior, a policy and prices for the drawn listings."""
    rows = {
        "prior": "class,share\nbicycle,0.5\nmug,0.5\n",
        "policy": "class,policy\ntire,ask\nmug,review\n",
        "prices": "label,price,currency\n" + "".join(f"bicycle,{100 + 10 * n},EUR\n" for n in range(12)),
    }
    paths = {name: tmp_path / f"{name}.csv" for name in rows}
    for name, text in rows.items():
        paths[name].write_text(text)
    return paths


def flags(tables: dict[str, Path]) -> list[str]:
    return [part for name, path in tables.items() for part in (f"--{name}", str(path))]


def test_policy_prices_and_prior_give_the_verdict_that_python_gives(stock, tables, capsys, model):
    assert main(["classify", str(stock / "bicycle"), *flags(tables), "--json"]) == 0
    (found,) = json_lines(capsys.readouterr().out)
    terms = Terms(
        prior=read_prior(tables["prior"], model.classes),
        policy=Policy.read(tables["policy"], model.classes),
        prices=Prices.read(tables["prices"]),
    )
    photos = sorted(drawn_listing("bicycle"))
    assert found == engine.classify_listing(photos, model=model, listing="bicycle", terms=terms).as_dict()
    assert (found["decision"], found["ask"]) == ("review", "tire")
    assert found["price"] == {"low": 100.0, "high": 210.0, "currency": "EUR", "n": 12, "coverage": 0.846}


def test_people_see_the_price_and_what_to_ask_for(stock, tables, capsys):
    assert main(["classify", str(stock), *flags(tables)]) == 0
    header, bicycle, mug, *rest = capsys.readouterr().out.splitlines()
    assert header.split()[-2:] == ["price", "ask"]
    assert bicycle.split()[-5:] == ["100", "to", "210", "EUR", "tire"]
    assert mug.split()[-2:] == ["-", "-"]
    assert "mug: by policy a person looks at every mug" in rest
    assert any(line.startswith("mug: no price: no sale of mug") for line in rest)


@pytest.mark.parametrize("name", ["prior", "policy", "prices"])
@pytest.mark.parametrize(
    "content", [b"", b"class,policy,label\nx,y,z\n", b"\x89PNG\x00\xff" * 99, b"a,b\n1\n1,2,3,4\n"]
)
def test_a_table_that_is_none_is_one_line(stock, tables, capsys, name, content):
    tables[name].write_bytes(content)
    assert main(["classify", str(stock / "mug"), f"--{name}", str(tables[name])]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tally: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("name", ["prior", "policy", "prices"])
def test_a_table_that_is_not_there_is_wrong_use(stock, name):
    with pytest.raises(SystemExit) as stopped:
        main(["classify", str(stock), f"--{name}", "/no/such/table.csv"])
    assert stopped.value.code == 2


def test_reading_verdicts_makes_no_database_and_saving_keeps_each_once(stock, home, capsys):
    assert main(["classify", str(stock), "--json"]) == 0
    assert not home.exists()
    plain = json_lines(capsys.readouterr().out)
    for _ in range(2):
        assert main(["classify", str(stock), "--save", "--json"]) == 0
        assert json_lines(capsys.readouterr().out) == plain
    rows, number = search()
    assert number == 3
    assert {row.verdict.listing: (row.origin, row.waits) for row in rows} == {
        "bicycle": ("command", None),
        "mug": ("command", None),
        "stock": ("command", "review"),
    }


def test_what_is_in_force_holds_and_a_table_that_is_given_takes_its_place(stock, tables, capsys, model):
    accept("policy", b"class,policy\nbicycle,review\n", person="ann")
    assert main(["classify", str(stock / "bicycle"), "--json"]) == 0
    (found,) = json_lines(capsys.readouterr().out)
    assert found["reasons"] == ["by policy a person looks at every bicycle"]
    photos = sorted(drawn_listing("bicycle"))
    terms = terms_in_force(model)
    assert found == engine.classify_listing(photos, model=model, listing="bicycle", terms=terms).as_dict()
    assert main(["classify", str(stock / "bicycle"), "--policy", str(tables["policy"]), "--json"]) == 0
    assert json_lines(capsys.readouterr().out)[0]["ask"] == "tire"


def test_verdicts_are_told_even_where_they_cannot_be_kept(stock, home, capsys):
    home.mkdir()
    (home / "tally.sqlite3").mkdir()
    assert main(["classify", str(stock / "mug"), "--save", "--json"]) == 1
    captured = capsys.readouterr()
    assert json_lines(captured.out)[0]["label"] == "mug"
    assert captured.err.count("\n") == 1
