"""Verdicts from curves whose truth is known."""

import numpy as np
import pytest

from engine.curves.diagnose import Evidence, diagnose, settled_by_repeats
from engine.curves.sentences import tell
from engine.curves.subsets import training_sizes

SIZES = training_sizes(640, 2)


def evidence(
    limit: float, drop: float, power: float, train: float, human: tuple[float, int] | None = None, noise: float = 0.004
) -> Evidence:
    """error(n) = limit + drop (n / N) ** -power, and training error rising to `train`."""
    random = np.random.default_rng(0)
    relative = np.array(SIZES)[:, None] / SIZES[-1]
    level = 0.01 * random.standard_normal(15)
    validation = limit + drop * relative**-power + level + noise * random.standard_normal((len(SIZES), 15))
    training = train * relative**0.5 + 0.002 * random.standard_normal((len(SIZES), 15))
    return Evidence(SIZES, np.clip(training, 0, 1), np.clip(validation, 0, 1), 0.006, human)


FALLING = {"limit": 0.05, "drop": 0.06, "power": 0.6, "train": 0.02}
FLAT = {"limit": 0.1, "drop": 0.001, "power": 0.8, "train": 0.098}


def answers(given: Evidence) -> tuple[str, str, str, str]:
    found = diagnose(given)
    return found.more_data, found.bias, found.variance, found.ideal


def test_a_falling_curve_with_a_wide_gap_wants_more_data():
    given = evidence(**FALLING, human=(12, 300))
    assert answers(given) == ("yes", "no", "yes", "no")
    low, mid, high = diagnose(given).posterior.predicted(2)
    assert low < 0.05 + 0.06 * 2**-0.6 < high
    assert mid == pytest.approx(0.05 + 0.06 * 2**-0.6, abs=0.01)


def test_a_flat_curve_at_the_human_error_is_ideal():
    given = evidence(**FLAT, human=(200, 2000))
    assert answers(given) == ("no", "no", "no", "yes")
    assert "finished curve" in tell(diagnose(given), given, "photos")[-1]


def test_a_flat_curve_far_above_people_is_bias():
    given = evidence(**FLAT, human=(6, 300))
    assert answers(given) == ("no", "yes", "no", "no")


def test_without_a_human_error_bias_is_never_yes():
    given = evidence(**FLAT)
    assert answers(given) == ("no", "unsure", "no", "unsure")
    told = " ".join(tell(diagnose(given), given, "photos"))
    assert "Bias: yes" not in told
    assert "answered by a person would tell" in told


def test_without_a_human_error_there_is_no_bias_where_even_perfection_is_near():
    given = evidence(limit=0.001, drop=0.001, power=1, train=0.0, noise=0.0005)
    assert diagnose(given).bias == "no"


def test_few_human_answers_leave_bias_unsure_and_say_how_many_settle_it():
    given = evidence(**FLAT, human=(2, 20))
    assert diagnose(given).bias == "unsure"
    assert "People's answers on about" in " ".join(tell(diagnose(given), given, "photos"))


def test_a_curve_that_gets_worse_is_not_extrapolated():
    given = evidence(**FLAT)
    given.validation_error[5:] += 0.06
    found = diagnose(given)
    assert found.worse is not None
    assert found.more_data == "unsure"
    assert "nothing is forecast" in tell(found, given, "photos")[0]


def test_noise_alone_is_never_called_worse():
    for seed in range(20):
        random = np.random.default_rng(seed)
        validation = 0.2 + 0.03 * random.standard_normal((10, 15))
        given = Evidence(SIZES, np.full((10, 15), 0.19), validation, 0.01)
        assert diagnose(given).worse is None


def test_noisy_curves_are_unsure_and_steadier_ones_may_settle_it():
    noisy = evidence(limit=0.1, drop=0.03, power=0.5, train=0.02, noise=0.06)
    found = diagnose(noisy)
    assert found.more_data == "unsure"
    told = tell(found, noisy, "photos")
    assert ("More repeats would settle it." in told) == settled_by_repeats(noisy)


def test_the_limit_stays_between_training_and_validation_error():
    given = evidence(**FALLING)
    posterior = diagnose(given).posterior
    low, _, high = posterior.interval(posterior.limit)
    assert given.training - 0.02 < low < high < given.error + 0.02


def test_a_training_error_above_the_validation_error_is_no_trouble():
    posterior = diagnose(evidence(limit=0.1, drop=0.02, power=0.5, train=0.4)).posterior
    low, mid, high = posterior.predicted(2)
    assert 0 <= low <= mid <= high <= 0.2


def test_more_data_never_hurts_in_a_forecast_and_draws_are_not_lumpy():
    posterior = diagnose(evidence(**FALLING, noise=0.02)).posterior
    middle = [posterior.predicted(ratio)[1] for ratio in (0.1, 0.3, 1, 2, 4)]
    assert middle == sorted(middle, reverse=True)
    gain = posterior.error(1) - posterior.error(2)
    low, mid, high = posterior.interval(gain)
    assert (mid - low) / (high - low) > 0.25  # the median does not stick to an end
    assert 1 / (posterior.weight**2).sum() > 300


def test_sentences_say_the_numbers_people_ask_for():
    given = evidence(**FALLING, human=(12, 300))
    told = tell(diagnose(given), given, "photos")
    low, mid, high = (100 * value for value in diagnose(given).posterior.predicted(2))
    assert told[0] == (
        f"More data: yes. Doubling 640 to 1,280 photos is expected to cut error from {100 * given.error:.1f} % "
        f"to {mid:.1f} % (90 %: {low:.1f} to {high:.1f})."
    )
    assert not [sentence for sentence in told if "!" in sentence or not sentence.endswith(".")]
