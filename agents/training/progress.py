"""What a training tells of how it goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

TOLERABLE_LOSS = 0.05
"""Share of the best score by which the last one may lie below it (our choice)."""


class Validation(NamedTuple):
    """What the validation products say of a network."""

    score: float
    """What picks the best weights: the discounted mean reward per period, in units of a product's
    scale and money where the weighting is ``product``, else money."""
    reward: float
    """The discounted mean reward per period, money."""
    ordering: float
    """Share of all orders that are above 0."""

    def is_finite(self) -> bool:
        """Whether the network could be played, and earned a finite amount."""
        return all(math.isfinite(figure) for figure in self)


class ValidatedStep(Protocol):
    """What every kind of training tells of a validation; see `TrainingProgress`."""

    @property
    def step(self) -> int:
        """Steps or product-periods until then."""

    @property
    def score(self) -> float:
        """What picks the best weights."""

    @property
    def ordering(self) -> float:
        """Share of all orders that are above 0."""

    @property
    def best(self) -> float:
        """The best score so far."""


class TrainingProgress(NamedTuple):
    """What a validation found, and when."""

    step: int
    loss: float | None
    """Mean training loss of the steps since the last one; None if all of them were skipped."""
    reward: float
    """Discounted mean reward per period on the validation products, money."""
    score: float
    """What picks the best weights; see `Validation`."""
    ordering: float
    """Share of all orders on the validation products that are above 0."""
    best: float
    """The best score so far."""
    seconds: float


class DivergedError(RuntimeError):
    """A training cannot go on: losses, gradients or scores are not finite again and again."""


class TrainingWarning(UserWarning):
    """A training came to its end, but something went wrong on the way."""


def mean_loss(losses: Sequence[float]) -> float | None:
    """The mean of the losses that are numbers; None if there is none."""
    taken = [loss for loss in losses if not math.isnan(loss)]
    return float(np.mean(taken)) if taken else None


def has_fallen(curve: Sequence[ValidatedStep]) -> bool:
    """Whether the last validation scores less than the first one, and far below the best."""
    first, last = curve[0], curve[-1]
    fell = last.best - last.score > TOLERABLE_LOSS * abs(last.best)
    return fell and last.score < first.score


def trouble(curve: Sequence[ValidatedStep], further: str | None = None) -> str | None:
    """What went wrong in a training that came to its end, with the remedy; None if nothing did.

    Args:
        curve: Its validations.
        further: What else went wrong.
    """
    told = [part for part in (_told(curve), further) if part is not None]
    remedy = "lower the learning rate, or train again with another seed"
    return f"{'; '.join(told)}: {remedy}" if told else None


def _told(curve: Sequence[ValidatedStep]) -> str | None:
    """What the validations tell of what went wrong."""
    if not curve:
        return None
    last = curve[-1]
    chosen = next(row for row in curve if row.best == last.best)
    if chosen.ordering == 0.0:
        return f"the best weights, of step {chosen.step}, order nothing at all"
    if has_fallen(curve):
        return (
            f"the last validation scores {last.score:.4g}, less than the first one and far below "
            f"the {last.best:.4g} of step {chosen.step}"
        )
    return None
