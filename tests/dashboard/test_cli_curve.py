"""`tally curve` on real digits: the contract's JSON, words for people, and wrong use in one line."""

import json

import pytest

from dashboard.cli import main


def test_the_curve_of_the_digits_is_the_contracts_json(capsys):
    assert main(["curve", "digits", "--human", "0.02:200", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert list(found) == [
        "sizes", "train_error", "validation_error", "train_log_loss", "validation_log_loss", "interval", "baselines",
        "verdict", "sentences",
    ]  # fmt: skip
    assert found["sizes"] == sorted(found["sizes"])
    assert found["validation_error"][0] > found["validation_error"][-1] < 0.06
    assert {found["verdict"][name] for name in ("more_data", "bias", "variance", "ideal")} <= {"yes", "no", "unsure"}
    assert found["verdict"]["forecast"]["size"] == 2 * found["sizes"][-1]
    assert found["baselines"]["majority"]["error"] == pytest.approx(0.898, abs=0.001)


@pytest.mark.parametrize("arguments", [["no/such/file"], ["digits", "--human", "5"], ["digits", "--human", "2:10"]])
def test_wrong_use_is_told_in_a_line(capsys, arguments):
    with pytest.raises(SystemExit) as left:
        main(["curve", *arguments])
    assert left.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_table_with_one_class_is_refused_in_a_line(capsys, tmp_path):
    table = tmp_path / "one.csv"
    table.write_text("x,label\n" + "1,a\n" * 50)
    assert main(["curve", str(table)]) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
