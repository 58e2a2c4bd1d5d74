"""The myopic rules for lost sales with a lead time, by exact convolution (Zipkin 2008)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy.fft import next_fast_len

from inv_gym.baselines.fitting.heuristic import Heuristic, in_first_channel
from inv_gym.baselines.fitting.projection import Lattice, in_blocks, stock_columns, surplus
from inv_gym.baselines.rules.critical_ratio import critical_ratio, newsvendor_costs
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems import LostSales
from inv_gym.util.arrays import Array, like, to_numpy

TWO_PERIOD_CELLS = 128
"""Most cells of the lattice of `Myopic2`, which tries all pairs of orders on it."""
TWO_PERIOD_AMOUNT_CELLS = 64
"""The same for amounts."""
COST_ROUNDING = 1e-9
"""What sums of probabilities and costs may miss for rounding alone."""
TWO_PERIOD_ROWS = 32
"""Products at a time in `Myopic2`: what fits a core's cache."""


@dataclass(frozen=True, kw_only=True)
class Myopic(Heuristic):
    """Order the newsvendor quantity on the stock that will be on hand when the order arrives.

    The order of period t arrives in period ``t + L``. With ``X`` the stock on hand then, without
    it, and ``D`` the demand of that period, it is the smallest q with ``P(D <= X + q) >= ratio``:
    that costs least in the first period that it can matter in (Morton 1971; the one-period myopic
    policy of Zipkin 2008). The distribution of X is worked out exactly on whole units. Whole where
    stock and demand are.

    Attributes:
        distribution: Of demand from now on.
        ratio: The probability of no shortage in period ``t + L``.
    """

    problem: LostSales
    distribution: Distribution
    ratio: Array

    @classmethod
    def closed_form(cls, problem: LostSales, distribution: Distribution, economics: Any) -> Self:
        """At the critical ratio."""
        ratio = critical_ratio(problem, economics)
        return cls(problem=problem, distribution=distribution, ratio=ratio)

    @cached_property
    def _lattice(self) -> Lattice:
        return Lattice.of(self.distribution, self.problem.lead_time + 1)

    def __call__(self, observation: Observation) -> Array:
        columns = stock_columns(observation.state)
        ratio = np.broadcast_to(np.asarray(to_numpy(self.ratio), dtype=float), columns[0].shape)
        quantity = in_blocks(self._orders, self._lattice, ratio, *columns)
        return in_first_channel(like(quantity, observation.scale), 1)

    def _orders(self, lattice: Lattice, ratio: np.ndarray, *columns: np.ndarray) -> np.ndarray:
        """Orders ``[B]`` from the stock on hand and what comes in."""
        stock = lattice.ahead(columns) if self.problem.lead_time else lattice.at(columns[0])
        need = surplus(lattice.masses[-1], stock)
        return lattice.quantile(need, ratio)


@dataclass(frozen=True, kw_only=True)
class Myopic2(Heuristic):
    """Order what costs least in the two periods that follow the order's arrival.

    The two-period myopic policy of Zipkin (2008). With the newsvendor's costs, ``c(y)`` the
    expected cost of a period that begins with y units, X the stock on hand in period ``t + L``
    without the order, and Y that of the next period without the order of period t + 1, it is the
    smallest q that is best for::

        E c(X + q)  +  g E min over q' of E[c(Y + q') | demand of period t]

    where q' is the next order, which sees the demand of period t but not what follows, and g the
    discount. Whole units are exact if `TWO_PERIOD_CELLS` hold the demand of ``L + 2`` periods;
    other products are on a coarser lattice, between whose steps the best order is interpolated.

    Attributes:
        distribution: Of demand from now on.
        holding_cost: h, money per unit left.
        lost_cost: p, money per unit lost.

    Raises:
        ValueError: There is no lead time: then the rule is the base-stock policy.
    """

    problem: LostSales
    distribution: Distribution
    holding_cost: Array
    lost_cost: Array

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.problem.lead_time == 0:
            raise ValueError("lead_time must be at least 1 for Myopic2, got 0: use BaseStock.")

    @classmethod
    def closed_form(cls, problem: LostSales, distribution: Distribution, economics: Any) -> Self:
        """At the newsvendor's costs."""
        overage, underage = newsvendor_costs(problem, economics)
        return cls(
            problem=problem, distribution=distribution, holding_cost=overage, lost_cost=underage
        )

    @cached_property
    def _lattice(self) -> Lattice:
        periods = self.problem.lead_time + 2
        return Lattice.of(self.distribution, periods, TWO_PERIOD_CELLS, TWO_PERIOD_AMOUNT_CELLS)

    def __call__(self, observation: Observation) -> Array:
        columns = stock_columns(observation.state)
        number = len(columns[0])
        costs = [
            np.broadcast_to(np.asarray(to_numpy(cost), dtype=float), (number,))
            for cost in (self.holding_cost, self.lost_cost)
        ]
        quantity = in_blocks(self._orders, self._lattice, *costs, *columns, rows=TWO_PERIOD_ROWS)
        return in_first_channel(like(quantity, observation.scale), 1)

    def _orders(
        self, lattice: Lattice, held: np.ndarray, lost: np.ndarray, *columns: np.ndarray
    ) -> np.ndarray:
        """Orders ``[B]`` from the costs of a unit, the stock on hand and what comes in."""
        arrival = lattice.masses[self.problem.lead_time]
        after = lattice.masses[self.problem.lead_time + 1]
        # beyond the newsvendor's quantity nothing pays, now or next
        ratio = lost / np.maximum(lost + held, np.finfo(float).tiny)
        # (one order more, so that the best one has neighbours in any batch)
        orders, replies = _newsvendor_steps(arrival, ratio) + 1, _newsvendor_steps(after, ratio)
        first = _period_costs(arrival, held, lost, orders - 1)
        second = _period_costs(after, held, lost, orders + replies - 2)

        # what is on hand on arrival, for each outcome of today's demand
        branches = _branches(lattice, columns)
        stock = branches.stock_on_arrival(lattice)

        # the cost of each order in the period of its arrival, and in the next under the best reply
        windows = np.lib.stride_tricks.sliding_window_view(first, orders, 1)[branches.row]
        at_once = branches.mean(np.einsum("rn,rnq->rq", stock, windows))
        later = _under_best_replies(stock, arrival[branches.row], second[branches.row], orders)
        total = at_once + self.problem.discount * branches.mean(later)
        return _cheapest(total, lattice)


@dataclass(frozen=True, eq=False)
class _Branches:
    """What today's demand may leave of the stock on hand: a row per outcome.

    Attributes:
        row: ``[R]`` which product it is of, ascending.
        chance: ``[R]``.
        left: ``[R]`` units left.
        pipeline: ``[R]`` units each, what comes in after today and after each period.
        number: How many products there are.
    """

    row: np.ndarray
    chance: np.ndarray
    left: np.ndarray
    pipeline: list[np.ndarray]
    number: int

    def stock_on_arrival(self, lattice: Lattice) -> np.ndarray:
        """The chances ``[R, N]`` of the stock on hand when an order placed today arrives."""
        split = lattice.rows(self.row)
        if not self.pipeline:
            return split.at(self.left)
        tomorrow, *rest = self.pipeline
        return split.ahead([self.left + tomorrow, *rest], 1)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """The expected value ``[B, Q]`` of values ``[R, Q]``."""
        first = np.searchsorted(self.row, np.arange(self.number))
        return np.add.reduceat(self.chance[:, None] * values, first, 0)


def _branches(lattice: Lattice, columns: Sequence[np.ndarray]) -> _Branches:
    """The outcomes of today's demand: each number of steps below the stock, and all above."""
    on_hand, *pipeline = columns
    on_hand = np.minimum(on_hand, lattice.reach)
    number = len(on_hand)
    outcomes = np.ceil(on_hand / lattice.step - COST_ROUNDING).astype(int) + 1
    row = np.repeat(np.arange(number), outcomes)
    last = np.cumsum(outcomes) - 1
    demand = np.arange(len(row)) - (last - outcomes + 1)[row]
    left = np.maximum(on_hand[row] - demand * lattice.step[row], 0.0)
    chance = lattice.masses[0][row, demand]
    # the last outcome of a product stands for all larger demands
    left[last] = 0.0
    chance[last] = 0.0
    chance[last] = 1.0 - np.add.reduceat(chance, last - outcomes + 1)
    return _Branches(row, chance, left, [column[row] for column in pipeline], number)


def _newsvendor_steps(mass: np.ndarray, ratio: np.ndarray) -> int:
    """How many orders 0, 1, ... steps reach the newsvendor's quantity of every product."""
    reached = np.cumsum(mass, 1) >= ratio[:, None] - COST_ROUNDING
    reached[:, -1] = True
    return int(reached.argmax(1).max()) + 1


def _period_costs(mass: np.ndarray, held: np.ndarray, lost: np.ndarray, beyond: int) -> np.ndarray:
    """The expected cost ``[B, N + beyond]`` of a period that begins with 0, 1, ... steps."""
    cumulative = np.cumsum(np.pad(mass, ((0, 0), (0, beyond))), 1)
    left = np.cumsum(cumulative, 1) - cumulative
    mean = (1.0 - cumulative).sum(1)[:, None]
    short = mean - np.arange(cumulative.shape[1]) + left
    return held[:, None] * left + lost[:, None] * short


def _under_best_replies(
    stock: np.ndarray, mass: np.ndarray, cost: np.ndarray, orders: int
) -> np.ndarray:
    """The cost ``[R, Q]`` of the period after the arrival of each order, under the best next order.

    Args:
        stock: ``[R, N]`` chances of the stock on arrival, without the order.
        mass: ``[R, N]`` chances of the demand of that period.
        cost: ``[R, M]`` expected cost of the next period, by the steps that it begins with.
        orders: Q, the orders 0, 1, ... steps.
    """
    number = stock.shape[1]
    # z: stock less demand, without the order; from -(Q - 1) to N - 1
    size = next_fast_len(2 * number, True)
    product = np.fft.rfft(stock, size) * np.fft.rfft(mass, size).conj()
    circle = np.fft.irfft(product, size)
    difference = np.concatenate([circle[:, size - orders + 1 :], circle[:, :number]], 1)

    # cost[z + s] for every z, and every sum s of the order and the next one
    shifted = np.pad(cost, ((0, 0), (orders - 1, 0)))
    sums = shifted.shape[1] - difference.shape[1] + 1
    windows = np.lib.stride_tricks.sliding_window_view(shifted, sums, 1)

    # with an order q something is left where z > -q; otherwise the next period begins with nothing
    some = np.einsum("rz,rzs->rs", difference[:, orders:], windows[:, orders:])
    chance = difference[:, orders:].sum(1)
    best = np.empty((len(stock), orders))
    for order in range(orders):
        if order:
            z = orders - order
            some = some + difference[:, [z]] * windows[:, z]
            chance = chance + difference[:, z]
        replies = sums - order
        total = some[:, order:] + (1.0 - chance)[:, None] * cost[:, :replies]
        best[:, order] = total.min(1)
    return best


def _cheapest(total: np.ndarray, lattice: Lattice) -> np.ndarray:
    """The order ``[B]`` in units from the cost ``[B, Q]`` of each number of steps; between steps
    the cost is taken to be a parabola.
    """
    least = total.min(1, keepdims=True)
    cell = (total <= least + COST_ROUNDING * np.maximum(np.abs(least), 1.0)).argmax(1)
    rows = np.arange(len(cell))
    inner = np.clip(cell, 1, max(total.shape[1] - 2, 1))
    below, middle, above = (
        total[rows, np.clip(inner + offset, 0, total.shape[1] - 1)] for offset in (-1, 0, 1)
    )
    curvature = np.maximum(below - 2.0 * middle + above, np.finfo(float).tiny)
    vertex = np.clip(0.5 * (below - above) / curvature, -0.5, 0.5)
    units = np.maximum(np.where(cell == inner, cell + vertex, cell), 0.0) * lattice.step
    whole = np.where(lattice.step == 1.0, cell, np.rint(units))
    return np.where(lattice.integer, whole, units)
