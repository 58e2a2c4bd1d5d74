"""The newsvendor's critical ratio of a product."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.problem import Problem

MARGIN = 1e-6


def critical_ratio(problem: Problem, economics: Any) -> np.ndarray:
    """The probability of no shortage that balances one unit more against one unit less, ``[B]``.

    A unit ordered now, one period early, costs ``c`` and saves ``discount * c`` next period unless it is sold. With
    lead time L and discount g, lost sales give ``(g^L (p + b) - c) / (g^L (p + b + h) - g c)``: for L = 0 the optimum
    of Karlin (1960) and Veinott (1966); for L > 0 and c = 0 the ratio of Morton (1969). With backlog it is
    ``(b - (1 - g) c / g^L) / (b + h)``.

    Args:
        problem: Gives discount, lead time and what happens to unmet demand.
        economics: NumPy ``[B]`` columns (unit_cost is the regular source's with two sources).
    """
    delay = problem.discount ** problem.lead_times[0]
    cost, holding, shortage = economics.unit_cost, economics.holding_cost, economics.shortage_cost
    if problem.backlog:
        ratio = (shortage - (1.0 - problem.discount) * cost / delay) / (shortage + holding)
    else:
        lost = economics.price + shortage
        gain = delay * lost - cost
        # where no order pays, both differences can be negative and their ratio large
        ratio = np.where(gain > 0.0, gain, 0.0) / np.where(
            gain > 0.0, delay * (lost + holding) - problem.discount * cost, 1.0
        )
    return np.clip(ratio, MARGIN, 1.0 - MARGIN)
