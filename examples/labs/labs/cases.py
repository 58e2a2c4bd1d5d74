"""One product with known demand and costs, and what can be computed of it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from inv_gym import InstanceProducts, Problem
from inv_gym.baselines import exact
from inv_gym.demand.distribution import Distribution
from inv_gym.products.sources import draw_products


class Case(NamedTuple):
    """One product of a problem."""

    problem: Any
    """One of the five."""
    distribution: Distribution
    economics: Any
    """NamedTuple of ``[1]`` columns, money per unit."""

    def optimum(self, stock: float = 0.0) -> exact.Solution:
        """The optimal policy, for up to so much stock at the start."""
        return exact.solve(self.problem, self.distribution, self.economics, stock)

    def rule(self, constructor: Any) -> Any:
        """The rule that a constructor, such as ``BaseStock.closed_form``, makes for it."""
        return constructor(self.problem, self.distribution, self.economics)

    def best(self, kind: Any) -> Any:
        """The rule of a kind, such as ``BaseStock``, with the lowest average cost."""
        return exact.searched(kind, self.problem, self.distribution, self.economics)[0]

    def average_cost(self, rule: Any) -> float:
        """Exact cost per period of a rule in the long run."""
        return -self._chain(rule).average()

    def discounted_cost(self, rule: Any, periods: int, stock: float = 0.0) -> float:
        """Exact discounted cost of a rule over so many periods from a stock on hand."""
        return -self._chain(rule, stock).discounted(self.problem.discount, periods)

    def _chain(self, rule: Any, stock: float = 0.0) -> exact.FollowedChain:
        return exact.follow(self.problem, rule, self.distribution, self.economics, stock)


def case(
    problem: Problem,
    family: str,
    mean: float | Sequence[float],
    dispersion: float = 0.0,
    **costs: float,
) -> Case:
    """One product.

    Args:
        problem: What is played.
        family: Of its demand, such as ``"poisson"``.
        mean: Of its demand, units per period; one number for each period if it changes.
        dispersion: For families that leave it free.
        **costs: Prices and costs by name, money per unit; those not given are 0.
    """
    means = np.atleast_1d(np.asarray(mean, dtype=float))
    source = InstanceProducts(family, float(means[0]), costs, dispersion)
    product = draw_products(source, problem, 1)
    same = product.distribution
    assert same is not None
    changing = Distribution(same.families, same.family_index, means[:, None], same.dispersion)
    return Case(problem, changing, product.economics)
