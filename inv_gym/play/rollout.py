"""The batch rollout: a policy played through a problem, differentiable in torch from orders to
rewards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from inv_gym.play.episode import Step, play
from inv_gym.play.policy import Policy
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.tasks.task import Task, problem_and_products
from inv_gym.util.arrays import Array, stack


@dataclass(frozen=True)
class Rollout:
    """A played episode. Nothing is copied until it is asked for.

    Attributes:
        problem: What was played.
        steps: One per period.
    """

    problem: Problem
    steps: tuple[Step, ...]

    @cached_property
    def rewards(self) -> Array:
        """``[T, B]`` money."""
        return stack([step.outcome.reward for step in self.steps], 0)

    @cached_property
    def orders(self) -> Array:
        """``[T, B, K]`` units, as the policy gave them."""
        return stack([step.order for step in self.steps], 0)

    @cached_property
    def discounted_reward(self) -> Array:
        """``[B]`` discounted sum of the rewards: the objective."""
        result = self.steps[-1].outcome.reward
        for step in reversed(self.steps[:-1]):
            result = step.outcome.reward + self.problem.discount * result
        return result

    def flow(self, name: str) -> Array:
        """``[T, B]`` one of the flows, by name, units."""
        return stack([getattr(step.outcome.flows, name) for step in self.steps], 0)


def rollout(
    task: Task | Problem,
    policy: Policy,
    products: Products | ProductSource | Mapping[str, Any] | str | None = None,
    state: Any = None,
    *,
    number: int = 1000,
    seed: int = 0,
) -> Rollout:
    """Play a policy over a batch of products; with torch products and a torch policy, gradients
    flow.

    Args:
        task: What to play; a problem alone needs `products` too.
        policy: Gives orders ``[B, K]`` of the same kind of array as the products.
        products: A batch, NumPy or torch (after ``products.torch()``), or what `make_source`
            understands; those of the task if None.
        state: Where to start, instead of the products' own initial state.
        number: Of products drawn; a batch is taken whole.
        seed: Of the products drawn.
    """
    problem, source = problem_and_products(task, products)
    if not isinstance(source, Products):
        source = draw_products(source, problem, number, seed)
    return Rollout(problem, tuple(play(problem, policy, source, state)))
