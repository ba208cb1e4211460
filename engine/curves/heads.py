"""Logistic regression at every size of a learning curve at once: ten to twenty times less work than one by one.

Training sets are beginnings of one order, so a block of rows is multiplied with all heads that train on it in one
product. Features are rotated to their principal axes first, which changes no model but makes the Hessian nearly
diagonal: L-BFGS (Liu and Nocedal 1989) started from that diagonal takes eight passes where the plain one takes forty.
Labels enter only through the sums of each class's features, known beforehand.
"""

import math
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from threading import Lock, Thread
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.curves.subsets import INNER_FOLDS, Items, Split

Array = NDArray[np.float64]
Objective = Callable[[Tensor], tuple[Tensor, Tensor]]

# Prior variances of a logit to choose from, where features are standardised: from nearly flat to nearly unpenalised.
LOGIT_VARIANCES = (0.1, 1.0, 10.0, 100.0, 1000.0)
_CROSSED = 2_000  # training items up to which every inner fold is validated; above, one fold of a quarter is enough
_BLOCK = 2_048  # rows whose logits stay in the processor's cache
_TOLERANCE = 1e-3  # relative decrease of the loss at which a fit is done
_PASSES = 100
_MEMORY = 10  # steps L-BFGS remembers
_BACKTRACKS = 5


@dataclass(frozen=True)
class Scores:
    """What the heads reach: [sizes, repeats] each; errors are shares, log-losses in nats."""

    train_error: Array
    validation_error: Array
    train_log_loss: Array
    validation_log_loss: Array
    predicted: Items  # [items] the class given by the largest training set of the repeat that left the item out
    penalty: list[float]  # [repeats] C, the weights' prior variance: scikit-learn's C; half of it for two classes


class _Scored(NamedTuple):
    error: Tensor  # [sizes], sums
    log_loss: Tensor
    predicted: Tensor  # [rows], by the last head


def score(
    features: NDArray[np.float32],
    labels: Items,
    repeats: Sequence[Split],
    sizes: Sequence[int],
    penalty: float = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> Scores:
    """Fit and score multinomial logistic regression with an L2 penalty, at every size of every repeat.

    `features` [items, width], `labels` [items] from 0. `penalty` is C for all heads; 0 chooses one of LOGIT_VARIANCES /
    width for each repeat, on inner folds of its training set (features must be standardised then). `progress` hears
    the share that is done; what it raises ends the work.
    """
    pool = workers()
    rows, spread = _rotate(torch.from_numpy(features), pool)
    choices = (penalty,) if penalty else tuple(variance / features.shape[1] for variance in LOGIT_VARIANCES)
    repeat = partial(_repeat, rows, spread, torch.from_numpy(labels), list(sizes), choices)
    done = []
    for result in pool.map(repeat, repeats):
        done.append(result)
        progress(len(done) / len(repeats))
    predicted = np.full(len(labels), -1, dtype=np.int64)
    for split, (_, answers, _) in zip(repeats, done, strict=True):
        predicted[split.validation] = answers
    train_error, error, train_log_loss, log_loss = np.stack([tables for tables, _, _ in done], axis=2)
    return Scores(train_error, error, train_log_loss, log_loss, predicted, [chosen for _, _, chosen in done])


@torch.inference_mode()
def _repeat(
    rows: Tensor, spread: Tensor, labels: Tensor, sizes: list[int], choices: Sequence[float], split: Split
) -> tuple[Array, Items, float]:
    """The four tables of `Scores` for one repeat, [4, sizes], the classes given to the validation items, and C."""
    order, validation = torch.from_numpy(split.order[: sizes[-1]]), torch.from_numpy(split.validation)
    training, answers = rows[order], labels[order]
    fit = partial(fit_heads, spread=spread, classes=int(labels.max()) + 1)
    inner = torch.from_numpy(split.inner[: sizes[-1]])
    penalty = _choose(fit, training, answers, choices, inner) if len(choices) > 1 else choices[0]
    weights = fit(training, answers, sizes, penalty)
    seen = _score(training, answers, sizes, weights)
    held = _score(rows[validation], labels[validation], [len(validation)] * len(sizes), weights)
    count, total = torch.tensor(sizes), len(validation)
    tables = [seen.error / count, held.error / total, seen.log_loss / count, held.log_loss / total]
    return torch.stack(tables).double().numpy(), held.predicted.numpy(), penalty


def _choose(fit: Callable[..., Tensor], rows: Tensor, labels: Tensor, choices: Sequence[float], inner: Tensor) -> float:
    """The penalty with the least log-loss on the inner folds, from the strongest until it gets no better.

    One for all sizes: C is the weights' prior variance, which does not depend on how many items there are.
    """
    folds = range(INNER_FOLDS if len(rows) <= _CROSSED else 1)
    weights: list[Tensor | None] = [None] * len(folds)
    least, best = math.inf, choices[0]
    for penalty in choices:
        loss = 0.0
        for fold in folds:
            held = inner == fold
            trained = fit(rows[~held], labels[~held], [int((~held).sum())], penalty, start=weights[fold])
            loss += float(_score(rows[held], labels[held], [int(held.sum())], trained).log_loss)
            weights[fold] = trained
        if loss >= least:
            break
        least, best = loss, penalty
    return best


def fit_heads(
    rows: Tensor,
    labels: Tensor,
    sizes: list[int],
    penalty: float,
    *,
    spread: Tensor,
    classes: int,
    start: Tensor | None = None,
) -> Tensor:
    """Weights [width, sizes, classes] of one head a size; the last row is the intercept, which is not penalised."""
    width, heads = rows.shape[1], len(sizes)
    count = torch.tensor(sizes, dtype=torch.float32)
    sums = torch.zeros(width, heads, classes)
    for head, (begin, end) in enumerate(pairwise([0, *sizes])):
        members = torch.nn.functional.one_hot(labels[begin:end], classes).float()
        sums[:, head] = rows[begin:end].T @ members + (sums[:, head - 1] if head else 0)
    ridge = (1 / (penalty * count)).repeat(width, 1)
    ridge[-1] = 0
    # The Hessian of an undecided softmax, (1 / K)(1 - 1 / K) times the features' spread, and of the penalty.
    hessian = (1 - 1 / classes) / classes * spread[:, None] + ridge
    objective = partial(_penalised_loss, rows, sizes, count, sums, ridge[:, :, None])
    if start is None:
        start = torch.zeros(width, heads, classes)
        start[-1] = ((sums[-1] + 1) / (count[:, None] + classes)).log()
    return _minimise(objective, start, 1 / hessian[:, :, None])


def _penalised_loss(
    rows: Tensor, sizes: list[int], count: Tensor, sums: Tensor, ridge: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean log-loss and penalty of each head [sizes], and the gradient [width, sizes, classes]."""
    width, heads, classes = weights.shape
    flat, loss = weights.view(width, -1), torch.zeros(heads)
    gradient = torch.zeros(width, heads * classes)
    for head, block in _blocks(rows, sizes):
        first = head * classes
        logits = (block @ flat[:, first:]).view(len(block), -1, classes)
        top = logits.amax(2, keepdim=True)
        odds = logits.sub_(top).exp_()
        total = odds.sum(2, keepdim=True)
        loss[head:] += (total.log() + top).sum((0, 2))
        gradient[:, first:].addmm_(block.T, odds.div_(total).view(len(block), -1))
    loss = (loss - _dot(weights, sums)) / count + _dot(weights, weights * ridge) / 2
    return loss, (gradient.view_as(weights) - sums) / count[:, None] + weights * ridge


def _score(rows: Tensor, labels: Tensor, sizes: list[int], weights: Tensor) -> _Scored:
    """Sums of errors and of log-losses of each head over the first `sizes` rows."""
    width, heads, classes = weights.shape
    error, loss, predicted = torch.zeros(heads), torch.zeros(heads), [labels[:0]]
    done = 0
    for head, block in _blocks(rows, sizes):
        logits = (block @ weights.view(width, -1)[:, head * classes :]).view(len(block), -1, classes)
        answers = labels[done : done + len(block), None]
        done += len(block)
        top = logits.argmax(2)
        error[head:] += (top != answers).sum(0)
        right = logits.gather(2, answers[:, None].expand(-1, heads - head, 1))
        loss[head:] += (logits.logsumexp(2, keepdim=True) - right).sum((0, 2))
        predicted.append(top[:, -1])
    return _Scored(error, loss, torch.cat(predicted))


def _blocks(rows: Tensor, sizes: list[int]) -> list[tuple[int, Tensor]]:
    """(first head that uses them, rows): a row past a head's size is none of its own."""
    return [
        (head, block)
        for head, (begin, end) in enumerate(pairwise([0, *sizes]))
        if end > begin
        for block in torch.split(rows[begin:end], _BLOCK)
    ]


def _minimise(objective: Objective, weights: Tensor, inverse_hessian: Tensor) -> Tensor:
    """L-BFGS on all heads in step: [width, sizes, classes]. Each head has its own step length."""
    loss, gradient = objective(weights)
    memory: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=_MEMORY)
    for _ in range(_PASSES):
        direction = _direction(gradient, memory, inverse_hessian)
        slope = _dot(gradient, direction)
        length = torch.ones_like(loss)
        for _ in range(_BACKTRACKS):
            reached = weights - length[:, None] * direction
            new_loss, new_gradient = objective(reached)
            # Sufficient decrease (Armijo), less what single precision cannot tell.
            worse = new_loss > loss - 1e-4 * length * slope + 1e-5 * loss.abs()
            if not worse.any():
                break
            length = torch.where(worse, 0.35 * length, length)
        stay = worse[:, None]
        reached, new_gradient = torch.where(stay, weights, reached), torch.where(stay, gradient, new_gradient)
        new_loss = torch.where(worse, loss, new_loss)
        step, change = reached - weights, new_gradient - gradient
        memory.append((step, change, _inverse(_dot(step, change))))
        decrease = (loss - new_loss) / loss.abs().clamp_min(1e-6)
        weights, loss, gradient = reached, new_loss, new_gradient
        if decrease.max() < _TOLERANCE:
            break
    return weights


def _direction(gradient: Tensor, memory: Sequence[tuple[Tensor, Tensor, Tensor]], inverse_hessian: Tensor) -> Tensor:
    """The two-loop recursion (Nocedal 1980) for each head, started from the scaled diagonal."""
    direction, along = gradient.clone(), []
    for step, change, inverse in reversed(memory):
        along.append(inverse * _dot(step, direction))
        direction -= along[-1][:, None] * change
    direction *= inverse_hessian
    if memory:
        step, change, inverse = memory[-1]
        scale = _dot(step, change) * _inverse(_dot(change, change * inverse_hessian))
        direction *= torch.where(inverse > 0, scale, 1)[:, None]
    for (step, change, inverse), factor in zip(memory, reversed(along), strict=True):
        direction += (factor - inverse * _dot(change, direction))[:, None] * step
    return direction


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Each head's inner product: [sizes]."""
    return torch.einsum("dsk,dsk->s", a, b)


def _inverse(values: Tensor) -> Tensor:
    """1 / values, and 0 for a head that did not move: its step is not to be remembered."""
    return torch.where(values > 1e-12, 1 / values.clamp_min(1e-12), 0)


def _rotate(features: Tensor, pool: ThreadPoolExecutor) -> tuple[Tensor, Tensor]:
    """Features centred, on their principal axes, and a column of ones; and the mean square of each column.

    Where there are more features than items, the axes are found from the items' products: the rest is empty space.
    """
    with torch.inference_mode():
        centred = features - features.mean(0)
        items, width = centred.shape
        if width > items:
            squares, axes = torch.linalg.eigh(centred @ centred.T)
            parts = [axes * squares.clamp_min(0).sqrt()]
        else:
            blocks = torch.split(centred, _BLOCK)
            products = sum(pool.map(lambda block: block.T @ block, blocks))
            squares, axes = torch.linalg.eigh(products)
            parts = list(pool.map(lambda block: block @ axes, blocks))
        rows = torch.cat([torch.cat(parts), torch.ones(items, 1)], dim=1)
        return rows, torch.cat([(squares / items).clamp_min(1e-8), torch.ones(1)])


_starting = Lock()


@cache
def workers() -> ThreadPoolExecutor:
    """A thread a core, each alone in its products: threads that share one wait for each other under load."""
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="curve", initializer=_alone)


def _alone() -> None:
    with _starting:
        default = torch.get_num_threads()
        torch.set_num_threads(1)
        # What torch takes as the number for threads yet to come is given back, by one that ends.
        other = Thread(target=torch.set_num_threads, args=(default,))
        other.start()
        other.join()
