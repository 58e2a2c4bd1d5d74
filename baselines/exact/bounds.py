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
from inv_gym.baselines.exact.dynamic_program import Solution, solve
from inv_gym.baselines.exact.limits import OutOfReachError, one_product
from inv_gym.baselines.exact.states import check_dynamics
from inv_gym.demand.distribution import LATTICE_CELLS, Distribution
from inv_gym.problems import DualSourcing, Perishable
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, map_columns, unflatten
from inv_gym.util.checks import real, refuse_rows, whole

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


@singledispatch
def _landed_cost(problem: Any, economics: Any) -> np.ndarray:
    """What a unit of the cheaper source costs, with interest until it arrives, ``[B]``."""
    return economics.unit_cost * problem.discount ** -problem.lead_times[0]


@_landed_cost.register
def _(problem: DualSourcing, economics: Any) -> np.ndarray:
    regular = economics.regular_cost * problem.discount**-problem.regular_lead_time
    expedited = economics.expedited_cost * problem.discount**-problem.expedited_lead_time
    return np.minimum(regular, expedited)


@singledispatch
def _worth_left(problem: Any, economics: Any, onward: np.ndarray) -> np.ndarray:
    """The most that a unit left at the end of a period is worth, if it is worth `onward` later."""
    return onward - economics.holding_cost


@_worth_left.register
def _(problem: Perishable, economics: Any, onward: np.ndarray) -> np.ndarray:
    # units may outdate before they are held
    return np.maximum(onward - economics.holding_cost, -economics.outdating_cost)


@singledispatch
def _surely_held(problem: Any, left: np.ndarray) -> np.ndarray:
    """The units that are sure to be charged for among those left at the end of a period."""
    return left


@_surely_held.register
def _(problem: Perishable, left: np.ndarray) -> np.ndarray:
    return left * 0.0  # all may have outdated


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
        stock: ``[B]`` units on hand at the start, at least 0.

    Raises:
        ValueError: The dynamics are not those of the five problems, the economics have no finite
            optimum, the stock is negative, or these are of another number of products.
    """
    check_dynamics(problem)
    problem.check_economics(economics)
    stock = _stock_column(stock, distribution, economics)
    delay, discount = min(problem.lead_times), problem.discount
    cost = _landed_cost(problem, economics)
    if problem.long_run and discount == 1.0:
        return _newsvendor(problem, distribution.at(len(distribution.mean) - 1), economics, cost)
    # what is earned before anything can arrive, and what the stock then saves in orders
    reward, left = _without_arrivals(problem, distribution, economics, stock, delay)
    reward = reward + discount**delay * cost * left
    # the periods after that, each by itself
    last = problem.horizon if not problem.long_run else max(len(distribution.mean), delay + 1)
    for period in range(delay, last):
        reward = reward + discount**period * _newsvendor(
            problem, distribution.at(period), economics, cost
        )
    # without an end, all later periods are like the last
    if problem.long_run:
        reward = reward + discount**last / (1.0 - discount) * _newsvendor(
            problem, distribution.at(last), economics, cost
        )
    return reward


def _stock_column(stock: Any, distribution: Distribution, economics: Any) -> np.ndarray:
    """The stock ``[B]``, after a check that all is of as many products."""
    batch = len(distribution.dispersion)
    for column in (*economics, stock):
        if np.size(column) not in (1, batch):
            raise ValueError(
                f"newsvendor_bound takes columns of as many products as the distribution has "
                f"({batch}), got {np.size(column)}."
            )
    column = np.broadcast_to(np.asarray(stock, dtype=float), (batch,))
    bad = ~np.isfinite(column) | (column < 0.0)
    refuse_rows("stock must be finite and at least 0, got {}.", bad, column)
    return column


def _newsvendor(
    problem: Problem, distribution: Distribution, economics: Any, cost: np.ndarray
) -> np.ndarray:
    """The best expected reward of one period, ``[B]``, if units left are worth their discounted
    cost.
    """
    # every stock on the lattice, ``[B, LATTICE_CELLS]``: what is left, and short, on average
    step, cumulative = distribution.lattice()
    stock = np.arange(LATTICE_CELLS) * step[:, None]
    left = (
        np.concatenate([np.zeros((len(step), 1)), np.cumsum(cumulative, 1)[:, :-1]], 1)
        * step[:, None]
    )
    mean = ((1.0 - cumulative).sum(1) * step)[:, None]
    short = mean - stock + left
    # what a unit left, and one owed, are worth
    money = map_columns(lambda column: np.asarray(column, dtype=float).reshape(-1, 1), economics)
    onward = problem.discount * cost[:, None]
    keep = _worth_left(problem, money, onward)
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
        before = left
        demand = distribution.at(period).window_mean()
        net = net - demand
        # what is expected to be left of the stock after all demand until now, on the lattice
        step, cumulative = distribution.lattice(period + 1)
        cells = np.minimum(stock / step, LATTICE_CELLS - 1)
        under = np.concatenate([np.zeros((len(step), 1)), np.cumsum(cumulative, 1)], 1)
        rows, cell = np.arange(len(step)), np.floor(cells).astype(int)
        left = (under[rows, cell] + (cells - cell) * cumulative[rows, cell]) * step
        # sales, shortages and holding of the period
        sold = demand if problem.backlog else before - left
        missed = left - net if problem.backlog else demand - (before - left)
        earned = economics.price * sold
        earned = earned - economics.holding_cost * _surely_held(problem, left)
        earned = earned - economics.shortage_cost * missed
        reward = reward + problem.discount**period * earned
    return reward, net if problem.backlog else left
