"""The trainings that ``inv-gym train`` can begin, by the agent's name."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import distributed

import inv_gym
from inv_gym.agents.training.config import STRUCTURE_KINDS, TrainingConfig
from inv_gym.agents.training.device import usable_device
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.util.extras import needs

MODEL_FREE = {"ppo": "PPO", "a2c": "A2C", "sac": "SAC", "td3": "TD3"}
"""Agents of stable-baselines3, and what results are called in tables."""
AGENT_TITLES = STRUCTURE_KINDS | MODEL_FREE


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
    device: str,
    compiled: bool,
) -> DirectBackprop:
    """A training of DirectBackprop."""
    penalty = fields.pop("penalty", None)
    config = TrainingConfig(**fields).of_kind(agent)
    config = config if penalty is None else replace(config, penalty=penalty)
    return DirectBackprop(task, None, config, join_processes(device), compiled)


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
