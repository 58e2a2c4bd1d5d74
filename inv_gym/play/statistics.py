"""Means over products and their 95 % intervals: the one definition for all tables."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from inv_gym.products.batch import DRAW_BLOCK

LEVEL = 0.975
"""Quantile of Student's distribution whose error bars hold the truth with 95 % probability."""


def half_width(standard_error: float, number: int) -> float:
    """Half of the 95 % interval of a mean over `number` independent products or series; NaN for
    one.
    """
    if number < 2:
        return float("nan")
    return float(special.stdtrit(number - 1, LEVEL)) * standard_error


class Interval(NamedTuple):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """The same in other units."""
        return Interval(*(factor * end for end in self))


class ProductMean:
    """The mean of a figure over products, from sums, so that memory does not grow with them.

    Products are independent, or windows of series: then the series are the independent ones, and
    the windows of one count together (a cluster-robust standard error). Sums are kept by block, so
    the figures do not depend on the chunks that products come in.
    """

    def __init__(self) -> None:
        self._sums: list[float] = []
        self._squares: list[float] = []
        self._products = 0
        self._series_products: np.ndarray = np.zeros(0)
        self._series_sums: np.ndarray = np.zeros(0)

    def add(self, values: np.ndarray, series: np.ndarray | None) -> None:
        """Add the figures ``[B]`` of products, with the series ``[B]`` of each if it has one."""
        self._products += len(values)
        for first in range(0, len(values), DRAW_BLOCK):
            block = slice(first, first + DRAW_BLOCK)
            self._sums.append(float(values[block].sum()))
            self._squares.append(float((values[block] ** 2).sum()))
            if series is not None:
                self._add_series(values[block], series[block])

    def _add_series(self, values: np.ndarray, series: np.ndarray) -> None:
        size = max(len(self._series_sums), int(series.max()) + 1)
        counted: np.ndarray = np.bincount(series, minlength=size).astype(float)
        summed: np.ndarray = np.bincount(series, values, minlength=size)
        counted[: len(self._series_products)] += self._series_products
        summed[: len(self._series_sums)] += self._series_sums
        self._series_products, self._series_sums = counted, summed

    @property
    def mean(self) -> float:
        """Over all products."""
        return float(np.sum(self._sums)) / self._products

    @property
    def differs(self) -> bool:
        """Whether any product's figure differs from 0."""
        return any(self._squares)

    @property
    def clusters(self) -> int:
        """How many independent ones there are: products, or series with a product."""
        return int((self._series_products > 0).sum()) or self._products

    @property
    def standard_error(self) -> float:
        """Of the mean; NaN for one product or one series."""
        if self.clusters < 2:
            return float("nan")
        if not len(self._series_sums):
            spread = float(np.sum(self._squares)) / self._products - self.mean**2
            return float(np.sqrt(max(spread, 0.0) / (self._products - 1)))
        # How far the sum of each series is from what as many average products would have.
        residuals = self._series_sums - self.mean * self._series_products
        variance = (residuals**2).sum() * self.clusters / (self.clusters - 1)
        return float(np.sqrt(variance)) / self._products

    @property
    def interval(self) -> Interval:
        """The mean with its 95 % interval (Student's, with one degree of freedom less than there
        are clusters).
        """
        half = half_width(self.standard_error, self.clusters)
        return Interval(self.mean, self.mean - half, self.mean + half)


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
