"""Photos -> calibrated class probabilities and features, one batch at a time, on one worker for the whole process."""

import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torch.nn.functional import linear

from engine import settings
from engine.listings import fitted
from engine.models.checkpoint import Card, load_network, read_card
from engine.models.networks import features_with_mirror, with_head
from engine.models.vision import transforms

# Several torch calls at once fight over the cores (5 to 10 times slower on two), so every page, request and command
# waits here for its turn.
_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")


class Prediction(NamedTuple):
    """For n photos: natural-log probabilities [n, classes], calibrated; features [n, width]; logits [n, classes].

    `left_out` [n]: the probability of what a published network knows and the classes have not.
    """

    log_probabilities: NDArray[np.float64]
    features: NDArray[np.float32]
    logits: NDArray[np.float64]
    left_out: NDArray[np.float64] | None = None


class Classifier:
    """A model ready to classify photos. Safe to share between threads.

    `fitted` is what was fitted for its listings.

    Raises ModelNotFound or DamagedModel as `read_card`, `load_network` and `fitted.load` do.
    """

    def __init__(self, folder: Path) -> None:
        self.card: Card = read_card(folder)
        # Networks of large photos take half the time in this layout; for the starter it makes no difference.
        large = self.card.network["kind"] == "torchvision"
        self._layout = torch.channels_last if large else torch.contiguous_format
        self.network = load_network(folder, self.card).to(memory_format=self._layout)  # type: ignore[call-overload]
        shape = len(self.classes), self.network.head.in_features
        self.fitted = fitted.load(folder, self.card.sha256, shape)
        self._to_input = transforms.Compose(
            [
                transforms.Resize((self.card.size, self.card.size), transforms.InterpolationMode.BICUBIC),
                transforms.PILToTensor(),
                transforms.ToDtype(torch.float32, scale=True),
                transforms.Normalize(self.card.mean, self.card.std),
            ]
        )

    def with_head(self, head: nn.Linear, classes: Sequence[str], temperature: float) -> "Classifier":
        """The same network up to its features, under another last layer; nothing is fitted for its listings."""
        other = copy.copy(self)
        other.network = with_head(self.network, head)
        other.card = replace(
            self.card, classes=tuple(classes), outputs=len(classes), table=None, temperature=temperature
        )
        other.fitted = fitted.Fitted()
        return other

    @property
    def id(self) -> str:
        return self.card.id

    @property
    def classes(self) -> tuple[str, ...]:
        return self.card.classes

    @property
    def head(self) -> NDArray[np.float64]:
        """The last layer's weights, [outputs, width]; there are as many outputs as classes, but for a card's table."""
        weights: NDArray[np.float64] = self.network.head.weight.double().numpy()
        return weights

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """What the last layer makes of features: [n, width] -> [n, outputs].

        In double precision: the last bits of a float32 product depend on how many photos share the batch, and the same
        photo must give the same answer in every company.
        """
        head = self.network.head
        with torch.inference_mode():
            rows = linear(torch.from_numpy(features).double(), head.weight.double(), head.bias.double())
            return np.asarray(rows.numpy())

    def predict(self, images: Sequence[Image.Image]) -> Prediction:
        """Classify RGB images of any size.

        Calibrated by temperature scaling (Guo et al. 2017): log softmax(logits / T), T from the model's card.
        """
        return _worker.submit(self._predict, images).result()

    def _predict(self, images: Sequence[Image.Image]) -> Prediction:
        features = [torch.empty(0, self.network.head.in_features)]
        with torch.inference_mode():
            for start in range(0, len(images), settings.BATCH_PHOTOS):
                photos = [self._to_input(image) for image in images[start : start + settings.BATCH_PHOTOS]]
                batch = torch.stack(photos).to(memory_format=self._layout)
                if self.card.mirror_average:
                    features.append(features_with_mirror(self.network, batch))
                else:  # an even number: convolutions of an odd one differ in their last bits
                    even = torch.cat([batch, batch[-1:]]) if len(batch) % 2 else batch
                    features.append(self.network.features(even)[: len(batch)])
            seen = torch.cat(features).numpy()
            logits, left_out = self.logits(seen), None
            if self.card.table:
                logits, left_out = _summed(logits, self.card.table)
            log_probabilities = torch.from_numpy(logits / self.card.temperature).log_softmax(1).numpy()
            return Prediction(log_probabilities, seen, logits, left_out)


def _summed(
    logits: NDArray[np.float64], table: Sequence[Sequence[int]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[n, outputs] -> [n, classes], of each class the sum of its outputs; the probability of all other outputs, [n]."""
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    classes = np.stack([np.logaddexp.reduce(log_p[:, list(places)], axis=1) for places in table], axis=1)
    return classes, (1 - np.exp(classes).sum(1)).clip(0, 1)
