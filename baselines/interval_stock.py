"""The interval-stock policy for procurement and removal (Maggiar & Sadighian 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baselines.critical_ratio import critical_ratio
from baselines.heuristic import FittedHeuristic, Rule
from baselines.search import by_blocks
from inv_gym.arrays import Array, like, positive_part, stack
from inv_gym.distribution import Distribution
from inv_gym.policy import Observation
from inv_gym.problems import ProcurementRemoval

DEMAND = 255
"""Steps of demand in the dynamic program."""
STOCK = 2048
"""Steps of stock above the lower level that are tried before removal is held never to pay."""


def interval_rule(lower: np.ndarray, upper: np.ndarray) -> Rule:
    """Below `lower` order up to it, above `upper` remove down to it, between them do nothing (both ``[B]``, units)."""

    def order(observation: Observation) -> Array:
        stock = observation.state.net_inventory
        return stack([positive_part(like(lower, stock) - stock), positive_part(stock - like(upper, stock))])

    return order


@dataclass(frozen=True, kw_only=True)
class IntervalStock(FittedHeuristic):
    """The optimal policy for stationary demand without end: a newsvendor level and a removal level.

    The lower level S is the newsvendor's. The upper level maximises ``G(y) - s y``, where ``G(y)`` is the best value
    from y units after ordering and s the removal value. Below S the value is linear in stock, so G above S follows by
    one forward pass over the lattice of stocks; what matters is its slope, hence G is taken relative to G(S), which
    also serves discount 1.
    """

    problem: ProcurementRemoval

    def rule(self, law: Distribution, economics: Any) -> Rule:
        return interval_rule(*self.levels(law, economics))

    def levels(self, law: Distribution, economics: Any) -> tuple[np.ndarray, np.ndarray]:
        """The interval, two ``[B]`` arrays in units; the upper end is infinite where removal never pays."""
        lower, upper = by_blocks(self._interval, law, economics)
        return lower, upper

    def _interval(self, law: Distribution, economics: Any) -> np.ndarray:
        """``[2, B]`` units; the upper end is where one step of stock more is worth less than its removal value."""
        lower = law.quantile(critical_ratio(self.problem, economics))
        step, mass = _mass(law, lower)
        floor = np.rint(lower / step)
        cost = economics.unit_cost * step
        # values[:, k] is V at floor + k - DEMAND steps, less G(floor): linear up to the floor, empty stock at worst
        values = np.zeros((len(step), DEMAND + STOCK))
        below = np.arange(-DEMAND, 1.0)
        values[:, : DEMAND + 1] = cost[:, None] * (
            below if self.problem.backlog else np.maximum(below, -floor[:, None])
        )
        backward = mass[:, ::-1]
        profit = self._profit(step, mass, floor, economics)
        discount = self.problem.discount
        gain = profit[:, 0] + discount * (backward * values[:, : DEMAND + 1]).sum(1)
        upper, growing = lower.copy(), np.ones(len(step), bool)
        for above in range(1, STOCK):
            # values at `floor + above` itself is still 0 and is solved for: demand 0 leads back to it
            onward = (backward * values[:, above : DEMAND + 1 + above]).sum(1)
            best = (profit[:, above] - gain + discount * onward) / (1.0 - discount * mass[:, 0])
            values[:, DEMAND + above] = best
            growing &= best - values[:, DEMAND + above - 1] > economics.removal_value * step
            if not growing.any():
                break
            upper = np.where(growing, lower + above * step, upper)
        return np.stack([lower, np.where(growing, np.inf, upper)])

    def _profit(self, step: np.ndarray, mass: np.ndarray, floor: np.ndarray, economics: Any) -> np.ndarray:
        """Expected profit of a period, before any order, from ``floor, floor + 1, ...`` steps: ``[B, STOCK]``."""
        demand = np.arange(DEMAND + 1)
        mean = (mass * demand).sum(1, keepdims=True)
        # E(y - D)^+ rises by P(D <= y) per step of stock
        cumulative = np.cumsum(mass, 1)
        left = np.concatenate([np.zeros((len(mass), 1)), np.cumsum(cumulative, 1)], 1)
        stock = floor[:, None].astype(int) + np.arange(STOCK)
        inside = np.minimum(stock, DEMAND)
        left = np.take_along_axis(left, inside, 1) + (stock - inside)
        sold = stock - left
        price, holding, shortage = (
            (column * step)[:, None] for column in (economics.price, economics.holding_cost, economics.shortage_cost)
        )
        return price * (mean if self.problem.backlog else sold) - holding * left - shortage * (mean - sold)


def _mass(law: Distribution, lower: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps ``[B]``, and the probability of 0, 1, ... steps of demand, ``[B, DEMAND + 1]``.

    Amounts and large counts are put on coarse steps, 32 to the lower level, which shorten the pass; what little mass
    lies beyond the last cell is counted there.
    """
    step = np.where(law.integer, np.maximum(np.floor(lower / 32.0), 1.0), np.maximum(lower, 1e-9) / 32.0)
    cumulative = law.cdf((np.arange(DEMAND + 1)[:, None] + 0.5) * step).T
    cumulative[:, -1] = 1.0
    return step, np.diff(cumulative, axis=1, prepend=0.0)
