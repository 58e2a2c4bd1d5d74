"""Base-stock policies: order up to a level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from baselines.critical_ratio import critical_ratio
from baselines.heuristic import Rule, TargetHeuristic, in_first_channel
from inv_gym.arrays import Array, like, positive_part
from inv_gym.distribution import Distribution
from inv_gym.policy import Observation


@dataclass(frozen=True, kw_only=True)
class BaseStock(TargetHeuristic):
    """Order the inventory position up to a level, from the first source.

    The level is a quantile of the demand of lead time and review period together: at the critical ratio if `target` is
    None. That is optimal for lost sales without lead time (Karlin 1960, Veinott 1966), standard with a lead time, and
    *naive* for perishable stock, since it is blind to outdating.
    """

    def rule(self, law: Distribution, economics: Any) -> Rule:
        target = critical_ratio(self.problem, economics) if self.target is None else self.target
        level = law.quantile(target, self.problem.lead_times[0] + 1).reshape(-1)
        channels = self.problem.order_dim

        def order(observation: Observation) -> Array:
            short = like(level, observation.scale) - observation.state.inventory_position
            return in_first_channel(positive_part(short), channels)

        return order
