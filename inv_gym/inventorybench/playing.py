"""The benchmark's game: order, arrivals due now, demand, sales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inv_gym.inventorybench.arrivals import Outstanding, Transit
from inv_gym.inventorybench.instances import RANDOM, Instance, groups
from inv_gym.play.orders import taken
from inv_gym.play.policy import Observation, Policy, planned
from inv_gym.problems.lost_sales import LostSales, LostSalesEconomics, LostSalesState
from inv_gym.products.batch import HISTORY, Products

ROUNDING_ROOM = 1e-9
"""What an order may lie below a whole number for rounding alone."""


@dataclass(frozen=True, eq=False)
class Played:
    """What a policy did on one instance.

    Attributes:
        instance: What was played.
        orders: ``[T]`` units, whole.
        reward: Money in all.
    """

    instance: Instance
    orders: np.ndarray
    reward: float

    @property
    def score(self) -> float:
        """The board's: the reward over the perfect one, at least 0; 0 without demand."""
        perfect = self.instance.perfect
        return max(0.0, self.reward / perfect) if perfect > 0.0 else 0.0


def problem_of(instances: list[Instance]) -> LostSales:
    """What policies take a setting's instances for: lost sales with the promised lead time."""
    first = instances[0]
    return LostSales(lead_time=first.promised_lead_time, horizon=len(first.demand), discount=1.0)


def play_instances(instances: list[Instance], policies: dict[str, Policy]) -> list[Played]:
    """Play every instance with the policy of its setting.

    Args:
        instances: In any order.
        policies: By setting.

    Raises:
        ValueError: A setting has no policy, or one that was made for another problem, or its
            orders are not valid.
    """
    played: list[Played | None] = [None] * len(instances)
    for places in groups(instances):
        together = [instances[place] for place in places]
        setting = together[0].setting
        if setting not in policies:
            raise ValueError(
                f"there is no policy for {setting}: give one for each of the settings that are "
                "played."
            )
        for place, result in zip(places, _play(together, policies[setting]), strict=True):
            played[place] = result
    return [result for result in played if result is not None]


def _play(instances: list[Instance], policy: Policy) -> list[Played]:
    """Play instances of one setting and as many periods, side by side."""
    problem = problem_of(instances)
    products = products_of(instances, problem)
    ready = planned(policy, problem, products.apart())
    game = _Game(instances)
    for period in range(problem.horizon):
        observation = observed(products, problem, period, game.state(problem))
        shape = (len(instances), 1)
        order = taken(game.seen_by(ready)(observation), shape, products.demand, policy, "")
        # the board cuts orders to whole numbers
        game.step(np.floor(np.asarray(order)[:, 0] + ROUNDING_ROOM))
    orders = np.stack(game.orders, 1)
    return [
        Played(instance, orders[row], float(game.reward[row]))
        for row, instance in enumerate(instances)
    ]


def products_of(instances: list[Instance], problem: LostSales) -> Products:
    """The instances as products, with a history of the demands that are known."""
    number = len(instances)
    demand = np.full((HISTORY + problem.horizon, number), np.nan)
    for row, instance in enumerate(instances):
        known = instance.known[-HISTORY:]
        demand[HISTORY - len(known) : HISTORY, row] = known
        demand[HISTORY:, row] = instance.demand
    profit, holding = (
        np.array([getattr(instance, name) for instance in instances])
        for name in ("profit", "holding_cost")
    )
    nothing = np.zeros(number)
    return Products(
        LostSalesEconomics(profit, nothing, holding, nothing, nothing),
        demand,
        np.maximum(np.nanmean(demand[:HISTORY], 0), 1.0 / HISTORY),
        problem.initial_state(nothing),
        None,
        None,
        structure=problem.structure,
        known_periods=np.array([float(min(len(i.known), HISTORY)) for i in instances]),
    )


def observed(
    products: Products, problem: LostSales, period: int, state: LostSalesState
) -> Observation:
    """What a policy sees in a period."""
    history = products.demand[period : period + HISTORY].copy()
    known: Any = (~np.isnan(history)).sum(0).astype(float)
    return Observation(state, history, products.economics, products.scale, None, period, known)


class _Game:
    """The stock of instances of one setting."""

    def __init__(self, instances: list[Instance]) -> None:
        number = len(instances)
        self.demand = np.stack([instance.demand for instance in instances], 1)
        self.lead_times = np.stack([instance.lead_times for instance in instances], 1)
        self.profit = np.array([instance.profit for instance in instances])
        self.holding = np.array([instance.holding_cost for instance in instances])
        self.random = instances[0].setting == RANDOM
        self.promised = instances[0].promised_lead_time
        self.outstanding = [Outstanding(self.promised) for _ in instances]
        self.on_hand, self.reward = np.zeros((2, number))
        self.due = np.zeros((len(self.demand) + 1, number))
        """Units that arrive in each period; the last row is of what comes after the end."""
        self.period = 0
        self.orders: list[np.ndarray] = []

    def state(self, problem: LostSales) -> LostSalesState:
        """What policies see: the stock with what is due now, and what is due later; in the random
        setting as it is expected.
        """
        columns = max(problem.lead_time, 1)
        ahead = self._expected(columns) if self.random else self._known(columns)
        return LostSalesState(self.on_hand + ahead[0], tuple(ahead[1:]))

    def seen_by(self, policy: Policy) -> Policy:
        """The policy of this period. In the random setting, one that has a method
        ``seeing(transit)`` is told of the single orders by it.
        """
        seeing = getattr(policy, "seeing", None)
        return seeing(self.transit()) if self.random and seeing is not None else policy

    def transit(self) -> Transit:
        """What is known of single orders."""
        by_age = np.stack([orders.by_age(self.period) for orders in self.outstanding], 1)
        arrived = np.stack([orders.by_lead_time() for orders in self.outstanding], 1)
        lost = np.array([orders.lost for orders in self.outstanding])
        return Transit(self.on_hand.copy(), by_age, arrived, lost)

    def _known(self, columns: int) -> np.ndarray:
        """``[columns, N]`` units due now and in the periods after it."""
        ahead = np.zeros((columns, len(self.on_hand)))
        rows = self.due[self.period : len(self.demand)][:columns]
        ahead[: len(rows)] = rows
        return ahead

    def _expected(self, columns: int) -> np.ndarray:
        parts = [orders.expected(self.period, columns) for orders in self.outstanding]
        return np.stack(parts, 1)

    def step(self, order: np.ndarray) -> None:
        """Order, receive what is due now, sell."""
        period, last = self.period, len(self.demand)
        arrival = period + self.lead_times[period]
        # an order that arrives after the end, or never, is in the last row or nowhere
        lost = np.isinf(arrival)
        place = np.where(lost, last, np.minimum(arrival, last)).astype(int)
        rows = np.arange(len(order))
        self.due[place, rows] += np.where(lost, 0.0, order)
        arriving = self.due[period]
        in_transit = self.due[period:].sum(0)
        if self.random:
            for row, orders in enumerate(self.outstanding):
                orders.ordered(period, order[row], in_transit[row])
                orders.arrived(period, arriving[row])
        available = self.on_hand + arriving
        sales = np.minimum(available, self.demand[period])
        self.on_hand = available - sales
        self.reward = self.reward + self.profit * sales - self.holding * self.on_hand
        self.orders.append(order)
        self.period += 1
