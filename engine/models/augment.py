"""Photos changed at random, as they might as well have been taken: a batch of tensors at a time.

A collection has its own sharpness, its own JPEG artefacts and its own share of grey photos. Blur, artefacts and grey
fall on photos of all collections here, so that none of them tells a class.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn.functional import interpolate

from engine.models.dataset import Dataset, Index

_AREA = (0.3, 1.0)  # share of the photo that a crop shows
_SHAPE = math.log(4 / 3)  # of a crop, log of width by height against the photo's
_LIGHT, _CONTRAST, _COLOUR = 0.4, 0.4, 0.4  # up to this much more or less
_GREY, _BLURRED, _ENCODED = 0.1, 0.15, 0.15  # shares of photos


def squashed(data: Dataset, rows: Index, size: int) -> Tensor:
    """Whole photos as the network sees them in use: [rows, 3, size, size], from 0 to 1."""
    return torch.cat([_resized(data.photo(row), size) for row in rows.tolist()]).float() / 255


def crops(data: Dataset, rows: Index, size: int, random: Generator) -> Tensor:
    """A random piece of each photo, half of them mirrored: [rows, 3, size, size], from 0 to 1."""
    found = []
    for row, numbers in zip(rows.tolist(), torch.rand(len(rows), 5, generator=random).tolist(), strict=True):
        photo = data.photo(row)
        area, shape, left, top, mirror = numbers
        share = math.sqrt(_AREA[0] + area * (_AREA[1] - _AREA[0]))
        slant = math.exp(_SHAPE * (shape - 0.5))
        high, wide = (
            max(1, round(side * min(1.0, part)))
            for side, part in zip(photo.shape[2:], (share / slant, share * slant), strict=True)
        )
        y, x = round(top * (photo.shape[2] - high)), round(left * (photo.shape[3] - wide))
        piece = _resized(photo[:, :, y : y + high, x : x + wide], size)
        found.append(piece.flip(3) if mirror < 0.5 else piece)
    return torch.cat(found).float() / 255


def _resized(photo: Tensor, size: int) -> Tensor:
    """As `engine.models.classifier` does it."""
    return interpolate(photo, (size, size), mode="bicubic", antialias=True)


def distorted(x: Tensor, random: Generator) -> Tensor:
    """Other light, contrast and colours; some photos grey, some blurred, some with the artefacts of JPEG."""
    batch = len(x)

    def factors(spread: float) -> Tensor:
        return 1 + spread * (2 * torch.rand(batch, 1, 1, 1, generator=random) - 1)

    x = x * factors(_LIGHT)
    middle = x.mean((1, 2, 3), keepdim=True)
    x = middle + (x - middle) * factors(_CONTRAST)
    colour = torch.where(torch.rand(batch, 1, 1, 1, generator=random) < _GREY, 0, factors(_COLOUR))
    grey = (x * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    x = (grey + (x - grey) * colour).clamp(0, 1)
    for share, change in ((_BLURRED, _blurred), (_ENCODED, _encoded)):
        some = torch.rand(batch, generator=random) < share
        if some.any():
            x[some] = change(x[some], random)
    return x


def _blurred(x: Tensor, random: Generator) -> Tensor:
    """As if the photo had been 0.4 to 0.8 of its size."""
    share = 0.4 + 0.4 * float(torch.rand((), generator=random))
    small = interpolate(x, scale_factor=share, mode="bilinear", antialias=True)
    return interpolate(small, x.shape[2:], mode="bicubic").clamp(0, 1)


def _encoded(x: Tensor, random: Generator) -> Tensor:
    """What JPEG does: squares of 8 x 8 px lose their fine waves (the cosine transform, rounded the more the finer)."""
    place = torch.arange(8)
    waves = torch.cos(math.pi / 8 * (place + 0.5) * place[:, None]) / 2
    waves[0] /= math.sqrt(2)
    steps = (0.02 + 0.1 * float(torch.rand((), generator=random))) * (1 + (place[:, None] + place) / 4)
    size = x.shape[2] // 8 * 8
    blocks = x[:, :, :size, :size].reshape(*x.shape[:2], size // 8, 8, size // 8, 8).transpose(3, 4)
    rounded = ((waves @ blocks @ waves.T) / steps).round() * steps
    x = x.clone()
    x[:, :, :size, :size] = (waves.T @ rounded @ waves).transpose(3, 4).flatten(4, 5).flatten(2, 3)
    return x.clamp(0, 1)
