"""Held-out products that stable-baselines3 plays in its evaluations: the same ones each time."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import EvalCallback

from inv_gym.agents.sb3.config import ModelFreeConfig
from inv_gym.agents.sb3.model import normalised
from inv_gym.agents.sb3.vec_env import SB3VecEnv
from inv_gym.agents.training.progress import Validation
from inv_gym.envs.vector import InventoryVectorEnv
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.sources import ProductSource


class HeldOutVectorEnv(InventoryVectorEnv):
    """Plays the same products in every episode.

    Args:
        held_out: The products.
        arguments: Further ones of `InventoryVectorEnv`.
    """

    def __init__(self, held_out: Products, **arguments: Any) -> None:
        super().__init__(held_out.batch, **arguments)
        self._held_out = held_out

    def _draw(self) -> Products:
        return self._held_out


class HeldOutVecEnv(SB3VecEnv):
    """An episode's return is the objective: the discounted mean reward per period, in units of
    scale and money.

    Args:
        products: The batch, in every episode.
        source: Where it is from.
        problem: What it is played in.
        arguments: Further ones of `SB3VecEnv`.
    """

    def __init__(
        self, products: Products, source: ProductSource, problem: Problem, **arguments: Any
    ) -> None:
        self.reward = float("nan")
        """Mean over the products of the last episode's discounted mean reward per period, money."""
        self.ordering = 0.0
        """Share of the last episode's orders that were above 0, as the supplier accepted them."""
        self._held_out = products
        super().__init__(
            products.batch, problem=problem, products=source, rewards="product", **arguments
        )

    def _make(self, num_envs: int, **arguments: Any) -> InventoryVectorEnv:
        return HeldOutVectorEnv(self._held_out, **arguments)

    def _begin(self) -> None:
        super()._begin()
        self._money, self._shares = np.zeros(self.num_envs), list[float]()

    def step_async(self, actions: np.ndarray) -> None:
        super().step_async(actions)
        assert self._ordered is not None  # the orders of these actions
        accepted = self._env.problem.admissible(tuple(self._ordered.T))
        self._shares.append(float((np.stack(accepted) > 0.0).mean()))

    def _shown(self, rewards: np.ndarray) -> np.ndarray:
        problem = self._env.problem
        counted = rewards * (problem.discount ** (self._length - 1) / problem.discounted_periods)
        self._money += counted
        if self._length == problem.horizon:
            self.reward = float(self._money.mean())
            self.ordering = float(np.mean(self._shares))
        return super()._shown(counted)


class HeldOutEvaluation:
    """Plays held-out products with a model of stable-baselines3 as it is, by an EvalCallback.

    Args:
        model: What is evaluated.
        env: `HeldOutVecEnv`.
        config: How the model trains: whether VecNormalize has a part in it.
        gamma: Discount factor of the learner.
    """

    def __init__(
        self, model: Any, env: HeldOutVecEnv, config: ModelFreeConfig, gamma: float
    ) -> None:
        self.env = env
        self._callback = EvalCallback(
            normalised(env, config, gamma, training=False),
            n_eval_episodes=env.num_envs,
            eval_freq=1,
            verbose=0,
            warn=False,
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Training and eval env", category=UserWarning)
            self._callback.init_callback(model)

    def play(self) -> Validation:
        """What the products say of the model."""
        self._callback.on_step()
        score = float(self._callback.last_mean_reward)
        return Validation(score, self.env.reward, self.env.ordering)
