"""Small trainings with stable-baselines3 that the tests share."""

from __future__ import annotations

from typing import Any

import torch

from inv_gym import LostSales, Problem, make_source
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.sb3.config import ModelFreeConfig
from inv_gym.agents.sb3.training import ModelFree
from inv_gym.products.sources import ProductSource

POPULATION = make_source("poisson")
PROBLEM = LostSales(lead_time=2, horizon=5)
NETWORK = NetworkConfig(channels=4, hidden=(8, 8))
OPTIONS: dict[str, dict[str, Any]] = {
    "ppo": {"n_steps": 5, "batch_size": 20, "n_epochs": 2},
    "a2c": {},
    "sac": {"learning_starts": 16, "buffer_size": 500, "batch_size": 16},
    "td3": {"learning_starts": 16, "buffer_size": 500, "batch_size": 16},
}


def config(algorithm: str = "ppo", policy: str = "encoder", **changes: Any) -> ModelFreeConfig:
    """A training that takes a fraction of a second."""
    fields: dict[str, Any] = {
        "steps": 160,
        "rows": 8,
        "check_every": 40,
        "validation_products": 16,
        "network": NETWORK,
        "normalise_observations": policy == "plain",
        "options": OPTIONS[algorithm],
    }
    return ModelFreeConfig(algorithm, policy, **fields | changes)


def training(
    algorithm: str = "ppo",
    policy: str = "encoder",
    problem: Problem = PROBLEM,
    source: ProductSource = POPULATION,
    **changes: Any,
) -> ModelFree:
    """That training, not begun."""
    return ModelFree(problem, source, config(algorithm, policy, **changes))


def weights(one: ModelFree) -> dict[str, torch.Tensor]:
    """A copy of the model's weights."""
    return {name: value.detach().clone() for name, value in one.model.policy.state_dict().items()}


def equal(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    """Whether all weights are the same to the last bit."""
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) for name in left
    )
