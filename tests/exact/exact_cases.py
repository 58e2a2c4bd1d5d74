"""Products, distributions and tables that the tests of exact solutions share."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from inv_gym import Problem, Task, instance
from inv_gym.baselines.exact import Solution, follow, solve
from inv_gym.demand.distribution import Distribution
from inv_gym.demand.families import FAMILIES
from inv_gym.util.arrays import flatten, unflatten

ENDLESS: dict[str, Any] = {"long_run": True, "integer_orders": True}
AVERAGE: dict[str, Any] = {**ENDLESS, "discount": 1.0}

State = tuple[int, ...]


def distribution_of(name: str, *mean: float, dispersion: float = 0.0) -> Distribution:
    """One product, with a mean per period; the last holds on."""
    one = FAMILIES[name]
    dispersion = dispersion if one.fixed_dispersion is None else one.fixed_dispersion
    return Distribution((one,), np.zeros(1, int), np.array(mean)[:, None], np.array([dispersion]))


def economics_of(problem: Problem, **figures: float) -> Any:
    """Columns of one product; what is not given is 0."""
    return problem.Economics(
        *(np.array([float(figures.get(name, 0.0))]) for name in problem.Economics._fields)
    )


def published(name: str) -> tuple[Task, Distribution, Any]:
    """The instance, the distribution of its product, and its economics."""
    found = instance(name)
    source = found.source
    assert isinstance(source.family, str)
    distribution = distribution_of(source.family, source.mean, dispersion=source.dispersion)
    return found, distribution, economics_of(found.problem, **source.economics)


@cache
def solution_of(name: str, stock: float = 0.0) -> Solution:
    """The solution of a published instance."""
    found, distribution, economics = published(name)
    return solve(found.problem, distribution, economics, stock)


def average_of(name: str, kind: Any, **parameters: float) -> float:
    """The exact average cost of a heuristic with given parameters on a published instance."""
    found, distribution, economics = published(name)
    rule = kind(
        problem=found.problem,
        **{key: np.array([float(value)]) for key, value in parameters.items()},
    )
    return -follow(found.problem, rule, distribution, economics).average()


def excess(cost: float, name: str) -> float:
    """How far a cost lies above the optimal average cost, in %."""
    gain = solution_of(name).gain
    assert gain is not None
    return 100.0 * (cost / -gain - 1.0)


def table(solution: Solution, period: int = 0) -> dict[State, tuple[int, ...]]:
    """The orders of a period by state."""
    return {
        tuple(map(int, state)): tuple(map(int, order))
        for state, order in zip(solution.states, solution.orders[period], strict=True)
    }


def values_of(solution: Solution, period: int = 0) -> dict[State, float]:
    """The values of a period by state."""
    return {
        tuple(map(int, state)): float(value)
        for state, value in zip(solution.states, solution.values[period], strict=True)
    }


def larger(state: State, column: int) -> State:
    """The state with one unit more in a column."""
    return (*state[:column], state[column] + 1, *state[column + 1 :])


def worth(
    solution: Solution, distribution: Distribution, state: State, order: tuple[int, ...]
) -> float:
    """What an order brings in a state, by the problem's own transition and the solution's values of
    what follows.
    """
    demand = np.arange(60.0)
    mass = np.diff(distribution.cdf(demand[:, None])[:, 0], prepend=0.0)
    filled = (np.full(60, float(units)) for units in state)
    columns = unflatten(filled, solution.problem.initial_state(np.zeros(60)))
    orders = tuple(np.full(60, float(units)) for units in order)
    outcome = solution.problem.transition(columns, orders, demand, solution.model.economics)
    onward = solution.values[0][solution.place(np.array(flatten(outcome.state)))]
    return float(mass @ (outcome.reward + solution.problem.discount * onward))
