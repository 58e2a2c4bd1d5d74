"""Families of demand distributions over one period; a member is given by a mean and a dispersion
per product.

The dispersion of a count is what its variance has beyond a Poisson distribution
(``var = mean + dispersion * mean**2``); that of an amount is its squared coefficient of variation
(``var = dispersion * mean**2``). The sum of n periods then has mean ``n * mean`` and dispersion
``dispersion / n`` in either case, which is exact where it is *closed under sums*.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from inv_gym.util.checks import one_of, refuse_rows

Vector = np.ndarray
TINY = 1e-12
LARGEST = 1e300
"""Whole numbers beyond this are not looked for."""
LARGEST_SCORE = 8.0
"""Of a normal distribution, where a quantile is first looked for."""


class Family(ABC):
    """A family of demand distributions on [0, inf); means and dispersions are arrays that
    broadcast.
    """

    integer: ClassVar[bool] = False
    closed_under_sums: ClassVar[bool] = False
    fixed_dispersion: float | None = None

    @abstractmethod
    def sample(self, rng: np.random.Generator, mean: Vector, dispersion: Vector) -> Vector:
        """Draw one demand, in units, per entry of `mean`."""

    @abstractmethod
    def cdf(self, x: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """P(demand <= x) for x >= 0."""

    def quantile(self, probability: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """The smallest whole number x with P(demand <= x) >= probability (amounts
        override this).

        Raises:
            ValueError: A probability is outside [0, 1], or no number reaches it.
        """
        check_probability(probability)
        probability, mean, dispersion = np.broadcast_arrays(probability, mean, dispersion)
        wanted, means, dispersions = probability.ravel(), mean.ravel(), dispersion.ravel()

        def reached(x: Vector, rows: Vector) -> Vector:
            return self.cdf(x, means[rows], dispersions[rows]) >= wanted[rows]

        start = approximate_quantile(wanted, means, dispersions)
        return smallest_integer(reached, start).reshape(mean.shape)


def approximate_quantile(probability: Vector, mean: Vector, dispersion: Vector) -> Vector:
    """About the quantile of a count: that of a normal distribution, mended for the skewness of a
    negative binomial one (Cornish and Fisher 1938).
    """
    score = np.clip(special.ndtri(probability), -LARGEST_SCORE, LARGEST_SCORE)
    deviation = np.sqrt(mean + dispersion * mean**2)
    skewed = (1.0 + 2.0 * dispersion * mean) * (score**2 - 1.0) / 6.0
    return mean + deviation * score + skewed


def check_probability(probability: Vector) -> None:
    """Check that probabilities are within [0, 1].

    Raises:
        ValueError: One is not, or is NaN; the first is named.
    """
    values = np.ravel(probability)
    bad = ~((values >= 0.0) & (values <= 1.0))
    refuse_rows("probability must be between 0 and 1, got {}.", bad, values)


def smallest_integer(reached: Callable[[Vector, Vector], Vector], start: Vector) -> Vector:
    """The smallest whole number >= 0 that satisfies a monotone condition, entry by entry.

    The search gallops from the start towards the number, in steps that double, and never beyond the
    middle of what is left; entries that are settled are not looked at again.

    Args:
        reached: Whether numbers ``[n]`` satisfy the condition of the entries ``[n]``; once true, it
            stays so for all larger ones.
        start: ``[N]`` about where to look.

    Raises:
        ValueError: The start is not finite, or no finite number satisfies the condition.
    """
    refuse_rows("start must be finite, got {}.", ~np.isfinite(start), start)
    low, high = np.full(start.shape, -1.0), np.full(start.shape, np.inf)
    probe, step, rows = np.maximum(np.ceil(start), 0.0), 1.0, np.arange(len(start))
    while len(rows):
        done = reached(probe, rows)
        refuse_rows(
            "no whole number up to {} satisfies the condition.", ~done & (probe > LARGEST), probe
        )
        low[rows] = np.where(done, low[rows], probe)
        high[rows] = np.where(done, probe, high[rows])

        # where whole numbers are left between the two
        middle = np.floor((low[rows] + high[rows]) / 2.0)
        left = np.isinf(middle) | ((low[rows] < middle) & (middle < high[rows]))
        rows, middle, done = rows[left], middle[left], done[left]
        down, up = np.maximum(high[rows] - step, middle), np.minimum(low[rows] + step, middle)
        probe, step = np.where(done, down, up), 2.0 * step
    return high


class Poisson(Family):
    """Counts with variance equal to the mean."""

    integer = True
    closed_under_sums = True
    fixed_dispersion = 0.0

    def sample(self, rng: np.random.Generator, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return rng.poisson(mean).astype(float)

    def cdf(self, x: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return special.pdtr(np.floor(x), mean)


class NegativeBinomial(Family):
    """Counts with variance ``mean + dispersion * mean**2``: a Poisson distribution with a
    gamma-distributed mean.
    """

    integer = True
    closed_under_sums = True

    def sample(self, rng: np.random.Generator, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        dispersion = np.maximum(dispersion, TINY)
        return rng.poisson(rng.gamma(1.0 / dispersion, mean * dispersion)).astype(float)

    def cdf(self, x: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        size = 1.0 / np.maximum(dispersion, TINY)
        return special.betainc(size, np.floor(x) + 1.0, size / (size + mean))


class Geometric(NegativeBinomial):
    """Counts 0, 1, 2, ... with geometric probabilities: the negative binomial distribution of
    dispersion 1.
    """

    fixed_dispersion = 1.0


class Gamma(Family):
    """Amounts with a gamma distribution."""

    closed_under_sums = True

    def sample(self, rng: np.random.Generator, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return rng.gamma(1.0 / np.broadcast_to(dispersion, np.shape(mean)), mean * dispersion)

    def cdf(self, x: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return special.gammainc(1.0 / dispersion, x / np.maximum(mean * dispersion, TINY))

    def quantile(self, probability: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return special.gammaincinv(1.0 / dispersion, probability) * (mean * dispersion)


class RoundedGamma(Family):
    """A gamma distribution rounded to the nearest whole number (De Moor et al. 2022)."""

    integer = True

    def sample(self, rng: np.random.Generator, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return np.rint(Gamma().sample(rng, mean, dispersion))

    def cdf(self, x: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return Gamma().cdf(np.floor(x) + 0.5, mean, dispersion)


class TruncatedNormal(Family):
    """A normal distribution conditioned on being at least 0; `mean` and `dispersion` are those
    before truncation.
    """

    def sample(self, rng: np.random.Generator, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return self.quantile(rng.random(np.shape(mean)), mean, dispersion)

    def cdf(self, x: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        deviation = np.maximum(np.sqrt(dispersion) * mean, TINY)
        below = special.ndtr(-mean / deviation)
        return (special.ndtr((x - mean) / deviation) - below) / (1.0 - below)

    def quantile(self, probability: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        below = special.ndtr(-1.0 / np.sqrt(dispersion))
        return mean * (
            1.0 + np.sqrt(dispersion) * special.ndtri(below + probability * (1.0 - below))
        )


class LogNormal(Family):
    """Amounts whose logarithm is normal."""

    def sample(self, rng: np.random.Generator, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return self.quantile(rng.random(np.shape(mean)), mean, dispersion)

    def cdf(self, x: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        spread = np.sqrt(np.log1p(dispersion))
        ratio = np.log(np.maximum(x, TINY) / np.maximum(mean, TINY))
        return special.ndtr(ratio / spread + spread / 2.0)

    def quantile(self, probability: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        spread = np.sqrt(np.log1p(dispersion))
        return mean * np.exp(spread * special.ndtri(probability) - spread**2 / 2.0)


class DiscreteUniform(Family):
    """Whole numbers 0, 1, ..., n with equal probability, where n is twice the mean, rounded."""

    integer = True
    fixed_dispersion = 1.0 / 3.0

    def sample(self, rng: np.random.Generator, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return np.floor(rng.random(np.shape(mean)) * (np.rint(2.0 * mean) + 1.0))

    def cdf(self, x: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        return np.minimum((np.floor(x) + 1.0) / (np.rint(2.0 * mean) + 1.0), 1.0)


@dataclass(frozen=True)
class Empirical(Family):
    """Observed demands drawn again, scaled to the wanted mean.

    Raises:
        ValueError: A value is negative or not finite, or all are 0.
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=float)
        if (
            values.size == 0
            or not np.isfinite(values).all()
            or (values < 0).any()
            or not values.any()
        ):
            raise ValueError(
                f"values must be finite demands of at least 0, some positive, got {self.values}."
            )
        object.__setattr__(self, "values", tuple(np.sort(values).tolist()))
        object.__setattr__(self, "fixed_dispersion", float(values.var() / values.mean() ** 2))

    def sample(self, rng: np.random.Generator, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        values = np.asarray(self.values)
        return values[rng.integers(len(values), size=np.shape(mean))] * (mean / values.mean())

    def cdf(self, x: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        values = np.asarray(self.values)
        unscaled = x * values.mean() / np.maximum(mean, TINY)
        return np.searchsorted(values, unscaled * (1.0 + TINY), side="right") / len(values)

    def quantile(self, probability: Vector, mean: Vector, dispersion: Vector) -> Vector:
        """See `Family`."""
        values = np.asarray(self.values)
        rank = np.ceil(np.asarray(probability) * len(values) - TINY).astype(int) - 1
        return values[np.clip(rank, 0, len(values) - 1)] * (mean / values.mean())


FAMILIES: dict[str, Family] = {
    "poisson": Poisson(),
    "geometric": Geometric(),
    "negative_binomial": NegativeBinomial(),
    "gamma": Gamma(),
    "rounded_gamma": RoundedGamma(),
    "truncated_normal": TruncatedNormal(),
    "log_normal": LogNormal(),
    "discrete_uniform": DiscreteUniform(),
}


def family(name: str | Family) -> Family:
    """The family of that name; a family (an `Empirical` one, say) is returned as it is.

    Raises:
        ValueError: The name is unknown.
    """
    return name if isinstance(name, Family) else FAMILIES[one_of("demand family", name, FAMILIES)]
