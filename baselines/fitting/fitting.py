"""Policies that fit a heuristic to the true demand distribution or to the history, once or anew
each period.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from inv_gym.baselines.fitting.estimation import estimate
from inv_gym.baselines.fitting.heuristic import Heuristic
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import NotPlannedError, Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.util.arrays import Array, map_columns, to_numpy
from inv_gym.util.checks import one_of

Fit: TypeAlias = Callable[[Any, Distribution, Any], Heuristic]
"""Takes the problem, the distribution of B products and their economics (NumPy ``[B]`` columns);
gives the rule for them.
"""

SOURCES = ("distribution", "history")


Estimator: TypeAlias = Callable[[Array, Array | None], Distribution]
"""Takes a history and what sold out in it, as `estimate` does."""


def known_distribution(
    knows: str, products: Products, estimator: Estimator = estimate
) -> Distribution:
    """The distribution at the start of the episode: the true one, or what the history before the
    start suggests.

    Raises:
        ValueError: The true distribution is wanted of products that have none (real demand).
    """
    if knows == "history":
        told = products.sold_out
        return estimator(products.demand[:HISTORY], None if told is None else told[:HISTORY])
    if products.distribution is None:
        raise ValueError("these products have no known demand distribution: use knows='history'.")
    return products.distribution


@dataclass(frozen=True)
class Fitted:
    """A heuristic whose parameters are found once, from what is known at the start.

    For parameters that take long to find. Of a distribution that changes over time the fit sees the
    whole; those for a stationary distribution take its average.

    Attributes:
        fit: A constructor of a heuristic, ``BaseStock.searched`` say.
        problem: What to order for.
        knows: ``distribution`` or ``history``.
        estimator: What a history suggests: `inv_gym.baselines.fitting.estimation.estimate`, or
            `inv_gym.baselines.fitting.censored_poisson.gamma_poisson`.
    """

    fit: Fit
    problem: Problem
    knows: str = "history"
    estimator: Estimator = estimate

    def __post_init__(self) -> None:
        one_of("knows", self.knows, SOURCES)

    def plan(self, problem: Problem, products: Products) -> Any:
        """The fitted heuristic for these products."""
        distribution, economics = (
            known_distribution(self.knows, products, self.estimator),
            map_columns(to_numpy, products.economics),
        )
        return replace(self.fit(self.problem, distribution, economics), knows=self.knows)

    def __call__(self, observation: Observation) -> Array:
        """Refuse to order before planning.

        Raises:
            NotPlannedError: Always; the policy that `plan` gives orders.
        """
        raise NotPlannedError(
            f"{self.name} is fitted at the start: call plan(problem, products) first."
        )

    @property
    def name(self) -> str:
        """The heuristic and its constructor."""
        kind = getattr(
            self.fit, "__self__", None
        )  # the class whose constructor it is, which may inherit it
        if isinstance(kind, type):
            return f"{kind.__name__}.{getattr(self.fit, '__name__', '')}"
        return getattr(self.fit, "__qualname__", repr(self.fit))


@dataclass(frozen=True)
class Adaptive(Fitted):
    """A heuristic that is fitted anew each period.

    One that knows the history estimates the distribution from the last H periods; one that knows
    the distribution takes the distribution of the periods ahead, and fits only once if that does
    not change.
    """

    def plan(self, problem: Problem, products: Products) -> Any:
        """The policy for these products."""
        if self.knows == "history":
            return self
        distribution, economics = (
            known_distribution(self.knows, products, self.estimator),
            map_columns(to_numpy, products.economics),
        )
        if distribution.stationary:
            return super().plan(problem, products)
        return _ByPeriod(
            lambda period: self.fit(self.problem, distribution.at(period), economics), self.knows
        )

    def __call__(self, observation: Observation) -> Array:
        """Orders for this period, from what the history suggests now."""
        if self.knows != "history":
            raise NotPlannedError(
                f"{self.name} knows the distribution: call plan(problem, products) first."
            )
        economics = map_columns(to_numpy, observation.economics)
        suggested = self.estimator(observation.history, observation.sold_out)
        return self.fit(self.problem, suggested, economics)(observation)


@dataclass(frozen=True)
class _ByPeriod:
    """Another rule in each period."""

    rule: Callable[[int], Heuristic]
    knows: str

    def __call__(self, observation: Observation) -> Array:
        return self.rule(observation.period)(observation)
