"""Networks that classify photos. Each gives logits and the features they are read from.

Parameter names are part of the weights' file format: renaming an attribute orphans trained weights.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import relu


class Excitation(nn.Module):
    """Each channel times a gate that reads the means of all (squeeze-and-excitation, Hu et al. 2018).

    Gates run from 0 to 2 and start at 1, so that a trained network that is given them computes the same at first.
    """

    def __init__(self, channels: int, squeeze: int) -> None:
        super().__init__()
        self.down = nn.Linear(channels, channels // squeeze)
        self.up = nn.Linear(channels // squeeze, channels)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        gates: Tensor = 2 * self.up(relu(self.down(x.mean((2, 3))))).sigmoid()
        return x * gates[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2016, "basic block").

    A stride of 2 halves the map; the shortcut then averages before it projects, which loses nothing (He et al. 2019,
    "Bag of tricks", ResNet-D). `squeeze`: the second convolution is gated, through so many times fewer channels; 0 not.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int, squeeze: int = 0) -> None:
        super().__init__()
        self.a = nn.Sequential(*_convolution(channels_in, channels_out, 3, stride))
        self.b = nn.Sequential(*_convolution(channels_out, channels_out, 3))
        if squeeze:
            self.b.append(Excitation(channels_out, squeeze))
        self.short: nn.Module
        if stride == 2:
            self.short = nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), *_convolution(channels_in, channels_out, 1))
        elif channels_in != channels_out:
            self.short = nn.Sequential(*_convolution(channels_in, channels_out, 1))
        else:
            self.short = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.b(relu(self.a(x))) + self.short(x))


class StarterNetwork(nn.Module):
    """A small residual network for photos of 48 to 96 px.

    `widths` are the channels of each stage, `depths` the blocks in it; every stage after the first halves the map.
    """

    def __init__(self, classes: int, widths: Sequence[int], depths: Sequence[int], squeeze: int = 0) -> None:
        super().__init__()
        self.shape = tuple(widths), tuple(depths), squeeze
        layers: list[nn.Module] = [nn.Sequential(*_convolution(3, widths[0], 3, 2), nn.ReLU())]
        channels = widths[0]
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for block in range(depth):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(ResidualBlock(channels, width, stride, squeeze))
                channels = width
        self.body: nn.Sequential = nn.Sequential(*layers)
        self.head = nn.Linear(channels, classes)

    def features(self, x: Tensor) -> Tensor:
        """[batch, 3, height, width] normalised RGB -> [batch, widths[-1]], averaged over the map."""
        maps: Tensor = self.body(x)
        return maps.mean((2, 3))


def with_head(network: StarterNetwork, head: nn.Linear) -> StarterNetwork:
    """The same body, shared, under another last layer."""
    with torch.device("meta"):
        other = StarterNetwork(head.out_features, *network.shape)
    other.body, other.head = network.body, head
    return other.eval().requires_grad_(False)


def grown(network: StarterNetwork, depths: Sequence[int], squeeze: int) -> StarterNetwork:
    """A deeper network, gated or not, that computes the same (Net2DeeperNet, Chen et al. 2016): its further blocks, the
    last of each stage, begin as their shortcuts."""
    widths, old_depths, _ = network.shape
    larger = StarterNetwork(network.head.out_features, widths, depths, squeeze)
    larger.head.load_state_dict(network.head.state_dict())
    larger.body[0].load_state_dict(network.body[0].state_dict())
    old, new = iter(list(network.body)[1:]), iter(list(larger.body)[1:])
    for before, after in zip(old_depths, depths, strict=True):
        for number, block in zip(range(after), new, strict=False):
            if number < before:
                block.load_state_dict(next(old).state_dict(), strict=False)  # gates are new, and open
            else:
                nn.init.zeros_(block.get_parameter("b.1.weight"))
    return larger


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
