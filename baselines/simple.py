"""Random and constant orders: the floor that every other policy should clear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.heuristic import in_first_channel
from inv_gym.arrays import Array, like, stack, to_numpy
from inv_gym.checks import real, whole
from inv_gym.policy import Observation
from inv_gym.problem import Problem


@dataclass(frozen=True, kw_only=True)
class RandomOrders:
    """Each channel orders uniformly between 0 and twice the mean demand, divided by the number of channels.

    The numbers are a hash of the product's history, the period and the seed, so they are the same in any batch.
    """

    problem: Problem
    seed: int = 0
    knows = "history"

    def __post_init__(self) -> None:
        whole("seed", self.seed, least=0)

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units."""
        bits = np.ascontiguousarray(to_numpy(observation.history), dtype=np.float64).view(np.uint64)
        places = np.arange(1, len(bits) + 1, dtype=np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
        key = (_mix(bits + places)).sum(0, dtype=np.uint64) + np.uint64(self.seed)
        channels = range(self.problem.order_dim)
        uniforms = [_mix(key + np.uint64(1 + k + observation.period * 64)) / 2.0**64 for k in channels]
        share = 2.0 / self.problem.order_dim
        return stack([like(share * uniform, observation.scale) * observation.scale for uniform in uniforms])


def _mix(bits: np.ndarray) -> np.ndarray:
    """Scramble 64-bit words (the finaliser of SplitMix64, Steele et al. 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@dataclass(frozen=True, kw_only=True)
class ConstantOrder:
    """The same order every period, a share of the mean demand before the start, from the first source."""

    problem: Problem
    share: float = 0.9
    knows = "history"

    def __post_init__(self) -> None:
        real("share", self.share, least=0.0)

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units."""
        return in_first_channel(self.share * observation.scale, self.problem.order_dim)
