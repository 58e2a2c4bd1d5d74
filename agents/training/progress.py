"""What a training tells of how it goes."""

from __future__ import annotations

from typing import NamedTuple


class TrainingProgress(NamedTuple):
    """What a validation found."""

    step: int
    loss: float
    """Mean training loss since the last one."""
    reward: float
    """Discounted mean reward per period on the validation products, money."""
    best: float
    seconds: float


class DivergedError(RuntimeError):
    """The loss or its gradient is not finite."""
