"""Means over products and their 95 % intervals: the one definition for all tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import special

from inv_gym.products.batch import DRAW_BLOCK

LEVEL = 0.975
"""Quantile of Student's distribution whose error bars hold the truth with 95 % probability."""


def half_width(standard_error: float, number: float) -> float:
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


class ProductMean:
    """The mean of a figure over products, from sums, so that memory does not grow with them.

    Products are independent, or windows of series. Then the series are the independent ones: the
    standard error is that of the jackknife, which leaves out one series at a time with all of its
    windows. Series are taken as independent of each other also where they share calendar days, so
    the interval is for other series of the same days; a shock that met all series alike on a day
    is not in it.

    Sums are kept by block, so the figures do not depend on the chunks that products come in.
    """

    def __init__(self) -> None:
        self._sums: list[float] = []
        self._squares: list[float] = []
        self.products = 0
        """How many there are."""
        self._series_products: np.ndarray = np.zeros(0)
        self._series_sums: np.ndarray = np.zeros(0)

    def add(self, values: np.ndarray, series: np.ndarray | None) -> None:
        """Add the figures ``[B]`` of products, with the series ``[B]`` of each if it has one."""
        self.products += len(values)
        for block in _blocks(len(values)):
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
        return float(np.sum(self._sums)) / self.products

    @property
    def mean_square(self) -> float:
        """Mean of the squares over all products."""
        return float(np.sum(self._squares)) / self.products

    @property
    def differs(self) -> bool:
        """Whether any product's figure differs from 0."""
        return any(self._squares)

    @property
    def has_series(self) -> bool:
        """Whether products are windows of series."""
        return len(self._series_sums) > 0

    @property
    def series_sums(self) -> np.ndarray:
        """``[S]`` sum over the products of each series that has one."""
        return self._series_sums[self._series_products > 0]

    @property
    def series_products(self) -> np.ndarray:
        """``[S]`` how many products each series has, of those that have one."""
        return self._series_products[self._series_products > 0]

    @property
    def clusters(self) -> int:
        """How many independent ones there are: products, or series with a product."""
        return len(self.series_products) if self.has_series else self.products

    @property
    def standard_error(self) -> float:
        """The standard error of the mean; NaN for one product or one series."""
        if self.clusters < 2:
            return float("nan")
        if self.has_series:
            return jackknife_error(self.series_sums, self.series_products)
        spread = self.mean_square - self.mean**2
        return float(np.sqrt(max(spread, 0.0) / (self.products - 1)))

    @property
    def interval(self) -> Interval:
        """The mean with its 95 % interval: Student's, with one degree of freedom less than there
        are products, or equally weighted series.
        """
        number = effective_number(self.series_products) if self.has_series else self.products
        half = half_width(self.standard_error, number)
        return Interval(self.mean, self.mean - half, self.mean + half)


class ProductRatio:
    """The mean of one figure over products, relative to the size of the mean of another.

    Both means are of the same products, so the interval counts the errors of both. The standard
    error is that of the jackknife over series, or the linearised one over independent products.
    Student's interval has one degree of freedom less than the number of equally weighted clusters
    that would share the denominator as evenly: where a few products have most of the money, they
    alone decide.
    """

    def __init__(self) -> None:
        self.numerator = ProductMean()
        self.denominator = ProductMean()
        self._cross: list[float] = []

    def add(
        self, numerators: np.ndarray, denominators: np.ndarray, series: np.ndarray | None
    ) -> None:
        """Add both figures ``[B]`` of products, with the series ``[B]`` of each if it has one."""
        self.numerator.add(numerators, series)
        self.denominator.add(denominators, series)
        for block in _blocks(len(numerators)):
            self._cross.append(float((numerators[block] * denominators[block]).sum()))

    @property
    def size(self) -> float:
        """The absolute mean of the denominator."""
        return abs(self.denominator.mean)

    @property
    def standard_error(self) -> float:
        """The standard error of the ratio; NaN for one product or series, or a denominator of 0."""
        if self.numerator.clusters < 2 or self.size == 0.0:
            return float("nan")
        if self.numerator.has_series:
            return jackknife_error(self.numerator.series_sums, self.denominator.series_sums)
        ratio = self.numerator.mean / self.denominator.mean
        cross = float(np.sum(self._cross)) / self.numerator.products
        # Mean square of what a product's numerator is beyond the ratio times its denominator.
        spread = self.numerator.mean_square - 2.0 * ratio * cross
        spread += ratio**2 * self.denominator.mean_square
        return float(np.sqrt(max(spread, 0.0) / (self.numerator.products - 1))) / self.size

    @property
    def effective_clusters(self) -> float:
        """How many equally weighted clusters would share the denominator as evenly."""
        if self.denominator.has_series:
            return effective_number(self.denominator.series_sums)
        return self.denominator.products * self.size**2 / self.denominator.mean_square

    def interval(self, unit: float = 1.0) -> Interval:
        """The ratio times `unit`, with its 95 % interval; NaN where the denominator is 0."""
        if self.size == 0.0:
            return Interval(*3 * (float("nan"),))
        mean = (unit / self.size) * self.numerator.mean
        half = float("nan")
        if self.numerator.clusters > 1:
            number = max(self.effective_clusters, 2.0)
            half = unit * half_width(self.standard_error, number)
        return Interval(mean, mean - half, mean + half)


def _blocks(number: int) -> Iterator[slice]:
    """Slices of at most `DRAW_BLOCK` products."""
    return (slice(first, first + DRAW_BLOCK) for first in range(0, number, DRAW_BLOCK))


def jackknife_error(numerators: np.ndarray, denominators: np.ndarray) -> float:
    """Standard error of the ratio of two sums over series ``[S]``, from leaving out each in turn.

    It is NaN if without some series nothing is left of the denominator.
    """
    number = len(numerators)
    without = denominators.sum() - denominators
    if (without == 0.0).any():
        return float("nan")
    ratios = (numerators.sum() - numerators) / without
    whole = numerators.sum() / denominators.sum()
    return float(np.sqrt((number - 1) / number * ((ratios - whole) ** 2).sum()))


def effective_number(weights: np.ndarray) -> float:
    """How many equal weights are as even as these (Kish): the squared sum over the sum of squares.

    At least 2, so that an interval has a degree of freedom.
    """
    return max(float(weights.sum() ** 2 / (weights**2).sum()), 2.0)


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
