"""How much should each photo of a listing count, and how would its sender take a better one?

Soft first: a doubtful photo counts less and says why; only one that shows nothing at all is dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.photos.closeup import closeness
from engine.photos.quality import DARK, WASHED_OUT, Measures
from engine.photos.siblings import compare

# What served the accuracy and the log-loss of listings of four photos best, a quarter of them spoiled (half A).
EMPTY, VERY_BLURRED, CLOSE_UP, BLURRED, POOR_LIGHT = 0.0, 0.2, 0.4, 0.7, 0.8
LAST_RESORT = 0.1  # the best of nothing but bad photos


@dataclass(frozen=True)
class Quality:
    """How much a photo counts (0 to 1, not yet shared with its copies), and sentences with the fix for each fault."""

    weight: float
    reasons: list[str]
    picture: int  # the first photo of the listing that shows the same picture: copies share one vote (`share_votes`)
    close_up: bool = False


def inspect(
    names: Sequence[str],
    measures: Sequence[Measures],
    features: NDArray[np.float32],
    params: Mapping[str, NDArray[Any]] | None,
) -> list[Quality]:
    """Judge the readable photos of one listing.

    `features` are the classifier's, [photos, width]. `params` are what `fit_closeup` made for this classifier; without
    them close-ups are only known by a photo that shows more. If every photo is hopeless the best one is kept at
    `LAST_RESORT`; a listing whose photos all stay below `BLURRED` deserves a person.
    """
    pictures, wholes = compare([item.look for item in measures])
    near = closeness(features, params) if params else np.full(len(names), -np.inf)
    qualities = []
    for index, item in enumerate(measures):
        faults = _light(item) + _sharpness(item)
        close_up = index in wholes or bool(near[index] > 0 and not item.empty)
        if index in wholes:
            faults.append((CLOSE_UP, f"close-up of {names[wholes[index]]}: add one of the whole item"))
        elif close_up:
            faults.append((CLOSE_UP, "close-up: add one of the whole item"))
        weight = float(np.prod([weight for weight, _ in faults]))
        qualities.append(Quality(round(weight, 6), [reason for _, reason in faults], pictures[index], close_up))
    if qualities and not any(quality.weight for quality in qualities):
        best = max(range(len(measures)), key=lambda index: measures[index].contrast)
        kept = [*qualities[best].reasons, "kept, as no other photo is better"]
        qualities[best] = replace(qualities[best], weight=LAST_RESORT, reasons=kept)
    return qualities


def _light(item: Measures) -> list[tuple[float, str]]:
    if item.empty:
        return [(EMPTY, "there is nothing to see in it: take it again, with the item in the middle")]
    if item.too_dark:
        found = f"its lightest parts have {item.lightest:.0%} of full brightness, {DARK:.0%} is the least"
        return [(POOR_LIGHT, f"too dark ({found}): photograph it by a window")]
    if item.washed_out:
        found = f"its darkest parts have {item.darkest:.0%} of full brightness, {WASHED_OUT:.0%} is the most"
        return [(POOR_LIGHT, f"washed out ({found}): photograph it without flash or sun in the lens")]
    return []


def _sharpness(item: Measures) -> list[tuple[float, str]]:
    if not item.blurred:
        return []
    found = f"its sharpest edges are {item.blur:.2f} px wide, {item.blur_limit:.2f} is the most"
    fix = "hold the camera still and tap the item to focus"
    return [(VERY_BLURRED, f"very blurred: {fix}") if item.very_blurred else (BLURRED, f"blurred ({found}): {fix}")]
