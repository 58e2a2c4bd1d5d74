"""How likely a demand is, by the family of its distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from inv_gym.demand import families
from inv_gym.demand.families import Vector


def _negative_binomial(x: Vector, mean: Vector, dispersion: Vector) -> Vector:
    size = 1.0 / dispersion
    ways = special.gammaln(x + size) - special.gammaln(size) - special.gammaln(x + 1.0)
    return ways + x * np.log(mean / (size + mean)) - size * np.log1p(mean * dispersion)


def _rounded_gamma(x: Vector, mean: Vector, dispersion: Vector) -> Vector:
    shape, scale = 1.0 / dispersion, mean * dispersion
    low, high = np.maximum(x - 0.5, 0.0) / scale, (x + 0.5) / scale
    below = special.gammainc(shape, high) - special.gammainc(shape, low)
    above = special.gammaincc(shape, low) - special.gammaincc(
        shape, high
    )  # what is precise in the upper tail
    return np.log(np.maximum(np.where(x < mean, below, above), np.finfo(float).tiny))


def _gamma(x: Vector, mean: Vector, dispersion: Vector) -> Vector:
    shape, scale = 1.0 / dispersion, mean * dispersion
    return (shape - 1.0) * np.log(x) - x / scale - (special.gammaln(shape) + shape * np.log(scale))


def _truncated_normal(x: Vector, mean: Vector, dispersion: Vector) -> Vector:
    spread = np.sqrt(dispersion)
    return _normal(x / mean, 1.0, spread) - np.log(mean) - special.log_ndtr(1.0 / spread)


def _log_normal(x: Vector, mean: Vector, dispersion: Vector) -> Vector:
    variance = np.log1p(dispersion)
    return _normal(np.log(x), np.log(mean) - variance / 2.0, np.sqrt(variance)) - np.log(x)


def _normal(x: Vector, mean: Vector | float, deviation: Vector) -> Vector:
    return -(((x - mean) / deviation) ** 2) / 2.0 - np.log(deviation * np.sqrt(2.0 * np.pi))


LOG_LIKELIHOODS: dict[type[families.Family], Callable[[Vector, Vector, Vector], Vector]] = {
    families.Poisson: lambda x, mean, dispersion: (
        x * np.log(mean) - mean - special.gammaln(x + 1.0)
    ),
    families.NegativeBinomial: _negative_binomial,
    families.Geometric: _negative_binomial,
    families.RoundedGamma: _rounded_gamma,
    families.Gamma: _gamma,
    families.TruncatedNormal: _truncated_normal,
    families.LogNormal: _log_normal,
}
"""By family, the logarithm of the probability of counts or of the density of amounts above 0."""
