"""What a training tells of how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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


class TrainingProgress(NamedTuple):
    """What a validation found, and when."""

    step: int
    loss: float
    """Mean training loss since the last one."""
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
    """The loss or its gradient is not finite."""


class TrainingWarning(UserWarning):
    """A training came to its end, but something went wrong on the way."""


def has_fallen(curve: Sequence[TrainingProgress]) -> bool:
    """Whether the last validation scores less than the first one, and far below the best."""
    first, last = curve[0], curve[-1]
    fell = last.best - last.score > TOLERABLE_LOSS * abs(last.best)
    return fell and last.score < first.score


def trouble(curve: Sequence[TrainingProgress]) -> str | None:
    """What went wrong in a training that came to its end, with the remedy; None if nothing did."""
    last = curve[-1]
    chosen = next(row for row in curve if row.best == last.best)
    remedy = "lower the learning rate, or train again with another seed"
    if chosen.ordering == 0.0:
        return f"the best weights, of step {chosen.step}, order nothing at all: {remedy}"
    if has_fallen(curve):
        return (
            f"the last validation scores {last.score:.4g}, less than the first one and far below "
            f"the {last.best:.4g} of step {chosen.step}: {remedy}"
        )
    return None
