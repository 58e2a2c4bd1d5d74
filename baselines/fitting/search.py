"""The one tuner: the parameters of each product that simulate best, on common random numbers."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from inv_gym.baselines.fitting.heuristic import Heuristic, Rule, join
from inv_gym.demand.distribution import Distribution
from inv_gym.play.episode import Step, play
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.util.arrays import map_columns

SEARCH_PERIODS = 2400
WARM_UP = 50
ROUNDS = 6
GRID_POINTS = {1: 9, 2: 7, 3: 5}
"""Points per coordinate of the first grid, by number of coordinates."""
CANDIDATES_AT_ONCE = 12288
"""Candidates times products that are simulated at once: what fits a core's cache."""
SEARCH_SEED = 20080405

Score: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""Takes candidates ``[C, P, B]``, gives scores ``[C, B]``; higher is better."""
Ranges: TypeAlias = Sequence[tuple[float, float]]


def zoom(score: Score, ranges: Ranges, products: int) -> np.ndarray:
    """The best point of each product, ``[P, B]``: a grid over the ranges, then steps that halve.

    Each round compares the best point so far with its neighbours at one step in every coordinate
    and diagonal (scores can have ridges, on which one coordinate at a time gets stuck). Six rounds
    resolve 1/64 of the grid's step.
    """
    low, high = (np.asarray(ends, dtype=float)[:, None] for ends in zip(*ranges, strict=True))
    points = GRID_POINTS[len(ranges)]
    shares = np.array(list(product(np.linspace(0.0, 1.0, points), repeat=len(ranges))))[..., None]
    best, top = _best(score, np.tile(low + shares * (high - low), products))
    moves = np.array([move for move in product((-1.0, 0.0, 1.0), repeat=len(ranges)) if any(move)])[
        ..., None
    ]
    step = (high - low) / (points - 1)
    for _ in range(ROUNDS):
        step = step / 2.0
        near, value = _best(score, np.clip(best + moves * step, low, high))
        best, top = np.where(value > top, near, best), np.maximum(value, top)
    return best


def _best(score: Score, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best of candidates ``[C, P, B]`` and its score, as many of them at a time as a point has
    neighbours.
    """
    size = 3 ** candidates.shape[1]
    parts = [score(candidates[first : first + size]) for first in range(0, len(candidates), size)]
    scores = np.concatenate(parts)
    return np.take_along_axis(candidates, scores.argmax(0)[None, None], 0)[0], scores.max(0)


def simulate(
    problem: Problem, rule: Any, demand: np.ndarray, economics: Any, candidates: int = 1
) -> Iterator[Step]:
    """Play a rule for long, from empty; the periods after a warm-up.

    Args:
        problem: Its dynamics; horizon and end do not matter here.
        rule: Takes and gives ``C * B`` rows, the whole batch once per candidate.
        demand: ``[H + T, B]``, units.
        economics: NumPy ``[B]`` columns.
        candidates: C.
    """
    endless = replace(
        problem,
        horizon=len(demand) - HISTORY,
        long_run=True,
        censored=False,
        initial_stock=(0.0, 0.0),
    )
    economics = map_columns(lambda column: np.tile(column, candidates), economics)
    empty = np.zeros(demand.shape[1] * candidates)
    products = Products(
        economics,
        np.tile(demand, candidates),
        empty + 1.0,
        endless.initial_state(empty),
        None,
        None,
    )
    rule = replace(rule, problem=endless)
    return (step for step in play(endless, rule, products) if step.period >= WARM_UP)


def paths(distribution: Distribution, periods: int) -> np.ndarray:
    """Demand ``[H + periods, B]`` of a stationary distribution from the same stratified uniforms
    for all
    products.

    One uniform comes from each of as many equal parts of (0, 1) as there are periods, in random
    order: such a path has the distribution's own mean, which takes most of the noise out of the
        comparison of parameters.
    """
    number = HISTORY + periods
    rng = np.random.default_rng(SEARCH_SEED)
    return distribution.common_paths((rng.permutation(number) + rng.random(number)) / number)


def mean_reward(steps: Iterator[Step], candidates: int = 1) -> np.ndarray:
    """Mean reward per period, ``[C, B]``."""
    total, number = 0.0, 0
    for step in steps:
        total, number = total + step.outcome.reward, number + 1
    return np.asarray(total / number).reshape(candidates, -1)


def by_blocks(
    find: Callable[[Distribution, Any], Rule],
    distribution: Distribution,
    economics: Any,
    rows: int = CANDIDATES_AT_ONCE,
) -> Rule:
    """The rule of all products, found block by block on every core, so that memory does not grow
    with their number.
    """
    blocks = [slice(first, first + rows) for first in range(0, len(distribution.dispersion), rows)]

    def one(block: slice) -> Rule:
        return find(distribution.rows(block), map_columns(lambda column: column[block], economics))

    with ThreadPoolExecutor(os.cpu_count()) as cores:
        return join(list(cores.map(one, blocks)))


@dataclass(frozen=True, kw_only=True)
class Tunable(Heuristic):
    """A heuristic whose parameters can be searched.

    Its search coordinates have no units, so that one range serves all products: normal scores of
    quantiles of demand, and shares of the mean demand.
    """

    SEARCH: ClassVar[Ranges]
    """The range of each coordinate."""

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
        rule = cls.at(problem, distribution, economics, *np.moveaxis(points, 1, 0))
        return mean_reward(simulate(problem, rule, demand, economics, len(points)), len(points))

    @classmethod
    def searched(cls, problem: Problem, distribution: Distribution, economics: Any) -> Self:
        """The rule that simulates best for each product under its average distribution."""
        ranges = cls.search_space(problem)

        def find(distribution: Distribution, economics: Any) -> Tunable:
            demand = paths(distribution, SEARCH_PERIODS)
            best = zoom(
                lambda points: cls.score(problem, distribution, economics, demand, points),
                ranges,
                len(distribution.dispersion),
            )
            return cls.at(problem, distribution, economics, *best[:, None])

        rows = CANDIDATES_AT_ONCE // 3 ** len(ranges)
        return by_blocks(find, distribution.averaged(), economics, rows)  # type: ignore[return-value]
