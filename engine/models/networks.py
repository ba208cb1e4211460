"""Networks that classify photos. Each gives logits and the features they are read from.

Parameter names are part of the weights' file format: renaming an attribute orphans trained weights.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import relu


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2016, "basic block").

    A stride of 2 halves the map; the shortcut then averages before it projects, which loses nothing (He et al. 2019,
    "Bag of tricks", ResNet-D).
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.a = nn.Sequential(*_convolution(channels_in, channels_out, 3, stride))
        self.b = nn.Sequential(*_convolution(channels_out, channels_out, 3))
        self.short: nn.Module
        if stride == 2:
            self.short = nn.Sequential(nn.AvgPool2d(2), *_convolution(channels_in, channels_out, 1))
        elif channels_in != channels_out:
            self.short = nn.Sequential(*_convolution(channels_in, channels_out, 1))
        else:
            self.short = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.b(relu(self.a(x))) + self.short(x))


class StarterNetwork(nn.Module):
    """A small residual network for 64 px photos.

    `widths` are the channels of each stage, `depths` the blocks in it; every stage after the first halves the map.
    """

    def __init__(self, classes: int, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Sequential(*_convolution(3, widths[0], 3, 2), nn.ReLU())]
        channels = widths[0]
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for block in range(depth):
                layers.append(ResidualBlock(channels, width, stride=2 if stage > 0 and block == 0 else 1))
                channels = width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(channels, classes)

    def features(self, x: Tensor) -> Tensor:
        """[batch, 3, height, width] normalised RGB -> [batch, widths[-1]], averaged over the map."""
        maps: Tensor = self.body(x)
        return maps.mean((2, 3))


def _convolution(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution and its batch norm; together they need no bias."""
    return [
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    ]


def features_with_mirror(network: StarterNetwork, x: Tensor) -> Tensor:
    """Features averaged over each photo and its mirror image; the head is linear, so its logits average too."""
    both = network.features(torch.cat([x, x.flip(3)]))
    return (both[: len(x)] + both[len(x) :]) / 2
