"""Random and constant orders: the floor that every other policy should clear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from inv_gym.baselines.fitting.heuristic import in_first_channel
from inv_gym.baselines.fitting.optimiser import Ranges
from inv_gym.baselines.fitting.search import Tunable
from inv_gym.baselines.rules.critical_ratio import newsvendor_costs
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import Array, like, stack, to_numpy
from inv_gym.util.checks import whole


@dataclass(frozen=True, kw_only=True)
class RandomOrders:
    """Each channel orders uniformly between 0 and twice the mean demand, divided by the number of
    channels.

    The numbers are a hash of the product's history, the period and the seed, so they are the same
    in any batch.
    """

    problem: Problem
    seed: int = 0
    knows = "history"

    def __post_init__(self) -> None:
        whole("seed", self.seed, least=0)

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units."""
        history = np.nan_to_num(to_numpy(observation.history).astype(np.float64))
        bits = np.ascontiguousarray(history).view(np.uint64)
        places = np.arange(1, len(bits) + 1, dtype=np.uint64)[:, None] * np.uint64(
            0x9E3779B97F4A7C15
        )
        key = (_mix(bits + places)).sum(0, dtype=np.uint64) + np.uint64(self.seed)
        channels = range(self.problem.order_dim)
        uniforms = [
            _mix(key + np.uint64(1 + k + observation.period * 64)) / 2.0**64 for k in channels
        ]
        share = 2.0 / self.problem.order_dim
        return stack(
            [like(share * uniform, observation.scale) * observation.scale for uniform in uniforms]
        )


def _mix(bits: np.ndarray) -> np.ndarray:
    """Scramble 64-bit words (the finaliser of SplitMix64, Steele et al. 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@dataclass(frozen=True, kw_only=True)
class ConstantOrder(Tunable):
    """The same order every period, from the first source.

    Asymptotically optimal for lost sales as the lead time grows (Goldberg et al. 2016). The closed
    form is that of heavy traffic: stock follows Lindley's recursion with mean about ``v / (2 m)``,
    where m is mean demand less the order and v the variance of demand, so ``h v / (2 m) + p m`` is
    least at ``m = sqrt(h v / (2 p))``, with the holding and shortage costs h and p of the
    newsvendor. Where orders are whole, all are rounded down and below the mean demand, or stock
    would grow without end.

    Attributes:
        quantity: Units per order.
    """

    quantity: Array

    SEARCH: ClassVar[Ranges] = ((0.0, 0.99),)
    NOT_NEGATIVE = ("quantity",)

    @classmethod
    def closed_form(cls, problem: Problem, distribution: Distribution, economics: Any) -> Self:
        """The order of heavy traffic."""
        overage, underage = newsvendor_costs(problem, economics)
        shortfall = np.sqrt(
            overage * distribution.variance() / (2.0 * np.maximum(underage, np.finfo(float).tiny))
        )
        mean = distribution.window_mean()
        quantity = _below_mean(problem, np.maximum(mean - shortfall, 0.0), mean)
        return cls(problem=problem, quantity=quantity)

    @classmethod
    def at(
        cls, problem: Problem, distribution: Distribution, economics: Any, *coordinates: np.ndarray
    ) -> Self:
        """The coordinate is the share of the mean demand."""
        (share,) = coordinates
        mean = distribution.window_mean()
        return cls(problem=problem, quantity=_below_mean(problem, share * mean, mean).reshape(-1))

    def __call__(self, observation: Observation) -> Array:
        quantity = observation.scale * 0.0 + like(self.quantity, observation.scale)
        return in_first_channel(quantity, self.problem.order_dim)


def _below_mean(problem: Problem, quantity: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The order that the supplier is to get: a whole one below the mean demand if it rounds."""
    if not problem.integer_orders:
        return quantity
    return np.maximum(np.minimum(np.floor(quantity), np.ceil(mean) - 1.0), 0.0)
