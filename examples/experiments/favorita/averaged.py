"""The mean of what several networks order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from inv_gym.play.policy import Observation, Policy, planned
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products


@dataclass(frozen=True)
class Averaged:
    """A policy that orders the mean of the orders of several, as forecasts of several networks are
    averaged.

    Attributes:
        members: They know the history.
    """

    members: tuple[Policy, ...]

    knows: ClassVar[str] = "history"

    def plan(self, problem: Problem, products: Products) -> Self:
        """The same, each of them planned."""
        return type(self)(tuple(planned(member, problem, products) for member in self.members))

    def __call__(self, observation: Observation) -> Any:
        """Orders ``[B, K]``, units."""
        return sum(member(observation) for member in self.members) / len(self.members)
