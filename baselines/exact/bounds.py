"""Upper bounds on the best expected reward, where the optimum itself is out of reach.

Both are information relaxations (Brown, Smith & Sun 2010): a decision maker who sees more than is
allowed does at least as well. Seeing all demand beforehand, without a penalty, is uselessly loose:
no order would ever be wrong. Here the decision maker sees the demand of some periods only before
each order, which is the same as ordering that much later from a source with a lead time that much
shorter; all later demand stays unseen, because what remains is solved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np

from inv_gym.baselines.exact.atoms import atoms
from inv_gym.baselines.exact.dynamic_program import solve
from inv_gym.baselines.exact.limits import OutOfReachError, one_product
from inv_gym.baselines.exact.newsvendor_bound import newsvendor_bound
from inv_gym.baselines.exact.solution import Solution
from inv_gym.demand.distribution import Distribution
from inv_gym.problems import DualSourcing
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, unflatten
from inv_gym.util.checks import real, whole

QUICK_TRANSITIONS = 10_000_000
"""Transitions that are solved in a second or so."""


class RewardBound(NamedTuple):
    """An upper bound on the best expected reward of one product."""

    reward: float
    """Per period in the long run if there is no discount and no end, else discounted, from the
    start.
    """
    lead_times: tuple[int, ...]
    """Of the problem that was solved; those of the problem itself if the bound is the optimum."""


def upper_bound(
    problem: Problem,
    distribution: Distribution,
    economics: Any,
    stock: float = 0.0,
    limit: int = QUICK_TRANSITIONS,
) -> RewardBound:
    """The optimum under the longest lead time that can be solved exactly, else the bound of the
    newsvendor.

    Orders of the shorter lead time are paid for when they would have been ordered, and none arrives
    before one could.

    Args:
        problem: See `solve`.
        distribution: Of one product; of any kind.
        economics: NamedTuple of ``[1]`` columns.
        stock: Units on hand at the start, at least 0.
        limit: Most transitions of the problem that is solved; see `solve`. A larger one takes
            longer and may bring a tighter bound.

    Raises:
        ValueError: What `solve` refuses, but for its size and for demand in amounts.
    """
    one_product("upper_bound", distribution, economics, "use newsvendor_bound for a batch")
    problem.check_economics(economics)
    real("stock", stock, least=0.0)
    whole("limit", limit, least=1)
    for easier, revealed in _shorter(problem):
        if _wait(problem, revealed) >= problem.horizon and not problem.long_run:
            continue  # nothing would arrive within the horizon
        costs = _paid_when_ordered(easier, economics, revealed)
        try:
            reward = _from_start(
                problem, easier, distribution, economics, costs, stock, revealed, limit
            )
        except OutOfReachError:
            continue
        return RewardBound(reward, easier.lead_times)
    return RewardBound(
        float(newsvendor_bound(problem, distribution, economics, np.array([stock]))[0]),
        (0,) * problem.order_dim,
    )


@singledispatch
def _shorter(problem: Any) -> Iterator[tuple[Any, int]]:
    """The problem with ever shorter lead times, and how many periods they are shorter."""
    for lead_time in range(problem.lead_times[0], -1, -1):
        revealed = problem.lead_times[0] - lead_time
        yield (replace(problem, lead_time=lead_time) if revealed else problem), revealed


@_shorter.register
def _(problem: DualSourcing) -> Iterator[tuple[Any, int]]:
    for lead_time in range(problem.regular_lead_time, problem.expedited_lead_time, -1):
        revealed = problem.regular_lead_time - lead_time
        yield replace(problem, regular_lead_time=lead_time), revealed


@singledispatch
def _paid_when_ordered(easier: Any, economics: Any, revealed: int) -> Any:
    """The costs with interest on the orders that are placed later than they would have been."""
    return economics._replace(unit_cost=economics.unit_cost * easier.discount**-revealed)


@_paid_when_ordered.register
def _(easier: DualSourcing, economics: Any, revealed: int) -> Any:
    with_interest = economics.regular_cost * easier.discount**-revealed
    # where interest makes the regular source the dearer one, the bound holds without it too
    cheaper = with_interest < economics.expedited_cost
    return economics._replace(regular_cost=np.where(cheaper, with_interest, economics.regular_cost))


@singledispatch
def _wait(problem: Any, revealed: int) -> int:
    """The periods at the start in which nothing can arrive and no order is placed yet."""
    return 0 if problem.long_run and problem.discount == 1.0 else revealed


@_wait.register
def _(problem: DualSourcing, revealed: int) -> int:
    return 0  # the expedited source is as fast as before


def _from_start(
    problem: Problem,
    easier: Problem,
    distribution: Distribution,
    economics: Any,
    costs: Any,
    stock: float,
    revealed: int,
    limit: int,
) -> float:
    """The optimum of the easier problem, after as many periods without an arrival as
    it is easier.
    """
    wait = _wait(problem, revealed)
    if not problem.long_run:
        easier = replace(easier, horizon=problem.horizon - wait)
    solution = solve(easier, distribution.at(wait), costs, stock, limit=limit)
    if solution.gain is not None:
        return solution.gain
    return _waited(problem, distribution, economics, solution, stock, wait)


def _waited(
    problem: Problem,
    distribution: Distribution,
    economics: Any,
    solution: Solution,
    stock: float,
    wait: int,
) -> float:
    """The value of a solution that starts after some periods without orders."""
    demand = atoms(distribution)
    template = problem.initial_state(np.array([stock]))
    columns: np.ndarray = np.array(flatten(template)).reshape(-1, 1)
    weight: np.ndarray = np.ones(1)
    reward = 0.0
    for period in range(wait):
        # play every state with every demand and no order
        probability = demand.at(period)
        rows = np.repeat(np.arange(columns.shape[1]), len(probability))
        nothing = (np.zeros(len(rows)),) * problem.order_dim
        outcome = problem.transition(
            unflatten(columns[:, rows], template),
            nothing,
            np.tile(demand.demand, columns.shape[1]),
            economics,
        )
        # what it is expected to earn
        weight = np.outer(weight, probability).ravel()
        reward += problem.discount**period * float(weight @ outcome.reward)
        # states that are reached on several ways become one again
        columns, inverse = np.unique(np.array(flatten(outcome.state)), axis=1, return_inverse=True)
        weight = np.bincount(inverse.reshape(-1), weight, columns.shape[1])
    # what the shorter pipeline lacks is empty here
    place = solution.place(columns[: solution.states.shape[1]])
    return reward + problem.discount**wait * float(weight @ solution.values[0][place])
