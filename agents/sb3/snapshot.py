"""All that a model has learned: its weights, and the statistics of VecNormalize."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecEnv, VecNormalize
from torch import Tensor

POLICY = "policy/"


def snapshot(policy: BasePolicy, env: VecEnv) -> dict[str, Tensor]:
    """A copy of a policy's weights and of the statistics of its environment."""
    weights = {POLICY + name: value.detach().clone() for name, value in policy.state_dict().items()}
    for name, moments in _moments(env).items():
        figures = (moments.mean, moments.var, moments.count)
        weights |= {
            f"{name}/{i}": torch.as_tensor(np.array(figure)) for i, figure in enumerate(figures)
        }
    return weights


def restore(policy: BasePolicy, env: VecEnv, weights: Mapping[str, Tensor]) -> None:
    """Put back what `snapshot` gave."""
    policy.load_state_dict(
        {
            name.removeprefix(POLICY): value
            for name, value in weights.items()
            if name.startswith(POLICY)
        }
    )
    for name, moments in _moments(env).items():
        mean, var, count = (weights[f"{name}/{i}"].numpy().copy() for i in range(3))
        moments.mean, moments.var, moments.count = mean, var, float(count)


def _moments(env: VecEnv) -> dict[str, RunningMeanStd]:
    """The statistics of VecNormalize, by name."""
    if not isinstance(env, VecNormalize):
        return {}
    kept = {"returns": env.ret_rms}
    if env.norm_obs:
        kept["observations"] = env.obs_rms  # type: ignore[assignment]  # of vectors it is one
    return kept
