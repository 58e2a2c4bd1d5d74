"""Products: everything exogenous about a batch, and the sources that draw it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from inv_gym.arrays import Array, flatten, like, map_columns, unflatten
from inv_gym.checks import one_of, real, refuse_rows, whole
from inv_gym.demand import Law, law
from inv_gym.distribution import Distribution, join
from inv_gym.economics import EconomicsRanges, draw_economics
from inv_gym.problem import Problem
from inv_gym.processes import (
    CALENDAR,
    AutocorrelatedLevel,
    DemandShock,
    Process,
    RegimeChange,
    Trend,
    WeeklySeason,
    YearlySeason,
    calendar,
)
from inv_gym.ranges import LogUniform, Range, Uniform, as_range, draw, lowest

HISTORY = 32
"""Periods of history before the start of an episode, H (the source paper's window)."""

BLOCK = 512
"""Products are drawn in blocks of this size, each with a random stream of its own, so that product i of a seed is the
same whatever the number of products asked for or held in memory at once."""


class Products(NamedTuple):
    """B products: everything exogenous, whether a policy knows it or not. Arrays are NumPy or torch."""

    economics: Any
    """NamedTuple of ``[B]`` columns, money per unit."""
    demand: Array
    """``[H + T, B]``, units; the first H periods are the history before the episode (sales, if it is censored)."""
    scale: Array
    """``[B]`` mean of the history, units: the size in which networks see a product."""
    initial_state: Any
    """NamedTuple of ``[B]`` columns, units."""
    covariates: Array | None
    """``[H + T, B, C]`` known in advance: calendar, promotion."""
    distribution: Distribution | None
    """The true law of demand from the start of the episode, for omniscient policies only; None for real demand."""

    @property
    def batch(self) -> int:
        """Number of products, B."""
        return int(self.demand.shape[1])

    @property
    def periods(self) -> int:
        """Number of periods of the episode, T."""
        return int(self.demand.shape[0]) - HISTORY

    def to(self, reference: Array) -> Products:
        """The same products in the kind (NumPy or torch), dtype and device of `reference`."""
        exogenous = self._replace(distribution=None)
        return map_columns(lambda x: like(x, reference), exogenous)._replace(distribution=self.distribution)

    def single(self, row: int) -> Products:
        """One product as plain Python floats (``demand`` a list), for the step API."""

        def number(column: Array) -> float:
            return float(column[row])

        return Products(
            map_columns(number, self.economics),
            self.demand[:, row].tolist(),
            number(self.scale),
            map_columns(number, self.initial_state),
            None if self.covariates is None else self.covariates[:, row],
            None if self.distribution is None else self.distribution.rows(slice(row, row + 1)),
        )

    def rows(self, rows: slice | np.ndarray) -> Products:
        """Some of the products."""
        return Products(
            map_columns(lambda x: x[rows], self.economics),
            self.demand[:, rows],
            self.scale[rows],
            map_columns(lambda x: x[rows], self.initial_state),
            None if self.covariates is None else self.covariates[:, rows],
            None if self.distribution is None else self.distribution.rows(rows),
        )


def concatenate(parts: Sequence[Products]) -> Products:
    """Batches of one source as one batch (NumPy)."""
    if len(parts) == 1:
        return parts[0]

    def columns(field: str) -> Any:
        joined = map(np.concatenate, zip(*(flatten(getattr(part, field)) for part in parts), strict=True))
        return unflatten(joined, getattr(parts[0], field))

    covariates = [part.covariates for part in parts]
    laws = [part.distribution for part in parts]
    return Products(
        columns("economics"),
        np.concatenate([part.demand for part in parts], 1),
        np.concatenate([part.scale for part in parts]),
        columns("initial_state"),
        None if covariates[0] is None else np.concatenate(covariates, 1),  # type: ignore[arg-type]
        None if laws[0] is None else join(laws),  # type: ignore[arg-type]
    )


class ProductSource(Protocol):
    """Where products come from: a population, a real table, or one published instance."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the results must know of them (imputed prices, say)."""
        ...

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """Names of the covariates, in order."""
        ...

    @property
    def largest_scale(self) -> float:
        """An upper bound, in units, of the mean demand of a product."""
        ...

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """Draw a batch of products with demand for the problem's horizon (NumPy, float64)."""
        ...


def blocks(source: ProductSource, problem: Problem, number: int, seed: int) -> Iterator[Products]:
    """The first `number` products of a seed, block by block; product i does not depend on `number`."""
    for index, first in enumerate(range(0, number, BLOCK)):
        rng = np.random.default_rng([seed, index])
        yield source.sample(rng, BLOCK, problem).rows(slice(0, number - first))


def draw_products(source: ProductSource, problem: Problem, number: int, seed: int = 0) -> Products:
    """The first `number` products of a seed in one batch."""
    return concatenate(list(blocks(source, problem, whole("number", number, 1), whole("seed", seed, 0))))


def assemble(
    problem: Problem,
    rng: np.random.Generator,
    figures: Mapping[str, np.ndarray],
    demand: np.ndarray,
    covariates: np.ndarray | None = None,
    distribution: Distribution | None = None,
) -> Products:
    """Put a batch together: pick the problem's figures, censor the history, draw the starting stock.

    In a censored history, sales are demand up to its own 90 % quantile: the stock of a shop that runs out in one period
    of ten. That is our choice.

    Args:
        problem: What the products are for.
        rng: Draws the starting stock.
        figures: Prices and costs by name, ``[B]``, at least those that the problem names.
        demand: ``[H + T, B]``, units.
        covariates: ``[H + T, B, C]`` or None.
        distribution: The true law, if there is one.

    Raises:
        ValueError: Demand is negative or not finite, a figure is missing, or the problem refuses the economics.
    """
    bad = ~((demand >= 0.0) & (demand < np.inf))
    first_bad = np.take_along_axis(demand, bad.argmax(0)[None], 0)[0]
    refuse_rows("demand must be finite and at least 0, got {}.", bad.any(0), first_bad)
    missing = [name for name in problem.Economics._fields if name not in figures]
    if missing:
        raise ValueError(
            f"{type(problem).__name__} needs {', '.join(missing)}: give each as a column of economics or a range "
            "(EconomicsRanges(extra={...}))."
        )
    economics = problem.Economics(*(figures[name] for name in problem.Economics._fields))
    problem.check_economics(economics)
    history = demand[:HISTORY]
    if problem.censored:
        history = np.minimum(history, np.quantile(history, 0.9, axis=0))
        demand = np.concatenate([history, demand[HISTORY:]])
    scale = np.maximum(history.mean(0), 1.0 / HISTORY)  # a product without any sale is seen in 1/32 units
    low, high = problem.initial_stock
    stock = scale * (rng.uniform(low, high, len(scale)) if high > low else low)
    stock = np.rint(stock) if problem.integer_orders else stock
    return Products(economics, demand, scale, problem.initial_state(stock), covariates, distribution)


@dataclass(frozen=True)
class SyntheticProducts:
    """A population of heterogeneous products: laws, means, processes and economics drawn per product (our choice).

    Attributes:
        laws: Demand laws by name (see `inv_gym.demand.LAWS`) or as a `Law`; each product draws one.
        mean: Range of mean demand per period, units.
        dispersion: Range of the dispersion, for the laws that leave it free.
        processes: What multiplies the mean over time.
        economics: Ranges of prices and costs.
    """

    laws: tuple[str | Law, ...] = ("poisson", "negative_binomial", "geometric", "gamma", "rounded_gamma")
    mean: Range = LogUniform(1.0, 50.0)
    dispersion: Range = Uniform(0.1, 1.0)
    processes: tuple[Process, ...] = ()
    economics: EconomicsRanges = field(default_factory=EconomicsRanges)

    notes: ClassVar[tuple[str, ...]] = ("prices and costs are drawn from ranges of our choice",)

    def __post_init__(self) -> None:
        if not self.laws:
            raise ValueError("laws must name at least one demand law, got none.")
        for name in self.laws:
            law(name)
        for name in ("mean", "dispersion"):
            what = as_range(name, getattr(self, name))
            if lowest(what) <= 0.0:
                raise ValueError(f"{name} must be above 0, got {lowest(what)}.")
            object.__setattr__(self, name, what)

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """The calendar, if demand has a season."""
        return CALENDAR if any(isinstance(p, (WeeklySeason, YearlySeason)) for p in self.processes) else ()

    @property
    def largest_scale(self) -> float:
        """The upper end of the range of means (a log-normal range: four standard deviations up)."""
        if isinstance(self.mean, (int, float)):
            return float(self.mean)
        if isinstance(self.mean, (Uniform, LogUniform)):
            return self.mean.high
        return float(self.mean.median * np.exp(4.0 * self.mean.sigma))

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        laws = tuple(law(name) for name in self.laws)
        index = rng.integers(len(laws), size=batch)
        mean, dispersion = draw(self.mean, rng, batch), draw(self.dispersion, rng, batch)
        fixed = np.array([np.nan if one.fixed_dispersion is None else one.fixed_dispersion for one in laws])[index]
        dispersion = np.where(np.isnan(fixed), dispersion, fixed)
        figures = draw_economics(self.economics, rng, batch)
        periods = HISTORY + problem.horizon
        start = rng.integers(0, 7 * 365, batch) if self.processes else np.zeros(batch, int)
        means = np.broadcast_to(mean, (periods, batch))
        for process in self.processes:
            means = means * process.factors(rng, start, periods)
        demand = np.empty((periods, batch))
        for k, one in enumerate(laws):
            rows = np.flatnonzero(index == k)
            demand[:, rows] = one.sample(rng, means[:, rows], dispersion[rows])
        known = means[HISTORY:] if self.processes else mean[None]
        return assemble(
            problem,
            rng,
            figures,
            demand,
            calendar(start, periods) if self.covariate_names else None,
            Distribution(laws, index, known, dispersion),
        )


@dataclass(frozen=True)
class InstanceProducts:
    """One product with given law and economics, on B independent demand paths.

    Attributes:
        law: The demand law, by name or as a `Law`.
        mean: Mean demand per period, units.
        economics: Prices and costs by name; those not given are 0.
        dispersion: For laws that leave it free.
        stock: Units on hand at the start; None follows the problem's ``initial_stock``.
    """

    law: str | Law
    mean: float
    economics: Mapping[str, float]
    dispersion: float = 0.0
    stock: float | None = None

    notes: ClassVar[tuple[str, ...]] = ()
    covariate_names: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if real("mean", self.mean) <= 0.0:
            raise ValueError(f"mean must be above 0, got {self.mean}.")
        one = law(self.law)
        if one.fixed_dispersion is not None:
            object.__setattr__(self, "dispersion", one.fixed_dispersion)
        elif real("dispersion", self.dispersion) <= 0.0:
            raise ValueError(f"dispersion must be above 0 for {self.law}, got {self.dispersion}.")
        if self.stock is not None:
            real("stock", self.stock, least=0.0)

    @property
    def largest_scale(self) -> float:
        """Twice the mean, which the mean of a history hardly exceeds."""
        return 2.0 * self.mean

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        for name in self.economics:
            one_of(f"figure of {type(problem).__name__}", name, problem.Economics._fields)
        figures = {name: np.full(batch, float(self.economics.get(name, 0.0))) for name in problem.Economics._fields}
        one, mean, dispersion = law(self.law), np.full(batch, self.mean), np.full(batch, self.dispersion)
        periods = HISTORY + problem.horizon
        demand = one.sample(rng, np.broadcast_to(mean, (periods, batch)), dispersion)
        distribution = Distribution((one,), np.zeros(batch, int), mean[None], dispersion)
        products = assemble(problem, rng, figures, demand, None, distribution)
        if self.stock is None:
            return products
        return products._replace(initial_state=problem.initial_state(np.full(batch, float(self.stock))))


DEFAULT = SyntheticProducts()
POPULATIONS: dict[str, SyntheticProducts] = {
    "default": DEFAULT,
    "poisson": replace(DEFAULT, laws=("poisson",)),
    "high_variance": replace(DEFAULT, laws=("geometric", "negative_binomial"), dispersion=Uniform(0.5, 2.0)),
    "intermittent": replace(DEFAULT, laws=("negative_binomial",), mean=LogUniform(0.1, 1.0), dispersion=1.0),
    "continuous": replace(DEFAULT, laws=("gamma", "truncated_normal", "log_normal"), dispersion=Uniform(0.05, 0.5)),
    "seasonal": replace(DEFAULT, processes=(WeeklySeason(), YearlySeason())),
    "trend": replace(DEFAULT, processes=(Trend(),)),
    "autocorrelated": replace(DEFAULT, processes=(AutocorrelatedLevel(),)),
    "regime_change": replace(DEFAULT, processes=(RegimeChange(),)),
    "shock": replace(DEFAULT, processes=(DemandShock(begin=HISTORY + 20),)),
}
"""The named presets, all our choice: the default mixes count and amount laws with means of 1 to 50 units."""
