"""What if evidence were weighed otherwise? Dials for this visit: they run the fusion again, and nothing else."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from engine.listings.terms import Terms

if TYPE_CHECKING:
    from engine.models.classifier import Classifier

_KEY = "whatif-"
state = st.session_state


def what_if(terms: Terms, model: "Classifier") -> Terms:
    """The terms as the visitor turns them in a popover; the same object where nothing is turned.

    Their version tells them from those in force: a verdict on them is not one to be kept.
    """
    fitted, of = terms.fitted or model.fitted, f"{terms.version}-{model.id}"
    with st.popover("What if", icon=":material/tune:", key="whatif"):
        st.markdown("Weigh the evidence otherwise, on this page and in this visit only.")
        rho = _turned(
            "Photos repeat each other",
            (0.0, 1.0),
            fitted.rho,
            of,
            "Correlation of two photos of one object. At 0 each is a witness of its own, at 1 all are one.",
        )
        right = _turned(
            "Descriptions are right",
            (0.5, 0.99),
            terms.right,
            of,
            "How often the class that a description names is the one in the photos.",
        )
        beta = fitted.beta
        if terms.prior is not None:
            words = "Weight of the prior. At 0 all classes are equally common."
            beta = _turned("How common classes are counts", (0.0, 2.0), beta, of, words)
        changed = (rho, right, beta) != (fitted.rho, terms.right, fitted.beta)
        st.button("As fitted", icon=":material/undo:", disabled=not changed, on_click=_reset)
    if not changed:
        return terms
    turned = replace(fitted, rho=rho, beta=beta)
    return replace(terms, fitted=turned, right=right, version=f"{terms.version} turned")


def _turned(label: str, ends: tuple[float, float], now: float, of: str, words: str) -> float:
    """A slider; what is not moved stays as exact as it was."""
    shown = min(max(round(now, 2), ends[0]), ends[1])
    value = float(st.slider(label, *ends, shown, 0.01, key=f"{_KEY}{label}-{of}", help=words))
    return now if value == shown else value


def _reset() -> None:
    for key in [key for key in state if str(key).startswith(_KEY)]:
        del state[key]
