"""Held-out products for stable-baselines3's evaluations: the same ones in every episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from inv_gym.agents.sb3.vec_env import SB3VecEnv
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.sources import ProductSource


@dataclass(frozen=True)
class _Given:
    """A source of one batch; enough rows for the vector environment, which draws some ahead."""

    products: Products
    source: ProductSource

    notes: ClassVar[tuple[str, ...]] = ()

    @property
    def covariate_names(self) -> tuple[str, ...]:
        return self.source.covariate_names

    @property
    def largest_scale(self) -> float:
        return self.source.largest_scale

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        return self.products


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
        super().__init__(
            products.batch,
            problem=problem,
            products=_Given(products, source),
            rewards="product",
            **arguments,
        )

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
