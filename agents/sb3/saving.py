"""A trained model in a folder."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.sb3.normalisation import DIGEST, NORMALISATION, digest_of
from inv_gym.agents.sb3.policy import MODEL, SB3Policy
from inv_gym.agents.weights import CARD, describe
from inv_gym.problems.problem import Problem
from inv_gym.util.files import write_atomically


def write_model(
    folder: Path,
    model: Any,
    env: VecEnv,
    problem: Problem,
    agent: InventoryAgent | SB3Policy,
    facts: Mapping[str, Any],
) -> Path:
    """Write a model, the statistics of its environment and its card; the path of the card.

    See `ModelFree.save_model`.
    """
    if isinstance(env, VecNormalize) and env.norm_obs:
        setattr(model, DIGEST, (model.num_timesteps, digest_of(env)))
    buffer = io.BytesIO()
    model.save(buffer)
    write_atomically(folder / MODEL, buffer.getvalue())
    if isinstance(env, VecNormalize):
        write_atomically(folder / NORMALISATION, pickle.dumps(env))
    else:
        (folder / NORMALISATION).unlink(missing_ok=True)  # of an older model
    if isinstance(agent, InventoryAgent):
        return agent.save(folder, facts)
    card = {"problem": describe(problem), **facts}
    return write_atomically(folder / CARD, json.dumps(card, indent=1))
