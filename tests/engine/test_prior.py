"""A table of how common classes are: its numbers, and what it may not hold."""

import numpy as np
import pytest

import engine
from engine.listings.prior import read_prior

CLASSES = ("bicycle", "mug", "tire", "wok")


def test_shares_and_counts_say_the_same_and_a_class_left_out_stays_possible(tmp_path):
    counts, shares = tmp_path / "counts.csv", tmp_path / "shares.csv"
    counts.write_text("class,count\nmug,30\nbicycle,10\n")
    shares.write_text("class,share\nbicycle,0.25\nmug,0.75\n")
    found = np.exp(read_prior(counts, CLASSES))
    assert np.allclose(found, np.exp(read_prior(shares, CLASSES)))
    assert found.sum() == pytest.approx(1)
    assert found == pytest.approx([0.95 * 0.25 + 0.0125, 0.95 * 0.75 + 0.0125, 0.0125, 0.0125])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no table"),
        ("class\nmug\n", "no table"),
        ("class,count\nmug,many\n", "no table"),
        ("class,count\ncar,3\n", "'car', which the model does not know"),
        ("class,count\nmug,3\nmug,4\n", "twice"),
        ("class,count\nmug,-3\n", "no shares or counts"),
        ("class,count\nmug,0\n", "no shares or counts"),
        ("class,count\nmug,\n", "no shares or counts"),
    ],
)
def test_what_is_no_prior_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "prior.csv"
    path.write_text(text)
    with pytest.raises(engine.InputError, match=words):
        read_prior(path, CLASSES)
    with pytest.raises(engine.InputError, match="no table"):
        read_prior(tmp_path / "nowhere.csv", CLASSES)
