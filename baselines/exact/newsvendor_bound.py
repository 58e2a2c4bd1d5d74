"""The newsvendor bound: what a decision maker without a lead time earns."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np

from inv_gym.baselines.exact.states import check_dynamics
from inv_gym.demand.distribution import LATTICE_CELLS, Distribution
from inv_gym.problems import DualSourcing, Perishable
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import map_columns
from inv_gym.util.checks import refuse_rows


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
