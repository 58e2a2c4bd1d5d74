"""How to train with an algorithm of stable-baselines3, and what tuning found."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stable_baselines3 import A2C, PPO, SAC, TD3

from inv_gym.agents.network.policy_network import NetworkConfig
from inv_gym.util.checks import flag, one_of, real, whole

ALGORITHMS: dict[str, Any] = {"ppo": PPO, "a2c": A2C, "sac": SAC, "td3": TD3}
ON_POLICY = ("ppo", "a2c")
POLICIES = ("encoder", "plain")
TUNED = Path(__file__).parent / "tuned.json"
"""Parameters that `python examples/experiments tuning` found, by environment or instance, each with
its command.
"""
OURS = (
    "policy",
    "env",
    "learning_rate",
    "gamma",
    "policy_kwargs",
    "seed",
    "device",
    "verbose",
    "tensorboard_log",
)
"""Arguments of the algorithms that are not options."""


@dataclass(frozen=True)
class ModelFreeConfig:
    """How to train.

    Attributes:
        algorithm: ``ppo``, ``a2c``, ``sac`` or ``td3``.
        policy: ``encoder``: DirectBackprop's network (of SAC and TD3: its features before an MLP);
            ``plain``: an MLP on the observation as it is.
        network: Sizes and input; ``plain`` takes the hidden layers alone.
        steps: Product-periods to play.
        rows: Products that play at once.
        reach: The largest order, in units of a product's mean demand; None: see `default_reach`.
        learning_rate: At the start; it falls to nothing in a line.
        gamma: Discount factor of the learner; None: the problem's.
        log_std: Logarithm of the standard deviation of actions at the start (PPO and A2C).
        normalise_observations: Whether VecNormalize scales observations (``plain`` alone: the
            encoder does it).
        normalise_rewards: Whether VecNormalize scales rewards.
        options: Further arguments of the algorithm, by their names in stable-baselines3.
        validation_products: Products whose reward picks the best weights.
        check_every: Product-periods between two validations (and checkpoints).
        seed: Of weights, actions and products.
    """

    algorithm: str = "ppo"
    policy: str = "encoder"
    network: NetworkConfig = field(default_factory=NetworkConfig)
    steps: int = 1_536_000
    rows: int = 256
    reach: float | None = None
    learning_rate: float = 1e-3
    gamma: float | None = None
    log_std: float = -1.5
    normalise_observations: bool = False
    normalise_rewards: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    validation_products: int = 2048
    check_every: int = 128_000
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("algorithm", self.algorithm, ALGORITHMS)
        one_of("policy", self.policy, POLICIES)
        for name in ("steps", "rows", "validation_products", "check_every"):
            whole(name, getattr(self, name), least=1)
        whole("seed", self.seed, least=0)
        for name in ("learning_rate", "reach", "gamma"):
            if getattr(self, name) is not None and real(name, getattr(self, name)) <= 0.0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}.")
        real("log_std", self.log_std)
        flag("normalise_observations", self.normalise_observations)
        flag("normalise_rewards", self.normalise_rewards)
        if self.normalise_observations and self.policy == "encoder":
            raise ValueError(
                "the encoder reads observations in units: normalise_observations is for "
                "policy='plain'."
            )
        known = [
            name
            for name in inspect.signature(ALGORITHMS[self.algorithm]).parameters
            if name not in OURS
        ]
        for name in self.options:
            one_of(f"option of {self.algorithm}", name, known)

    @property
    def on_policy(self) -> bool:
        """Whether the algorithm learns from what the present policy plays."""
        return self.algorithm in ON_POLICY

    @property
    def normalises(self) -> bool:
        """Whether VecNormalize has a part in it."""
        return self.normalise_observations or self.normalise_rewards


def tuned(name: str) -> dict[str, Any]:
    """Fields of `ModelFreeConfig` that tuning found for an environment or a published instance.

    Raises:
        ValueError: It was not tuned.
    """
    found = json.loads(TUNED.read_text())
    return found[one_of("tuned environment or instance", name, found)]["config"]
