"""How far stock reaches: shortage until the next arrival, on paths of demand."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from inv_gym.advice.limits import bringing
from inv_gym.baselines.fitting.fitting import known_distribution
from inv_gym.baselines.fitting.scenarios import SCENARIO_PATHS, demand_scenarios
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.util.arrays import Columns, map_columns

PATH_PRODUCTS = 256
"""Products whose paths are played at once."""


class Coverage(NamedTuple):
    """Shortage of B products until the next arrival."""

    periods: np.ndarray
    """``[B]`` from today to the next arrival."""
    stockout_probability: np.ndarray
    """``[B]`` that some demand is not met before it."""
    fill_rate: np.ndarray
    """``[B]`` expected sales over expected demand before it."""


def coverage(problem: Problem, products: Products, order: Columns) -> Coverage:
    """Play today's orders until the next arrival, on equally likely paths of the demand that the
    history suggests.

    The next arrival is the first of what is on order, today's orders among it, that comes after
    today; if there is none, it is that of an order of tomorrow.

    Args:
        problem: What happens in a period.
        products: With their stock as the initial state.
        order: ``[B]`` units per channel.
    """
    parts = []
    for first in range(0, products.batch, PATH_PRODUCTS):
        rows = slice(first, first + PATH_PRODUCTS)
        parts.append(_played(problem, products.rows(rows), tuple(x[rows] for x in order)))
    return Coverage(*map(np.concatenate, zip(*parts, strict=True)))


def periods_to_arrival(problem: Problem, state: Any, order: Columns) -> np.ndarray:
    """Periods ``[B]`` from today to the next arrival, at least 1."""
    longest = max(problem.lead_times)
    arriving = np.zeros((longest + 2, len(order[0])))
    for wait, units in enumerate(getattr(state, "pipeline", ()), 1):
        arriving[wait] += units
    for channel in bringing(problem):
        arriving[problem.lead_times[channel]] += order[channel]
    # an order of tomorrow
    arriving[min(problem.lead_times[channel] for channel in bringing(problem)) + 1] += 1.0
    return (arriving[1:] > 0.0).argmax(0) + 1


def _played(problem: Problem, products: Products, order: Columns) -> Coverage:
    """The same of a few products."""
    periods = periods_to_arrival(problem, products.initial_state, order)
    paths = demand_scenarios(known_distribution("history", products), int(periods.max()))

    # every product once for each path
    def on_paths(tree: Any) -> Any:
        return map_columns(lambda column: np.repeat(column, SCENARIO_PATHS), tree)

    state, economics = on_paths(products.initial_state), on_paths(products.economics)
    orders = [on_paths(order), on_paths(tuple(column * 0.0 for column in order))]
    is_short = np.zeros(products.batch * SCENARIO_PATHS, bool)
    sales, demand = np.zeros(products.batch), np.zeros(products.batch)
    for period, path in enumerate(paths):
        units = path.ravel().astype(np.float64)
        outcome = problem.transition(state, orders[min(period, 1)], units, economics)
        state, counts = outcome.state, period < periods
        is_short |= np.repeat(counts, SCENARIO_PATHS) & (outcome.flows.shortage > 0.0)
        sales += np.where(counts, _by_product(outcome.flows.sales), 0.0)
        demand += np.where(counts, _by_product(units), 0.0)
    with np.errstate(invalid="ignore"):
        fill_rate = np.where(demand > 0.0, sales / demand, 1.0)
    return Coverage(periods, _by_product(is_short) / SCENARIO_PATHS, fill_rate)


def _by_product(values: np.ndarray) -> np.ndarray:
    """Sums over the paths of each product, ``[B]``."""
    return values.reshape(-1, SCENARIO_PATHS).sum(1)
