"""The distribution of the stock on hand some periods ahead, by exact convolution on a lattice.

With stock x and demand D, ``(x - D)^+`` is left of a period, and what is due then is added. On
whole units the lattice has a step of one unit and the distribution is exact. Amounts, and counts of
more units than the lattice has cells, are split between the two nearest cells, which keeps means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.fft import next_fast_len

from inv_gym.demand.distribution import Distribution
from inv_gym.util.arrays import to_numpy

UNIT_CELLS = 512
"""Most cells of the lattice."""
AMOUNT_CELLS = 256
"""Cells of the lattice on which amounts lie."""
TAIL_PROBABILITY = 1e-9
"""Probability of the demands that the lattice need not reach."""
ROUNDING_ERROR = 1e-9
"""What a sum of probabilities may miss for rounding alone."""
PRODUCTS_PROJECTED = 256
"""Products that are projected at a time: what fits a core's cache."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Stock and demand of B products in steps.

    Attributes:
        step: ``[B]`` units per step.
        reach: ``[B]`` the largest stock that is told apart, units; more is never sold within the
            periods looked ahead, so that it counts as that.
        masses: For each period ahead, ``[B, N]`` P(demand is k steps); what lies beyond the last
            step is counted there.
        integer: ``[B]`` whether demand comes in whole units.
    """

    step: np.ndarray
    reach: np.ndarray
    masses: tuple[np.ndarray, ...]
    integer: np.ndarray

    @classmethod
    def of(
        cls,
        distribution: Distribution,
        periods: int,
        cells: int = UNIT_CELLS,
        amount_cells: int = AMOUNT_CELLS,
    ) -> Lattice:
        """The lattice for the demand of this period and of the next ones.

        Args:
            distribution: Of B products.
            periods: How many are looked ahead, at least 1.
            cells: Most cells for whole units.
            amount_cells: Most cells for amounts.
        """
        certain = np.full(len(distribution.dispersion), 1.0 - TAIL_PROBABILITY)
        reach = np.maximum(np.ceil(distribution.quantile(certain, periods)), 1.0)
        whole = np.maximum(np.ceil(reach / (cells - 2)), 1.0)
        step = np.where(distribution.integer, whole, reach / (amount_cells - 2))
        number = int(np.ceil((reach / step).max())) + 2
        different = 1 if distribution.stationary else periods
        masses = [_masses(distribution.at(period), step, number) for period in range(different)]
        repeated = [masses[min(period, different - 1)] for period in range(periods)]
        return cls(step, reach, tuple(repeated), distribution.integer)

    def rows(self, rows: slice | np.ndarray) -> Lattice:
        """The same for some of the products."""
        masses = tuple(mass[rows] for mass in self.masses)
        return Lattice(self.step[rows], self.reach[rows], masses, self.integer[rows])

    def at(self, stock: np.ndarray) -> np.ndarray:
        """A stock ``[B]`` that is known, as chances ``[B, N]``."""
        empty = np.zeros_like(self.masses[0])
        empty[:, 0] = 1.0
        return self.received(empty, stock)

    def received(self, chances: np.ndarray, units: np.ndarray) -> np.ndarray:
        """The stock after units ``[B]`` have come in, split between the two nearest cells."""
        steps = units / self.step
        below = np.floor(steps)
        part = (steps - below)[:, None]
        lower = _moved(chances, below.astype(int))
        if not part.any():
            return lower
        return (1.0 - part) * lower + part * _moved(lower, np.ones(len(units), int))

    def after_demand(self, chances: np.ndarray, period: int) -> np.ndarray:
        """What is left of the stock ``[B, N]`` after the demand of a period."""
        return surplus(chances, self.masses[period])

    def ahead(self, columns: Sequence[np.ndarray], first: int = 0) -> np.ndarray:
        """The stock ``[B, N]`` after as many periods as there are columns, before anything more
        comes in.

        Args:
            columns: ``[B]`` units each: on hand now, then what comes in after each period but the
                last.
            first: The period ahead in which the first of them is sold.
        """
        chances, *rest = self._within_reach(columns)
        chances = self.at(chances)
        for period, units in enumerate(rest, first):
            chances = self.received(self.after_demand(chances, period), units)
        return self.after_demand(chances, first + len(rest))

    def expected(self, columns: Sequence[np.ndarray]) -> np.ndarray:
        """The mean ``[B]`` of that stock, units."""
        chances = self.ahead(columns)
        return (chances @ np.arange(chances.shape[1])) * self.step

    def quantile(self, chances: np.ndarray, probability: np.ndarray) -> np.ndarray:
        """The smallest number of units ``[B]`` that chances ``[B, N]`` do not exceed with some
        probability ``[B]``; amounts, and counts in steps of several units, lie evenly in a cell.
        """
        cumulative = np.cumsum(chances, 1)
        wanted = probability[:, None] - ROUNDING_ERROR
        cell = np.minimum((cumulative < wanted).sum(1), chances.shape[1] - 1)
        rows = np.arange(len(cell))
        inside = np.maximum(chances[rows, cell], np.finfo(float).tiny)
        share = np.clip((probability - cumulative[rows, cell] + inside) / inside, 0.0, 1.0)
        units = np.maximum(cell - 0.5 + share, 0.0) * self.step
        whole = np.where(self.step == 1.0, cell, np.rint(units))
        return np.where(self.integer, whole, units)

    def _within_reach(self, columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The columns, cut where they add up to more than the lattice reaches."""
        room, capped = self.reach, []
        for column in columns:
            capped.append(np.minimum(column, room))
            room = room - capped[-1]
        return capped


def surplus(more: np.ndarray, less: np.ndarray) -> np.ndarray:
    """The chances ``[B, N]`` of ``(x - y)^+`` for independent x and y on the same lattice."""
    number = more.shape[1]
    size = next_fast_len(2 * number, True)
    product = np.fft.rfft(more, size) * np.fft.rfft(less, size).conj()
    chances = np.fft.irfft(product, size)[:, :number]
    # what rounding leaves below 0 goes, and what exceeds x counts as 0
    chances[:, 0] = 0.0
    np.maximum(chances, 0.0, out=chances)
    chances[:, 0] = np.maximum(1.0 - chances.sum(1), 0.0)
    return chances


def _masses(distribution: Distribution, step: np.ndarray, number: int) -> np.ndarray:
    """``[B, N]`` P(demand of the next period lies in each cell)."""
    largest = distribution.quantile(np.full(len(step), 1.0 - TAIL_PROBABILITY))
    used = min(int(np.ceil((largest / step).max())) + 1, number)
    masses = np.zeros((len(step), number))
    cumulative = distribution.cdf((np.arange(used)[:, None] + 0.5) * step).T
    masses[:, :used] = np.diff(cumulative, axis=1, prepend=0.0)
    masses[:, used - 1] += 1.0 - cumulative[:, -1]
    return masses


def _moved(chances: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Chances ``[B, N]`` moved up by steps ``[B]``."""
    if not steps.any():
        return chances
    origin = np.arange(chances.shape[1]) - steps[:, None]
    moved = np.take_along_axis(chances, np.maximum(origin, 0), 1)
    return np.where(origin >= 0, moved, 0.0)


def stock_columns(state: Any) -> list[np.ndarray]:
    """What is on hand and what comes in after each period, ``[B]`` each, as NumPy floats."""
    columns = (state.on_hand, *state.pipeline)
    return [np.asarray(to_numpy(column), dtype=float) for column in columns]


def in_blocks(
    function: Callable[..., np.ndarray],
    lattice: Lattice,
    *columns: np.ndarray,
    rows: int = PRODUCTS_PROJECTED,
) -> np.ndarray:
    """A function of a lattice and columns ``[B]``, some products at a time.

    A lattice of one product serves any number of rows: states of that product.
    """
    number, shared = len(columns[0]), len(lattice.step) == 1
    parts = []
    for first in range(0, number, rows):
        block = np.arange(first, min(first + rows, number))
        part = lattice.rows(block * 0 if shared else block)
        parts.append(function(part, *(column[block] for column in columns)))
    return np.concatenate(parts)
