"""The interval-stock policy for procurement and removal (Maggiar & Sadighian 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from inv_gym.baselines.fitting.blocks import by_blocks
from inv_gym.baselines.fitting.heuristic import Heuristic
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.baselines.rules.marginal_value import PRODUCTS_AT_ONCE, MarginalValue
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems import ProcurementRemoval
from inv_gym.util.arrays import Array, like, positive_part, stack, to_numpy
from inv_gym.util.checks import refuse_rows


@dataclass(frozen=True, kw_only=True)
class IntervalStock(Heuristic):
    """Below `lower` order up to it, above `upper` remove down to it, between them do nothing.

    The optimal policy for stationary demand (Maggiar & Sadighian 2017).

    Attributes:
        lower: Units.
        upper: Units, at least `lower`; infinite where removal never pays.
    """

    lower: Array
    upper: Array

    def __post_init__(self) -> None:
        super().__post_init__()
        check_interval(self.lower, self.upper)

    @classmethod
    def remove_to_lower(
        cls, problem: ProcurementRemoval, distribution: Distribution, economics: Any
    ) -> Self:
        """Order up to and remove down to the newsvendor level alike."""
        lower = distribution.quantile(critical_ratio(problem, economics))
        return cls(problem=problem, lower=lower, upper=lower)

    @classmethod
    def optimal(
        cls, problem: ProcurementRemoval, distribution: Distribution, economics: Any
    ) -> Self:
        """The optimal interval for demand and costs that stay as they are without end.

        The lower level is the newsvendor's; the upper one is that of
        `inv_gym.baselines.rules.marginal_value`.
        """

        def find(distribution: Distribution, economics: Any) -> IntervalStock:
            lower, upper = _interval(problem, distribution, economics)
            return cls(problem=problem, lower=lower, upper=upper)

        return by_blocks(find, distribution.averaged(), economics, PRODUCTS_AT_ONCE)  # type: ignore[return-value]

    def __call__(self, observation: Observation) -> Array:
        return keep_within(observation.state.net_inventory, self.lower, self.upper)


def check_interval(lower: Array, upper: Array) -> None:
    """Refuse levels that cross.

    Raises:
        ValueError: It names the levels of the first such product.
    """
    low, high = np.broadcast_arrays(to_numpy(lower), to_numpy(upper))
    refuse_rows("upper must be at least lower, got {} and {}.", high < low, high, low)


def keep_within(stock: Array, lower: Array, upper: Array) -> Array:
    """Orders up to `lower` and removals down to `upper`, ``[B, 2]``, units."""
    return stack(
        [positive_part(like(lower, stock) - stock), positive_part(stock - like(upper, stock))]
    )


def _interval(
    problem: ProcurementRemoval, distribution: Distribution, economics: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The lower and the upper level ``[B]``, units."""
    lower = distribution.quantile(critical_ratio(problem, economics))
    value = MarginalValue.on_lattice_for(problem, economics, lower, distribution.integer)
    kernel = value.kernel(distribution)
    worth = value.before_demand(kernel, value.without_end(kernel))
    return lower, np.maximum(
        value.level(worth, economics.removal_value, distribution.integer), lower
    )
