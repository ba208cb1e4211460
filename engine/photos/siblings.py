"""Photos of one listing against each other: a copy must not vote twice, and a detail is known by its whole."""

from collections.abc import Hashable, Iterator, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.photos.quality import LOOK_SIDE

# Of pairs of different photos of one class, one in several hundred correlates as much as this.
_SAME = 0.92
_WORTH_REFINING = 0.75
_STEP = 1.12  # between the scales tried first; a template off by half a step still stands out
_SCALES = tuple(_STEP**-power for power in range(15))  # 1 down to 0.2 of the other photo's long side
_WHOLE = 0.6  # a part at least this long (of the other's sides) shows the same picture, a shorter one a detail
_FLAT = 9.0  # variance, grey levels squared: windows plainer than this have no shape to compare


def share_votes(names: Sequence[str], pictures: Sequence[Hashable]) -> tuple[list[Fraction], list[list[str]]]:
    """Weights (0..1) and reasons for photos that show the very same picture: together they have one vote.

    `pictures` say which photos show one picture: equal values do (`same_pictures` finds them). Fractions, so that three
    thirds make a whole vote and ties are exact.
    """
    groups: dict[Hashable, list[int]] = {}
    for index, picture in enumerate(pictures):
        groups.setdefault(picture, []).append(index)
    weights: list[Fraction] = [Fraction(1)] * len(pictures)
    reasons: list[list[str]] = [[] for _ in pictures]
    for group in groups.values():
        if len(group) == 1:
            continue
        for index in group:
            others = [names[other] for other in group if other != index]
            copies = f"the same picture as {others[0]}" if len(others) == 1 else f"one of {len(group)} same pictures"
            weights[index] = Fraction(1, len(group))
            reasons[index] = [f"{copies}: together they have one vote"]
    return weights, reasons


def compare(looks: Sequence[NDArray[np.uint8]]) -> tuple[list[int], dict[int, int]]:
    """Find copies and details among the looks (`Measures.look`) of one listing's photos.

    Returns, for each photo, the number of the picture it shows (that of the first photo with it: re-encoded, resized
    and slightly cropped copies share it), and for each close-up of another photo, that photo's index.

    Each look is searched for in each other one at several scales, by normalised cross-correlation (Lewis 1995).
    """
    pictures = list(range(len(looks)))
    details: dict[int, int] = {}
    scenes = [_Scene(look) for look in looks]
    for part in range(len(looks)):
        for whole in range(len(looks)):
            if part == whole or pictures[part] == pictures[whole]:
                continue
            scale = 1.0 if _equal(looks[part], looks[whole]) else scenes[whole].find(looks[part])
            if scale >= _WHOLE:
                first, last = sorted((pictures[part], pictures[whole]))
                pictures = [first if picture == last else picture for picture in pictures]
            elif scale > 0:
                details.setdefault(part, whole)
    return pictures, {part: whole for part, whole in details.items() if pictures[part] != pictures[whole]}


def _equal(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return one.shape == other.shape and bool((one == other).all())


class _Scene:
    """A look made ready to be searched in."""

    def __init__(self, look: NDArray[np.uint8]) -> None:
        from scipy import fft

        self._shape = look.shape
        values = look.astype(np.float32) - look.mean(dtype=np.float32)
        self._spectrum = fft.rfft2(values, (LOOK_SIDE, LOOK_SIDE))
        self._sums, self._squares = _integral(values), _integral(values * values)

    def find(self, look: NDArray[np.uint8]) -> float:
        """At which scale (share of this look's long side) the other look is a part of this one; 0 if it is not."""
        scale, correlation = max(self._correlations(look, _SCALES), key=lambda found: found[1], default=(0.0, -1.0))
        for step in (_STEP ** (1 / 3), _STEP ** (1 / 6)):
            if correlation < _WORTH_REFINING:
                return 0.0
            near = [scale, *(min(1.0, scale * factor) for factor in (step, 1 / step))]
            scale, correlation = max(self._correlations(look, near), key=lambda found: found[1])
        return scale if correlation >= _SAME else 0.0

    def _correlations(self, look: NDArray[np.uint8], scales: Sequence[float]) -> Iterator[tuple[float, float]]:
        """Each scale at which the other look fits in, with its best correlation over all places."""
        from scipy import fft

        image = Image.fromarray(look)
        fitting: list[tuple[float, NDArray[np.float32]]] = []
        for scale in scales:
            wide, high = max(4, round(image.width * scale)), max(4, round(image.height * scale))
            # A copy's sides may be rounded one pixel up.
            if high <= self._shape[0] + 1 and wide <= self._shape[1] + 1:
                size = min(wide, self._shape[1]), min(high, self._shape[0])
                values = np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.float32)
                fitting.append((scale, values - values.mean()))
        if not fitting:
            return
        canvas = np.zeros((len(fitting), LOOK_SIDE, LOOK_SIDE), np.float32)
        for number, (_, values) in enumerate(fitting):
            canvas[number, : values.shape[0], : values.shape[1]] = values
        products = fft.irfft2(self._spectrum * np.conj(fft.rfft2(canvas)), (LOOK_SIDE, LOOK_SIDE))
        for (scale, values), product in zip(fitting, products, strict=True):
            high, wide = values.shape
            sums, squares = _windows(self._sums, high, wide), _windows(self._squares, high, wide)
            flat = _FLAT * values.size
            energy = np.maximum(squares - sums * sums / values.size, flat) * max(float((values * values).sum()), flat)
            yield scale, float((product[: sums.shape[0], : sums.shape[1]] / np.sqrt(energy)).max())


def _integral(values: NDArray[np.float32]) -> NDArray[np.float64]:
    sums: NDArray[np.float64] = np.pad(values, ((1, 0), (1, 0))).cumsum(0, dtype=np.float64).cumsum(1)
    return sums


def _windows(integral: NDArray[np.float64], high: int, wide: int) -> NDArray[np.float64]:
    """Sums over every window of this size: [rows, columns] of its upper left corner."""
    rows: NDArray[np.float64] = integral[high:] - integral[:-high]
    return rows[:, wide:] - rows[:, :-wide]
