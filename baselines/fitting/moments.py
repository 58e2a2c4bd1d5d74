"""The stock on hand some periods ahead by its mean and variance: quick enough for simulations.

A stock of known mean and variance is taken to be one of two numbers, a standard deviation below and
above the mean, which is right for moments up to the third of a symmetric distribution. What demand
leaves of a number is looked up, with all the skewness that demand may have. So one period ahead is
exact, and later ones are close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inv_gym.baselines.fitting.projection import TAIL_PROBABILITY
from inv_gym.demand.distribution import Distribution

MOMENT_CELLS = 256
"""Numbers of which it is tabulated what demand leaves; above them nearly all demand is met."""


@dataclass(frozen=True, eq=False)
class Moments:
    """What the demand of one period leaves of a stock, for R rows.

    Attributes:
        step: ``[R]`` units between two numbers of the tables.
        first: ``[R]`` where the table of each row's product begins.
        table: ``[B * MOMENT_CELLS, 5]``, for each number x: E(x - D)^+, what it grows by until the
            next number, and E((x - D)^+)^2 as a polynomial of second degree in the steps beyond x.
    """

    step: np.ndarray
    first: np.ndarray
    table: np.ndarray

    @classmethod
    def of(cls, distribution: Distribution, candidates: int = 1) -> Moments:
        """The tables of B products for ``candidates * B`` rows, the whole batch once per candidate.

        Args:
            distribution: Of B products; the next period's stands for all.
            candidates: How often the batch is repeated.
        """
        batch = len(distribution.dispersion)
        reach = distribution.quantile(np.full(batch, 1.0 - TAIL_PROBABILITY))
        whole = np.maximum(np.ceil(reach / (MOMENT_CELLS - 1)), 1.0)
        step = np.where(
            distribution.integer, whole, np.maximum(reach, TAIL_PROBABILITY) / (MOMENT_CELLS - 1)
        )
        edges = (np.arange(MOMENT_CELLS)[:, None] + 0.5) * step
        below = distribution.cdf(edges).T
        # (x - D)^+ grows by a step wherever D is at most x, and its square by (2 (x - D) + 1) steps
        left = np.cumsum(below, 1) - below
        growth = 2.0 * left + below
        square = np.cumsum(growth, 1) - growth
        # beyond the tables all demand is met, and the square grows as one does
        bend = np.zeros_like(square)
        bend[:, -1] = 1.0
        growth[:, -1] -= 1.0
        units = step[:, None]
        columns = (
            left * units,
            below * units,
            square * units**2,
            growth * units**2,
            bend * units**2,
        )
        product = np.tile(np.arange(batch), candidates)
        return cls(step[product], product * MOMENT_CELLS, np.stack(columns, 2).reshape(-1, 5))

    def expected(self, columns: Sequence[np.ndarray]) -> np.ndarray:
        """The mean stock ``[R]`` after as many periods as there are columns, before anything more
        comes in.

        Args:
            columns: ``[R]`` units each: on hand now, then what comes in after each period but the
                last.
        """
        mean, square = self._after(columns[0])
        for units in columns[1:]:
            deviation = np.sqrt(np.maximum(square - mean * mean, 0.0))
            middle = mean + units
            means, squares = self._after(np.stack([middle - deviation, middle + deviation]))
            mean, square = means.sum(0) / 2.0, squares.sum(0) / 2.0
        return mean

    def _after(self, stock: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mean of what demand leaves of stocks ``[..., R]``, and that of its square."""
        steps = np.maximum(stock, 0.0) / self.step
        cell = np.minimum(steps, MOMENT_CELLS - 1.0).astype(np.int64)
        share = steps - cell
        entries = self.table.take(cell + self.first, 0)
        mean = entries[..., 0] + entries[..., 1] * share
        square = entries[..., 2] + (entries[..., 3] + entries[..., 4] * share) * share
        return mean, square
