"""Is this a good picture? What one photo's pixels tell before anything is known of the object.

Four pure measures, each with a limit and a sentence that says how to take the photo better.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.float32]

LOOK_SIDE = 64  # px, long side of a look: enough to tell copies and details, 4 kB a photo

_BLOCK = 16  # px, side of the squares that sharpness is measured in
# Edges may be this wide: 0.4 px is more than 98 % of good small photos have. From 270 px on 0.15 % of the long side is
# more, so that a photo enlarged to 512 px is not called blurred: it is as good as it was.
_BLUR_PIXELS, _BLUR_SHARE = 0.4, 0.0015
# One good photo in a hundred is beyond these two, and copies at a third of the light or of the contrast are.
DARK = 0.5
WASHED_OUT = 0.5
EMPTY = 0.03  # the plainest of 1,825 good photos has 0.05
_SMEAR = 1.0  # px of the look: no good photo reaches it; blur of 3 % of the long side does


@dataclass(frozen=True)
class Measures:
    """What was measured on one photo; brightness runs from 0 (black) to 1 (white)."""

    blur: float  # width of the sharpest edges, px of the photo as measured
    blur_limit: float  # px: above it the photo is blurred
    smear: float  # the same width in the look, px: strong blur, which JPEG and noise hide at full size
    lightest: float  # 99th percentile of brightness: below `DARK` the photo is too dark
    darkest: float  # 1st percentile of brightness: above `WASHED_OUT` the photo is washed out
    contrast: float  # standard deviation of brightness by `lightest`: below `EMPTY` there is nothing to see
    look: NDArray[np.uint8] = field(repr=False, compare=False)  # [rows, columns] grey, long side LOOK_SIDE

    @property
    def too_dark(self) -> bool:
        return self.lightest < DARK

    @property
    def washed_out(self) -> bool:
        return self.darkest > WASHED_OUT

    @property
    def empty(self) -> bool:
        return self.contrast < EMPTY

    @property
    def very_blurred(self) -> bool:
        return self.smear > _SMEAR and not self.empty

    @property
    def blurred(self) -> bool:
        return self.very_blurred or (self.blur > self.blur_limit and not self.empty)


def measure(image: Image.Image) -> Measures:
    """Measure an RGB photo as `decode` gives it: at its own size, or at 512 px where it was larger."""
    grey = image.convert("L")
    shares = np.cumsum(grey.histogram()) / (image.width * image.height)
    darkest, lightest = (float(level) / 255 for level in np.searchsorted(shares, (0.01, 0.99)))
    pixels = np.asarray(grey, np.float32)
    scale = LOOK_SIDE / max(image.size)
    size = max(4, round(image.width * scale)), max(4, round(image.height * scale))
    look = np.asarray(grey.resize(size, Image.Resampling.BICUBIC))
    return Measures(
        blur=edge_width(pixels),
        blur_limit=max(_BLUR_PIXELS, _BLUR_SHARE * max(image.size)),
        smear=edge_width(look.astype(np.float32)),
        lightest=lightest,
        darkest=darkest,
        contrast=float(pixels.std()) / 255 / lightest if lightest > 0.03 else 0.0,
        look=look,
    )


def edge_width(grey: Grey) -> float:
    """Width of the sharpest edges (standard deviation of the blur, px), whatever their contrast.

    A step blurred by s has gradient energy in proportion to 1 / s, so blurring it once more by 1 px divides that by
    R = sqrt(s^2 + 1) / s, and s = 1 / sqrt(R^2 - 1) (the re-blur ratio of Zhuo and Sim 2011). R is taken by blocks: of
    those with most gradient the 90th percentile, so that a sharp object on a soft background is sharp; in four
    directions, of which the softest counts, as a shaken photo is sharp along its motion. At most 22.
    """
    grey = np.pad(grey, [(0, max(0, _BLOCK + 5 - size)) for size in grey.shape], mode="edge")
    again = _blur_one_pixel(grey)
    grey = grey[2:-2, 2:-2]
    ratios = []
    for sharp, soft in zip(_differences(grey), _differences(again), strict=True):
        energy, left = _block_means(sharp * sharp), _block_means(soft * soft)
        strong = energy >= np.percentile(energy, 70)
        # Half a grey level squared: where there is no edge, noise of one level must not pass for a sharp one.
        ratios.append(float(np.percentile((energy[strong] + 0.5) / (left[strong] + 0.5), 90)))
    return 1 / math.sqrt(max(min(ratios), 1.001) ** 2 - 1)


def levelled(image: Image.Image, measures: Measures) -> Image.Image:
    """A dark or washed-out photo with its brightness stretched to the full range, any other as it is.

    The classifier was trained on photos of ordinary light: it reads the stretched copy far better.
    """
    if measures.empty or not (measures.too_dark or measures.washed_out):
        return image
    low, high = 255 * measures.darkest, 255 * measures.lightest
    gain = 240 / max(high - low, 8)
    return image.point([min(255, max(0, round((value - low) * gain))) for value in range(256)] * 3)


def _blur_one_pixel(grey: Grey) -> Grey:
    """Binomial filter of variance 1, [1 4 6 4 1] / 16 along both axes; two pixels are lost at each edge."""
    for _ in range(4):
        grey = grey[1:] + grey[:-1]
    for _ in range(4):
        grey = grey[:, 1:] + grey[:, :-1]
    return grey / np.float32(256)


def _differences(grey: Grey) -> tuple[Grey, Grey, Grey, Grey]:
    """Between neighbours along rows, columns and both diagonals."""
    return (
        grey[:, 1:] - grey[:, :-1],
        grey[1:] - grey[:-1],
        grey[1:, 1:] - grey[:-1, :-1],
        grey[1:, :-1] - grey[:-1, 1:],
    )


def _block_means(values: Grey) -> Grey:
    rows, columns = (size // _BLOCK for size in values.shape)
    bands = values[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, -1).sum(1)
    means: Grey = bands.reshape(rows, columns, _BLOCK).sum(2) / np.float32(_BLOCK**2)
    return means
