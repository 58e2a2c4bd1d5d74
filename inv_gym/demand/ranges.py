"""What a population's parameters are drawn from: a range per parameter, or a plain number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from inv_gym.util.checks import real

LARGEST_FIGURE = 1e15
"""Figures beyond it are refused (our choice): sums of their products are not finite in float32."""
LARGEST_SIGMA = 10.0
"""The widest log-normal range (our choice): its draws span 26 orders of magnitude."""


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
        real("sigma", self.sigma, most=LARGEST_SIGMA)

    def draw(self, rng: np.random.Generator, batch: int) -> np.ndarray:
        """One value per product, ``[B]``."""
        return self.median * np.exp(self.sigma * rng.standard_normal(batch))


Range: TypeAlias = Uniform | LogUniform | LogNormalRange | float


def draw(what: Range, rng: np.random.Generator, batch: int) -> np.ndarray:
    """One value per product, ``[B]``; a number is the same for all."""
    return np.full(batch, float(what)) if isinstance(what, (int, float)) else what.draw(rng, batch)


def within(
    name: str,
    value: Range | Sequence[float],
    least: float = -math.inf,
    most: float = math.inf,
) -> Range:
    """The range that was given (see `as_range`), if all of its draws lie within the bounds.

    Raises:
        TypeError: An end of it is not a number.
        ValueError: It is no range, or some of its draws lie outside the bounds.
    """
    what = as_range(name, value)
    ends = (lowest(what), what.high if isinstance(what, (Uniform, LogUniform)) else lowest(what))
    for end in ends:
        real(name, end, least, most)
        real(name, end, most=LARGEST_FIGURE)
    if isinstance(what, LogNormalRange) and most < math.inf:
        raise ValueError(
            f"{name} must be at most {most:g}, got {what!r}, which has no upper end: give a number "
            "or a pair (low, high)."
        )
    return what


def keep_range(owner: Any, name: str, least: float = -math.inf, most: float = math.inf) -> None:
    """Check a field of a frozen dataclass with `within`, and keep it as the range that it is."""
    object.__setattr__(owner, name, within(name, getattr(owner, name), least, most))


def lowest(what: Range) -> float:
    """The least value that can be drawn (of a log-normal range, its median: all draws
    are above 0).
    """
    if isinstance(what, (int, float)):
        return float(what)
    return what.median if isinstance(what, LogNormalRange) else what.low


def highest(what: Range) -> float:
    """The largest value that can be drawn (of a log-normal range, that of four standard deviations
    above its median).
    """
    if isinstance(what, (int, float)):
        return float(what)
    if isinstance(what, LogNormalRange):
        return float(what.median * np.exp(4.0 * what.sigma))
    return what.high


def as_range(name: str, value: Range | Sequence[float]) -> Range:
    """A pair (low, high), as it comes from a configuration file or `gym.make`, as a uniform range.

    Raises:
        TypeError: An end of the pair is not a number.
        ValueError: It is neither a number, a pair nor a range, or an end is not finite.
    """
    if isinstance(value, (Uniform, LogUniform, LogNormalRange)):
        return value
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and len(value) == 2:
        low = real(f"{name} low", value[0])
        return Uniform(low, real(f"{name} high", value[1], least=low))
    if isinstance(value, (int, float, np.integer, np.floating)):
        return real(name, value)
    raise ValueError(f"{name} must be a number or a pair (low, high), got {value!r}.")
