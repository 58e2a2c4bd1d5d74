"""States on which structure is imposed and looked at: far more than a policy visits."""

from __future__ import annotations

import numpy as np

from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten

EMPTY_SHARE, OWED = 0.3, 0.3
"""Probability that a column is empty, a corner of the state space, and that what is on hand is
backlog (our choice).
"""
FAR_STOCK = 5.0
"""Least mean of the far third: without a lead time, removal begins at many periods' demand."""


def wide_states(problem: Problem, rng: np.random.Generator, batch: int) -> np.ndarray:
    """``[batch, n]`` states in units of mean demand (our choice).

    A third each have columns of up to 2, of up to L + 1, and exponential ones of mean L + 1 or 5,
    whichever is more; columns are empty by chance.
    """
    columns, reach = len(flatten(problem.initial_state(0.0))), max(problem.lead_times) + 1.0
    shape = (batch, columns)
    amounts = np.choose(
        rng.integers(3, size=(batch, 1)),
        [
            rng.uniform(0.0, 2.0, shape),
            rng.uniform(0.0, reach, shape),
            rng.exponential(max(reach, FAR_STOCK), shape),
        ],
    )
    amounts *= rng.random(shape) > EMPTY_SHARE
    if problem.backlog and columns:
        amounts[:, 0] *= np.where(rng.random(batch) < OWED, -1.0, 1.0)
    return amounts
