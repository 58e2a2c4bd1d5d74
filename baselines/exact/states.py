"""Which states and orders of a problem an exact solution needs: the smallest sets that hold an
optimal policy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np

from inv_gym.baselines.exact.limits import TooLargeError
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.baselines.rules.vector_base_stock import VectorBaseStock
from inv_gym.demand.distribution import Distribution
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.problem import Problem

MOST_ORDERS = 1_000_000
"""Most pairs of a regular and an expedited order that are tried in a state."""
DYNAMICS = ("transition", "initial_state", "salvage", "admissible", "lead_times", "order_names")
"""What a problem's class must have from the class whose states are registered."""
DEEPEST = np.array([1.0 - 1e-9])
"""Probability of the demand that backlog is followed down to."""


@dataclass(frozen=True)
class StateSpace:
    """Whole-number states within bounds, and the orders tried.

    An order is allowed if a period without demand leads to a state of the space.

    Attributes:
        low: ``[C]`` least value of each column of the state, units.
        high: ``[C]`` largest.
        now: ``[A, K]`` the orders of the channels without lead time.
        later: ``[A', K]`` the orders of the channels with one.
        admissible: Which of the states ``[S, C]`` within the bounds belong to the space; all if
            None.
        edge_order: ``[K]`` orders that an optimal policy must stay below for the space to be wide
            enough; infinite where no order is cut off.
    """

    low: np.ndarray
    high: np.ndarray
    now: np.ndarray
    later: np.ndarray
    admissible: Callable[[np.ndarray], np.ndarray] | None = None
    edge_order: np.ndarray = field(default_factory=lambda: np.array([np.inf]))


@singledispatch
def state_space(
    problem: Problem, distribution: Distribution, economics: Any, stock: float, growth: float
) -> StateSpace:
    """The space for one product.

    Register that of a problem of your own with ``@state_space.register``.

    Args:
        problem: Its class decides.
        distribution: Of one product.
        economics: NamedTuple of ``[1]`` columns.
        stock: Most units on hand at the start, a whole number.
        growth: Factor on the bounds that were found too narrow.

    Raises:
        ValueError: No space is registered for problems of this class.
    """
    raise ValueError(_unknown(problem))


def registered_space(
    problem: Problem, distribution: Distribution, economics: Any, stock: float, growth: float
) -> StateSpace:
    """As `state_space`, for problems whose dynamics are those of the class that is registered.

    Raises:
        ValueError: As `check_dynamics`.
    """
    check_dynamics(problem)
    return state_space(problem, distribution, economics, np.ceil(stock), growth)


def check_dynamics(problem: Problem) -> None:
    """Check that the dynamics of a problem are those of the class whose states are registered.

    A subclass may add fields and figures. One that plays differently must register its own states,
    as the bounds of its parent class need not hold.

    Raises:
        ValueError: No class is registered, or the problem's own class changes how it is played.
    """
    kind = next(kind for kind in type(problem).__mro__ if kind in state_space.registry)
    if kind is object:
        raise ValueError(_unknown(problem))
    changed = [name for name in DYNAMICS if _differs(type(problem), kind, name)]
    if changed:
        raise ValueError(
            f"{_unknown(problem)} (Its {', '.join(changed)} differs from that of {kind.__name__}.)"
        )


def _differs(kind: type, parent: type, name: str) -> bool:
    return getattr(kind, name) is not getattr(parent, name)


def _unknown(problem: Problem) -> str:
    known = ", ".join(kind.__name__ for kind in state_space.registry if kind is not object)
    return (
        f"no exact solution is known for {type(problem).__name__}; known: {known}. Register its "
        "states with inv_gym.baselines.exact.states.state_space.register."
    )


def _orders(problem: Problem, channel: int, most: float) -> np.ndarray:
    """``[A, K]``: 0 .. most units in one channel, nothing in the others, within the
    problem's cap.
    """
    quantities = np.arange(most + 1.0)
    orders = np.zeros((len(quantities), problem.order_dim))
    orders[:, channel] = quantities
    accepted = np.stack(problem.admissible(tuple(orders.T)), 1)
    return orders[(accepted == orders).all(1)]


def _edge(problem: Problem, orders: np.ndarray, channel: int) -> np.ndarray:
    """The largest orders tried, if the problem would accept larger ones."""
    edge = np.full(problem.order_dim, np.inf)
    most = orders[:, channel].max()
    if problem.order_cap is None or most + 1.0 <= problem.order_cap:
        edge[channel] = most
    return edge


def _highest(distribution: Distribution, level: Callable[[Distribution], Any]) -> float:
    """The highest level of all periods."""
    return max(
        float(np.asarray(level(distribution.at(period))).max())
        for period in range(len(distribution.mean))
    )


@state_space.register
def _lost_sales(
    problem: LostSales, distribution: Distribution, economics: Any, stock: float, growth: float
) -> StateSpace:
    """Every optimal order keeps each partial position at most at Morton's level (Zipkin 2008):
    nothing is cut off.
    """
    by_period = [
        VectorBaseStock.closed_form(problem, distribution.at(t), economics).levels
        for t in range(len(distribution.mean))
    ]
    levels = [max(float(level[0]) for level in column) for column in zip(*by_period, strict=True)]
    none = np.zeros((1, 1))
    top = max(levels[0], stock)
    if problem.lead_time == 0:
        return StateSpace(np.zeros(1), np.array([top]), _orders(problem, 0, top), none)
    # after an order, v_0 is at most S_0 and v_l at most S_{l+1}; no order exceeds S_L
    bounds = np.array([top, *levels[2:]])

    def admissible(states: np.ndarray) -> np.ndarray:
        return np.all(states[:, ::-1].cumsum(1)[:, ::-1] <= bounds, axis=1)

    later = _orders(problem, 0, levels[-1])
    high = np.array([top] + [later.max()] * (problem.lead_time - 1))
    return StateSpace(np.zeros(len(high)), high, none, later, admissible)


@state_space.register
def _perishable(
    problem: Perishable, distribution: Distribution, economics: Any, stock: float, growth: float
) -> StateSpace:
    """Each age class up to the largest order tried, which starts from the newsvendor quantity."""
    quantity = _highest(
        distribution, lambda period: period.quantile(critical_ratio(problem, economics))
    )
    orders, none = _orders(problem, 0, np.ceil(growth * (quantity + 1.0))), np.zeros((1, 1))
    ages = problem.shelf_life - (problem.lead_time == 0)
    on_order = max(problem.lead_time - 1, 0)
    most = orders.max()
    high = np.array([max(most, stock)] * ages + [most] * on_order)
    now, later = (orders, none) if problem.lead_time == 0 else (none, orders)
    return StateSpace(np.zeros(len(high)), high, now, later, None, _edge(problem, orders, 0))


@state_space.register
def _dual_sourcing(
    problem: DualSourcing, distribution: Distribution, economics: Any, stock: float, growth: float
) -> StateSpace:
    """Expediting up to what is best if it costs no more; regular orders up to the level of the
    regular source alone.
    """
    regular, expedited = problem.lead_times
    ratio = critical_ratio(problem, economics)
    free = economics.shortage_cost + (0.0 if problem.backlog else economics.price)
    surge = _highest(
        distribution,
        lambda period: period.quantile(free / (free + economics.holding_cost), expedited + 1),
    )
    position = max(
        _highest(distribution, lambda period: period.quantile(ratio, regular + 1)), surge, stock
    )
    depth = (
        _highest(distribution, lambda period: period.quantile(DEEPEST, expedited + 1))
        if problem.backlog
        else 0.0
    )
    low = -np.ceil(growth * depth)
    most = np.ceil(
        growth * _highest(distribution, lambda period: period.quantile(np.array([0.99])))
    )
    slow, fast = _orders(problem, 0, most), _orders(problem, 1, surge - low)
    if expedited == 0:
        now, later = fast, slow
    else:
        if len(slow) * len(fast) > MOST_ORDERS:
            raise TooLargeError(
                f"the exact solution tries at most {MOST_ORDERS:,} pairs of orders, got "
                f"{len(slow):,} regular and {len(fast):,} expedited ones: take a smaller mean, or "
                "use inv_gym.baselines.exact.upper_bound."
            )
        now, later = np.zeros((1, 2)), (slow[:, None] + fast[None]).reshape(-1, 2)
    pipeline = np.full(regular - 1, slow.max())
    pipeline[: max(expedited - 1, 0)] += fast.max()
    high = np.concatenate([[position], np.minimum(pipeline, position - low)])

    def admissible(states: np.ndarray) -> np.ndarray:
        return np.less_equal(states.sum(1), position)

    least = np.array([low] + [0.0] * (regular - 1))
    return StateSpace(least, high, now, later, admissible, _edge(problem, slow, 0))


@state_space.register
def _procurement_removal(
    problem: ProcurementRemoval,
    distribution: Distribution,
    economics: Any,
    stock: float,
    growth: float,
) -> StateSpace:
    """Nothing is ordered beyond the newsvendor level, since a unit left over is worth its unit cost
    at most.
    """
    top = max(
        _highest(distribution, lambda period: period.quantile(critical_ratio(problem, economics))),
        stock,
    )
    depth = (
        np.ceil(growth * _highest(distribution, lambda period: period.quantile(DEEPEST)))
        if problem.backlog
        else 0.0
    )
    orders, removals = _orders(problem, 0, top + depth), _orders(problem, 1, top)
    now = np.concatenate([orders, removals[1:]])  # never both: removing what is ordered loses money
    return StateSpace(np.array([-depth]), np.array([top]), now, np.zeros((1, 2)))
