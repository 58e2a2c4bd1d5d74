"""The best parameters of a heuristic by exact evaluation instead of simulation."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from inv_gym.baselines.exact.chain import follow
from inv_gym.baselines.fitting.search import Tunable, zoom
from inv_gym.demand.distribution import Distribution
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten

NEIGHBOURHOOD = 0.3
NEIGHBOURHOOD_POINTS = 601
"""How far around the best coordinate, and on how many points, all distinct rules are tried."""

TunableRule = TypeVar("TunableRule", bound=Tunable)


def searched(
    kind: type[TunableRule], problem: Problem, distribution: Distribution, economics: Any
) -> tuple[TunableRule, float]:
    """The rule with the best average reward of one product, and that reward: the shared search on
    exact scores.

    Args:
        kind: The heuristic.
        problem: As for `follow`.
        distribution: As for `follow`.
        economics: As for `follow`.
    """
    found: dict[bytes, tuple[TunableRule, float]] = {}

    def exact(point: np.ndarray) -> tuple[TunableRule, float]:
        rule = kind.at(problem, distribution, economics, *point[:, None, None])
        parameters = np.concatenate(flatten(tuple(rule.parameters.values())))
        # whole orders from whole states: what rounds to the same orders the same, but for halves
        key = (np.rint(parameters) if problem.integer_orders else parameters).tobytes()
        if key not in found:
            found[key] = rule, follow(problem, rule, distribution, economics).average()
        return found[key]

    def score(points: np.ndarray) -> np.ndarray:
        return np.array([[exact(point[:, 0])[1]] for point in points])

    best = zoom(score, kind.search_space(problem), 1)[:, 0]
    if (
        len(best) == 1
    ):  # levels in whole units can be best on a narrow stretch of their common probability
        near = best + np.linspace(-NEIGHBOURHOOD, NEIGHBOURHOOD, NEIGHBOURHOOD_POINTS)[:, None]
        return max(map(exact, near), key=lambda one: one[1])
    return exact(best)
