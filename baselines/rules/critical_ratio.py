"""The newsvendor's costs and critical ratio of a product."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.problems.problem import Problem

RATIO_MARGIN = 1e-6


def newsvendor_costs(problem: Problem, economics: Any) -> tuple[np.ndarray, np.ndarray]:
    """What one unit too many and one unit too few cost in the period that an order is for, each
    ``[B]``.

    A unit ordered one period early costs interest on its unit cost c and holding. Seen from when it
    is ordered, with lead time L and discount g, lost sales give ``g^L h + (1 - g) c`` and
    ``g^L (p + b) - c``, backlog gives ``g^L h + (1 - g) c`` and ``g^L b - (1 - g) c``.

    Args:
        problem: Gives discount, lead time and what happens to unmet demand.
        economics: NumPy ``[B]`` columns (unit_cost is the regular source's with two sources).
    """
    delay = problem.discount ** problem.lead_times[0]
    cost = np.asarray(economics.unit_cost, dtype=float)
    interest = (1.0 - problem.discount) * cost
    overage = delay * economics.holding_cost + interest
    if problem.backlog:
        return overage, delay * economics.shortage_cost - interest
    return overage, delay * (economics.price + economics.shortage_cost) - cost


def critical_ratio(problem: Problem, economics: Any) -> np.ndarray:
    """The probability of no shortage that balances one unit more against one unit less, ``[B]``.

    For lost sales without lead time the optimum of Karlin (1960) and Veinott (1966); with a lead
    time and no unit cost the ratio of Morton (1969); otherwise our extension of it. Where no order
    pays it is next to 0.

    Args:
        problem: As for `newsvendor_costs`.
        economics: As for `newsvendor_costs`.
    """
    overage, underage = newsvendor_costs(problem, economics)
    gain = np.maximum(underage, 0.0)
    return np.clip(
        gain / np.maximum(gain + overage, np.finfo(float).tiny), RATIO_MARGIN, 1.0 - RATIO_MARGIN
    )
