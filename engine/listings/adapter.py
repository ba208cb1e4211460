"""A correction of the classifier's head from reviewed photos: its features and its own answer are all it needs.

log p'(c) = log p(c) + w_c f + b_c, renormalised: a linear layer whose offset is the model's own log-probabilities, so
that with nothing to learn it changes nothing.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Adapter:
    """`weights` [classes, width], `bias` [classes]."""

    weights: NDArray[np.float32] = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)

    def shift(self, log_p: Array, features: NDArray[np.float32]) -> Array:
        """Corrected log-probabilities, [photos, classes]; `features` [photos, width]."""
        shifted = log_p + features.astype(np.float64) @ self.weights.T.astype(np.float64) + self.bias
        return np.asarray(shifted - np.logaddexp.reduce(shifted, axis=1, keepdims=True))
