"""Base-stock policies for perishable stock that order for what is expected to outdate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy import special

from inv_gym.baselines.fitting.heuristic import in_first_channel
from inv_gym.baselines.fitting.optimiser import Ranges
from inv_gym.baselines.fitting.search import Tunable
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems import Perishable
from inv_gym.util.arrays import Array, like, minimum, positive_part


@dataclass(frozen=True, kw_only=True)
class WasteAwareBaseStock(Tunable):
    """Order up to a level, and on top of that what is expected to outdate: ``q = (S - IP + EW)^+``.

    With the inventory position IP, the policy of estimated withdrawal and aging (Broekmeulen & van
    Donselaar 2009). EW is what outdates if nothing more is ordered and each period brings the mean
    demand, counted over the ``L + 1`` periods whose demand the position is to cover. That is our
    choice: over L periods EW is 0 without lead time, and with one they earned less where we
        compared. (Newest first without lead time, a plain base-stock earns more.)

    Attributes:
        level: S, units.
        mean_demand: Units per period.
    """

    problem: Perishable
    level: Array
    mean_demand: Array

    SEARCH: ClassVar[Ranges] = ((-4.0, 4.0),)
    NOT_NEGATIVE: ClassVar[tuple[str, ...]] = ("level", "mean_demand")

    @classmethod
    def at(
        cls, problem: Any, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> Self:
        """The coordinate is the normal score of the level's quantile of the demand of ``L + 1``
        periods.
        """
        (score,) = coordinates
        level = distribution.quantile(special.ndtr(score), problem.lead_time + 1).reshape(-1)
        return cls(
            problem=problem,
            level=level,
            mean_demand=np.tile(distribution.window_mean(), len(score)),
        )

    def __call__(self, observation: Observation) -> Array:
        position = (
            observation.scale * 0.0 + observation.state.inventory_position
        )  # no column if m = 1 and L = 0
        short = self.level_at(position) - position
        return in_first_channel(positive_part(short + self.expected_waste(observation)), 1)

    def level_at(self, position: Array) -> Array:
        """The level to order up to at an inventory position, units."""
        return like(self.level, position)

    def expected_waste(self, observation: Observation) -> Array:
        """EW, ``[B]``, units."""
        state, waste = observation.state, observation.scale * 0.0
        nothing, demand = (waste,), like(self.mean_demand, waste)
        for _ in range(self.problem.lead_time + 1):
            outcome = self.problem.transition(state, nothing, demand, observation.economics)
            state, waste = outcome.state, waste + outcome.flows.outdated
        return waste


@dataclass(frozen=True, kw_only=True)
class LowWasteBaseStock(WasteAwareBaseStock):
    """A waste-aware base-stock policy whose level is another one at low inventory positions.

    BSP-low-EW (Haijema & Minner 2019), with the levels S1 and S2 and the threshold b::

        q = (S2 - IP + EW)^+                            if IP >= b
        q = (S1 - a IP + EW)^+,  a = 1 - (S2 - S1) / b  if IP < b

    that is, the level rises with the position from S1 at 0 to S2 at b. What is bought at a low
    position all outdates at once, so the level is searched below S2 there (our choice, as is the
    search of b up to S2).

    Attributes:
        low_position_level: S1, units.
        threshold: b, units.
    """

    low_position_level: Array
    threshold: Array

    SEARCH: ClassVar[Ranges] = ((-2.0, 4.0), (0.0, 1.0), (0.0, 1.0))
    NOT_NEGATIVE = ("level", "mean_demand", "low_position_level", "threshold")

    @classmethod
    def at(
        cls, problem: Any, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> Self:
        """The coordinates are the normal score of S2, and the shares that S1 and the threshold have
        of S2.
        """
        score, low, threshold = coordinates
        base = WasteAwareBaseStock.at(problem, distribution, economics, score)
        return cls(
            problem=problem,
            level=base.level,
            mean_demand=base.mean_demand,
            low_position_level=low.reshape(-1) * base.level,
            threshold=threshold.reshape(-1) * base.level,
        )

    def level_at(self, position: Array) -> Array:
        levels = self.low_position_level, self.level, self.threshold
        low, high, threshold = (like(units, position) for units in levels)
        # a threshold of 0 counts as next to it
        share = minimum(position / (threshold + np.finfo(np.float32).tiny), position * 0.0 + 1.0)
        return low + (high - low) * share
