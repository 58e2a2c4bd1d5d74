"""The demand distribution that a history suggests."""

from __future__ import annotations

import numpy as np

from inv_gym.demand.distribution import Distribution
from inv_gym.demand.families import FAMILIES
from inv_gym.util.arrays import Array, to_numpy

_FAMILIES = (FAMILIES["poisson"], FAMILIES["negative_binomial"], FAMILIES["gamma"])


def estimate(history: Array) -> Distribution:
    """A stationary distribution per product by the method of moments.

    Counts get a negative binomial distribution, or a Poisson distribution where their variance does
    not exceed the mean; amounts get a gamma distribution. Our choice: all three are closed under
    sums, so lead-time demand needs no convolution.

    Args:
        history: ``[H, B]``, units.
    """
    values = to_numpy(history).astype(float)
    mean = np.maximum(
        values.mean(0), 0.5 / len(values)
    )  # nothing sold in H periods: about half a unit in as many
    variance = values.var(0, ddof=1)
    counts = (values == np.rint(values)).all(0)
    overdispersed = variance > mean * (1.0 + 1e-6)
    index = np.where(counts, np.where(overdispersed, 1, 0), 2)
    dispersion = np.select(
        [index == 0, index == 1],
        [0.0, (variance - mean) / mean**2],
        np.maximum(variance, 1e-6 * mean**2) / mean**2,
    )
    return Distribution(_FAMILIES, index, mean[None], dispersion)
