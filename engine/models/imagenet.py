"""ImageNet-1k's categories as kinds of the starter's 100 classes: `imagenet.csv` beside this file.

A class stands with the categories that are that object, as torchvision spells them; with none where ImageNet lacks it.
Where the starter's photos of a class show what is nearly the same, it counts as well: oboes among the flutes, copiers
among the printers. The table was made by hand, with a look at these photos; no published network has tried it yet.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

# Networks that torchvision has weights for and two CPU cores can ask; by size of their files, 10 to 110 MB.
ARCHITECTURES = ("mobilenet_v3_small", "efficientnet_b0", "mobilenet_v3_large", "resnet18", "resnet50", "convnext_tiny")


def kinds() -> dict[str, list[str]]:
    """Names of categories by class."""
    with (Path(__file__).parent / "imagenet.csv").open(encoding="utf-8", newline="") as file:
        return {row["class"]: row["categories"].split("|") if row["categories"] else [] for row in csv.DictReader(file)}


def places(categories: Sequence[str]) -> dict[str, list[int]]:
    """Indices of categories by class, where there are any; `categories` are all, in the network's order."""
    found = {label: [categories.index(name) for name in names] for label, names in kinds().items()}
    return {label: numbers for label, numbers in found.items() if numbers}
