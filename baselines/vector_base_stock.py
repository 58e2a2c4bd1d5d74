"""The vector base-stock policy for lost sales with a lead time (Morton 1969)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baselines.critical_ratio import critical_ratio
from baselines.heuristic import Rule, TargetHeuristic, in_first_channel
from inv_gym.arrays import Array, like, minimum, positive_part
from inv_gym.distribution import Distribution
from inv_gym.policy import Observation


@dataclass(frozen=True, kw_only=True)
class VectorBaseStock(TargetHeuristic):
    """Order up to a level on each partial position: ``q = min over l of (S_l - v_l)^+``.

    ``v_l`` is what will have arrived from period l on, up to and including the last order (``v_L = 0``), and ``S_l`` a
    quantile of the demand of ``L - l + 1`` periods: Morton's standard policy at the critical ratio if `target` is None;
    every optimal order is at most Morton's (Zipkin 2008).
    """

    def levels(self, law: Distribution, economics: Any) -> list[np.ndarray]:
        """``S_0 .. S_L``, each ``[B]``, units."""
        target = critical_ratio(self.problem, economics) if self.target is None else self.target
        return [law.quantile(target, periods).reshape(-1) for periods in range(self.problem.lead_times[0] + 1, 0, -1)]

    def rule(self, law: Distribution, economics: Any) -> Rule:
        levels = self.levels(law, economics)

        def order(observation: Observation) -> Array:
            state = observation.state
            columns = (state.on_hand, *state.pipeline) if len(levels) > 1 else ()
            position = state.on_hand if not columns else 0.0  # L = 0: nothing is on order, v_0 is the stock itself
            quantity = like(levels[-1], state.on_hand) - position
            for level, column in zip(reversed(levels[:-1]), reversed(columns), strict=True):
                position = position + column
                quantity = minimum(quantity, like(level, column) - position)
            return in_first_channel(positive_part(quantity), 1)

        return order
