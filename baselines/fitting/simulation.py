"""Long simulations of a rule on demand paths that all candidates and products share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from inv_gym.baselines.fitting.heuristic import Heuristic
from inv_gym.demand.distribution import Distribution
from inv_gym.play.episode import Step, play_trusted
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.util.arrays import map_columns

SEARCH_PERIODS = 2400
WARM_UP = 50
SEARCH_SEED = 20080405


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
    if isinstance(rule, Heuristic):
        rule = replace(rule, problem=endless)
    return (step for step in play_trusted(endless, rule, products) if step.period >= WARM_UP)


def paths(distribution: Distribution, periods: int) -> np.ndarray:
    """Demand ``[H + periods, B]`` of a stationary distribution from the same stratified uniforms
    for all products.

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
