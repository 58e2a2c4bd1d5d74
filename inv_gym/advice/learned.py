"""Which series the generalists may order for: those like what they learned from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inv_gym.demand.ranges import highest, lowest
from inv_gym.products.broad import ECONOMICS

REACH = 1.5
"""Factor by which prices and costs may lie beyond the ranges that were learned (our choice)."""


def is_beyond_learned(figures: Mapping[str, np.ndarray]) -> np.ndarray:
    """``[B]`` whether prices and costs lie far beyond those of the broad population: no price above
    the unit cost, or holding or shortages that are too dear. Orders may be far off there.

    Args:
        figures: Each ``[B]``, money per unit: price, unit_cost, holding_cost and shortage_cost.
    """
    price, unit_cost = figures["price"], figures["unit_cost"]
    return (
        (unit_cost <= 0.0)
        | (price * (1.0 - lowest(ECONOMICS.margin) / REACH) < unit_cost)
        | (price * (1.0 - highest(ECONOMICS.margin)) > unit_cost * REACH)
        | (figures["holding_cost"] > REACH * highest(ECONOMICS.holding_rate) * unit_cost)
        | (figures["shortage_cost"] > REACH * highest(ECONOMICS.shortage_rate) * price)
    )
