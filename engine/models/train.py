"""Train a network on photos, from weights it already has. A run may be killed at any moment and goes on where it was:

    python -m engine.models.train FOLDER --train PATH... --held-out PATH... --depths 1 2 3 3 --squeeze 8

FOLDER keeps the decoded photos, `checkpoint.pt`, a line for each evaluation in `log.jsonl`, and the finished `model`.
The same command resumes.
"""

import argparse
import copy
import io
import json
import math
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from engine.models.augment import crops, distorted, squashed
from engine.models.checkpoint import Card, load_network, read_card
from engine.models.dataset import Dataset, decoded
from engine.models.evaluate import figures_of
from engine.models.networks import Network, grown

CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"


@dataclass(frozen=True)
class Recipe:
    epochs: float = 40  # as many photos are drawn as this many passes have
    batch: int = 128  # photos
    rate: float = 0.08  # of learning, at its highest; it falls to 0 with the steps that are left
    warm_up: float = 0.005  # share of the steps in which the rate rises from 0
    momentum: float = 0.9  # Nesterov's
    decay: float = 5e-4  # of kernels, not of biases and norms
    average: float = 2  # epochs that the averaged weights remember
    size: int = 80  # px in use
    evaluate: float = 1  # epochs between evaluations
    patience: int = 0  # evaluations without a better log-loss after which it stops; 0: it does not
    save: float = 120  # s between checkpoints
    seed: int = 0

    @property
    def pixels(self) -> int:
        """Of crops: what they show looks larger than in whole photos of the same size (Touvron et al. 2019)."""
        return max(8, round(self.size / 10) * 8)


@dataclass
class State:
    """All that a run needs to go on."""

    network: Network
    average: Network  # of the weights over the last epochs: this is what is evaluated and kept
    optimiser: torch.optim.Optimizer
    step: int = 0
    minutes: float = 0  # of all cores together
    best: float = float("inf")  # log-loss
    best_step: int = 0

    def save(self, path: Path) -> None:
        """Whole or not at all: a run killed while it writes still has its last checkpoint."""
        modules = {name: getattr(self, name).state_dict() for name in ("network", "average", "optimiser")}
        numbers = {name: getattr(self, name) for name in ("step", "minutes", "best", "best_step")}
        unfinished = path.with_suffix(".part")
        content = io.BytesIO()  # torch's own errors do not say that the disk is full
        torch.save(modules | numbers, content)
        try:
            unfinished.write_bytes(content.getbuffer())
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    def load(self, path: Path) -> None:
        for name, value in torch.load(path, weights_only=True).items():
            if isinstance(value, dict):
                getattr(self, name).load_state_dict(value)
            else:
                setattr(self, name, value)


def train(
    network: Network,
    card: Card,
    data: tuple[Dataset, Dataset],
    folder: Path,
    recipe: Recipe,
    tell: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Network:
    """Train on data[0], look at data[1] on the way, and return the averaged network.

    `card` says how photos are normalised. Labels of both sets are indices into the same classes. `tell` hears each
    step ("step", "steps", "loss") and each evaluation; what it raises ends the run, which can go on later.
    """
    seen, held_out = data
    device = "cuda" if torch.cuda.is_available() else "cpu"
    normalise = partial(_normalise, mean=torch.tensor(card.mean), std=torch.tensor(card.std), device=device)
    network = network.train().requires_grad_(True).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = State(network, copy.deepcopy(network).eval().requires_grad_(False), _optimiser(network, recipe))
    if (folder / CHECKPOINT).exists():
        state.load(folder / CHECKPOINT)

    epoch = max(1, len(seen) // recipe.batch)  # steps
    steps = max(1, round(recipe.epochs * epoch))
    chances = seen.chances()
    started, saved = time.process_time() - 60 * state.minutes, time.monotonic()
    losses: list[float] = []  # since the last evaluation
    patience = recipe.patience * recipe.evaluate * epoch or math.inf  # steps
    while state.step < min(steps, state.best_step + patience):
        share = state.step / steps
        for group in state.optimiser.param_groups:
            group["lr"] = recipe.rate * min(share / recipe.warm_up, 1 - share)

        # A generator a step: what is drawn depends on nothing but the step, so a resumed run draws the same.
        random = torch.Generator().manual_seed(recipe.seed * 1_000_003 + state.step)
        rows = torch.multinomial(chances, recipe.batch, replacement=True, generator=random)
        x = distorted(crops(seen, rows.numpy(), recipe.pixels, random), random)
        with torch.autocast(device, torch.bfloat16, enabled=_has_bfloat16(device)):
            logits = network.head(network.features(normalise(x)))
        loss = cross_entropy(logits.float(), torch.from_numpy(seen.of)[rows].to(device))
        state.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimiser.step()
        state.step += 1
        _follow(state.average, network, 1 / min(state.step, recipe.average * epoch))

        losses.append(loss.item())
        state.minutes = (time.process_time() - started) / 60
        tell({"step": state.step, "steps": steps, "loss": losses[-1]})
        if state.step % max(1, round(recipe.evaluate * epoch)) == 0 or state.step == steps:
            row = {"epochs": round(state.step / epoch, 2), "minutes": round(state.minutes, 1), "px": recipe.pixels}
            row |= {"loss": round(sum(losses) / len(losses), 4)}
            row |= evaluated(state.average, held_out, recipe.size, normalise)
            losses.clear()
            tell(row)
            if row["log_loss"] < state.best:
                state.best, state.best_step = row["log_loss"], state.step
        if time.monotonic() - saved > recipe.save:
            state.save(folder / CHECKPOINT)
            saved = time.monotonic()
    state.save(folder / CHECKPOINT)
    return state.average.to("cpu")


def evaluated(network: Network, data: Dataset, size: int, normalise: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    """Figures on whole photos, all and by source."""
    with torch.inference_mode():
        logits = [
            network.head(network.features(normalise(squashed(data, rows, size)))).double()
            for rows in np.array_split(np.arange(len(data)), len(data) // 128 + 1)
        ]
    log_p = torch.cat(logits).log_softmax(1).cpu().numpy()
    sources = {
        name: figures_of(data.of[data.source == index], log_p[data.source == index])["balanced_accuracy"]
        for index, name in enumerate(data.sources)
        if name and (data.source == index).any()
    }
    return figures_of(data.of, log_p) | {"balanced_by_source": sources}


def _normalise(x: Tensor, mean: Tensor, std: Tensor, device: str) -> Tensor:
    x = (x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    return x.to(device, memory_format=torch.channels_last)


def _optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    kernels = [values for values in network.parameters() if values.ndim > 1]
    rest = [values for values in network.parameters() if values.ndim <= 1]
    groups = [{"params": kernels, "weight_decay": recipe.decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=recipe.rate, momentum=recipe.momentum, nesterov=True)


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, weight: float) -> None:
    new = network.state_dict()
    for name, values in average.state_dict().items():
        if values.is_floating_point():
            values.lerp_(new[name], weight)
        else:
            values.copy_(new[name])


def _has_bfloat16(device: str) -> bool:
    """Where the processor has no such instructions, bfloat16 takes three times as long as float32."""
    found = torch.cpu.get_capabilities()
    return device != "cpu" or bool(found.get("amx_bf16") or found.get("avx512_bf16"))


def main() -> None:
    from engine.models.data import read_labelled
    from engine.models.package import write_model
    from engine.models.registry import find

    parser = argparse.ArgumentParser(description="Train a network that goes on from a model's weights.")
    parser.add_argument("folder", type=Path, help="of the run")
    parser.add_argument("--train", nargs="+", type=Path, required=True, metavar="PATH")
    parser.add_argument("--held-out", nargs="+", type=Path, required=True, metavar="PATH")
    parser.add_argument("--model", default="starter", help="whose weights it begins with; default: %(default)s")
    parser.add_argument("--depths", nargs="+", type=int, help="blocks of each stage; default: the model's")
    parser.add_argument("--squeeze", type=int, default=0, help="of gates; default: none")
    parser.add_argument("--epochs", type=float, default=Recipe.epochs)
    options = parser.parse_args()
    card = read_card(find(options.model))
    network = grown(load_network(find(options.model), card), options.depths or card.network["depths"], options.squeeze)
    parts = options.train, options.held_out
    seen, held_out = (
        decoded(partial(read_labelled, paths), options.folder / name, card.classes)
        for paths, name in zip(parts, ("seen", "held-out"), strict=True)
    )
    recipe = Recipe(epochs=options.epochs)

    def tell(row: dict[str, Any]) -> None:
        if "accuracy" in row:
            with (options.folder / LOG).open("a", encoding="utf-8") as log:
                log.write(json.dumps(row) + "\n")
        elif row["step"] % 20 == 0:
            print(row, time.strftime("%H:%M:%S"), file=sys.stderr, flush=True)

    average = train(network, card, (seen, held_out), options.folder, recipe, tell)
    last = json.loads((options.folder / LOG).read_text("utf-8").splitlines()[-1])
    about = {
        **{key: card.raw[key] for key in ("name", "format", "classes")},
        "input": card.raw["input"] | {"size": recipe.size},
        "temperature": 1.0,
        "trained": {"from": card.id, "photos": len(seen), **asdict(recipe)},
        "figures": {"validation": last, "note": "before temperature and mirror"},
    }
    shutil.rmtree(options.folder / "model", ignore_errors=True)
    write_model(options.folder / "model", average, about)


if __name__ == "__main__":
    main()
