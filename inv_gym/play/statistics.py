"""The paired gap between policies, and its 95 % interval: the one definition for all tables."""

from __future__ import annotations

import numpy as np
from scipy import special

LEVEL = 0.975
"""Quantile of Student's distribution whose error bars hold the truth with 95 % probability."""


def half_width(standard_error: float, number: int) -> float:
    """Half of the 95 % interval of a mean over `number` independent products; NaN for one."""
    if number < 2:
        return float("nan")
    return float(special.stdtrit(number - 1, LEVEL)) * standard_error


def paired_gap(rewards: np.ndarray, reference: np.ndarray, unit: float) -> tuple[float, float]:
    """Mean gap in % of a unit, and half of its 95 % interval.

    The interval covers both other training seeds and other products: the variances of both means
    add up, with the degrees of freedom of Welch and Satterthwaite. With one seed it covers other
    products alone.

    Args:
        rewards: ``[S, N]`` of N products under each of S training seeds, money.
        reference: ``[S, N]`` or ``[1, N]`` of the policy that the gap is to, money.
        unit: Money that counts as 100 %.
    """
    gaps = 100.0 * (rewards - reference) / unit
    seeds, products = gaps.shape
    if seeds < 2:
        error = float(gaps.std(ddof=1) / np.sqrt(products))
        return float(gaps.mean()), half_width(error, products)
    # The variance of the mean that comes from the seeds, and the one that comes from the products.
    of_seeds = gaps.mean(1).var(ddof=1) / seeds
    of_products = gaps.mean(0).var(ddof=1) / products
    parts = np.array([of_seeds, of_products])
    tiny = np.finfo(float).tiny
    variance = max(parts.sum(), tiny)
    freedom = variance**2 / max((parts**2 / [seeds - 1, products - 1]).sum(), tiny)
    quantile = special.stdtrit(max(freedom, 1.0), LEVEL)
    return float(gaps.mean()), float(quantile * np.sqrt(variance))


def gap_text(gap: tuple[float, float]) -> str:
    """A gap and its half interval as text, such as ``+1.20 ± 0.10``."""
    return f"{gap[0]:+.2f} ± {gap[1]:.2f}"
