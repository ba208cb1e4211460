"""What holds beside the model: settings of an operator, and what reviewed listings taught."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.listings import text
from engine.listings.adapter import Adapter
from engine.listings.fitted import Fitted
from engine.listings.policy import Policy
from engine.listings.price import Prices
from engine.listings.route import Dial

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """What an operator sets and what reviewed listings taught, on top of what was fitted with the model.

    By default nothing.
    """

    prior: Array | None = None  # [classes], log of how common
    policy: Policy | None = None  # None: the default one of the model's classes
    prices: Prices | None = None  # None: no price
    dial: Dial = Dial()  # noqa: RUF009  (frozen)
    right: float = text.RIGHT  # how often a text is right
    learned: text.Learned | None = None
    fitted: Fitted | None = field(default=None, repr=False)  # in place of the model's
    adapter: Adapter | None = field(default=None, repr=False)  # a correction of the head
    version: str = "default"  # names this state in the audit log

    def policy_for(self, classes: Sequence[str]) -> Policy:
        """The rules that speak of these classes."""
        return self.policy.within(classes) if self.policy else Policy.default(classes)

    def prior_for(self, classes: Sequence[str]) -> Array | None:
        """The prior, checked.

        Raises InputError if it is of other classes.
        """
        if self.prior is not None and self.prior.shape != (len(classes),):
            raise InputError(
                f"the prior has the shape {self.prior.shape}, and there are {len(classes)} classes",
                "read it for this model",
            )
        return self.prior
