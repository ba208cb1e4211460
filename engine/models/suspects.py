"""Labels that are likely wrong (confident learning, Northcutt et al. 2021), from out-of-fold probabilities."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.curves.subsets import Items

_LISTED = 100


def suspects(log_p: NDArray[np.float64], labels: Items, names: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    """How many labels are suspected, and the worst of them.

    `log_p` [photos, classes] by models that were not trained on the photo. A photo is likely of a class if its
    probability is at least the mean over photos labelled so. It is suspected if it is likely of other classes but not
    of its own; the one with the largest probability is proposed. Worst are those with the widest gap.
    """
    p = np.exp(log_p)
    rows = np.arange(len(labels))
    usual = np.array([p[labels == index, index].mean() for index in range(len(classes))])
    likely = np.where(p >= usual, p, 0)
    proposed = likely.argmax(1)
    wrong = np.flatnonzero((likely[rows, labels] == 0) & (likely.max(1) > 0))
    gap = p[wrong, proposed[wrong]] - p[wrong, labels[wrong]]
    return {
        "photos": len(wrong),
        "worst": [
            {
                "name": names[row],
                "label": classes[labels[row]],
                "proposed": classes[proposed[row]],
                "score": round(float(p[row, proposed[row]]), 4),
                "score_of_label": round(float(p[row, labels[row]]), 4),
            }
            for row in wrong[np.argsort(-gap, kind="stable")][:_LISTED].tolist()
        ],
    }
