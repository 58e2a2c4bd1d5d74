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
from typing import Any, NamedTuple

import numpy as np

from inv_gym.baselines.exact.atoms import atoms
from inv_gym.baselines.exact.dynamic_program import Solution, solve
from inv_gym.demand.distribution import LATTICE_CELLS, Distribution
from inv_gym.problems import DualSourcing, Perishable
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, map_columns, unflatten

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
        stock: Units on hand at the start.
        limit: Most transitions of the problem that is solved; see `solve`. A larger one takes
            longer and may bring a tighter bound.
    """
    for easier, revealed in _shorter(problem):
        costs = _paid_when_ordered(easier, economics, revealed)
        try:
            reward = _from_start(
                problem, easier, distribution, economics, costs, stock, revealed, limit
            )
        except ValueError:
            continue
        return RewardBound(reward, easier.lead_times)
    return RewardBound(
        float(newsvendor_bound(problem, distribution, economics, np.array([stock]))[0]),
        (0,) * problem.order_dim,
    )


def _shorter(problem: Problem) -> Iterator[tuple[Any, int]]:
    """The problem with ever shorter lead times, and how many periods they are shorter."""
    yield problem, 0
    if isinstance(problem, DualSourcing):
        for lead_time in range(problem.regular_lead_time - 1, problem.expedited_lead_time, -1):
            yield (
                replace(problem, regular_lead_time=lead_time),
                problem.regular_lead_time - lead_time,
            )
    elif problem.lead_times[0] > 0:
        lead_time = problem.lead_times[0]
        for shorter in range(lead_time - 1, -1, -1):
            yield replace(problem, lead_time=shorter), lead_time - shorter  # type: ignore[call-arg]


def _paid_when_ordered(easier: Problem, economics: Any, revealed: int) -> Any:
    """The costs with interest on the orders that are placed later than they would have been."""
    name = "regular_cost" if isinstance(easier, DualSourcing) else "unit_cost"
    cost = getattr(economics, name) * easier.discount**-revealed
    if isinstance(easier, DualSourcing):  # without the interest the bound holds too
        cost = np.where(cost < economics.expedited_cost, cost, economics.regular_cost)
    return economics._replace(**{name: cost})


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
    dual = isinstance(problem, DualSourcing)
    wait = 0 if dual or (problem.long_run and problem.discount == 1.0) else revealed
    if wait >= problem.horizon and not problem.long_run:
        raise ValueError("nothing arrives within the horizon.")
    if not problem.long_run:
        easier = replace(easier, horizon=problem.horizon - wait)
    solution = solve(easier, distribution.at(wait), costs, stock, limit=limit)
    return (
        solution.gain
        if solution.gain is not None
        else _waited(problem, distribution, economics, solution, stock, wait)
    )


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
        probability = demand.at(period)
        rows = np.repeat(np.arange(columns.shape[1]), len(probability))
        nothing = (np.zeros(len(rows)),) * problem.order_dim
        outcome = problem.transition(
            unflatten(columns[:, rows], template),
            nothing,
            np.tile(demand.demand, columns.shape[1]),
            economics,
        )
        weight = np.outer(weight, probability).ravel()
        reward += problem.discount**period * float(weight @ outcome.reward)
        columns, inverse = np.unique(np.array(flatten(outcome.state)), axis=1, return_inverse=True)
        weight = np.bincount(inverse.reshape(-1), weight, columns.shape[1])
    # what the shorter pipeline lacks is empty here
    place = solution.place(columns[: solution.states.shape[1]])
    return reward + problem.discount**wait * float(weight @ solution.values[0][place])


def newsvendor_bound(
    problem: Problem, distribution: Distribution, economics: Any, stock: np.ndarray
) -> np.ndarray:
    """The bound of a decision maker who sees all demand until an order arrives, and buys from the
    cheaper source.

    Each unit left is worth what it would cost to order it, so the periods part and each is a
    newsvendor's: the exact optimum for lost sales without lead time (salvage at the unit cost), a
    bound for every problem, product and distribution.

    Args:
        problem: One of the five.
        distribution: Of B products, of any kind.
        economics: NumPy ``[B]`` columns.
        stock: ``[B]`` units on hand at the start.
    """
    delay, discount = min(problem.lead_times), problem.discount
    cost = economics.unit_cost * discount ** -problem.lead_times[0]
    if isinstance(problem, DualSourcing):
        cost = np.minimum(cost, economics.expedited_cost * discount**-problem.expedited_lead_time)
    if problem.long_run and discount == 1.0:
        return _newsvendor(problem, distribution.at(len(distribution.mean) - 1), economics, cost)
    reward, left = _without_arrivals(problem, distribution, economics, stock, delay)
    reward = reward + discount**delay * cost * left
    last = problem.horizon if not problem.long_run else max(len(distribution.mean), delay + 1)
    for period in range(delay, last):
        reward = reward + discount**period * _newsvendor(
            problem, distribution.at(period), economics, cost
        )
    if problem.long_run:
        reward = reward + discount**last / (1.0 - discount) * _newsvendor(
            problem, distribution.at(last), economics, cost
        )
    return reward


def _newsvendor(
    problem: Problem, distribution: Distribution, economics: Any, cost: np.ndarray
) -> np.ndarray:
    """The best expected reward of one period, ``[B]``, if units left are worth their discounted
    cost.
    """
    step, cumulative = distribution.lattice()
    stock = np.arange(LATTICE_CELLS) * step[:, None]
    left = (
        np.concatenate([np.zeros((len(step), 1)), np.cumsum(cumulative, 1)[:, :-1]], 1)
        * step[:, None]
    )
    mean = ((1.0 - cumulative).sum(1) * step)[:, None]
    short = mean - stock + left
    money = map_columns(lambda column: np.asarray(column, dtype=float)[:, None], economics)
    onward = problem.discount * cost[:, None]
    keep = onward - money.holding_cost
    if isinstance(problem, Perishable):
        keep = np.maximum(keep, -money.outdating_cost)  # units may outdate before they are held
    sold = mean if problem.backlog else mean - short
    owed = onward * short if problem.backlog else 0.0
    profit = (
        money.price * sold
        - money.shortage_cost * short
        - owed
        + keep * left
        - cost[:, None] * stock
    )
    return profit.max(1)


def _without_arrivals(
    problem: Problem, distribution: Distribution, economics: Any, stock: np.ndarray, periods: int
) -> tuple[np.ndarray, np.ndarray]:
    """The discounted reward of the periods in which nothing can arrive, and the net inventory after
    them, ``[B]``.
    """
    reward, left, net = stock * 0.0, stock, stock * 1.0
    for period in range(periods):
        before, net = left, net - distribution.at(period).window_mean()
        step, cumulative = distribution.lattice(period + 1)
        whole = np.minimum(stock / step, LATTICE_CELLS - 1)
        under = np.concatenate([np.zeros((len(step), 1)), np.cumsum(cumulative, 1)], 1)
        rows, cell = np.arange(len(step)), np.floor(whole).astype(int)
        left = (under[rows, cell] + (whole - cell) * cumulative[rows, cell]) * step
        short = left - net
        lost = distribution.at(period).window_mean() - (before - left)
        sold = distribution.at(period).window_mean() if problem.backlog else before - left
        held = left * 0.0 if isinstance(problem, Perishable) else left
        earned = economics.price * sold - economics.holding_cost * held
        earned = earned - economics.shortage_cost * (short if problem.backlog else lost)
        reward = reward + problem.discount**period * earned
    return reward, net if problem.backlog else left
