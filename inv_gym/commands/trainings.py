"""The trainings that ``inv-gym train`` can begin, by the agent's name."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from torch import distributed

import inv_gym
from inv_gym import agents
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import STRUCTURE_KINDS, TrainingConfig
from inv_gym.agents.training.device import usable_device
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.generalists import (
    GENERALIST,
    fine_tuning,
    generalist_training,
    structures,
)
from inv_gym.products.broad import BROAD
from inv_gym.products.likeness import trains_on_table
from inv_gym.util.extras import needs

MODEL_FREE = {"ppo": "PPO", "a2c": "A2C", "sac": "SAC", "td3": "TD3"}
"""Agents of stable-baselines3, and what results are called in tables."""
GENERALIST_AGENT = "generalist"
AGENT_TITLES = STRUCTURE_KINDS | {GENERALIST_AGENT: GENERALIST} | MODEL_FREE


def join_processes(device: str) -> str:
    """Join the processes that torchrun started; this one's device."""
    if "WORLD_SIZE" not in os.environ:
        return device
    usable_device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" else device


def direct_backprop(
    task: inv_gym.Task,
    agent: str,
    fields: dict[str, Any],
    network: dict[str, Any],
    device: str,
    compiled: bool,
) -> DirectBackprop:
    """A training of DirectBackprop."""
    penalty = fields.pop("penalty", None)
    config = TrainingConfig(**fields, network=NetworkConfig(**network)).of_kind(agent)
    config = config if penalty is None else replace(config, penalty=penalty)
    return DirectBackprop(task, None, config, join_processes(device), compiled)


def generalist(
    task: inv_gym.Task,
    fields: dict[str, Any],
    network: dict[str, Any],
    device: str,
    compiled: bool,
) -> DirectBackprop:
    """A training of the generalist of a task's problem, on the broad population."""
    usual = generalist_training(task.problem)
    config = replace(usual, **fields, network=replace(usual.network, **network))
    return DirectBackprop(structures(task.problem), BROAD, config, join_processes(device), compiled)


def fine_tuned(
    task: inv_gym.Task, fields: dict[str, Any], network: dict[str, Any], device: str, compiled: bool
) -> DirectBackprop:
    """A training that fits the generalist to the products of a task; to those of a table with as
    many made-up ones like them.

    Raises:
        ValueError: There is no generalist for the problem, or a size of the network was given.
    """
    if network:
        raise ValueError(
            f"--{next(iter(network))} cannot be given with --from-pretrained: the network is there "
            "already."
        )
    generalists = agents.policies(task.problem, for_tables=True)
    if not generalists:
        raise ValueError(
            f"no generalist comes with the package for {task.problem}: leave out --from-pretrained."
        )
    (start,) = generalists.values()
    if trains_on_table(task):
        task = replace(task, training=inv_gym.augmented_table(task))
    config = replace(fine_tuning(), **fields)
    return DirectBackprop(
        task, None, config, join_processes(device), compiled, start=cast(InventoryAgent, start)
    )


def model_free(
    task: inv_gym.Task,
    env: str,
    agent: str,
    fields: dict[str, Any],
    device: str,
    out: Path,
) -> Any:
    """A training with stable-baselines3, from the environment's tuned parameters on."""
    with needs("rl", f"the agent {agent}"):
        from inv_gym.agents.sb3.config import ModelFreeConfig, is_tuned, tuned
        from inv_gym.agents.sb3.training import ModelFree

    if "WORLD_SIZE" in os.environ:
        raise ValueError(f"{agent} trains in one process: start it without torchrun.")
    ours = {name for name in fields if name in ModelFreeConfig.__dataclass_fields__}
    begun = tuned(env) if agent == "ppo" and is_tuned(env) else {}
    options = begun.pop("options", {}) | {name: fields[name] for name in fields.keys() - ours}
    config = ModelFreeConfig(
        agent, **begun | {name: fields[name] for name in ours}, options=options
    )
    log = out / "tensorboard" if importlib.util.find_spec("tensorboard") else None
    return ModelFree(task, None, config, device, log)
