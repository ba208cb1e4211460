"""Tally's engine: what several photos of one object show, and why.

    model = engine.load_model()
    verdict = engine.classify_listing([("front.jpg", data), ("wheel.jpg", data)], model=model)
    verdict.label, verdict.confidence, verdict.as_dict()

It knows nothing of the browser, and importing it loads no torch.
"""

from engine._version import __version__
from engine.errors import (
    Busy,
    DamagedModel,
    InputError,
    LimitExceeded,
    ModelError,
    ModelNotFound,
    ModelProtected,
    TallyError,
    UnreadableData,
    UnreadablePhoto,
)
from engine.listings.pipeline import classify_listing
from engine.listings.verdict import PhotoVerdict, TieBreak, Verdict
from engine.models.registry import load_model

__all__ = [
    "Busy",
    "DamagedModel",
    "InputError",
    "LimitExceeded",
    "ModelError",
    "ModelNotFound",
    "ModelProtected",
    "PhotoVerdict",
    "TallyError",
    "TieBreak",
    "UnreadableData",
    "UnreadablePhoto",
    "Verdict",
    "__version__",
    "classify_listing",
    "load_model",
]
