"""The best parameters of a heuristic by exact evaluation instead of simulation."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, TypeVar

import numpy as np

from inv_gym.baselines.exact.chain import follow
from inv_gym.baselines.exact.distinct import distinct_products
from inv_gym.baselines.exact.limits import GrowingStockError, TooLargeError
from inv_gym.baselines.fitting.heuristic import join
from inv_gym.baselines.fitting.optimiser import zoom
from inv_gym.baselines.fitting.search import Tunable
from inv_gym.demand.distribution import Distribution
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, map_columns

NEIGHBOURHOOD = 0.3
"""How far around the best coordinate all distinct rules are tried."""
NEIGHBOURS = 2
"""Units around a rule of several whole parameters within which none may be better."""
DISTINCT_PRODUCTS = 32
"""Most different products of a batch that are searched one by one."""
SEARCHED_STATES = 25_000
"""Most states of a chain that is evaluated again and again: about half a second each time."""
LONG_SEARCH_PERIODS = 24_000
"""Periods of the common paths on which larger chains are simulated."""

TunableRule = TypeVar("TunableRule", bound=Tunable)


class _Exact:
    """The average rewards of the rules of a class for one product, each worked out once."""

    def __init__(
        self,
        kind: type[Tunable],
        problem: Problem,
        distribution: Distribution,
        economics: Any,
        limit: int | None,
    ) -> None:
        self._kind, self._limit = kind, limit
        # a rule orders the same in all periods: one of them is enough
        self._case = replace(problem, horizon=1), distribution, economics
        self._known: dict[bytes, tuple[Any, float]] = {}
        self._large: set[bytes] = set()

    def at(self, point: np.ndarray) -> tuple[Any, float]:
        """The rule at a search coordinate ``[P]``, and its reward."""
        return self.of(self._kind.at(*self._case, *point[:, None, None]))

    def of(self, rule: Any) -> tuple[Any, float]:
        """A rule, and its reward: none is worse than that of stock that grows without end."""
        key = _key(rule)
        if key not in self._known:
            problem, distribution, economics = self._case
            try:
                chain = follow(problem, rule, distribution, economics, limit=self._limit)
                self._known[key] = rule, chain.average()
            except GrowingStockError:
                self._known[key] = rule, -np.inf
            except TooLargeError:
                self._known[key] = rule, -np.inf
                self._large.add(key)
        return self._known[key]

    def refuse_large(self, candidates: list[tuple[Any, float]]) -> None:
        """Raise if one of the candidates is too large to know its reward.

        Raises:
            TooLargeError: One is.
        """
        if any(_key(rule) in self._large for rule, _ in candidates):
            raise TooLargeError("a rule near the best one reaches too many states: use paths.")

    def score(self, points: np.ndarray) -> np.ndarray:
        """The rewards ``[C, 1]`` at search coordinates ``[C, P, 1]``."""
        return np.array([[self.at(point[:, 0])[1]] for point in points])


def searched(
    kind: type[TunableRule],
    problem: Problem,
    distribution: Distribution,
    economics: Any,
    limit: int | None = None,
) -> tuple[TunableRule, float]:
    """The rule with the best average reward of one product, and that reward: the shared search on
    exact scores, then all rules near by.

    Args:
        kind: The heuristic.
        problem: As for `follow`.
        distribution: As for `follow`.
        economics: As for `follow`.
        limit: As for `follow`.

    Raises:
        TooLargeError: A rule reaches too many states.
    """
    exact = _Exact(kind, problem, distribution, economics, limit)
    best = zoom(exact.score, kind.search_space(problem), 1)[:, 0]
    if len(best) == 1:
        # levels can be best on a narrow stretch of their common coordinate
        points = best + np.linspace(-NEIGHBOURHOOD, NEIGHBOURHOOD, kind.POINTS_NEAR_BY)[:, None]
        near = [exact.at(point) for point in points]
        exact.refuse_large(near)
        return max(near, key=_reward)
    return _climb(exact, exact.at(best)[0])


def _key(rule: Tunable) -> bytes:
    """The same for rules with the same parameters."""
    return np.concatenate(flatten(tuple(rule.parameters.values()))).tobytes()


def _reward(candidate: tuple[Any, float]) -> float:
    return candidate[1]


def _climb(exact: _Exact, rule: Any) -> tuple[Any, float]:
    """The rule that none of its neighbours beats, up to two units away in each parameter; a rule
    whose parameters are not all whole stays.
    """
    best = exact.of(rule)
    exact.refuse_large([best])
    values = list(rule.parameters.values())
    if any(isinstance(value, tuple) or (value != np.rint(value)).any() for value in values):
        return best
    steps = np.arange(-NEIGHBOURS, NEIGHBOURS + 1.0)
    moves = [np.array(move) for move in product(steps, repeat=len(values)) if any(move)]
    while True:
        around = [exact.of(moved) for move in moves if (moved := _moved(best[0], move))]
        exact.refuse_large(around)
        better = max(around, key=_reward)
        if better[1] <= best[1]:
            return best
        best = better


def _moved(rule: Any, units: np.ndarray) -> Any:
    """The rule with each parameter some units higher, or None if one would be negative."""
    names = list(rule.parameters)
    values = [rule.parameters[name] + unit for name, unit in zip(names, units, strict=True)]
    if min(float(value.min()) for value in values) < 0.0:
        return None
    return replace(rule, **dict(zip(names, values, strict=True)))


def search_batch(
    kind: type[TunableRule], problem: Problem, distribution: Distribution, economics: Any
) -> TunableRule | None:
    """The rule with the best average reward of each product, or None where it is not sought so.

    Only whole units and the average reward in the long run are searched exactly, and only a few
    different products. Chains that are too large for it are simulated on paths ten times as long as
    usual.

    Args:
        kind: The heuristic.
        problem: What is played.
        distribution: Of B products, stationary.
        economics: NumPy ``[B]`` columns.
    """
    whole = problem.integer_orders and distribution.integer.all()
    average = problem.long_run and problem.discount == 1.0 and not problem.backlog
    if not (whole and average):
        return None
    first, group = distinct_products(distribution, economics)
    if len(first) > DISTINCT_PRODUCTS:
        return None

    def best(row: int) -> TunableRule:
        rows = slice(row, row + 1)
        case = distribution.rows(rows), map_columns(lambda column: column[rows], economics)
        try:
            return searched(kind, problem, *case, limit=SEARCHED_STATES)[0]
        except TooLargeError:
            return kind.searched_on_paths(problem, *case, periods=LONG_SEARCH_PERIODS)

    return join([best(row) for row in first]).rows(group)
