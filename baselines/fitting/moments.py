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

from inv_gym.baselines.fitting.projection import TAIL
from inv_gym.demand.distribution import Distribution

CELLS = 256
"""Numbers of which it is tabulated what demand leaves; above them nearly all demand is met."""


@dataclass(frozen=True, eq=False)
class Moments:
    """What the demand of one period leaves of a stock, for R rows.

    Attributes:
        step: ``[R]`` units between two numbers of the tables.
        product: ``[R]`` the row of the tables that each is of.
        left: ``[B, CELLS]`` E(x - D)^+, units.
        squared: ``[B, CELLS]`` E((x - D)^+)^2.
    """

    step: np.ndarray
    product: np.ndarray
    left: np.ndarray
    squared: np.ndarray

    @classmethod
    def of(cls, distribution: Distribution, candidates: int = 1) -> Moments:
        """The tables of B products for ``candidates * B`` rows, the whole batch once per candidate.

        Args:
            distribution: Of B products; the next period's stands for all.
            candidates: How often the batch is repeated.
        """
        batch = len(distribution.dispersion)
        reach = distribution.quantile(np.full(batch, 1.0 - TAIL))
        whole = np.maximum(np.ceil(reach / (CELLS - 1)), 1.0)
        step = np.where(distribution.integer, whole, np.maximum(reach, TAIL) / (CELLS - 1))
        edges = (np.arange(CELLS)[:, None] + 0.5) * step
        mass = np.diff(distribution.cdf(edges).T, axis=1, prepend=0.0)
        # (x - D)^+ grows by a step wherever D is at most x, and its square by (2 (x - D) + 1) steps
        below = np.cumsum(mass, 1)
        left = np.cumsum(below, 1) - below
        squared = 2.0 * (np.cumsum(left, 1) - left) + left
        product = np.tile(np.arange(batch), candidates)
        return cls(step[product], product, left * step[:, None], squared * step[:, None] ** 2)

    def expected(self, columns: Sequence[np.ndarray]) -> np.ndarray:
        """The mean stock ``[R]`` after as many periods as there are columns, before anything more
        comes in.

        Args:
            columns: ``[R]`` units each: on hand now, then what comes in after each period but the
                last.
        """
        mean, square = self._after(columns[0])
        for units in columns[1:]:
            deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
            mean = mean + units
            low, high = self._after(mean - deviation), self._after(mean + deviation)
            mean, square = (low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0
        return mean

    def _after(self, stock: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mean of what demand leaves of a stock ``[R]``, and that of its square."""
        steps = np.maximum(stock, 0.0) / self.step
        cell = np.minimum(steps, CELLS - 2.0).astype(int)
        share = steps - cell
        place = self.product * CELLS + cell
        mean, square = (
            (1.0 - share) * table.take(place) + share * table.take(place + 1)
            for table in (self.left, self.squared)
        )
        # beyond the tables all demand is met: the line goes on for the mean, its square follows
        over = np.maximum(share - 1.0, 0.0) * self.step
        return mean, square + over**2 + over * self.step
