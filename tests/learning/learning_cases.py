"""Small trainings, networks and sources that the tests of learning share."""

from __future__ import annotations

import re
from typing import Any

import torch

from inv_gym import InstanceProducts, Problem, Products, make_source
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.learner import weights_of
from inv_gym.products.sources import ProductSource

COSTS = {
    "price": 10.0,
    "unit_cost": 4.0,
    "holding_cost": 1.0,
    "shortage_cost": 2.0,
    "salvage_value": 4.0,
}
POISSON = InstanceProducts("poisson", 5.0, COSTS)
POPULATION = make_source("poisson")


def tiny(knows: str = "history", **changes: Any) -> TrainingConfig:
    """A configuration whose steps take milliseconds."""
    fields = {"steps": 4, "batch": 16, "check_every": 2, "validation_products": 32, "warm_up": 0}
    network = NetworkConfig(knows, channels=4, hidden=(8, 8))
    return TrainingConfig(**{**fields, "network": network, **changes})


def untrained(
    problem: Problem, source: ProductSource = POPULATION, knows: str = "history"
) -> InventoryAgent:
    """An agent in float64 whose orders depend on all that it sees."""
    training = DirectBackprop(problem, source, tiny(knows))
    stir(training)
    return training.agent


def stir(training: DirectBackprop) -> None:
    """Make the network's MLP add as much as its linear path."""
    with torch.no_grad():
        for parameter in training.network.head.layers[-1].parameters():
            parameter.mul_(10.0)


def weights(training: DirectBackprop) -> dict[str, torch.Tensor]:
    """A copy of the network's weights."""
    return weights_of(training.network)


def equal(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    """Whether all weights are the same to the last bit."""
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) for name in left
    )


def gradients(training: DirectBackprop) -> dict[str, torch.Tensor]:
    """The gradient of the last step, 0 where there was none."""
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in training.network.named_parameters()
    }


def drawn(training: DirectBackprop, step: int) -> Products:
    """The products of a step."""
    return training.batch(step).products


def exactly(message: str) -> str:
    """The pattern of this message and no other."""
    return f"^{re.escape(message)}$"
