"""The vector base-stock policy for lost sales with a lead time (Morton 1969)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy import special

from inv_gym.baselines.fitting.heuristic import in_first_channel
from inv_gym.baselines.fitting.optimiser import Ranges
from inv_gym.baselines.fitting.search import Tunable
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import Array, Columns, like, minimum, positive_part


@dataclass(frozen=True, kw_only=True)
class VectorBaseStock(Tunable):
    """Order up to a level on each partial position: ``q = min over l of (S_l - v_l)^+``.

    ``v_l`` is what will have arrived from period l on, up to and including the last order
    (``v_L = 0``), and ``S_l`` a quantile of the demand of ``L - l + 1`` periods: Morton's standard
    policy at the critical ratio, the *better* one of Zipkin (2008) at a common probability that is
    searched. Every optimal order is at most Morton's (Zipkin 2008).

    Attributes:
        levels: ``S_0 .. S_L``, units.
    """

    levels: Columns

    SEARCH: ClassVar[Ranges] = ((-4.0, 4.0),)

    @classmethod
    def closed_form(cls, problem: Problem, distribution: Distribution, economics: Any) -> Self:
        """Morton's levels, at the critical ratio."""
        return cls._quantiles(problem, distribution, critical_ratio(problem, economics))

    @classmethod
    def at(
        cls, problem: Problem, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> Self:
        """The coordinate is the normal score of the quantile."""
        (score,) = coordinates
        return cls._quantiles(problem, distribution, special.ndtr(score))

    @classmethod
    def _quantiles(
        cls, problem: Problem, distribution: Distribution, probability: np.ndarray
    ) -> Self:
        periods = range(problem.lead_times[0] + 1, 0, -1)
        return cls(
            problem=problem,
            levels=tuple(distribution.quantile(probability, n).reshape(-1) for n in periods),
        )

    def __call__(self, observation: Observation) -> Array:
        state = observation.state
        columns = (state.on_hand, *state.pipeline) if len(self.levels) > 1 else ()
        position = (
            state.on_hand if not columns else 0.0
        )  # L = 0: nothing is on order, v_0 is the stock itself
        quantity = like(self.levels[-1], state.on_hand) - position
        for level, column in zip(reversed(self.levels[:-1]), reversed(columns), strict=True):
            position = position + column
            quantity = minimum(quantity, like(level, column) - position)
        return in_first_channel(positive_part(quantity), 1)
