"""Held-out products for stable-baselines3's evaluations: the same ones in every episode."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.agents.sb3.vec_env import SB3VecEnv
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
        self._held_out = products
        super().__init__(
            products.batch, problem=problem, products=source, rewards="product", **arguments
        )

    def _make(self, num_envs: int, **arguments: Any) -> InventoryVectorEnv:
        return HeldOutVectorEnv(self._held_out, **arguments)

    def _begin(self) -> None:
        super()._begin()
        self._money = np.zeros(self.num_envs)

    def _shown(self, rewards: np.ndarray) -> np.ndarray:
        problem = self._env.problem
        counted = rewards * (problem.discount ** (self._length - 1) / problem.discounted_periods)
        self._money += counted
        if self._length == problem.horizon:
            self.reward = float(self._money.mean())
        return super()._shown(counted)
