"""The loss: minus the discounted reward of a network, through the simulator, and what penalises its
structure.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network_inputs import EpisodeInputs
from inv_gym.agents.training.batches import Batch
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.structure_informed import Probes, StructurePenalty
from inv_gym.agents.training.validation import score_weights
from inv_gym.play.episode import Episode
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import unstack

FRACTION = 0.02
"""Share of a fraction of a unit that dithered rounding leaves (our choice)."""
SETTLING = 10
"""Periods, beyond lead time and shelf life, at the end of a cut long-run problem whose orders teach
nothing.
"""


class Settled:
    """A network with the weights of another, to which it gives no gradient: it plays the last
    periods of a long-run problem that is cut.

    It is no module, so that torch does not take the network for a part of what has this.
    """

    def __init__(self, network: PolicyNetwork) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False)
        for theirs, ours in zip(self.network.parameters(), network.parameters(), strict=True):
            theirs.data = ours.data


class Loss(nn.Module):
    """Minus the mean discounted reward per period of a network on a batch of products, and the
    structure's penalty.
    """

    def __init__(self, network: PolicyNetwork, config: TrainingConfig) -> None:
        super().__init__()
        self.network, self.config = network, config
        self._settled = Settled(network)
        self._penalties: dict[Problem, StructurePenalty] = {}

    def forward(self, problem: Problem, batch: Batch) -> tuple[Tensor, Tensor]:
        """Play a batch (torch) through the problem.

        Returns:
            The loss, and (true or false) whether its rewards have a gradient: whether the network
            gave any order that is not cut off. The penalty has one all the same.
        """
        products = batch.products
        free = replace(problem, integer_orders=False)  # its rounding would stop the gradient
        learner = InventoryAgent(free, self.network)
        settled = InventoryAgent(free, self._settled.network)
        periods = None if problem.censored else learner.inputs.of_products(products)
        episode = Episode(free, products)
        last = problem.horizon - settling(problem)
        rewards, seen, passing = [], [], []
        while not episode.done:
            t = episode.period
            player = learner if t < last else settled
            cut = self.config.truncate and t and t % self.config.truncate == 0
            if cut:
                episode.detach()
            if t in (0, last) or cut:  # what was encoded before may have another gradient
                follower = EpisodeInputs(free, player.network)
            if periods is None:
                given = follower.of_observation(episode.observe())
            else:
                given = periods[t] if t < last else periods[t].detach()
            order = player.fractional_orders(given, episode.state)
            if t < last:
                passing.append(self.network.passes(order.detach(), given.scale))
            if batch.probes is not None:
                columns = player.inputs.columns(episode.state, given.scale)
                seen.append((given.exogenous, columns.detach()))
            if batch.dither is not None:
                order = self._whole(order, batch.dither[t])
            rewards.append(episode.step(unstack(order)).reward)
        discounts = products.scale.new_tensor([problem.discount**t for t in range(problem.horizon)])
        loss = (
            -(
                discounts @ torch.stack(rewards) * score_weights(products, self.config.weighting)
            ).mean()
            / discounts.sum()
        )
        alive = torch.stack(passing).any()
        if batch.probes is None:
            return loss, alive
        prepared, visited = map(torch.stack, zip(*seen, strict=True))
        penalty = self._penalty(
            problem, batch.probes, prepared, visited, products.demand / given.scale
        )
        return loss + batch.penalty * penalty, alive

    def _penalty(
        self, problem: Problem, probes: Probes, prepared: Tensor, visited: Tensor, demand: Tensor
    ) -> Tensor:
        """What the network breaks of the problem's structure where it is probed."""
        if problem not in self._penalties:
            self._penalties[problem] = StructurePenalty(problem, self.network)
        penalty = self._penalties[problem]
        where = (probes.period.long(), torch.arange(len(probes.period), device=visited.device))
        wide = torch.zeros_like(visited[0])
        wide[:, penalty.places] = probes.state
        state = torch.where(probes.visited[:, None] > 0.0, visited[where], wide)
        return penalty(prepared[where], state, demand)

    def _whole(self, order: Tensor, dither: Tensor) -> Tensor:
        """Whole orders with the gradient of the fractional ones."""
        left = FRACTION if self.config.rounding == "dithered" else 0.0
        whole = (order.detach() + dither).round().clamp(min=0.0)
        return order + (1.0 - left) * (whole - order).detach()


def settling(problem: Problem) -> int:
    """Periods at the end of a problem whose orders cannot show their worth; none if the end is a
    true one.
    """
    if not problem.long_run:
        return 0
    return min(
        max(problem.lead_times) + getattr(problem, "shelf_life", 0) + SETTLING, problem.horizon - 1
    )
