"""When outstanding orders are likely to arrive, from what a player sees: arrivals, and the total in
transit, in which a lost order never is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

PRIOR = 1.0
"""Orders that stand in for each lead time of promised - 1 to promised + 1 before any is seen."""
ARRIVAL_TOLERANCE = 1e-6
TRANSIT_AGES = 3
"""Ages of outstanding orders, and lead times, that `Transit` tells apart."""


class Transit(NamedTuple):
    """What is known of single orders, of B articles."""

    on_hand: np.ndarray
    """``[B]`` units, before anything arrives in this period."""
    outstanding: np.ndarray
    """``[TRANSIT_AGES, B]`` units in transit that were ordered one, two, and three or more periods
    ago.
    """
    arrived: np.ndarray
    """``[TRANSIT_AGES, B]`` orders that arrived after at most one, after two, and after three or
    more periods, with the prior.
    """
    lost: np.ndarray
    """``[B]`` orders that were lost, with the prior."""


class Outstanding:
    """The orders of one article that have not arrived, as far as can be told.

    Args:
        promised: The lead time that is promised, periods.
    """

    def __init__(self, promised: int) -> None:
        self.orders: list[tuple[int, float]] = []
        """Period and units of each, the oldest first."""
        self.seen = dict.fromkeys(range(max(promised - 1, 0), promised + 2), PRIOR)
        """Lead times of the orders that arrived, with the prior."""
        self.lost = PRIOR
        """Orders that were lost, with the prior."""

    def ordered(self, period: int, units: float, in_transit: float) -> None:
        """An order was placed in a period: what was in transit after it tells if it was lost, or
        arrived at once.

        Args:
            period: In which it was placed.
            units: How much.
            in_transit: What is in transit now, units.
        """
        outstanding = sum(size for _, size in self.orders)
        if units <= 0.0:
            return
        if in_transit >= outstanding + units - ARRIVAL_TOLERANCE:
            self.orders.append((period, units))
        else:
            self.lost += 1.0

    def arrived(self, period: int, units: float) -> None:
        """So many units arrived in a period: they are the oldest orders that add up to them."""
        if units <= 0.0:
            return
        for place in _adding_up([size for _, size in self.orders], units):
            lead_time = period - self.orders[place][0]
            self.seen[lead_time] = self.seen.get(lead_time, 0.0) + 1.0
            self.orders[place] = (self.orders[place][0], 0.0)
        self.orders = [order for order in self.orders if order[1] > 0.0]

    def expected(self, period: int, periods: int) -> np.ndarray:
        """``[periods]`` units that are expected in the current period and in those after it; what
        is later counts in the last.
        """
        units = np.zeros(periods)
        for placed, size in self.orders:
            chances = self._chances(period - placed, periods)
            units += size * chances
        return units

    def by_age(self, period: int) -> np.ndarray:
        """``[TRANSIT_AGES]`` see `Transit.outstanding`."""
        units = np.zeros(TRANSIT_AGES)
        for placed, size in self.orders:
            units[_place(period - placed)] += size
        return units

    def by_lead_time(self) -> np.ndarray:
        """``[TRANSIT_AGES]`` see `Transit.arrived`."""
        number = np.zeros(TRANSIT_AGES)
        for lead_time, times in self.seen.items():
            number[_place(lead_time)] += times
        return number

    def _chances(self, age: int, periods: int) -> np.ndarray:
        """``[periods]`` that an order of an age arrives now, in a period, and so on."""
        chances = np.zeros(periods)
        for lead_time, number in self.seen.items():
            if lead_time >= age:
                chances[min(lead_time - age, periods - 1)] += number
        if not chances.any():  # older than all that were seen: it should come now
            chances[0] = 1.0
        return chances / chances.sum()


def _place(periods: int) -> int:
    """Where an age or a lead time counts in `Transit`."""
    return min(max(periods, 1), TRANSIT_AGES) - 1


def _adding_up(sizes: Sequence[float], units: float) -> tuple[int, ...]:
    """Places of the oldest sizes that add up to so many units; those of the nearest sum if none
    do.
    """
    places = range(len(sizes))
    choices = [
        choice for number in range(1, len(sizes) + 1) for choice in combinations(places, number)
    ]
    if not choices:
        return ()
    return min(choices, key=lambda choice: (abs(sum(sizes[k] for k in choice) - units), choice))
