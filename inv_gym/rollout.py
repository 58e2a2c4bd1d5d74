"""The batch rollout: a policy played through a problem, differentiable in torch from orders to rewards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from inv_gym.arrays import Array, stack
from inv_gym.episode import Step, play
from inv_gym.policy import Policy
from inv_gym.problem import Problem
from inv_gym.products import Products


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


def rollout(problem: Problem, policy: Policy, products: Products, state: Any = None) -> Rollout:
    """Play a policy over a batch of products; with torch products and a torch policy, gradients flow.

    Args:
        problem: What to play.
        policy: Gives orders ``[B, K]`` of the same kind of array as the products.
        products: NumPy, or torch after ``products.to(reference)``.
        state: Where to start, instead of the products' own initial state.
    """
    return Rollout(problem, tuple(play(problem, policy, products, state)))
