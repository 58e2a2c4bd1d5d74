"""Long simulations of a rule on demand paths that all candidates and products share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from inv_gym.baselines.fitting.heuristic import Heuristic
from inv_gym.demand.distribution import Distribution
from inv_gym.play.episode import Step
from inv_gym.play.orders import taken
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY
from inv_gym.util.arrays import map_columns, unstack

SEARCH_PERIODS = 2400
WARM_UP = 50
SEARCH_SEED = 20080405


def simulate(
    problem: Problem, rule: Any, demand: np.ndarray, economics: Any, candidates: int = 1
) -> Iterator[Step]:
    """Play a rule for long, from empty; the periods after a warm-up.

    What `inv_gym.play.episode.play` does, for a rule of which nothing needs to be checked but its
    orders, and which sees no history: it was fitted to a distribution. So only the demand of one
    period at a time is laid out for all candidates.

    Args:
        problem: Its dynamics; horizon and end do not matter here.
        rule: Takes and gives ``C * B`` rows, the whole batch once per candidate.
        demand: ``[H + T, B]``, units.
        economics: NumPy ``[B]`` columns.
        candidates: C.

    Raises:
        ValueError: The orders are not valid, as those of a rule that reads the history.
    """
    endless = replace(
        problem,
        horizon=len(demand) - HISTORY,
        long_run=True,
        censored=False,
        initial_stock=(0.0, 0.0),
    )
    if isinstance(rule, Heuristic):
        rule = replace(rule, problem=endless)
    rows = demand.shape[1] * candidates
    economics = map_columns(lambda column: np.tile(column, candidates), economics)
    scale, unseen = np.ones(rows), np.broadcast_to(np.nan, (HISTORY, rows))
    state = endless.initial_state(np.zeros(rows))
    for period in range(endless.horizon):
        observation = Observation(state, unseen, economics, scale, None, period, float(HISTORY))
        order = taken(rule(observation), (rows, endless.order_dim), scale, rule)
        accepted = endless.admissible(unstack(order))
        needed = np.tile(demand[HISTORY + period], candidates)
        outcome = endless.transition(state, accepted, needed, economics)
        state = outcome.state
        if period >= WARM_UP:
            yield Step(period, observation, order, accepted, needed, outcome)


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
