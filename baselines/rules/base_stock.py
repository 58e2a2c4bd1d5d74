"""Base-stock policies: order up to a level, with or without a cap on the order."""

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
from inv_gym.util.arrays import Array, like, minimum, positive_part


@dataclass(frozen=True, kw_only=True)
class BaseStock(Tunable):
    """Order the inventory position up to a level, from the first source.

    The closed form is the quantile, at the critical ratio, of the demand of lead time and review
    period together. That is optimal for lost sales without lead time (Karlin 1960, Veinott 1966),
    standard with a lead time, and *naive* for perishable stock, since it is blind to outdating.

    Attributes:
        level: S, units.
    """

    level: Array

    SEARCH: ClassVar[Ranges] = ((-4.0, 4.0),)

    @classmethod
    def closed_form(cls, problem: Problem, distribution: Distribution, economics: Any) -> Self:
        """The level at the critical ratio."""
        ratio = critical_ratio(problem, economics)
        return cls(problem=problem, level=distribution.quantile(ratio, problem.lead_times[0] + 1))

    @classmethod
    def at(
        cls, problem: Problem, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> Self:
        """The coordinate is the normal score of the quantile."""
        (score,) = coordinates
        return cls(
            problem=problem,
            level=distribution.quantile(special.ndtr(score), problem.lead_times[0] + 1).reshape(-1),
        )

    def __call__(self, observation: Observation) -> Array:
        short = like(self.level, observation.scale) - observation.state.inventory_position
        return in_first_channel(positive_part(short), self.problem.order_dim)


@dataclass(frozen=True, kw_only=True)
class CappedBaseStock(Tunable):
    """Order up to a level, but never more than a cap per order (Xin 2021).

    Between base-stock (no cap) and constant order (no level). No closed form is known.

    Attributes:
        level: S, units.
        cap: r, units per order.
    """

    level: Array
    cap: Array

    SEARCH: ClassVar[Ranges] = ((-2.0, 5.0), (-2.0, 3.0))
    NOT_NEGATIVE = ("cap",)

    @classmethod
    def at(
        cls, problem: Problem, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> Self:
        """The coordinates are the normal scores of two quantiles: of lead-time demand, and of a
        period's.
        """
        level, cap = (special.ndtr(score) for score in coordinates)
        return cls(
            problem=problem,
            level=distribution.quantile(level, problem.lead_times[0] + 1).reshape(-1),
            cap=distribution.quantile(cap).reshape(-1),
        )

    def __call__(self, observation: Observation) -> Array:
        short = like(self.level, observation.scale) - observation.state.inventory_position
        quantity = minimum(positive_part(short), like(self.cap, short))
        return in_first_channel(quantity, self.problem.order_dim)
