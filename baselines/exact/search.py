"""The best parameters of a heuristic by exact evaluation instead of simulation."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from inv_gym.baselines.exact.chain import follow
from inv_gym.baselines.exact.limits import GrowingStockError
from inv_gym.baselines.fitting.search import Tunable, zoom
from inv_gym.demand.distribution import Distribution
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten

STRETCH = 0.3
POINTS = 601
"""How far around the best coordinate, and on how many points, all distinct rules are tried."""

Rule = TypeVar("Rule", bound=Tunable)


def searched(
    kind: type[Rule], problem: Problem, distribution: Distribution, economics: Any
) -> tuple[Rule, float]:
    """The rule with the best average reward of one product, and that reward: the shared search on
    exact scores.

    Args:
        kind: The heuristic.
        problem: As for `follow`.
        distribution: As for `follow`.
        economics: As for `follow`.
    """
    found: dict[bytes, tuple[Rule, float]] = {}

    def exact(point: np.ndarray) -> tuple[Rule, float]:
        rule = kind.at(problem, distribution, economics, *point[:, None, None])
        parameters = np.concatenate(flatten(tuple(rule.parameters.values())))
        # whole orders from whole states: what rounds to the same orders the same, but for halves
        key = (np.rint(parameters) if problem.integer_orders else parameters).tobytes()
        if key not in found:
            found[key] = rule, _average(problem, rule, distribution, economics)
        return found[key]

    def score(points: np.ndarray) -> np.ndarray:
        return np.array([[exact(point[:, 0])[1]] for point in points])

    best = zoom(score, kind.search_space(problem), 1)[:, 0]
    if (
        len(best) == 1
    ):  # levels in whole units can be best on a narrow stretch of their common probability
        near = best + np.linspace(-STRETCH, STRETCH, POINTS)[:, None]
        return max(map(exact, near), key=lambda one: one[1])
    return exact(best)


def _average(problem: Problem, rule: Tunable, distribution: Distribution, economics: Any) -> float:
    """The average reward of a rule; none is worse than that of stock that grows without end."""
    try:
        return follow(problem, rule, distribution, economics).average()
    except GrowingStockError:
        return -np.inf
