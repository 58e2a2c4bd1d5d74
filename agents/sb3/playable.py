"""Which models of stable-baselines3 can be played at all, whatever the problem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import BasePolicy

from inv_gym.agents.sb3.scaled_orders import ScaledOrders
from inv_gym.envs.named_box import NamedBox


def refuse_unplayable(policy: BasePolicy, knows: str) -> None:
    """Refuse a model that no problem's observations can be shown to, or whose actions stand for
    orders that cannot be told.

    Args:
        policy: The model's.
        knows: Whose mean demand an observation shows.

    Raises:
        ValueError: It names the spaces, or what the model carries or is made of, and the remedy.
    """
    seen, orders = policy.observation_space, policy.action_space
    if not isinstance(seen, NamedBox):
        raise ValueError(
            f"the model's observations are {seen}, which does not say what they hold: an "
            "environment's are vectors with names. Train it on gym.make(id) or SB3VecEnv, without "
            "a wrapper that changes them; VecNormalize keeps its statistics in a file."
        )
    if not isinstance(orders, (ScaledOrders, NamedBox)):
        raise ValueError(
            f"the model's actions are {orders}: train it on SB3VecEnv, or on the environment as "
            "registered, whose actions are units; what others stand for its file does not tell."
        )
    if isinstance(orders, ScaledOrders) and orders.knows != knows:
        raise ValueError(
            f"the model's actions are {orders}, in units of a mean that an observation does not "
            "show: train it on an SB3VecEnv with knows='history'."
        )
    if not all(torch.isfinite(weights).all() for weights in policy.state_dict().values()):
        raise ValueError(
            f"the model ({type(policy).__name__}) has weights that are not finite: train anew with "
            "a lower learning rate."
        )
    # A policy is asked for any period of any batch, in any order.
    _, memory = policy.predict(np.ones((1, *seen.shape), np.float32), deterministic=True)
    if memory is not None:
        raise ValueError(
            f"the model is recurrent ({type(policy).__name__}): its memory cannot be carried from "
            "period to period here; train one without, such as PPO with MlpPolicy, which sees the "
            "last periods' demand."
        )


def refuse_unknown_reach(path: Path, space: spaces.Space) -> None:
    """Refuse a model of an early version, whose file does not say what its actions stand for."""
    if not isinstance(space, ScaledOrders):
        return
    missing = [name for name in ("reach", "knows") if not hasattr(space, name)]
    if missing:
        raise ValueError(
            f"{path} does not say what its actions stand for (its ScaledOrders have no "
            f"{' and no '.join(missing)}; an early version saved it): train anew."
        )
