"""Networks that classify photos. Each gives logits and the features they are read from.

Parameter names are part of the weights' file format: renaming an attribute orphans trained weights.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, relu


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
        gates = 2 * _precisely(self.up, relu(_precisely(self.down, x.mean((2, 3))))).sigmoid()
        return x * gates[:, :, None, None]


def _precisely(layer: nn.Linear, x: Tensor) -> Tensor:
    """In double precision: the last bits of a float32 product depend on how many photos share the batch."""
    return linear(x.double(), layer.weight.double(), layer.bias.double()).to(x.dtype)


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


class Means(nn.Module):
    """The mean of each channel over its map."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean((2, 3))


class Network(nn.Module):
    """A body that turns [batch, 3, height, width] normalised RGB into features [batch, width], and a last layer."""

    def __init__(self, kind: Mapping[str, Any], body: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.kind = {**kind, "features": head.in_features}  # a card's `network`: all that `build` needs
        self.body, self.head = body, head

    def features(self, x: Tensor) -> Tensor:
        """[batch, 3, height, width] -> [batch, width]."""
        features: Tensor = self.body(x)
        return features


class StarterNetwork(Network):
    """A small residual network for photos of 48 to 96 px.

    `widths` are the channels of each stage, `depths` the blocks in it; every stage after the first halves the map.
    """

    def __init__(self, classes: int, widths: Sequence[int], depths: Sequence[int], squeeze: int = 0) -> None:
        layers: list[nn.Module] = [nn.Sequential(*_convolution(3, widths[0], 3, 2), nn.ReLU())]
        channels = widths[0]
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for block in range(depth):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(ResidualBlock(channels, width, stride, squeeze))
                channels = width
        kind = {"kind": "starter", "widths": list(widths), "depths": list(depths), "squeeze": squeeze}
        super().__init__(kind, nn.Sequential(*layers, Means()), nn.Linear(channels, classes))


def torchvision_network(architecture: str, outputs: int, weights: Mapping[str, Tensor] | None = None) -> Network:
    """A network of torchvision's, cut before its last layer; `weights` are those of the whole, as they are published.

    Raises RuntimeError if they do not fit.
    """
    from engine.models.vision import get_model

    whole: nn.Module = get_model(architecture, num_classes=outputs)
    if weights:
        whole.load_state_dict(weights, assign=True)
    name, head = [(name, layer) for name, layer in whole.named_modules() if isinstance(layer, nn.Linear)][-1]
    whole.set_submodule(name, nn.Identity())
    return Network({"kind": "torchvision", "architecture": architecture}, whole, head)


def build(kind: Mapping[str, Any], outputs: int) -> Network:
    """The network that a card describes, its weights still to be loaded: it takes no memory before."""
    with torch.device("meta"):
        if kind["kind"] == "torchvision":
            return torchvision_network(kind["architecture"], outputs)
        return StarterNetwork(outputs, kind["widths"], kind["depths"], kind.get("squeeze", 0))


def with_head(network: Network, head: nn.Linear) -> Network:
    """The same body, shared, under another last layer."""
    other = copy.deepcopy(network, {id(network.body): network.body, id(network.head): head})
    return other.eval().requires_grad_(False)


def grown(network: Network, depths: Sequence[int], squeeze: int) -> StarterNetwork:
    """A deeper network, gated or not, that computes the same (Net2DeeperNet, Chen et al. 2016): its further blocks, the
    last of each stage, begin as their shortcuts."""
    larger = StarterNetwork(network.head.out_features, network.kind["widths"], depths, squeeze)
    larger.head.load_state_dict(network.head.state_dict())
    (stem, *old_blocks), (new_stem, *new_blocks) = network.body.children(), larger.body.children()
    new_stem.load_state_dict(stem.state_dict())
    old, new = iter(old_blocks), iter(new_blocks)
    for before, after in zip(network.kind["depths"], depths, strict=True):
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


def features_with_mirror(network: Network, x: Tensor) -> Tensor:
    """Features averaged over each photo and its mirror image; the head is linear, so its logits average too."""
    both = network.features(torch.cat([x, x.flip(3)]))
    return (both[: len(x)] + both[len(x) :]) / 2
