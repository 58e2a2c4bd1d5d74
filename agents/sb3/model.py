"""The model of stable-baselines3 that a configuration describes."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from stable_baselines3.common.utils import configure_logger
from stable_baselines3.common.vec_env import VecEnv, VecNormalize
from torch import nn

from inv_gym.agents.sb3.config import ALGORITHMS, ModelFreeConfig
from inv_gym.agents.sb3.networks import InventoryActorCritic, NetworkFeatures
from inv_gym.agents.sb3.vec_env import SB3VecEnv
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import DRAW_BLOCK
from inv_gym.products.sources import ProductSource, extras_of


def normalised(env: SB3VecEnv, config: ModelFreeConfig, gamma: float, training: bool) -> VecEnv:
    """The environment under VecNormalize, if it has a part in the training."""
    if not config.normalises:
        return env
    rewards = config.normalise_rewards and training
    return VecNormalize(env, training, config.normalise_observations, rewards, gamma=gamma)


def build_model(
    problem: Problem,
    source: ProductSource,
    env: VecEnv,
    config: ModelFreeConfig,
    gamma: float,
    device: str,
) -> Any:
    """The untrained model.

    Args:
        problem: What is played.
        source: Where its products come from.
        env: What it trains on.
        config: How it trains.
        gamma: Discount factor.
        device: Where it computes.

    Raises:
        ValueError: The network knows the distribution and the products do not share one.
    """
    network: dict[str, Any] = {"net_arch": list(config.network.hidden), "activation_fn": nn.ELU}
    policy: Any = "MlpPolicy"
    if config.policy == "encoder":
        network |= _features(problem, source, env, config)
        policy = InventoryActorCritic if config.on_policy else policy
    if config.on_policy:
        network["log_std_init"] = config.log_std
    with warnings.catch_warnings():
        for message in (".*on the GPU", ".*truncated mini-batch"):
            warnings.filterwarnings("ignore", message=message, category=UserWarning)
        model = ALGORITHMS[config.algorithm](
            policy,
            env,
            learning_rate=config.learning_rate,
            gamma=gamma,
            policy_kwargs=network,
            seed=config.seed,
            device=device,
            **config.options,
        )
    model.set_logger(configure_logger(0))
    sample = source.sample(np.random.default_rng([config.seed, 0]), DRAW_BLOCK, problem)
    for module in model.policy.modules():
        if isinstance(module, NetworkFeatures):
            module.fit(sample)
    return model


def _features(
    problem: Problem, source: ProductSource, env: VecEnv, config: ModelFreeConfig
) -> dict[str, Any]:
    """The policy's arguments that make DirectBackprop's network its features extractor."""
    space: Any = env.action_space
    arguments = {
        "problem": problem,
        "covariate_names": source.covariate_names,
        "config": replace(config.network, most=space.reach),
        "extras": extras_of(source),
    }
    return {
        "features_extractor_class": NetworkFeatures,
        "features_extractor_kwargs": arguments,
    }
