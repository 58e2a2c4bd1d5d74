"""Dual-balancing for lost sales with a lead time (Levi, Janakiraman & Nagarajan 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

import numpy as np

from inv_gym.baselines.fitting.heuristic import Heuristic, in_first_channel
from inv_gym.baselines.fitting.scenarios import demand_scenarios
from inv_gym.baselines.rules.critical_ratio import newsvendor_costs
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems import LostSales
from inv_gym.util.arrays import Array, Columns, like, map_columns, to_numpy

BALANCING_PERIODS = 8
"""Periods over which dual-balancing counts the holding of an order, from its arrival on (our
choice).
"""
BISECTIONS = 12
"""Steps of the bisection for the order of dual-balancing."""


@dataclass(frozen=True, kw_only=True)
class DualBalancing(Heuristic):
    """Order so much that holding it is expected to cost what is lost in the period of its arrival.

    The dual-balancing policy (Levi, Janakiraman & Nagarajan 2008), which costs at most twice the
    optimum. With ``N_k`` the demand lost in the periods ``t + L .. t + L + k`` if nothing more is
    ordered, ``(q - N_k)^+`` of an order q are left after them; the order balances, over K periods
    (`BALANCING_PERIODS`, our choice: if a unit is sold in most periods, more of them change rewards
    by .1 % at most)::

        sum over k < K of g^k h E(q - N_k)^+  =  p E(N_0 - q)^+

    with the newsvendor's costs h and p (the unit cost is turned into interest and a smaller loss)
    and the discount g. The two sides of a whole order are not equal; we round the balancing one
    where demand comes in whole units.

    What would be lost if nothing more were ordered is what an order can sell: it arrives in period
    ``t + L`` and, with units issued first in first out, meets the demand that would be lost without
    it, in that period and those after.

    Attributes:
        demand: Scenarios ``[B, M]`` of the demand of this period, of the next one and so on, units.
        holding_cost: h, money per unit and period.
        lost_cost: p, money per unit.
        integer: Whether to order whole units.
    """

    problem: LostSales
    demand: Columns
    holding_cost: Array
    lost_cost: Array
    integer: Array

    @classmethod
    def closed_form(cls, problem: LostSales, distribution: Distribution, economics: Any) -> Self:
        """At the newsvendor's costs."""
        overage, underage = newsvendor_costs(problem, economics)
        return cls(
            problem=problem,
            demand=demand_scenarios(distribution, problem.lead_time + BALANCING_PERIODS),
            holding_cost=overage,
            lost_cost=underage,
            integer=distribution.integer,
        )

    def __call__(self, observation: Observation) -> Array:
        lost = self.lost(observation)
        needs = np.stack(list(accumulate(lost)))
        holding = self.holding_cost * self.problem.discount ** np.arange(len(lost))[:, None]
        low, high = np.zeros(len(lost[0])), lost[0].max(1)
        for _ in range(BISECTIONS):
            quantity = (low + high) / 2.0
            left = np.subtract(quantity[:, None], needs, dtype=needs.dtype)
            held = np.maximum(left, 0.0, out=left).mean(2)
            short = lost[0].mean(1) - quantity + held[0]
            enough = (holding * held).sum(0) >= self.lost_cost * short
            low, high = np.where(enough, low, quantity), np.where(enough, quantity, high)
        quantity = np.where(self.integer, np.rint(low), low)
        return in_first_channel(like(quantity, observation.scale), 1)

    def lost(self, observation: Observation) -> list[np.ndarray]:
        """Demand ``[B, M]`` lost in each period from ``t + L`` on if nothing more is ordered,
        units.
        """
        state, economics = map_columns(_as_rows, (observation.state, observation.economics))
        outcomes = []
        for demand in self.demand:
            outcomes.append(self.problem.transition(state, (0.0,), demand, economics))
            state = outcomes[-1].state
        return [outcome.flows.shortage for outcome in outcomes[self.problem.lead_time :]]


def _as_rows(column: Array) -> np.ndarray:
    """A column as ``[B, 1]``, which meets scenarios ``[B, M]``."""
    return np.asarray(to_numpy(column), dtype=np.float32)[:, None]
