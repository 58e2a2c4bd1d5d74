"""What all heuristics share: a rule with parameters that follow from a demand law, the true one or an estimate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np

from baselines.estimation import estimate
from inv_gym.arrays import Array, map_columns, stack, to_numpy
from inv_gym.checks import one_of
from inv_gym.distribution import Distribution
from inv_gym.policy import Observation
from inv_gym.problem import Problem
from inv_gym.products import HISTORY, Products

Rule: TypeAlias = Callable[[Observation], Array]
"""Orders ``[B, K]`` with parameters that are fixed."""

SOURCES = ("distribution", "history")


def known_law(knows: str, products: Products) -> Distribution:
    """The law at the start of the episode: the true one, or what the history before the start suggests.

    Raises:
        ValueError: The true law is wanted of products that have none (real demand).
    """
    if knows == "history":
        return estimate(products.demand[:HISTORY])
    if products.distribution is None:
        raise ValueError("these products have no known demand law: use knows='history'.")
    return products.distribution


def in_first_channel(quantity: Array, channels: int) -> Array:
    """Orders ``[B, K]`` with the quantity in the first channel and nothing in the others."""
    return stack([quantity] + [quantity * 0.0] * (channels - 1))


@dataclass(frozen=True, kw_only=True)
class Heuristic(ABC):
    """A rule whose parameters follow from the demand law in closed form, period by period.

    One that knows the history estimates the law anew from the last H periods; one that knows the distribution takes it
    from the products when it plans.

    Attributes:
        problem: What it is for.
        knows: ``distribution`` or ``history``.
    """

    problem: Problem
    knows: str = "history"

    def __post_init__(self) -> None:
        one_of("knows", self.knows, SOURCES)

    @abstractmethod
    def rule(self, law: Distribution, economics: Any) -> Rule:
        """The rule for a demand law.

        Args:
            law: Of the periods from now on.
            economics: NamedTuple of NumPy ``[B]`` columns.
        """

    def plan(self, problem: Problem, products: Products) -> Any:
        """The policy for these products."""
        if self.knows == "history":
            return self
        law = known_law(self.knows, products)
        economics = map_columns(to_numpy, products.economics)
        if law.stationary:
            return Fixed(self.rule(law, economics), self.knows)
        return Fixed(lambda seen: self.rule(law.at(seen.period), economics)(seen), self.knows)

    def __call__(self, observation: Observation) -> Array:
        """Orders for this period, from what the history suggests now."""
        if self.knows != "history":
            raise RuntimeError(f"{type(self).__name__} knows the distribution: call plan(problem, products) first.")
        economics = map_columns(to_numpy, observation.economics)
        return self.rule(estimate(observation.history), economics)(observation)


@dataclass(frozen=True)
class Fixed:
    """A rule with its parameters, as a policy."""

    order: Rule
    knows: str

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``."""
        return self.order(observation)


@dataclass(frozen=True, kw_only=True)
class FittedHeuristic(Heuristic):
    """A heuristic whose parameters take long to find: they are found once, from what is known at the start.

    Of a law that changes over time it takes the average.
    """

    def plan(self, problem: Problem, products: Products) -> Any:
        """The policy for these products."""
        economics = map_columns(to_numpy, products.economics)
        return Fixed(self.rule(known_law(self.knows, products).averaged(), economics), self.knows)

    def __call__(self, observation: Observation) -> Array:
        """Not before planning."""
        raise RuntimeError(f"{type(self).__name__} is fitted at the start: call plan(problem, products) first.")


@dataclass(frozen=True, kw_only=True)
class TargetHeuristic(Heuristic):
    """A heuristic whose levels are quantiles of demand at a target probability.

    Attributes:
        target: ``[B]`` probability, or None for the closed form; ``[C, B]`` gives a rule for C candidates of every
            product, on ``C * B`` rows.
    """

    target: np.ndarray | None = None


Target = TypeVar("Target", bound=TargetHeuristic)


def with_target(heuristic: Target, target: np.ndarray) -> Target:
    """The heuristic at another target probability."""
    return replace(heuristic, target=target)
