"""What an evaluation adds up for each policy, and the row of the table that comes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from inv_gym.play.statistics import Interval, ProductMean, ProductRatio
from inv_gym.products.batch import DRAW_BLOCK

SURE_ERRORS = 2.0
"""Standard errors by which the reference's reward must differ from 0, for percents of it to mean
anything (our choice)."""
GAPS = ("gap", "product_gap", "money_gap")
NOT_SHOWN = ("demand", "sales", "periods_without_shortage")


class Tally:
    """Sums over products."""

    def __init__(self) -> None:
        self.reward = ProductMean()
        self.gaps = {name: ProductRatio() for name in GAPS}
        self.flows: dict[str, list[float]] = defaultdict(list)
        self.products = 0
        self.seconds = 0.0

    def add(
        self,
        figures: Mapping[str, np.ndarray],
        reference: np.ndarray,
        weights: np.ndarray,
        series: np.ndarray | None,
    ) -> None:
        """Add a chunk of products.

        Args:
            figures: ``[B]`` each: the reward, and means per period of what moved.
            reference: ``[B]`` reward of the reference policy.
            weights: ``[B]`` what a product's unit of money counts, if all products count alike.
            series: ``[B]`` series of which a product is a window; None for independent products.
        """
        reward = figures["reward"]
        gap = reward - reference
        self.reward.add(reward, series)
        self.gaps["gap"].add(gap, reference, series)
        self.gaps["product_gap"].add(weights * gap, weights * reference, series)
        self.gaps["money_gap"].add(gap, figures["demand"], series)
        self.products += len(reward)
        for name, column in figures.items():
            if name != "reward":
                blocks = range(0, len(column), DRAW_BLOCK)
                self.flows[name] += [float(column[b : b + DRAW_BLOCK].sum()) for b in blocks]

    def flow(self, name: str) -> float:
        """Mean per period and product, units."""
        return float(np.sum(self.flows[name])) / self.products

    def row(self, name: str, knows: str) -> dict[str, Any]:
        """The policy's row of the table."""
        demand = self.flow("demand")
        return {
            "policy": name,
            "knows": knows,
            "reward": self.reward.mean,
            "standard_error": self.reward.standard_error,
            **_columns("gap", _percent(self.gaps["gap"])),
            **_columns("product_gap", _percent(self.gaps["product_gap"])),
            **_columns("money_gap", self.gaps["money_gap"].interval()),
            "fill_rate": self.flow("sales") / max(demand, np.finfo(float).tiny),
            "cycle_service_level": self.flow("periods_without_shortage"),
            **{flow: self.flow(flow) for flow in self.flows if flow not in NOT_SHOWN},
            "seconds": self.seconds,
        }


def _percent(gap: ProductRatio) -> Interval:
    """The gap in % of the size of the reference's reward; NaN where that may as well be 0, but for
    a policy that earns the same on every product.
    """
    if not gap.numerator.differs:
        return gap.numerator.interval
    error = gap.denominator.standard_error
    means_something = gap.size > (0.0 if np.isnan(error) else SURE_ERRORS * error)
    return gap.interval(100.0) if means_something else Interval(*3 * (np.nan,))


def _columns(name: str, interval: Interval) -> dict[str, float]:
    """An interval as three columns."""
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
