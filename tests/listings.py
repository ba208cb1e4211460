"""Listings in the store, for tests of what is done with them."""

from dashboard.keeping import classify
from dashboard.samples import drawn_listing
from engine.listings.terms import Terms
from engine.models.classifier import Classifier


def keep(model: Classifier, *descriptions: str, photos: str = "mug") -> list[str]:
    """Keep the drawn listing once with each description; gives the ids. What a description names is contradicted."""
    ids = []
    for description in descriptions:
        shown = drawn_listing(photos)
        _, save = classify(shown, description, model=model, rule="pooled", terms=Terms(), origin="page")
        ids.append(save())
    return ids
