"""Distributions, economics and observations that the tests of heuristics share."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym import Observation, Problem
from inv_gym.baselines import BaseStock
from inv_gym.baselines.fitting.heuristic import Heuristic
from inv_gym.baselines.fitting.simulation import mean_reward, simulate
from inv_gym.demand.distribution import Distribution
from inv_gym.demand.families import FAMILIES

COSTS = {
    "price": 10.0,
    "unit_cost": 4.0,
    "holding_cost": 1.0,
    "shortage_cost": 2.0,
    "salvage_value": 4.0,
}


def distribution_of(name: str, mean: Any, dispersion: float = 0.0) -> Distribution:
    """One product per mean."""
    means = np.atleast_1d(np.asarray(mean, dtype=float))
    one = FAMILIES[name]
    dispersion = dispersion if one.fixed_dispersion is None else one.fixed_dispersion
    return Distribution(
        (one,), np.zeros(len(means), int), means[None], np.full(len(means), dispersion)
    )


def economics_of(problem: Problem, **figures: Any) -> Any:
    """Columns of the problem's economics; what is not given is 0."""
    columns = {
        name: np.atleast_1d(np.asarray(value, dtype=float)) for name, value in figures.items()
    }
    size = max(map(len, columns.values()))
    return problem.Economics(
        *(
            np.broadcast_to(columns.get(name, np.zeros(1)), (size,)).copy()
            for name in problem.Economics._fields
        )
    )


def seen(state: Any, economics: Any = None, period: int = 0) -> Observation:
    """An observation for a rule with fixed parameters, which looks at the state alone."""
    return Observation(state, None, economics, None, None, period)


def level_of(rule: BaseStock) -> np.ndarray:
    """What a base-stock policy orders from nothing: its level."""
    empty = rule.problem.initial_state(np.zeros(len(rule.level)))
    return rule(seen(empty))[:, 0]


def masses(distribution: Distribution, points: int) -> np.ndarray:
    """P(demand = 0), P(demand = 1), ... of a product with whole demand."""
    return np.diff(distribution.cdf(np.arange(float(points))[:, None])[:, 0], prepend=0.0)


def reward_of(rule: Heuristic, demand: np.ndarray, economics: Any) -> np.ndarray:
    """Mean reward per period on a demand path, ``[B]``."""
    return mean_reward(simulate(rule.problem, rule, demand, economics))[0]
