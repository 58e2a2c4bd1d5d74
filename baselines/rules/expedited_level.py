"""Rules whose fast source orders the expedited position up to a level."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from scipy import special

from inv_gym.baselines.fitting.optimiser import Ranges
from inv_gym.baselines.fitting.search import Tunable
from inv_gym.baselines.fitting.simulation import SEARCH_PERIODS, paths, simulate
from inv_gym.demand.distribution import Distribution
from inv_gym.problems import DualSourcing
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import Array

LEVEL_SCORES = (-1.0, 5.0)
"""Normal scores of the levels that are tried with lost sales, as quantiles of the demand of
``l_e + 1`` periods.
"""


@dataclass(frozen=True, kw_only=True)
class ExpeditedLevel(Tunable):
    """A rule for two sources that expedites up to a level.

    With backlog, raising all levels by a number raises net inventory by it and changes no order. So
    the other parameters are searched alone: for each, one simulation from level 0 gives the
    distribution of net inventory less the level, and the best level is a quantile of it
    (Veeraraghavan & Scheller-Wolf 2008). With lost sales the level is searched with the others.

    Attributes:
        expedited_level: S_e, units.
    """

    problem: DualSourcing
    expedited_level: Array

    LEVELS: ClassVar[tuple[str, ...]] = ("expedited_level",)
    """The fields that are levels."""

    @classmethod
    @abstractmethod
    def relative(cls, problem: Any, distribution: Distribution, *coordinates: np.ndarray) -> Self:
        """The rule with an expedited level of 0, for ``C * B`` rows."""

    @classmethod
    def search_space(cls, problem: Problem) -> Ranges:
        """See `Tunable`."""
        return cls.SEARCH if problem.backlog else (LEVEL_SCORES, *cls.SEARCH)

    @classmethod
    def at(
        cls, problem: Any, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> Self:
        """The coordinates of `relative`; with lost sales the normal score of the level's quantile
        stands before.
        """
        if problem.backlog:
            rule = cls.relative(problem, distribution, *coordinates)
            level, _ = _best_level(
                problem, rule, paths(distribution, SEARCH_PERIODS), economics, len(coordinates[0])
            )
            return rule.raised(level.reshape(-1))
        score, *others = coordinates
        level = distribution.quantile(special.ndtr(score), problem.expedited_lead_time + 1).reshape(
            -1
        )
        return cls.relative(problem, distribution, *others).raised(level)

    @classmethod
    def score(
        cls,
        problem: Any,
        distribution: Distribution,
        economics: Any,
        demand: np.ndarray,
        points: np.ndarray,
    ) -> np.ndarray:
        """See `Tunable`."""
        if not problem.backlog:
            return super().score(problem, distribution, economics, demand, points)
        rule = cls.relative(problem, distribution, *np.moveaxis(points, 1, 0))
        return -_best_level(problem, rule, demand, economics, len(points))[1]

    def raised(self, units: np.ndarray) -> Self:
        """The rule with all its levels higher by some units."""
        return replace(self, **{name: getattr(self, name) + units for name in self.LEVELS})


def _best_level(
    problem: DualSourcing, rule: ExpeditedLevel, demand: np.ndarray, economics: Any, candidates: int
) -> tuple[np.ndarray, np.ndarray]:
    """The best level for a rule that stands at level 0, and its mean cost per period: ``[C, B]``
    each.
    """
    ratio = economics.shortage_cost / (economics.shortage_cost + economics.holding_cost)
    relative: list[np.ndarray] = []
    ordered: Any = 0.0
    for step in simulate(problem, rule, demand, economics, candidates):
        relative.append(step.outcome.flows.on_hand - step.outcome.flows.backlogged)
        ordered = ordered + np.stack(step.accepted, 1)
    net = np.stack(
        relative, 1
    )  # each row in one piece: sorting is ten times faster than along columns
    net.sort(1)
    net = net.reshape(candidates, -1, len(relative))
    rank = np.floor((1.0 - ratio) * (len(relative) - 1)).astype(int)
    level = -np.take_along_axis(net, np.broadcast_to(rank, net.shape[:2])[..., None], 2)[..., 0]
    mean = net.mean(2) + level
    held = np.maximum(np.add(net, level[..., None], out=net), 0.0, out=net).mean(2)
    short = held - mean
    orders = np.asarray(ordered).reshape(candidates, -1, 2) / len(relative)
    cost = economics.holding_cost * held + economics.shortage_cost * short
    cost += economics.regular_cost * orders[..., 0] + economics.expedited_cost * orders[..., 1]
    return level, cost
