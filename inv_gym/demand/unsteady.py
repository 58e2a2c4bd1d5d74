"""Further processes: waves of any length, straight trends, and noise that changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inv_gym.demand.ranges import LogUniform, Range, Uniform, draw, keep_range


@dataclass(frozen=True)
class Wave:
    """A wave ``1 + amplitude * sin`` of any length, with a peak drawn per product.

    Attributes:
        amplitude: Height of the peak above the mean, as a share of it.
        period: Periods from peak to peak.
    """

    amplitude: Range = Uniform(0.1, 0.8)
    period: Range = LogUniform(4.0, 60.0)

    def __post_init__(self) -> None:
        keep_range(self, "amplitude", 0.0, 1.0)
        keep_range(self, "period", 2.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `inv_gym.demand.processes.Process`."""
        batch = len(start)
        phase = rng.uniform(0.0, 2.0 * np.pi, batch)
        amplitude = draw(self.amplitude, rng, batch)
        turn = 2.0 * np.pi * np.arange(periods)[:, None] / draw(self.period, rng, batch)
        return 1.0 + amplitude * np.sin(turn + phase)


@dataclass(frozen=True)
class StraightTrend:
    """Growth or decline by a constant amount per period.

    Attributes:
        ratio: The mean of the last period over that of the first.
    """

    ratio: Range = LogUniform(0.2, 5.0)

    def __post_init__(self) -> None:
        keep_range(self, "ratio", 0.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `inv_gym.demand.processes.Process`."""
        share = np.linspace(0.0, 1.0, periods)[:, None]
        return 1.0 + (draw(self.ratio, rng, len(start)) - 1.0) * share


@dataclass(frozen=True)
class SpreadChange:
    """Log-normal noise of mean one whose spread changes once and for all, in a period drawn
    uniformly over history and episode.
    """

    spread: Range = LogUniform(0.1, 0.6)

    def __post_init__(self) -> None:
        keep_range(self, "spread", 0.0)

    def factors(self, rng: np.random.Generator, start: np.ndarray, periods: int) -> np.ndarray:
        """See `inv_gym.demand.processes.Process`."""
        batch = len(start)
        change = rng.integers(0, periods, batch)
        before, after = draw(self.spread, rng, batch), draw(self.spread, rng, batch)
        spread = np.where(np.arange(periods)[:, None] < change, before, after)
        return np.exp(spread * rng.standard_normal((periods, batch)) - spread**2 / 2.0)
