"""The one search by simulation: the best parameter of each product on common random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from scipy import special

from baselines.heuristic import Fixed, Rule, TargetHeuristic, known_law, with_target
from inv_gym.arrays import Array, map_columns, to_numpy
from inv_gym.distribution import Distribution
from inv_gym.episode import Step, play
from inv_gym.policy import Observation
from inv_gym.problem import Problem
from inv_gym.products import BLOCK, HISTORY, Products

CANDIDATES = 9
ROUNDS = 3
PERIODS = 2400
WARM_UP = 50
SEED = 20080405

Score: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""Takes candidates ``[C, B]``, gives their scores ``[C, B]``; higher is better."""


def zoom(score: Score, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The best value in [low, high] of each product, ``[B]``, by a grid that closes in on its best point.

    Three rounds of nine points resolve 1/256 of the range. A score with one peak per product is assumed.
    """
    for _ in range(ROUNDS):
        grid = low + np.linspace(0.0, 1.0, CANDIDATES)[:, None] * (high - low)
        best = score(grid).argmax(0)
        rows = np.arange(grid.shape[1])
        low, high = grid[np.maximum(best - 1, 0), rows], grid[np.minimum(best + 1, CANDIDATES - 1), rows]
        value = grid[best, rows]
    return value


def zoom_pairs(score: Score, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The best pair of values of each product, ``[2, B]``, by a grid over both at once that closes in on the best.

    For scores with a ridge, on which searching one value at a time gets stuck.

    Args:
        score: Takes candidates ``[C, 2, B]``, gives ``[C, B]``.
        low: ``[2, B]``.
        high: ``[2, B]``.
    """
    steps = np.linspace(0.0, 1.0, CANDIDATES)
    shares = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2, 1)
    for _ in range(ROUNDS):
        grid = low + shares * (high - low)
        value = np.take_along_axis(grid, score(grid).argmax(0)[None, None], 0)[0]
        step = (high - low) / (CANDIDATES - 1)
        low, high = np.maximum(value - step, low), np.minimum(value + step, high)
    return value


def simulate(problem: Problem, rule: Rule, law: Distribution, economics: Any, candidates: int = 1) -> list[Step]:
    """Play a rule for long on common random numbers, from empty, after a warm-up.

    Args:
        problem: Its dynamics; horizon and end do not matter here.
        rule: Takes and gives ``C * B`` rows, the whole batch once per candidate.
        law: Of B products, stationary.
        economics: NumPy ``[B]`` columns.
        candidates: C.
    """
    endless = replace(problem, horizon=PERIODS, long_run=True, censored=False, initial_stock=(0.0, 0.0))
    uniforms = stratified(HISTORY + PERIODS)
    demand = np.tile(law.common_paths(uniforms), candidates)
    economics = map_columns(lambda column: np.tile(column, candidates), economics)
    empty = np.zeros(demand.shape[1])
    products = Products(economics, demand, empty + 1.0, endless.initial_state(empty), None, None)
    return [step for step in play(endless, Fixed(rule, "distribution"), products) if step.period >= WARM_UP]


def stratified(number: int) -> np.ndarray:
    """One uniform from each of `number` equal parts of (0, 1), in random order.

    A path of them has the law's own mean, which takes most of the noise out of the comparison of levels.
    """
    rng = np.random.default_rng(SEED)
    return (rng.permutation(number) + rng.random(number)) / number


def mean_reward(steps: list[Step], candidates: int) -> np.ndarray:
    """Mean reward per period, ``[C, B]``."""
    total = sum(step.outcome.reward for step in steps) / len(steps)
    return np.asarray(total).reshape(candidates, -1)


def by_blocks(
    find: Callable[[Distribution, Any], np.ndarray], law: Distribution, economics: Any, size: int = BLOCK
) -> np.ndarray:
    """Search block by block, so that memory does not grow with the number of products; results along the last axis."""
    results = []
    for first in range(0, len(law.dispersion), size):
        rows = slice(first, first + size)
        results.append(find(law.rows(rows), map_columns(lambda column, rows=rows: column[rows], economics)))
    return np.concatenate(results, -1)


def best_target(heuristic: TargetHeuristic, law: Distribution, economics: Any) -> np.ndarray:
    """The target probability of each product that simulates best, ``[B]``, searched on the normal scale."""

    def find(law: Distribution, economics: Any) -> np.ndarray:
        def score(scores: np.ndarray) -> np.ndarray:
            rule = with_target(heuristic, special.ndtr(scores)).rule(law, economics)
            steps = simulate(heuristic.problem, rule, law, economics, len(scores))
            return mean_reward(steps, len(scores))

        ends = np.ones(len(law.dispersion))
        return special.ndtr(zoom(score, -4.0 * ends, 4.0 * ends))

    return by_blocks(find, law, economics)


@dataclass(frozen=True)
class Searched:
    """A heuristic at the target probability that simulates best for each product under its average law."""

    heuristic: TargetHeuristic

    @property
    def knows(self) -> str:
        """What the heuristic knows."""
        return self.heuristic.knows

    def plan(self, problem: Problem, products: Products) -> Any:
        """The heuristic with its targets found."""
        law = known_law(self.knows, products).averaged()
        target = best_target(self.heuristic, law, map_columns(to_numpy, products.economics))
        return with_target(self.heuristic, target).plan(problem, products)

    def __call__(self, observation: Observation) -> Array:
        """Not before planning."""
        raise RuntimeError("a searched heuristic is fitted at the start: call plan(problem, products) first.")
