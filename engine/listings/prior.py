"""How common each class is, from a table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, UnreadableData

_EVEN = 0.05  # of the prior is spread evenly: a class that the table leaves out stays possible


def read_prior(path: Path, classes: Sequence[str]) -> NDArray[np.float64]:
    """The log of each class's share, [classes], from a CSV with the columns `class` and `share` or `count`.

    Raises UnreadableData for a file that is no such table, and InputError for classes the model does not know, values
    that are no shares or counts, or a class named twice.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype={"class": str})
        values = table["share" if "share" in table else "count"].astype(float).to_numpy()
        names = table["class"].str.strip().tolist()
    except (OSError, ValueError, KeyError) as error:
        raise UnreadableData(
            f"{path} is no table of classes ({error})", "give a CSV with the columns class and share (or count)"
        ) from error
    places = {name: index for index, name in enumerate(classes)}
    strangers = [str(name) for name in names if name not in places]
    if strangers:
        raise InputError(f"{path} names {strangers[0]!r}, which the model does not know", "use the model's class names")
    if len(set(names)) < len(names):
        raise InputError(f"{path} names a class twice", "give each class one row")
    if not np.isfinite(values).all() or (values < 0).any() or values.sum() <= 0:
        raise InputError(f"{path} holds values that are no shares or counts", "use numbers from 0 up")
    shares = np.zeros(len(classes))
    shares[[places[name] for name in names]] = values / values.sum()
    return mixed(shares)


def mixed(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The prior of these shares, [classes]: their log, none of them 0."""
    return np.asarray(np.log((1 - _EVEN) * shares + _EVEN / len(shares)))


def shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of classes from (weighted) counts, [classes], shrunk to even ones as far as the counts ask for it.

    The mean of a Dirichlet posterior whose prior is even; its strength is the likeliest one (Minka 2000).
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    classes, total = len(counts), counts.sum()

    def surprise(log_strength: float) -> float:
        strength = np.exp(log_strength)
        each = gammaln(counts + strength / classes) - gammaln(strength / classes)
        return float(gammaln(total + strength) - gammaln(strength) - each.sum())

    strength = np.exp(minimize_scalar(surprise, bounds=(0, np.log(1e5)), method="bounded").x)
    return np.asarray((counts + strength / classes) / (total + strength))
