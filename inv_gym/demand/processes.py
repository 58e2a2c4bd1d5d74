"""Demand processes: what multiplies a product's mean demand over time.

A process draws a factor per period and product; several processes multiply. A population without
one is stationary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inv_gym.demand.ranges import LogUniform, Range, Uniform, draw, keep_range
from inv_gym.util.checks import real, whole

LARGEST_WALK = 3.0
"""A random walk's logarithm is cut off at it, a factor of 20 (our choice)."""


class Process(Protocol):
    """Draws factors on the mean demand, ``[periods, B]``; period `start` of the calendar comes
    first.
    """

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """Args: start ``[B]``, the day of the calendar on which each product's history begins."""
        ...


def _clock(start: np.ndarray, periods: int) -> np.ndarray:
    """``[periods, B]`` day of the calendar."""
    return start + np.arange(periods)[:, None]


@dataclass(frozen=True)
class WeeklySeason:
    """A weekday profile of mean 1, drawn per product: log-normal weekday factors of the given
    spread.
    """

    spread: Range = Uniform(0.1, 0.4)

    def __post_init__(self) -> None:
        keep_range(self, "spread", 0.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        profile = np.exp(draw(self.spread, rng, len(start)) * rng.standard_normal((7, len(start))))
        profile /= profile.mean(0)
        return np.take_along_axis(profile, _clock(start, periods) % 7, axis=0)


@dataclass(frozen=True)
class YearlySeason:
    """A yearly wave ``1 + amplitude * sin``, with a peak drawn per product."""

    amplitude: Range = Uniform(0.1, 0.5)

    def __post_init__(self) -> None:
        keep_range(self, "amplitude", 0.0, 1.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        phase = rng.uniform(0.0, 2.0 * np.pi, len(start))
        wave = np.sin(2.0 * np.pi * _clock(start, periods) / 365.25 + phase)
        return 1.0 + draw(self.amplitude, rng, len(start)) * wave


@dataclass(frozen=True)
class Trend:
    """Growth or decline by a constant rate per period, compounded."""

    rate: Range = Uniform(-0.01, 0.01)

    def __post_init__(self) -> None:
        keep_range(self, "rate", -0.5, 1.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        return (1.0 + draw(self.rate, rng, len(start))) ** np.arange(periods)[:, None]


@dataclass(frozen=True)
class AutocorrelatedLevel:
    """A level whose logarithm is a stationary AR(1) process of mean-one exponential."""

    correlation: Range = 0.95
    spread: Range = Uniform(0.1, 0.4)

    def __post_init__(self) -> None:
        keep_range(self, "correlation", -1.0, 1.0)
        keep_range(self, "spread", 0.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        batch = len(start)
        correlation, spread = draw(self.correlation, rng, batch), draw(self.spread, rng, batch)
        level = np.empty((periods, batch))
        level[0] = rng.standard_normal(batch)
        innovation = np.sqrt(1.0 - correlation**2) * rng.standard_normal((periods, batch))
        for t in range(1, periods):
            level[t] = correlation * level[t - 1] + innovation[t]
        return np.exp(spread * level - spread**2 / 2.0)


@dataclass(frozen=True)
class RegimeChange:
    """The mean is multiplied once and for all, from a period drawn uniformly over history and
    episode.
    """

    factor: Range = LogUniform(0.3, 3.0)

    def __post_init__(self) -> None:
        keep_range(self, "factor", 0.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        change = rng.integers(0, periods, len(start))
        return np.where(
            np.arange(periods)[:, None] < change, 1.0, draw(self.factor, rng, len(start))
        )


@dataclass(frozen=True)
class DemandShock:
    """The mean is multiplied for `length` periods.

    Attributes:
        factor: The multiplier.
        length: Number of periods it lasts.
        begin: First period of the shock, counted from the start of the history; drawn uniformly if
            None.
    """

    factor: Range = Uniform(2.0, 3.0)
    length: int = 5
    begin: int | None = None

    def __post_init__(self) -> None:
        keep_range(self, "factor", 0.0)
        whole("length", self.length, least=1)
        if self.begin is not None:
            whole("begin", self.begin, least=0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        drawn = rng.integers(0, max(periods - self.length, 1), len(start))
        begin = drawn if self.begin is None else np.full(len(start), self.begin)
        since = np.arange(periods)[:, None] - begin
        return np.where(
            (since >= 0) & (since < self.length), draw(self.factor, rng, len(start)), 1.0
        )


@dataclass(frozen=True)
class RandomWalkLevel:
    """A level whose logarithm is a random walk, with steps of the given spread; it stays within
    a factor of 20 of its start.
    """

    spread: Range = LogUniform(0.005, 0.1)

    def __post_init__(self) -> None:
        keep_range(self, "spread", 0.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        spread = draw(self.spread, rng, len(start))
        walk = np.cumsum(spread * rng.standard_normal((periods, len(start))), 0)
        return np.exp(np.clip(walk, -LARGEST_WALK, LARGEST_WALK))


@dataclass(frozen=True)
class ClosedWeekday:
    """A weekday, drawn per product, on which nothing is sold."""

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        closed = rng.integers(0, 7, len(start))
        return (_clock(start, periods) % 7 != closed).astype(float)


@dataclass(frozen=True)
class Promotions:
    """Now and then the mean is multiplied for some periods, which are not told beforehand.

    Attributes:
        lift: The multiplier of every promotion of a product.
        share: Share of the periods in which one begins.
        length: Number of periods that each lasts.
    """

    lift: Range = Uniform(1.2, 4.0)
    share: Range = Uniform(0.005, 0.04)
    length: int = 7

    def __post_init__(self) -> None:
        keep_range(self, "lift", 0.0)
        keep_range(self, "share", 0.0, 1.0)
        whole("length", self.length, least=1)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        batch = len(start)
        lift, share = draw(self.lift, rng, batch), draw(self.share, rng, batch)
        begun = np.cumsum(rng.random((periods, batch)) < share, 0)
        before = np.concatenate([np.zeros((self.length, batch), int), begun])[:periods]
        return np.where(begun > before, lift, 1.0)


@dataclass(frozen=True)
class Sometimes:
    """A process that some products have and the others have not.

    Attributes:
        process: What they have.
        probability: That a product has it.
    """

    process: Process
    probability: float

    def __post_init__(self) -> None:
        real("probability", self.probability, 0.0, 1.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `Process`."""
        chosen = rng.random(len(start)) < self.probability
        factors = np.ones((periods, len(start)))
        factors[:, chosen] = self.process.factors(rng, start[chosen], periods)
        return factors


CALENDAR = ("weekday_sin", "weekday_cos", "year_sin", "year_cos")
"""Names of the covariates that `calendar` gives."""


def beyond_calendar(names: Sequence[str]) -> tuple[str, ...]:
    """The names of the covariates that are not of the calendar: their past does not follow from
    today.
    """
    return tuple(name for name in names if name not in CALENDAR)


def calendar(start: np.ndarray, periods: int) -> np.ndarray:
    """Calendar covariates ``[periods, B, 4]``: phases of the week and of the year, known in
    advance.
    """
    week = 2.0 * np.pi * _clock(start, periods) / 7.0
    year = 2.0 * np.pi * _clock(start, periods) / 365.25
    return np.stack([np.sin(week), np.cos(week), np.sin(year), np.cos(year)], -1)
