"""Trainings of campaigns, whose trouble is kept with their results."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.progress import DivergedError, TrainingProgress, TrainingWarning


@contextmanager
def without_warnings() -> Iterator[None]:
    """Trainings inside do not warn of their trouble."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        yield


def fitted(
    training: DirectBackprop, watch: Callable[[TrainingProgress], None] | None = None
) -> dict[str, Any]:
    """Train as far as that goes; the best score (None before the first validation), trouble if any,
    and the seconds. The network has its best weights then.
    """
    diverged = None
    try:
        with without_warnings():
            training.fit(watch)
    except DivergedError as error:
        diverged = str(error)
    return {
        "score": training.best if training.curve else None,
        "trouble": diverged or training.trouble,
        "seconds": training.curve[-1].seconds if training.curve else 0.0,
    }
