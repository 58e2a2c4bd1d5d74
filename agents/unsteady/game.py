"""The game in which a network learns: orders, arrivals, demand, sales, with gradients."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from inv_gym.agents.unsteady.histories import LEAST_SCALE, LONGEST, Histories
from inv_gym.agents.unsteady.network import AGES, UnsteadyNetwork
from inv_gym.problems.lost_sales import LostSales
from inv_gym.products.batch import HISTORY
from inv_gym.products.sources import ProductSource
from inv_gym.products.unsteady import KNOWN_DEMANDS

COST_RATIOS = (0.8, 25.0)
"""Between which profit over holding cost is drawn, evenly on a log scale (our choice)."""
CONCENTRATION, MOST_LOST = 2.0, 0.4
"""Of the Dirichlet law of lead times 1 to `AGES`, and the largest share of lost orders."""
LEAST_SOLD = 0.05
"""Of the demand that the first five promise, at least this share counts as the perfect one: a game
whose demand ends at once would count without bounds.
"""
NEVER = AGES + 1
"""The lead time of a lost order."""


class Games(NamedTuple):
    """B games of T periods."""

    demand: Tensor
    """``[5 + T, B]`` units."""
    ratio: Tensor
    """``[B]`` profit over holding cost."""
    lead_times: Tensor
    """``[T, B]`` of the order of each period; `NEVER` where it is drawn and is lost."""


def draw_games(
    source: ProductSource, rng: np.random.Generator, number: int, lead_time: int | None
) -> Games:
    """Games with made-up products.

    Args:
        source: Of products; their last five demands before the start are known.
        rng: What draws.
        number: B.
        lead_time: Of every order; None draws one for each.
    """
    products = source.sample(rng, number, LostSales(horizon=LONGEST, discount=1.0))
    low, high = (math.log(ratio) for ratio in COST_RATIOS)
    ratio = np.exp(rng.uniform(low, high, number))
    if lead_time is None:
        lead_times = _drawn_lead_times(rng, number)
    else:
        lead_times = np.full((LONGEST, number), lead_time)
    demand = torch.as_tensor(products.demand[HISTORY - KNOWN_DEMANDS :], dtype=torch.float32)
    ratio_column = torch.as_tensor(ratio, dtype=torch.float32)
    return Games(demand, ratio_column, torch.as_tensor(lead_times))


def _drawn_lead_times(rng: np.random.Generator, number: int) -> np.ndarray:
    """``[T, B]`` by a law of each product's own."""
    law = rng.dirichlet([CONCENTRATION] * AGES, number)
    law *= 1.0 - rng.uniform(0.0, MOST_LOST, number)[:, None]
    uniform = rng.random((LONGEST, number, 1))
    return 1 + (uniform > law.cumsum(1)).sum(-1)


def play_games(network: UnsteadyNetwork, games: Games) -> Tensor:
    """``[B]`` reward over that of selling all without holding anything; gradients flow."""
    prepared = network.prepare(Histories(games.demand, games.ratio))
    stock = _Stock(games, network.sizes.lead_time)
    for period in range(len(games.lead_times)):
        stock.step(period, network.order(prepared, period, stock.state(period)))
    total = games.demand[KNOWN_DEMANDS:].sum(0)
    floor = LEAST_SOLD * len(games.lead_times) * games.demand[:KNOWN_DEMANDS].mean(0)
    perfect = torch.maximum(total, floor.clamp(min=LEAST_SCALE))
    return (stock.sold - stock.held / games.ratio) / perfect


class _Stock:
    """What is on hand, and what is on order."""

    def __init__(self, games: Games, lead_time: int | None) -> None:
        self.games, self.lead_time = games, lead_time
        nothing = torch.zeros_like(games.ratio)
        self.on_hand, self.sold, self.held = nothing, nothing, nothing
        last = AGES if lead_time is None else lead_time
        self.due = [nothing] * (len(games.lead_times) + last + 1)
        """Units that arrive in each period."""
        self.orders: list[Tensor] = []
        self.counts = torch.ones(AGES + 1, *nothing.shape)
        """Orders that arrived with each lead time, and that were lost, each with one before."""

    def state(self, period: int) -> Tensor:
        """``[B, S]`` see `UnsteadyNetwork.order`."""
        if self.lead_time is None:
            outstanding = [self._outstanding(period, age) for age in range(1, AGES + 1)]
            return torch.stack([self.on_hand, *outstanding, *self.counts], 1)
        due = self.due[period : period + max(self.lead_time, 1)]
        return torch.stack([self.on_hand + due[0], *due[1:]], 1)

    def _outstanding(self, period: int, age: int) -> Tensor:
        """``[B]`` units ordered so many periods ago that were not lost and did not arrive."""
        if period < age:
            return torch.zeros_like(self.on_hand)
        lead_time = self.games.lead_times[period - age]
        return self.orders[period - age] * ((lead_time >= age) & (lead_time < NEVER))

    def step(self, period: int, order: Tensor) -> None:
        """Order, receive, sell."""
        self.orders.append(order)
        if self.lead_time is None:
            self._send(period, order)
        else:
            place = period + self.lead_time
            self.due[place] = self.due[place] + order
        available = self.on_hand + self.due[period]
        sales = torch.minimum(available, self.games.demand[KNOWN_DEMANDS + period])
        self.on_hand = available - sales
        self.sold = self.sold + sales
        self.held = self.held + self.on_hand

    def _send(self, period: int, order: Tensor) -> None:
        """An order on its way, or lost; and what is seen of lead times in this period."""
        drawn = self.games.lead_times[period]
        for lead_time in range(1, AGES + 1):
            place = period + lead_time
            self.due[place] = self.due[place] + order * (drawn == lead_time)
        seen = [self._arrived(period, lead_time) for lead_time in range(1, AGES + 1)]
        lost = (drawn == NEVER) & (order > 0.0)
        self.counts = self.counts + torch.stack([*seen, lost.to(order)])

    def _arrived(self, period: int, lead_time: int) -> Tensor:
        """``[B]`` 1 where an order arrives now after so many periods."""
        if period < lead_time:
            return torch.zeros_like(self.on_hand)
        placed = period - lead_time
        arrives = self.games.lead_times[placed] == lead_time
        return (arrives & (self.orders[placed] > 0.0)).to(self.on_hand)
