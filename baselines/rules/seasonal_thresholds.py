"""The interval-stock policy with an interval for each period (Maggiar & Sadighian 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from inv_gym.baselines.fitting.blocks import by_blocks
from inv_gym.baselines.fitting.heuristic import Heuristic
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.baselines.rules.interval_stock import check_interval, keep_within
from inv_gym.baselines.rules.marginal_value import PRODUCTS_AT_ONCE, MarginalValue
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems import ProcurementRemoval
from inv_gym.util.arrays import Array, Columns


@dataclass(frozen=True, kw_only=True)
class SeasonalIntervalStock(Heuristic):
    """In period t, order up to ``lower[t]`` and remove down to ``upper[t]``; the last interval
    holds on.

    The optimal policy for demand that changes over time, and towards the end of a finite horizon.

    Attributes:
        lower: Units, one column per period.
        upper: Units, one column per period; infinite where removal never pays.
    """

    lower: Columns
    upper: Columns

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.lower or len(self.lower) != len(self.upper):
            raise ValueError(
                "lower and upper must have one level per period each, got "
                f"{len(self.lower)} and {len(self.upper)} periods."
            )
        for lower, upper in zip(self.lower, self.upper, strict=True):
            check_interval(lower, upper)

    @classmethod
    def optimal(
        cls, problem: ProcurementRemoval, distribution: Distribution, economics: Any
    ) -> Self:
        """The optimal intervals, by backward induction on what a unit is worth (see
        `inv_gym.baselines.rules.marginal_value`).

        With a true end there is one interval per period of the horizon, and what is left is
        salvaged. In the long run there is one per period of the distribution, whose last period
        goes on without end.
        """

        def find(distribution: Distribution, economics: Any) -> SeasonalIntervalStock:
            lower, upper = _intervals(problem, distribution, economics)
            return cls(problem=problem, lower=lower, upper=upper)

        return by_blocks(find, distribution, economics, PRODUCTS_AT_ONCE)  # type: ignore[return-value]

    def __call__(self, observation: Observation) -> Array:
        period = min(observation.period, len(self.lower) - 1)
        return keep_within(observation.state.net_inventory, self.lower[period], self.upper[period])


def _intervals(
    problem: ProcurementRemoval, distribution: Distribution, economics: Any
) -> tuple[Columns, Columns]:
    """The lower and the upper levels of all periods."""
    integer = distribution.integer
    usual = distribution.averaged().quantile(critical_ratio(problem, economics))
    value = MarginalValue.on_lattice_for(problem, economics, usual, integer)
    periods = len(distribution.mean) if problem.long_run else problem.horizon
    kernel = value.kernel(distribution.at(periods))
    worth = value.without_end(kernel) if problem.long_run else value.at_the_end()
    intervals = []
    for period in reversed(range(periods)):
        if not distribution.stationary:
            kernel = value.kernel(distribution.at(period))
        after = value.before_demand(kernel, worth)
        bounds = economics.unit_cost, economics.removal_value
        intervals.append([value.level(after, money, integer) for money in bounds])
        worth = value.before_decision(after)
    lower, upper = zip(*reversed(intervals), strict=True)
    return lower, upper
