"""What a population's parameters are drawn from: a range per parameter, or a plain number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from inv_gym.util.checks import real


@dataclass(frozen=True)
class Uniform:
    """A uniform draw from [low, high]."""

    low: float
    high: float

    def __post_init__(self) -> None:
        real("high", self.high, least=real("low", self.low))

    def draw(self, rng: np.random.Generator, batch: int) -> np.ndarray:
        """One value per product, ``[B]``."""
        return rng.uniform(self.low, self.high, batch)


@dataclass(frozen=True)
class LogUniform:
    """A draw from [low, high] that is uniform on the log scale."""

    low: float
    high: float

    def __post_init__(self) -> None:
        real("high", self.high, least=real("low", self.low, least=1e-12))

    def draw(self, rng: np.random.Generator, batch: int) -> np.ndarray:
        """One value per product, ``[B]``."""
        return np.exp(rng.uniform(np.log(self.low), np.log(self.high), batch))


@dataclass(frozen=True)
class LogNormalRange:
    """A log-normal draw with the given median and standard deviation of the logarithm."""

    median: float
    sigma: float

    def __post_init__(self) -> None:
        real("median", self.median, least=1e-12)
        real("sigma", self.sigma, least=0.0)

    def draw(self, rng: np.random.Generator, batch: int) -> np.ndarray:
        """One value per product, ``[B]``."""
        return self.median * np.exp(self.sigma * rng.standard_normal(batch))


Range: TypeAlias = Uniform | LogUniform | LogNormalRange | float


def draw(what: Range, rng: np.random.Generator, batch: int) -> np.ndarray:
    """One value per product, ``[B]``; a number is the same for all."""
    return np.full(batch, float(what)) if isinstance(what, (int, float)) else what.draw(rng, batch)


def within(name: str, what: Range, least: float, most: float = math.inf) -> None:
    """Check that all draws lie within the bounds (a log-normal range has no upper end).

    Raises:
        ValueError: Some do not.
    """
    real(name, lowest(what), least, most)
    if not isinstance(what, (int, float, LogNormalRange)):
        real(name, what.high, least, most)


def lowest(what: Range) -> float:
    """The least value that can be drawn (of a log-normal range, its median: all draws
    are above 0).
    """
    if isinstance(what, (int, float)):
        return float(what)
    return what.median if isinstance(what, LogNormalRange) else what.low


def as_range(name: str, value: Range | Sequence[float]) -> Range:
    """A pair (low, high), as it comes from a configuration file or `gym.make`, as a uniform range.

    Raises:
        ValueError: It is neither a number, a pair nor a range.
    """
    if isinstance(value, (Uniform, LogUniform, LogNormalRange)):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        return Uniform(*value)
    if isinstance(value, (int, float)):
        return real(name, value)
    raise ValueError(f"{name} must be a number or a pair (low, high), got {value!r}.")
