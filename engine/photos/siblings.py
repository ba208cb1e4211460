"""Photos of one listing against each other: a copy must not vote twice, and a detail is known by its whole."""

from collections.abc import Hashable, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.photos.quality import LOOK_SIDE

# Of pairs of different photos of one class, one in several hundred correlates as much as this.
_SAME = 0.92
_WORTH_REFINING = 0.75
_STEP = 1.12  # between the scales tried first; a template off by half a step still stands out
_SCALES = tuple(0.98 * _STEP**-power for power in range(15))  # down to 0.2 of the other photo's long side
_WHOLE = 0.6  # a part at least this long (of the other's sides) shows the same picture, a shorter one a detail
_KEPT = 4_000  # listings whose photos were compared, 4 kB a photo
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

    Each look is searched for in each other one at several scales, by normalised cross-correlation (Lewis 1995). What
    was found is kept: a changed dial weighs the same photos again, and this is nearly all that it would cost.
    """
    pictures, details = _compare(tuple((look.shape, look.tobytes()) for look in looks))
    return list(pictures), dict(details)


@lru_cache(maxsize=_KEPT)
def _compare(contents: tuple[tuple[tuple[int, ...], bytes], ...]) -> tuple[list[int], dict[int, int]]:
    looks = [np.frombuffer(content, np.uint8).reshape(shape) for shape, content in contents]
    pictures = list(range(len(looks)))
    details: dict[int, int] = {}
    scenes = [_Scene(look) for look in looks]
    for part in range(len(looks)):
        for whole in range(len(looks)):
            if part == whole or pictures[part] == pictures[whole]:
                continue
            scale = 1.0 if _equal(looks[part], looks[whole]) else scenes[whole].find(scenes[part])
            if scale >= _WHOLE:
                first, last = sorted((pictures[part], pictures[whole]))
                pictures = [first if picture == last else picture for picture in pictures]
            elif scale > 0:
                details.setdefault(part, whole)
    return pictures, {part: whole for part, whole in details.items() if pictures[part] != pictures[whole]}


def _equal(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return one.shape == other.shape and bool((one == other).all())


class _Scene:
    """A look made ready to be searched in, and to be searched for."""

    def __init__(self, look: NDArray[np.uint8]) -> None:
        from scipy import fft

        self._image = Image.fromarray(look)
        values = look.astype(np.float32) - look.mean(dtype=np.float32)
        self._spectrum = fft.rfft2(values, (LOOK_SIDE, LOOK_SIDE))
        self._sums, self._squares = _integral(values), _integral(values * values)
        self._deviations: dict[tuple[int, int], NDArray[np.float32]] = {}
        self.templates = [self.template(scale) for scale in _SCALES]
        self.spectra = _spectra(self.templates)

    def find(self, part: "_Scene") -> float:
        """At which scale (share of its own long side) the other look is a part of this one; 0 if it is not."""
        correlations = self._correlations(part.templates, part.spectra)
        scale, best = _SCALES[int(correlations.argmax())], float(correlations.max())
        for step in (_STEP ** (1 / 3), _STEP ** (1 / 6)):
            if best < _WORTH_REFINING:
                return 0.0
            near = [scale, min(1.0, scale * step), scale / step]
            templates = [part.template(scale, self._image.size) for scale in near]
            correlations = self._correlations(templates, _spectra(templates))
            scale, best = near[int(correlations.argmax())], float(correlations.max())
        return scale if best >= _SAME else 0.0

    def template(self, scale: float, room: tuple[int, int] = (LOOK_SIDE, LOOK_SIDE)) -> NDArray[np.float32]:
        """This look at a smaller scale, of mean 0 and length 1; a pixel too long for the room it is made to fit."""
        width, height = (max(4, round(side * scale)) for side in self._image.size)
        size = (room[0] if width == room[0] + 1 else width), (room[1] if height == room[1] + 1 else height)
        values = np.asarray(self._image.resize(size, Image.Resampling.BICUBIC), np.float32)
        values = values - values.mean()
        template: NDArray[np.float32] = values / np.sqrt(max(float((values * values).sum()), _FLAT * values.size))
        return template

    def _correlations(
        self, templates: Sequence[NDArray[np.float32]], spectra: NDArray[np.complex64]
    ) -> NDArray[np.float64]:
        """Of each template its best correlation over all places; 0 where it does not fit in."""
        from scipy import fft

        products = fft.irfft2(self._spectrum * spectra, (LOOK_SIDE, LOOK_SIDE))
        best = np.zeros(len(templates))
        for number, template in enumerate(templates):
            high, wide = template.shape
            if high <= self._image.height and wide <= self._image.width:
                deviations = self._deviation(high, wide)
                rows, columns = deviations.shape
                best[number] = (products[number, :rows, :columns] / deviations).max()
        return best

    def _deviation(self, high: int, wide: int) -> NDArray[np.float32]:
        """The length of every window of this size, its mean taken off: [rows, columns] of its upper left corner."""
        if (high, wide) not in self._deviations:
            sums, squares = _windows(self._sums, high, wide), _windows(self._squares, high, wide)
            energy = np.maximum(squares - sums * sums / (high * wide), _FLAT * high * wide)
            self._deviations[high, wide] = np.sqrt(energy).astype(np.float32)
        return self._deviations[high, wide]


def _spectra(templates: Sequence[NDArray[np.float32]]) -> NDArray[np.complex64]:
    from scipy import fft

    canvas = np.zeros((len(templates), LOOK_SIDE, LOOK_SIDE), np.float32)
    for number, template in enumerate(templates):
        canvas[number, : template.shape[0], : template.shape[1]] = template
    spectra: NDArray[np.complex64] = np.conj(fft.rfft2(canvas))
    return spectra


def _integral(values: NDArray[np.float32]) -> NDArray[np.float64]:
    sums: NDArray[np.float64] = np.pad(values, ((1, 0), (1, 0))).cumsum(0, dtype=np.float64).cumsum(1)
    return sums


def _windows(integral: NDArray[np.float64], high: int, wide: int) -> NDArray[np.float64]:
    """Sums over every window of this size: [rows, columns] of its upper left corner."""
    rows: NDArray[np.float64] = integral[high:] - integral[:-high]
    return rows[:, wide:] - rows[:, :-wide]
