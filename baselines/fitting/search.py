"""The one tuner: the parameters of each product that earn most."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from inv_gym.baselines.fitting.blocks import CANDIDATES_AT_ONCE, by_blocks
from inv_gym.baselines.fitting.heuristic import Heuristic
from inv_gym.baselines.fitting.optimiser import Ranges, zoom
from inv_gym.baselines.fitting.simulation import SEARCH_PERIODS, mean_reward, paths, simulate
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Policy
from inv_gym.problems.problem import Problem

EXACT_SEARCHES: list[Callable[[type, Problem, Distribution, Any], Any]] = []
"""Searches that need no paths, each from a class of rules, a problem, a stationary distribution and
economics to a rule, or to None where the products are out of its reach. `inv_gym.baselines.exact`
adds its own.
"""


@dataclass(frozen=True, kw_only=True)
class Tunable(Heuristic):
    """A heuristic whose parameters can be searched.

    Its search coordinates have no units, so that one range serves all products: normal scores of
    quantiles of demand, and shares of the mean demand.
    """

    SEARCH: ClassVar[Ranges]
    """The range of each coordinate."""
    POINTS_NEAR_BY: ClassVar[int] = 601
    """How many coordinates near the best one an exact search tries, if there is one coordinate."""

    @classmethod
    @abstractmethod
    def at(
        cls, problem: Problem, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> Self:
        """The rule at search coordinates ``[C, B]`` each, with parameters for ``C * B`` rows."""

    @classmethod
    def search_space(cls, problem: Problem) -> Ranges:
        """The range of each coordinate for a problem."""
        return cls.SEARCH

    @classmethod
    def score(
        cls,
        problem: Problem,
        distribution: Distribution,
        economics: Any,
        demand: np.ndarray,
        points: np.ndarray,
    ) -> np.ndarray:
        """Mean reward per period ``[C, B]`` at search coordinates ``[C, P, B]`` on a
        demand path.
        """
        rule = cls.simulated(problem, distribution, economics, *np.moveaxis(points, 1, 0))
        return mean_reward(simulate(problem, rule, demand, economics, len(points)), len(points))

    @classmethod
    def simulated(
        cls,
        problem: Problem,
        distribution: Distribution,
        economics: Any,
        *coordinates: np.ndarray,
    ) -> Policy:
        """What a simulation plays for the rule at search coordinates, as in `at`: the rule itself,
        or one that orders nearly the same and is faster.
        """
        return cls.at(problem, distribution, economics, *coordinates)

    @classmethod
    def searched(cls, problem: Problem, distribution: Distribution, economics: Any) -> Self:
        """The rule that earns most for each product under its average distribution.

        Where a search on exact rewards has the products within its reach (see `EXACT_SEARCHES`),
        it finds the rule; otherwise the rule is what simulates best on common paths.
        """
        averaged = distribution.averaged()
        for search in EXACT_SEARCHES:
            rule = search(cls, problem, averaged, economics)
            if rule is not None:
                return rule
        return cls.searched_on_paths(problem, averaged, economics)

    @classmethod
    def searched_on_paths(
        cls,
        problem: Problem,
        distribution: Distribution,
        economics: Any,
        periods: int | None = None,
    ) -> Self:
        """The rule that simulates best for each product of a stationary distribution.

        Args:
            problem: What is played.
            distribution: Of B products, stationary.
            economics: NumPy ``[B]`` columns.
            periods: Length of the common paths; `SEARCH_PERIODS` if None.
        """
        ranges = cls.search_space(problem)

        def find(distribution: Distribution, economics: Any) -> Tunable:
            demand = paths(distribution, SEARCH_PERIODS if periods is None else periods)
            best = zoom(
                lambda points: cls.score(problem, distribution, economics, demand, points),
                ranges,
                len(distribution.dispersion),
            )
            return cls.at(problem, distribution, economics, *best[:, None])

        rows = CANDIDATES_AT_ONCE // 3 ** len(ranges)
        return by_blocks(find, distribution, economics, rows)  # type: ignore[return-value]
