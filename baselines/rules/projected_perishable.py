"""The projected inventory level policy for perishable stock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from inv_gym.baselines.fitting.heuristic import Heuristic, in_first_channel
from inv_gym.baselines.fitting.scenarios import demand_scenarios
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems import Perishable
from inv_gym.util.arrays import Array, Columns, like, map_columns, to_numpy


@dataclass(frozen=True, kw_only=True)
class ProjectedPerishableLevel(Heuristic):
    """Order up to a level on the fresh enough stock that is expected to be on hand when the order
    arrives: ``q = (U - E[J])^+``.

    J is the stock L periods ahead without the order: until then stock sells, outdates and arrives.
    Its mean is that over the scenarios of `demand_scenarios`. The projected inventory level policy
    was made for lost sales (van Jaarsveld & Arts, Operations Research); this form of it, and the
    closed form, the critical-ratio quantile of one period's demand, are our choice.

    Attributes:
        level: U, units.
        distribution: Of demand from now on.

    Raises:
        ValueError: There is no lead time: then the rule is the base-stock policy.
    """

    problem: Perishable
    level: Array
    distribution: Distribution

    NOT_NEGATIVE = ("level",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.problem.lead_time == 0:
            raise ValueError(
                "lead_time must be at least 1 for ProjectedPerishableLevel, got 0: use BaseStock."
            )

    @classmethod
    def closed_form(cls, problem: Perishable, distribution: Distribution, economics: Any) -> Self:
        """The level at the critical ratio of one period."""
        level = distribution.quantile(critical_ratio(problem, economics))
        return cls(problem=problem, level=level, distribution=distribution)

    @cached_property
    def _scenarios(self) -> Columns:
        return demand_scenarios(self.distribution, self.problem.lead_time)

    def __call__(self, observation: Observation) -> Array:
        short = np.asarray(to_numpy(self.level), dtype=float) - self.expected_stock(observation)
        return in_first_channel(like(np.maximum(short, 0.0), observation.scale), 1)

    def expected_stock(self, observation: Observation) -> np.ndarray:
        """E[J], ``[B]``, units."""
        # a row per product and a column per scenario
        paths = np.zeros(self._scenarios[0].shape)
        state = map_columns(lambda column: paths + to_numpy(column)[:, None], observation.state)
        economics = map_columns(lambda column: to_numpy(column)[:, None], observation.economics)
        for demand in self._scenarios:
            outcome = self.problem.transition(state, (paths,), paths + demand, economics)
            state = outcome.state
        return state.on_hand.mean(1)
