"""Paired gaps between policies, with intervals that cover other seeds and other products."""

from __future__ import annotations

import numpy as np
from scipy import special


def paired(one: np.ndarray, other: np.ndarray, unit: float) -> tuple[float, float]:
    """Mean gap of rewards ``[S, N]``, % of a unit, and half of its 95 % interval.

    The interval covers both other seeds and other products: the variances of both means add up, with the degrees of
    freedom of Welch and Satterthwaite. Of one seed it covers the products alone.
    """
    gaps = 100.0 * (one - other) / unit
    seeds, products = gaps.shape
    if seeds < 2:
        half = special.stdtrit(products - 1, 0.975) * gaps.std(ddof=1) / np.sqrt(products)
        return float(gaps.mean()), float(half)
    parts = np.array([gaps.mean(1).var(ddof=1) / seeds, gaps.mean(0).var(ddof=1) / products])
    variance = max(parts.sum(), np.finfo(float).tiny)
    freedom = variance**2 / max((parts**2 / [seeds - 1, products - 1]).sum(), np.finfo(float).tiny)
    return float(gaps.mean()), float(special.stdtrit(max(freedom, 1.0), 0.975) * np.sqrt(variance))


def shown(gap: tuple[float, float]) -> str:
    """As text."""
    return f"{gap[0]:+.2f} ± {gap[1]:.2f}"
