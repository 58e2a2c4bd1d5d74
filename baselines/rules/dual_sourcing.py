"""Heuristics for two sources: dual index and its closed form, capped dual index, single index,
base-surge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from scipy import special

from inv_gym.baselines.fitting.moments import Moments
from inv_gym.baselines.fitting.optimiser import Ranges
from inv_gym.baselines.rules.expedited_level import ExpeditedLevel
from inv_gym.demand.distribution import LATTICE_CELLS, Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems import DualSourcing
from inv_gym.util.arrays import Array, like, minimum, positive_part, stack, to_numpy


@dataclass(frozen=True, kw_only=True)
class DualIndex(ExpeditedLevel):
    """``q_e = (S_e - expedited position)^+``, then ``q_r = (S_r - inventory position - q_e)^+``.

    The dual-index policy (Veeraraghavan & Scheller-Wolf 2008).

    Attributes:
        regular_level: S_r, units.
    """

    regular_level: Array

    SEARCH: ClassVar[Ranges] = ((0.0, 1.0),)
    LEVELS = ("expedited_level", "regular_level")

    @classmethod
    def closed_form(cls, problem: DualSourcing, distribution: Distribution, economics: Any) -> Self:
        """The two base-stock levels that are optimal with backlog and consecutive lead times.

        Then both positions are the same, and with the demand D of a period and the distribution F
        of that of ``l_e + 1`` periods (Fukuda 1964, Whittemore & Saunders 1977), for costs h and b
        discounted by ``g^l_e``::

            S_e = min{y: F(y) >= (b - d) / (b + h)},   d = c_e - c_r
            S_r = min{y: E[min(d, b - (b + h) F(y - D))] <= (1 - g) c_r / g}

        Raises:
            ValueError: The lead times are not consecutive, or demand is lost.
        """
        regular, expedited = problem.lead_times
        if regular != expedited + 1 or not problem.backlog:
            raise ValueError(
                "the closed form of DualIndex needs backlog and consecutive lead times, got "
                f"{problem.lead_times} and backlog={problem.backlog}; use DualIndex.searched."
            )
        discount = problem.discount
        holding, shortage = (
            discount**expedited * c for c in (economics.holding_cost, economics.shortage_cost)
        )
        premium = economics.expedited_cost - economics.regular_cost
        ratio = np.clip((shortage - premium) / (shortage + holding), 1e-9, 1.0 - 1e-9)
        bound = (1.0 - discount) * economics.regular_cost / discount
        step, cumulative = distribution.lattice(expedited + 1)
        # b - (b + h) F(y), capped at the premium; F is 0 below 0, where the cap applies if b > d.
        marginal = np.minimum(
            premium[:, None], shortage[:, None] - (shortage + holding)[:, None] * cumulative
        )
        value = _expected(
            marginal,
            np.minimum(premium, shortage),
            distribution.cdf(np.arange(LATTICE_CELLS)[:, None] * step).T,
        )
        return cls(
            problem=problem,
            expedited_level=distribution.quantile(ratio, expedited + 1),
            regular_level=(value <= bound[:, None] + 1e-9).argmax(1) * step,
        )

    @classmethod
    def relative(
        cls, problem: DualSourcing, distribution: Distribution, *coordinates: np.ndarray
    ) -> Self:
        """The coordinate is the share that ``S_r - S_e`` has of the largest difference worth
        trying.
        """
        difference = _whole(distribution, coordinates[0] * _reach(problem, distribution))
        return cls(problem=problem, expedited_level=difference * 0.0, regular_level=difference)

    def __call__(self, observation: Observation) -> Array:
        expedited, position = self.expedite(observation.state)
        return stack(
            [positive_part(like(self.regular_level, position) - position - expedited), expedited]
        )

    def expedite(self, state: Any) -> tuple[Array, Array]:
        """The expedited order, and the inventory position before it."""
        due = self.problem.expedited_position(state)
        return positive_part(like(self.expedited_level, due) - due), state.inventory_position


@dataclass(frozen=True, kw_only=True)
class CappedDualIndex(DualIndex):
    """A dual index whose regular orders are at most a cap (Sun & Van Mieghem 2019).

    Attributes:
        cap: Units per regular order.
    """

    cap: Array

    SEARCH: ClassVar[Ranges] = ((0.0, 1.0), (-2.0, 3.0))
    NOT_NEGATIVE = ("cap",)

    @classmethod
    def relative(
        cls, problem: DualSourcing, distribution: Distribution, *coordinates: np.ndarray
    ) -> Self:
        """The second coordinate is the normal score of the cap as a quantile of demand."""
        difference = _whole(distribution, coordinates[0] * _reach(problem, distribution))
        cap = distribution.quantile(special.ndtr(coordinates[1])).reshape(-1)
        return cls(
            problem=problem, expedited_level=difference * 0.0, regular_level=difference, cap=cap
        )

    def __call__(self, observation: Observation) -> Array:
        expedited, position = self.expedite(observation.state)
        regular = positive_part(like(self.regular_level, position) - position - expedited)
        return stack([minimum(regular, like(self.cap, regular)), expedited])


@dataclass(frozen=True, kw_only=True)
class SingleIndex(DualIndex):
    """Both orders from the inventory position: ``q_e = (S_e - IP)^+``,
    ``q_r = (S_r - IP - q_e)^+``.

    The single-index policy (Scheller-Wolf, Veeraraghavan & van Houtum 2007).
    """

    def expedite(self, state: Any) -> tuple[Array, Array]:
        position = state.inventory_position
        return positive_part(like(self.expedited_level, position) - position), position


@dataclass(frozen=True, kw_only=True)
class TailoredBaseSurge(ExpeditedLevel):
    """A constant regular order, and expediting up to a level: ``q_r = r``,
    ``q_e = (S - expedited position)^+``.

    The tailored base-surge policy (Allon & Van Mieghem 2010).

    Attributes:
        quantity: r, units per regular order.
    """

    quantity: Array

    SEARCH: ClassVar[Ranges] = ((0.0, 0.99),)
    NOT_NEGATIVE = ("quantity",)

    @classmethod
    def relative(
        cls, problem: DualSourcing, distribution: Distribution, *coordinates: np.ndarray
    ) -> Self:
        """The coordinate is the share of the mean demand."""
        quantity = _whole(distribution, coordinates[0] * distribution.window_mean())
        return cls(problem=problem, expedited_level=quantity * 0.0, quantity=quantity)

    def __call__(self, observation: Observation) -> Array:
        due = self.problem.expedited_position(observation.state)
        regular = due * 0.0 + like(self.quantity, due)
        return stack([regular, positive_part(like(self.expedited_level, due) - due)])


@dataclass(frozen=True, kw_only=True)
class ProjectedExpeditedPosition(ExpeditedLevel):
    """Expedite up to a level, and order regularly so that the expedited position is expected to
    reach another one when the regular order comes into it.

    The projected expedited inventory position policy (PEIP, Drent & Arts, arXiv 2207.12182). A
    regular order comes into the expedited position after ``l_r - l_e`` periods. Until then what the
    position exceeds its level by, the overshoot V, goes on as stock does with lost sales: demand
    takes it, what expediting makes up for is lost to it, and outstanding regular orders come in.
    With J what is expected to be left of it in the period before the order comes in::

        q_e = (S_e - expedited position)^+,   q_r = (U - E[J])^+

    so that the position is expected to be ``S_e + U`` less a period's demand then. With consecutive
    lead times it is the dual index with ``S_r = S_e + U``.

    Attributes:
        projected_level: U, units.
        distribution: Of demand; its mean over all periods known, where it changes.
    """

    projected_level: Array
    distribution: Distribution

    SEARCH: ClassVar[Ranges] = ((0.0, 1.0),)
    NOT_NEGATIVE = ("projected_level",)

    @classmethod
    def relative(
        cls, problem: DualSourcing, distribution: Distribution, *coordinates: np.ndarray
    ) -> Self:
        """The coordinate is the share of U in the largest difference of levels worth trying."""
        (share,) = coordinates
        level = (share * _reach(problem, distribution)).reshape(-1)
        rows = np.tile(np.arange(len(distribution.dispersion)), len(share))
        return cls(
            problem=problem,
            expedited_level=level * 0.0,
            projected_level=level,
            distribution=distribution.rows(rows),
        )

    @cached_property
    def _moments(self) -> Moments:
        return Moments.of(self.distribution.averaged())

    def __call__(self, observation: Observation) -> Array:
        due = self.problem.expedited_position(observation.state)
        level = like(self.expedited_level, due)
        expedited = positive_part(level - due)
        later = observation.state.pipeline[self.problem.expedited_lead_time :]
        overshoot = [
            np.asarray(to_numpy(column), dtype=float)
            for column in (positive_part(due - level), *later)
        ]
        regular = like(self.projected_level, due) - like(self._projected(overshoot), due)
        return stack([positive_part(regular), expedited])

    def _projected(self, columns: list[np.ndarray]) -> np.ndarray:
        """E[J] from the overshoot now and what comes in after each period, ``[B]`` each."""
        now, *later = columns
        if not later:
            return now
        first, *rest = later
        return self._moments.expected([now + first, *rest])


def _whole(distribution: Distribution, units: np.ndarray) -> np.ndarray:
    """Units ``[C, B]`` for ``C * B`` rows, rounded where demand comes in whole units."""
    return np.where(distribution.integer, np.rint(units), units).reshape(-1)


def _reach(problem: DualSourcing, distribution: Distribution) -> np.ndarray:
    """The largest difference of levels worth trying: generous demand of the periods between the two
    lead times.
    """
    periods = problem.regular_lead_time - problem.expedited_lead_time + 1
    return distribution.quantile(np.full(len(distribution.dispersion), 0.999), periods)


def _expected(function: np.ndarray, below: np.ndarray, cumulative: np.ndarray) -> np.ndarray:
    """``E[f(y - D)]`` at every lattice point y, ``[B, N]``, for f on the lattice,
    constant below 0.
    """
    mass = np.diff(cumulative, axis=1, prepend=0.0)
    pad = 2 * LATTICE_CELLS
    inside = np.fft.irfft(np.fft.rfft(function, pad) * np.fft.rfft(mass, pad), pad)[
        :, :LATTICE_CELLS
    ]
    return inside + below[:, None] * (1.0 - cumulative)
