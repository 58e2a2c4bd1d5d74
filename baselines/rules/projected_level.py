"""The projected inventory level policy for lost sales with a lead time (van Jaarsveld & Arts)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from inv_gym.baselines.fitting.heuristic import in_first_channel
from inv_gym.baselines.fitting.moments import Moments
from inv_gym.baselines.fitting.optimiser import Ranges
from inv_gym.baselines.fitting.projection import Lattice, in_blocks, stock_columns
from inv_gym.baselines.fitting.search import Tunable
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems import LostSales
from inv_gym.util.arrays import Array, like, to_numpy


@dataclass(frozen=True, kw_only=True)
class ProjectedLevel(Tunable):
    """Order up to a level on the stock that is expected to be on hand when the order arrives:
    ``q = (U - E[J])^+``.

    The projected inventory level policy (van Jaarsveld & Arts, Operations Research). J is the stock
    L periods ahead, in which the stock on hand sells what it can and outstanding orders arrive. On
    whole units its mean is exact, by convolution; amounts lie on a lattice. On the paths of the
    search it is worked out from means and variances.

    Attributes:
        level: U, units.
        distribution: Of demand; its mean over all periods known, where it changes.

    Raises:
        ValueError: There is no lead time: then the rule is the base-stock policy.
    """

    problem: LostSales
    level: Array
    distribution: Distribution

    SEARCH: ClassVar[Ranges] = ((-3.0, 5.0),)
    POINTS_NEAR_BY = 61
    NOT_NEGATIVE = ("level",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.problem.lead_time == 0:
            raise ValueError(
                "lead_time must be at least 1 for ProjectedLevel, got 0: use BaseStock."
            )

    @classmethod
    def at(
        cls, problem: Any, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> Self:
        """The coordinate says how many standard deviations of a period's demand the level lies
        above its mean.
        """
        (score,) = coordinates
        rows = np.tile(np.arange(len(distribution.dispersion)), len(score))
        return cls(
            problem=problem,
            level=_levels(distribution, score).reshape(-1),
            distribution=distribution.rows(rows),
        )

    @classmethod
    def simulated(
        cls, problem: Any, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> _ByMoments:
        """Orders by the moments of demand in place of its whole distribution."""
        (score,) = coordinates
        level = _levels(distribution, score).reshape(-1)
        return _ByMoments(level, Moments.of(distribution, len(score)))

    @cached_property
    def _lattice(self) -> Lattice:
        return Lattice.of(self.distribution.averaged(), self.problem.lead_time)

    def __call__(self, observation: Observation) -> Array:
        columns = stock_columns(observation.state)
        projected = in_blocks(
            lambda lattice, *units: lattice.expected(units), self._lattice, *columns
        )
        level = np.asarray(to_numpy(self.level), dtype=float)
        return in_first_channel(like(np.maximum(level - projected, 0.0), observation.scale), 1)


def _levels(distribution: Distribution, score: np.ndarray) -> np.ndarray:
    """Levels ``[C, B]`` at scores ``[C, B]``, at least 0."""
    deviation = np.sqrt(distribution.variance())
    return np.maximum(distribution.window_mean() + score * deviation, 0.0)


@dataclass(frozen=True)
class _ByMoments:
    """The rule with the mean stock worked out from means and variances."""

    level: np.ndarray
    moments: Moments
    knows: ClassVar[str] = "nothing"

    def __call__(self, observation: Observation) -> Array:
        projected = self.moments.expected(stock_columns(observation.state))
        return np.maximum(self.level - projected, 0.0)[:, None]
