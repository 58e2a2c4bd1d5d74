"""What is known of demand before the history: a longer memory than its H periods, as sums."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inv_gym.util.arrays import Array, indicator, known_or_zero

MEMORY = 365
"""Most periods before the history that are remembered at the start of an episode (our choice)."""


class Earlier(NamedTuple):
    """What is known of products' demand in the periods before their history; columns ``[B]``."""

    periods: Array
    """How many of these periods are known; 0 for a product that is remembered by its history
    alone.
    """
    demand: Array
    """Units in them in all."""
    squares: Array
    """Sum of the squares of their demands, units squared."""

    def after(self, leaving: Array) -> Earlier:
        """The same one period later, when a demand ``[B]`` leaves the history; NaN is not known."""
        counted = indicator(self.periods > 0.0, self.periods)
        known = counted * indicator(leaving == leaving, leaving)
        units = counted * known_or_zero(leaving)
        return Earlier(self.periods + known, self.demand + units, self.squares + units * units)


def summed(demand: np.ndarray, known: np.ndarray) -> Earlier:
    """The sums of demands ``[N, B]``, units, of the periods that are known, ``[N, B]``."""
    units = np.where(known, demand, 0.0)
    return Earlier(known.sum(0).astype(np.float64), units.sum(0), (units * units).sum(0))


def nothing_earlier(batch: int) -> Earlier:
    """That of B products of whose demand before the history nothing is known."""
    return Earlier(*np.zeros((3, batch)))
