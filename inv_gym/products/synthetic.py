"""Made-up products: populations and single products with known families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from inv_gym.demand.distribution import Distribution
from inv_gym.demand.families import Family, family
from inv_gym.demand.processes import (
    CALENDAR,
    Process,
    WeeklySeason,
    YearlySeason,
    calendar,
)
from inv_gym.demand.ranges import (
    LogNormalRange,
    LogUniform,
    Range,
    Uniform,
    as_range,
    draw,
    highest,
    keep_range,
    lowest,
    within,
)
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products, assemble, concatenate
from inv_gym.products.earlier import MEMORY, Earlier, summed
from inv_gym.products.economics import EconomicsRanges, draw_economics
from inv_gym.products.sources import Extras
from inv_gym.util.checks import flag, one_of, real

MOST_DRAWS = 200
"""Draws of a batch after which no more products that sold are looked for."""
LARGEST_MEAN = 1e9
"""Units of the largest mean demand: sums of larger ones lose whole units in float32."""


def check_means(means: np.ndarray) -> None:
    """Refuse mean demands, ``[P, B]`` or ``[B]``, that cannot be drawn from.

    Raises:
        ValueError: One is not finite or too large; the message has the first.
    """
    bad = ~(means <= LARGEST_MEAN)
    if bad.any():
        raise ValueError(
            f"the mean demand of every period must be at most {LARGEST_MEAN:g}, got "
            f"{means[bad][0]}: lower mean, or what the processes multiply it by."
        )


@dataclass(frozen=True)
class SyntheticProducts:
    """A population of heterogeneous products: families, means, processes and economics drawn per
    product (our choice).

    Attributes:
        families: Demand families by name (see `inv_gym.demand.families.FAMILIES`) or as a `Family`;
            each product draws one.
        mean: Range of mean demand per period, units.
        dispersion: Range of the dispersion, for the families that leave it free.
        processes: What multiplies the mean over time.
        economics: Ranges of prices and costs.
        known_periods: Range of the number of known periods before the episode, 1 to H, rounded to
            whole numbers.
        earlier_periods: Range of the number of known periods before the history, 0 to `MEMORY`,
            rounded to whole numbers; 0 for products whose history is short.
        shows_calendar: Whether the calendar is a covariate, if demand has a season.
        has_sold: Whether products without a sale in their known history are drawn again.
    """

    families: tuple[str | Family, ...] = (
        "poisson",
        "negative_binomial",
        "geometric",
        "gamma",
        "rounded_gamma",
    )
    mean: Range = LogUniform(1.0, 50.0)
    dispersion: Range = Uniform(0.1, 1.0)
    processes: tuple[Process, ...] = ()
    economics: EconomicsRanges = field(default_factory=EconomicsRanges)
    known_periods: Range = HISTORY
    earlier_periods: Range = 0
    shows_calendar: bool = True
    has_sold: bool = False

    notes: ClassVar[tuple[str, ...]] = ("prices and costs are drawn from ranges of our choice",)

    def __post_init__(self) -> None:
        if not self.families:
            raise ValueError("families must name at least one demand family, got none.")
        for name in self.families:
            family(name)
        for process in self.processes:
            if not callable(getattr(process, "factors", None)):
                raise TypeError(
                    f"processes must hold processes such as Trend(), got {process!r}; see "
                    "inv_gym.demand.processes."
                )
        if not isinstance(self.economics, EconomicsRanges):
            raise TypeError(f"economics must be EconomicsRanges, got {self.economics!r}.")
        for name in ("mean", "dispersion"):
            what = as_range(name, getattr(self, name))
            if lowest(what) <= 0.0:
                raise ValueError(f"{name} must be above 0, got {lowest(what)}.")
            object.__setattr__(self, name, what)
        if not isinstance(self.mean, LogNormalRange):
            within("mean", self.mean, most=LARGEST_MEAN)
        keep_range(self, "known_periods", least=1, most=HISTORY)
        keep_range(self, "earlier_periods", least=0, most=MEMORY)
        flag("shows_calendar", self.shows_calendar)
        flag("has_sold", self.has_sold)

    @property
    def extras(self) -> Extras:
        """Short histories, if some products have fewer than H known periods, and earlier periods,
        if some know any.
        """
        return Extras(lowest(self.known_periods) < HISTORY, self._longest_memory > 0)

    @property
    def _longest_memory(self) -> int:
        """The most periods before the history that a product may know."""
        return round(highest(self.earlier_periods))

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """The calendar, if demand has a season."""
        seasons = [p for p in self.processes if isinstance(p, (WeeklySeason, YearlySeason))]
        return CALENDAR if self.shows_calendar and seasons else ()

    @property
    def largest_scale(self) -> float:
        """The upper end of the range of means (a log-normal range: four standard deviations up)."""
        return highest(self.mean)

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """See `ProductSource`.

        Raises:
            ValueError: Products that sold are wanted, and hardly any of them sells.
        """
        if not self.has_sold:
            return self._drawn(rng, batch, problem)
        parts, number = list[Products](), 0
        while number < batch:
            if len(parts) == MOST_DRAWS:
                raise ValueError(
                    f"after {MOST_DRAWS} draws only {number} of {batch} products had a sale in "
                    "their history: raise mean, or set has_sold=False."
                )
            drawn = self._drawn(rng, batch, problem)
            sold = np.nansum(drawn.demand[:HISTORY], 0) > 0.0
            parts.append(drawn.rows(np.flatnonzero(sold)))
            number += parts[-1].batch
        return concatenate(parts).rows(slice(batch))

    def _drawn(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """Products, whether they sold or not."""
        families = tuple(family(name) for name in self.families)
        index = rng.integers(len(families), size=batch)
        mean, dispersion = draw(self.mean, rng, batch), draw(self.dispersion, rng, batch)
        fixed = np.array(
            [
                np.nan if member.fixed_dispersion is None else member.fixed_dispersion
                for member in families
            ]
        )[index]
        dispersion = np.where(np.isnan(fixed), dispersion, fixed)
        figures = draw_economics(self.economics, rng, batch)
        memory = self._longest_memory
        periods = memory + HISTORY + problem.horizon
        start = rng.integers(0, 7 * 365, batch) if self.processes else np.zeros(batch, int)
        means = np.broadcast_to(mean, (periods, batch))
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is refused below
            for process in self.processes:
                means = means * process.factors(rng, start, periods)
        check_means(means if self.processes else mean)
        demand = np.empty((periods, batch))
        for k, member in enumerate(families):
            rows = np.flatnonzero(index == k)
            demand[:, rows] = member.sample(rng, means[:, rows], dispersion[rows])
        means = means[memory + HISTORY :] if self.processes else mean[None]
        known_periods = earlier = None
        if self.extras.short_histories:
            known_periods = np.rint(draw(self.known_periods, rng, batch))
        if memory:
            earlier = self._earlier(rng, demand[:memory], known_periods)
        return assemble(
            problem,
            rng,
            figures,
            demand[memory:],
            calendar(start + memory, periods - memory) if self.covariate_names else None,
            Distribution(families, index, means, dispersion),
            known_periods,
            self.covariate_names,
        )._replace(earlier=earlier)

    def _earlier(
        self, rng: np.random.Generator, demand: np.ndarray, known_periods: np.ndarray | None
    ) -> Earlier:
        """What is known of the demand ``[N, B]`` before the history."""
        number = np.rint(draw(self.earlier_periods, rng, demand.shape[1]))
        if known_periods is not None:
            number = np.where(known_periods < HISTORY, 0.0, number)
        return summed(demand, np.arange(len(demand))[:, None] >= len(demand) - number)


@dataclass(frozen=True)
class InstanceProducts:
    """One product with given family and economics, on B independent demand paths.

    Attributes:
        family: The demand family, by name or as a `Family`.
        mean: Mean demand per period, units.
        economics: Prices and costs by name; those not given are 0.
        dispersion: For families that leave it free.
        stock: Units on hand at the start; None follows the problem's ``initial_stock``.
    """

    family: str | Family
    mean: float
    economics: Mapping[str, float]
    dispersion: float = 0.0
    stock: float | None = None

    notes: ClassVar[tuple[str, ...]] = ()
    covariate_names: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if real("mean", self.mean, most=LARGEST_MEAN) <= 0.0:
            raise ValueError(f"mean must be above 0, got {self.mean}.")
        fixed = family(self.family).fixed_dispersion
        if fixed is not None:
            object.__setattr__(self, "dispersion", fixed)
        elif real("dispersion", self.dispersion) <= 0.0:
            raise ValueError(
                f"dispersion must be above 0 for {self.family}, got {self.dispersion}."
            )
        if self.stock is not None:
            real("stock", self.stock, least=0.0)
        if not isinstance(self.economics, Mapping):
            raise TypeError(
                f"economics must be a mapping from names to figures, got {self.economics!r}."
            )
        for name, figure in self.economics.items():
            real(f"economics {name}", figure)

    @property
    def largest_scale(self) -> float:
        """Twice the mean, which the mean of a history hardly exceeds."""
        return 2.0 * self.mean

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """See `ProductSource`."""
        for name in self.economics:
            one_of(f"figure of {type(problem).__name__}", name, problem.Economics._fields)
        figures = {
            name: np.full(batch, float(self.economics.get(name, 0.0)))
            for name in problem.Economics._fields
        }
        member = family(self.family)
        mean, dispersion = np.full(batch, self.mean), np.full(batch, self.dispersion)
        periods = HISTORY + problem.horizon
        demand = member.sample(rng, np.broadcast_to(mean, (periods, batch)), dispersion)
        distribution = Distribution((member,), np.zeros(batch, int), mean[None], dispersion)
        products = assemble(
            problem, rng, figures, demand, None, distribution, None, self.covariate_names
        )
        if self.stock is None:
            return products
        return products._replace(
            initial_state=problem.initial_state(np.full(batch, float(self.stock)))
        )
