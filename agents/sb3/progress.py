"""What a training with stable-baselines3 tells of how it goes, and that it cannot go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from inv_gym.agents.training.progress import DivergedError
from inv_gym.agents.training.skips import Skips

REFUSED_BY_DISTRIBUTION = "to satisfy the constraint"
"""What torch says of a distribution of actions whose mean or deviation is no number."""


class ModelFreeProgress(NamedTuple):
    """What a validation found."""

    step: int
    """Product-periods played."""
    reward: float
    """Discounted mean reward per period on the validation products, money."""
    score: float
    """The same in units of a product's scale and money: what picks the best weights."""
    ordering: float
    """Share of all orders on the validation products that are above 0."""
    best: float
    """The best score so far."""
    seconds: float


def told_returns(skips: Skips) -> str | None:
    """What to say of the times that a training went back to its best weights; None without one."""
    if not skips.returns:
        return None
    times = "once" if skips.returns == 1 else f"{skips.returns} times"
    return (
        f"the training went back to its best weights {times}, since weights, actions or scores "
        "were not finite"
    )


def diverged(model: Any, what: str) -> DivergedError:
    """The error that ends a training, and its remedy."""
    return DivergedError(
        f"{what} after {model.num_timesteps} product-periods; the last checkpoint is kept: lower "
        "the learning rate."
    )


@contextmanager
def telling_divergence(model: Any) -> Iterator[None]:
    """Make weights or actions that are not finite an error that says so.

    Raises:
        DivergedError: There are some.
    """
    try:
        yield
    except ValueError as error:
        _refuse_not_finite(model)
        if REFUSED_BY_DISTRIBUTION in str(error):
            raise diverged(model, "actions are not finite") from error
        raise
    _refuse_not_finite(model)


def _refuse_not_finite(model: Any) -> None:
    if not all(torch.isfinite(parameter).all() for parameter in model.policy.parameters()):
        raise diverged(model, "weights are not finite")
