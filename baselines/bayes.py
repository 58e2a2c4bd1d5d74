"""Bayes base-stock: what a history can tell of a product to one who knows the population it is
drawn from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
from scipy import special

from inv_gym.baselines.likelihoods import LOG_LIKELIHOODS
from inv_gym.baselines.rules.base_stock import BaseStock
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand import families
from inv_gym.demand.families import TINY, Vector
from inv_gym.demand.ranges import LogUniform, Range, Uniform
from inv_gym.play.policy import Observation, Policy
from inv_gym.problems import LostSales
from inv_gym.products.batch import HISTORY, Products
from inv_gym.products.synthetic import SyntheticProducts
from inv_gym.util.arrays import Array, map_columns, to_numpy

MEAN_STEPS = (0.8, 0.05)
"""Largest mean steps of the logarithm of the mean: in standard deviations of its narrowest
posterior (for Poisson demand of mean 50 a step of 2 %, where that deviation is 2.5 %), and as such.
The nodes are those of Gauss and Legendre, as the posterior may end where the range does."""
DISPERSION_STEP = 0.15
"""The same for the dispersion; the standard deviation of its posterior is about ``sqrt(2 / H)``,
0.25.
"""
LEVEL_STEP = 0.02
"""Step of the logarithm of the levels at which the mixture of amounts is known; its normal score is
interpolated.
"""
ELEMENTS = 2**21
"""Most numbers in an array, but for the tables of all cells by level or distinct demand."""


class _Cells(NamedTuple):
    """The grid of a family, ``[C]`` each."""

    family: families.Family
    mean: Vector
    dispersion: Vector
    log_prior: Vector


def _nodes(name: str, what: Range, step: float) -> tuple[Vector, Vector]:
    """Nodes of an integral over the logarithm, `step` apart on average at most, with the
    probability of each.
    """
    if isinstance(what, (int, float)):
        return np.array([float(what)]), np.ones(1)
    if not isinstance(what, (Uniform, LogUniform)):
        raise ValueError(
            f"{name} must be a number, Uniform or LogUniform for the Bayes base-stock, got {what}."
        )
    width = np.log(what.high / what.low)
    nodes, weight = special.roots_legendre(int(width / step) + 1)
    values = what.low * np.exp(width * (nodes + 1.0) / 2.0)
    mass = weight * values if isinstance(what, Uniform) else weight
    return values, mass / mass.sum()


def _cells(family: families.Family, population: SyntheticProducts) -> _Cells:
    """The grid of a family, fine enough for its narrowest posterior."""
    if type(family) not in LOG_LIKELIHOODS:
        known = ", ".join(kind.__name__ for kind in LOG_LIKELIHOODS)
        raise ValueError(
            f"families must be of {known} for the Bayes base-stock, got {type(family).__name__}."
        )
    free = population.dispersion if family.fixed_dispersion is None else family.fixed_dispersion
    dispersion, chance = _nodes("dispersion", free, DISPERSION_STEP)
    least = dispersion[0] + (1.0 / population.largest_scale if family.integer else 0.0)
    mean, mass = _nodes(
        "mean", population.mean, min(MEAN_STEPS[0] * np.sqrt(least / HISTORY), MEAN_STEPS[1])
    )
    means, dispersions = np.meshgrid(mean, dispersion)
    return _Cells(
        family, means.ravel(), dispersions.ravel(), np.log(np.outer(chance, mass)).ravel()
    )


@dataclass(frozen=True)
class _Mixture:
    """The predictive distributions of counts, or those of amounts, on a grid of C cells."""

    grid: list[_Cells]
    integer: bool

    def levels(self, demand: Vector, ratio: Vector) -> Vector:
        """``[T, B]`` quantiles after each window of demand ``[H + T - 1, B]``, at
        ratios ``[B]``.
        """
        # P(demand is at most each level) in each cell, and how likely each cell is beforehand
        lattice = self._lattice(ratio)
        cdf = np.concatenate([cells.family.cdf(lattice, *_columns(cells)) for cells in self.grid])
        prior = np.concatenate([cells.log_prior for cells in self.grid])
        # what is not known has no part in the likelihood
        known = ~np.isnan(demand)
        demand = np.where(known, demand, 0.0)
        # counts repeat, so that the likelihood of each is looked up in a table
        values, index = np.unique(demand, return_inverse=True)
        index = index.reshape(demand.shape)
        table = self._log_likelihood(values) if self.integer else None
        # some products at a time, so that arrays stay small
        size = max(ELEMENTS // (len(demand) * max(cdf.shape)), 1)
        result = np.empty((len(demand) - HISTORY + 1, len(ratio)))
        for rows in (slice(first, first + size) for first in range(0, len(ratio), size)):
            # how likely each cell makes the demands of each window
            evidence = (
                self._log_likelihood(demand[:, rows]) if table is None else table[index[:, rows]]
            )
            evidence = evidence if known.all() else evidence * known[:, rows, None]
            score = _in_windows(evidence) + prior
            # the cells weighted by it, and the mixture of their distributions
            weight = np.exp(score - score.max(-1, keepdims=True))
            reached = (weight / weight.sum(-1, keepdims=True)) @ cdf
            result[:, rows] = self._invert(lattice, reached, ratio[rows, None])
        return result

    def _log_likelihood(self, demand: Vector) -> Vector:
        """The log likelihood of each demand in each cell, ``[..., C]``."""
        x = demand[..., None] if self.integer else np.maximum(demand, TINY)[..., None]
        parts = [
            LOG_LIKELIHOODS[type(cells.family)](x, cells.mean, cells.dispersion)
            for cells in self.grid
        ]
        return np.concatenate(parts, -1)

    def _lattice(self, ratio: Vector) -> Vector:
        """Levels ``[K]`` from the lowest to the highest quantile of any cell."""
        ends = np.array([ratio.min(), ratio.max()])
        quantiles = np.concatenate(
            [cells.family.quantile(ends, *_columns(cells)) for cells in self.grid]
        )
        low, high = quantiles.min(), quantiles.max()
        if self.integer:
            return np.arange(low, high + 1.0)
        return np.exp(
            LEVEL_STEP
            * np.arange(np.floor(np.log(low) / LEVEL_STEP), np.log(high) / LEVEL_STEP + 2.0)
        )

    def _invert(self, lattice: Vector, reached: Vector, ratio: Vector) -> Vector:
        """``[T, B]`` quantiles of distributions with known probabilities ``[T, B, K]``."""
        index = np.minimum((reached < ratio).sum(-1, keepdims=True), len(lattice) - 1)
        if self.integer:
            return lattice[index[..., 0]]
        index = np.maximum(index, 1)
        below, above = (
            special.ndtri(np.clip(np.take_along_axis(reached, at, -1), TINY, 1.0 - TINY))
            for at in (index - 1, index)
        )
        share = (special.ndtri(ratio) - below) / (above - below)
        return (lattice[index - 1] * np.exp(LEVEL_STEP * share))[..., 0]


def _columns(cells: _Cells) -> tuple[Vector, Vector]:
    return cells.mean[:, None], cells.dispersion[:, None]


def _in_windows(values: Vector) -> Vector:
    """Sums over each window of H rows."""
    sums = np.cumsum(values, 0)
    sums[HISTORY:] -= sums[:-HISTORY]
    return sums[HISTORY - 1 :]


@dataclass(frozen=True)
class _Planned:
    """Order up to levels that are worked out, ``[T, B]``."""

    problem: LostSales
    levels: Vector

    knows: ClassVar[str] = "history"

    def __call__(self, observation: Observation) -> Array:
        return BaseStock(problem=self.problem, level=self.levels[observation.period])(observation)


@dataclass(frozen=True)
class BayesBaseStock:
    """Order up to the critical-ratio quantile of demand, given the last H demands, as far as they
    are known, and the population.

    The posterior predictive distribution is a sum over a grid of families, means and dispersions,
    weighted by how the population draws them and by the likelihood of the known demands. If these
    are all whole, they come of families of counts (if there are any), otherwise of those of
    amounts. It is optimal given these demands, but for one thing: it does not foresee that
    tomorrow's level may
    be lower than today's.

    Attributes:
        problem: Lost sales without lead time, demand seen.
        population: Of independent and identically distributed demand; its families are of
            `LOG_LIKELIHOODS`.

    Raises:
        ValueError: The problem or the population is not of that kind.
    """

    problem: LostSales
    population: SyntheticProducts

    knows: ClassVar[str] = "history"

    def __post_init__(self) -> None:
        if self.problem.lead_time != 0:
            raise ValueError(
                f"lead_time must be 0 for the Bayes base-stock, got {self.problem.lead_time}."
            )
        if self.problem.censored:
            raise ValueError(
                "censored must be False for the Bayes base-stock, which must see demand."
            )
        if self.population.processes:
            names = ", ".join(type(process).__name__ for process in self.population.processes)
            raise ValueError(
                f"processes must be none for the Bayes base-stock (demand is i.i.d.), got {names}."
            )
        _ = self._mixtures  # refuses families and ranges

    @cached_property
    def _mixtures(self) -> list[_Mixture]:
        """The cells of counts and of amounts, as far as the population has them."""
        grids = [
            _cells(families.family(name), self.population) for name in self.population.families
        ]
        kinds = [
            ([cells for cells in grids if cells.family.integer is kind], kind)
            for kind in (True, False)
        ]
        return [_Mixture(*kind) for kind in kinds if kind[0]]

    def _levels(self, demand: Array, economics: Array) -> Vector:
        """``[T, B]`` levels after each window of demand ``[H + T - 1, B]``."""
        demand, ratio = (
            to_numpy(demand).astype(float),
            critical_ratio(self.problem, map_columns(to_numpy, economics)),
        )
        broken = (demand != np.rint(demand)) & ~np.isnan(demand)
        whole = _in_windows(1.0 * broken) == 0.0
        kinds = {mixture.integer: mixture for mixture in self._mixtures}
        if False not in kinds and not whole.all():
            raise ValueError(
                "demand must be whole: the population of the Bayes base-stock has only counts."
            )
        levels = np.empty(whole.shape)
        for integer, mixture in kinds.items():
            mine = whole == integer if len(kinds) == 2 else np.ones_like(whole)
            rows = np.flatnonzero(mine.any(0))
            if rows.size:
                reached = mixture.levels(demand[:, rows], ratio[rows])
                levels[:, rows] = np.where(mine[:, rows], reached, levels[:, rows])
        return levels

    def plan(self, problem: LostSales, products: Products) -> Policy:
        """The same with the levels of all periods worked out at once, each from the demands before
        it alone.
        """
        demand = products.demand[: HISTORY + problem.horizon - 1]
        return _Planned(self.problem, self._levels(demand, products.economics))

    def __call__(self, observation: Observation) -> Array:
        (level,) = self._levels(observation.history, observation.economics)
        return BaseStock(problem=self.problem, level=level)(observation)
