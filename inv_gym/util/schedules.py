"""How a learning rate goes over a training."""

from __future__ import annotations

import math

LOWEST_SHARE = 0.01
"""Of the highest rate, at the end."""


def warmed_cosine(highest: float, step: int, steps: int, warm_up: int) -> float:
    """The learning rate of a step: it rises to the highest in a line, and falls along a cosine to a
    hundredth of it.

    Args:
        highest: The rate after warming up.
        step: From 0 on.
        steps: Of the training.
        warm_up: Steps in which it rises; it falls in these too.
    """
    rise = min(1.0, (step + 1) / max(warm_up, 1))
    fall = LOWEST_SHARE + (1.0 - LOWEST_SHARE) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
    return highest * rise * fall
