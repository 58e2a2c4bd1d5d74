"""The structure of optimal orders as a penalty: what the slopes of a network's orders break of it.

Slopes are derivatives with respect to stock, taken through the head alone, since the encoder does
not see stock; all weights learn from what they break. Per step each product is looked at once, in a
period of its own and in a state that it visits or, mostly, in one that it may never visit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.problems.problem import Problem
from inv_gym.structure import Bound, inequalities, properties, wide_states
from inv_gym.util.arrays import Array, like

VISITED_SHARE = 1.0 / 3.0
"""Share of the states that are visited ones (our choice)."""
SLOPE_MARGIN = 0.01
"""By so much a channel's slopes are to keep inside what they may be: squares alone would leave
small violations (our choice)."""
BOUND_SLACK = 1.5
"""Bounds are so many times the largest demand, over as many periods, on a product's path (our
choice): the distribution is not always known, and a policy that does not know it may rightly order
a little beyond the bound of one that does."""


class Probes(NamedTuple):
    """Where the slopes of B products are looked at."""

    period: Array
    """``[B]`` since the start."""
    visited: Array
    """``[B]`` 1 where the state is the one that the product is in then, else 0."""
    state: Array
    """``[B, n]`` the state otherwise, in units of the scale."""


def draw_probes(problem: Problem, rng: np.random.Generator, batch: int) -> Probes:
    """Probes of as many products."""
    period, visited = rng.integers(problem.horizon, size=batch), rng.random(batch) < VISITED_SHARE
    return Probes(period, visited.astype(float), wide_states(problem, rng, batch))


class StructurePenalty:
    """The mean over states of the squares of all that is broken: slopes, in units of order per unit
    of stock, and orders where a position is past its bound already, as shares of all stock and a
    period's demand.

    Args:
        problem: Whose structure.
        network: Whose orders.

    Raises:
        ValueError: Nothing is known of the problem's structure.
    """

    def __init__(self, problem: Problem, network: PolicyNetwork) -> None:
        rules = inequalities(problem)
        self.network, self.lead_times = network, problem.lead_times
        self.bounds = properties(problem).bounds
        self.places = network.sizes.layout.places(problem)
        self.weights = like(rules.weights.reshape(len(rules.most), -1), network.like)
        self.most = like(rules.most - SLOPE_MARGIN * ~rules.joint, network.like)
        self.joint = torch.as_tensor(rules.joint).to(network.like.device)

    def __call__(self, prepared: Tensor, state: Tensor, demand: Tensor) -> Tensor:
        """The penalty.

        Args:
            prepared: Of one period each, ``[B, .]``.
            state: ``[B, columns]`` as the network takes it.
            demand: ``[N, B]`` of the products, in units of the scale.
        """
        state = state.detach().requires_grad_()
        orders = self.network.unclipped(prepared, state)
        slopes = [
            torch.autograd.grad(column.sum(), state, create_graph=True)[0]
            for column in orders.unbind(-1)
        ]
        own = torch.stack(slopes, 1)[..., self.places]
        cut = own * (orders > 0.0)[..., None]
        left = torch.where(
            self.joint, cut.flatten(1) @ self.weights.T, own.flatten(1) @ self.weights.T
        )
        broken = (left - self.most).clamp(min=0.0).square().sum(-1)
        for bound in self.bounds:
            broken = broken + self.beyond(bound, orders, state[:, self.places], demand).square()
        return broken.mean()

    def beyond(self, bound: Bound, orders: Tensor, state: Tensor, demand: Tensor) -> Tensor:
        """``[B]`` what a channel orders past its bound, as a share of all stock and a period's
        demand.
        """
        faster = [k for k, n in enumerate(self.lead_times) if n < self.lead_times[bound.channel]]
        position = state[:, bound.columns].sum(-1) + orders[:, faster].clamp(min=0.0).sum(-1)
        past = position > BOUND_SLACK * largest_demand(demand, bound.periods)
        return orders[:, bound.channel].clamp(min=0.0) * past / (1.0 + state.abs().sum(-1))


def largest_demand(demand: Tensor, periods: int) -> Tensor:
    """``[B]`` the most that was demanded in so many periods on end, from ``[N, B]``."""
    total: Any = torch.cat([torch.zeros_like(demand[:1]), demand.cumsum(0)])
    return (total[periods:] - total[:-periods]).amax(0)
