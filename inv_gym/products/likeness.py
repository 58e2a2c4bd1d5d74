"""A made-up population that is like the training days of a table.

Its series are measured one by one, their figures are put together by classes of mean demand, and
each class becomes two parts of a mixture. What is not measured, the population lacks: seasons of
the year, promotions, closed weekdays, changes of regime, bursts beyond a negative binomial
distribution, lots, and prices that change over time; nor does it show a calendar. Trends begin at
the mean demand. Small or short tables give rough figures: a class needs 20 series, a trend 168
periods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

import numpy as np

from inv_gym.demand.processes import AutocorrelatedLevel, Process, Sometimes, Trend, WeeklySeason
from inv_gym.demand.ranges import LogUniform, Range, Uniform
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY
from inv_gym.products.economics import EconomicsRanges
from inv_gym.products.mixture import Mixture
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.products.synthetic import SyntheticProducts
from inv_gym.products.table_figures import (
    FITTED_WINDOWS,
    TableFigures,
    dispersion_of,
    figures_of,
    level_correlation,
)

SERIES_OF_CLASS, MOST_CLASSES = 20, 5
"""Series of a class of mean demand at least, and classes at most (our choice)."""
MARGIN_RANGE = 1.2
"""The outer classes reach beyond the means of the table by this factor (our choice)."""
SPREAD_RANGE = 2.0
"""Dispersions of a class lie within this factor of the one that is measured (our choice)."""
LEAST_DISPERSION, MOST_DISPERSION = 0.02, 5.0
"""A count with less is Poisson; more is not believed (our choice)."""
MIDDLE = (0.1, 0.9)
"""Probabilities of the quantiles that a range reaches from and to."""


class PlayedTable(Protocol):
    """A task: its problem, and the sources of its products."""

    @property
    def problem(self) -> Problem:
        """What is played."""
        ...

    def source_for(self, role: str) -> ProductSource:
        """The source of a role."""
        ...


@dataclass(frozen=True)
class LikeTable(Mixture):
    """A mixture that is like the training days of a table.

    Attributes:
        table: Which table, and which of its days.
    """

    table: Mapping[str, Any] = field(default_factory=dict)

    notes: ClassVar[tuple[str, ...]] = (
        "made-up products like those of the training days of a table",
        "prices and costs are drawn from the ranges of the table",
    )


def trains_on_table(task: PlayedTable) -> bool:
    """Whether a task trains on windows of a table, and not on a made-up population."""
    return hasattr(task.source_for("training"), "played")


def population_like(task: PlayedTable) -> LikeTable:
    """A made-up population like the training days of a task's table: mean demands, dispersions
    given the mean, shares of whole units, weekday profiles, trends and autocorrelations, lengths of
    histories, and economics. Validation and test days have no part in it.

    >>> import inv_gym
    >>> task = inv_gym.table_task("sales.csv", "InvLostSales-v0")  # doctest: +SKIP
    >>> inv_gym.population_like(task)  # doctest: +SKIP

    Args:
        task: Of a table, see `inv_gym.table_task`.

    Raises:
        TypeError: The task trains on no table.
        ValueError: The table has no window for the horizon.
    """
    source: Any = task.source_for("training")
    if not trains_on_table(task):
        raise TypeError(
            f"a population like a table needs a task of one (inv_gym.table_task), this one trains "
            f"on {type(source).__name__}."
        )
    windows: Any = draw_products(source, task.problem, FITTED_WINDOWS)
    series, row = np.unique(windows.windows[:, 0], return_inverse=True)
    figures = figures_of(source.played.demand(series), source.panel.frequency.name == "daily")
    economics = _economics(source, *windows.windows.T)
    lengths = list(_lengths(windows))
    parts = [
        (weight * share, replace(population, economics=economics, **ranges))
        for weight, population in _classes(figures, row)
        for share, ranges in lengths
    ]
    return LikeTable(tuple(parts), source.table)


def _classes(figures: TableFigures, row: np.ndarray) -> Iterator[tuple[float, SyntheticProducts]]:
    """A share and a population for each class of mean demand, of counts and of amounts.

    Args:
        figures: Of each series.
        row: ``[FITTED_WINDOWS]`` the series of each window that may be played.
    """
    for whole in (True, False):
        rows = row[figures.whole[row] == whole]
        if not len(rows):
            continue
        number = int(np.clip(len(np.unique(rows)) // SERIES_OF_CLASS, 1, MOST_CLASSES))
        edges = np.quantile(figures.mean[rows], np.linspace(0.0, 1.0, number + 1))
        place = np.clip(np.searchsorted(edges, figures.mean[rows], "right") - 1, 0, number - 1)
        edges[0], edges[-1] = edges[0] / MARGIN_RANGE, edges[-1] * MARGIN_RANGE
        for k in np.unique(place):
            chosen = figures.rows(rows[place == k])
            mean = LogUniform(float(edges[k]), float(edges[k + 1]))
            yield float((place == k).sum()) / len(row), _population(chosen, whole, mean)


def _population(figures: TableFigures, whole: bool, mean: Range) -> SyntheticProducts:
    """The population of a class, but for economics and lengths of histories."""
    measured = dispersion_of(figures)
    dispersion = min(max(measured, LEAST_DISPERSION), MOST_DISPERSION)
    counted = "poisson" if measured < LEAST_DISPERSION else "negative_binomial"
    return SyntheticProducts(
        (counted if whole else "gamma",),
        mean,
        LogUniform(dispersion / SPREAD_RANGE, dispersion * SPREAD_RANGE),
        tuple(_processes(figures)),
        shows_calendar=False,
        has_sold=True,
    )


def _processes(figures: TableFigures) -> Iterator[Process]:
    """What some products of a class have over time."""
    week, trend, level = figures.week > 0.0, figures.trend != 0.0, figures.level > 0.0
    if week.any():
        yield Sometimes(WeeklySeason(_middle(figures.week[week])), float(week.mean()))
    if trend.any():
        yield Sometimes(Trend(_middle(figures.trend[trend])), float(trend.mean()))
    if level.any():
        correlation = level_correlation(figures)
        spread = np.sqrt(np.log1p(figures.level[level] / correlation))
        process = AutocorrelatedLevel(correlation, _middle(spread))
        yield Sometimes(process, float(level.mean()))


def _lengths(windows: Any) -> Iterator[tuple[float, dict[str, Any]]]:
    """The shares of windows with short histories and with whole ones, and what their known periods
    and earlier ones are drawn from.
    """
    new = windows.known_periods < HISTORY
    if new.any():
        yield float(new.mean()), {"known_periods": _ends(windows.known_periods[new])}
    if not new.all():
        yield float((~new).mean()), {"earlier_periods": _ends(windows.earlier.periods[~new])}


def _economics(source: Any, series: np.ndarray, start: np.ndarray) -> EconomicsRanges:
    """The ranges of what a table's prices and costs are imputed from, and those of what it gives,
    in windows of series that start in these periods.
    """
    panel, figures = source.panel, source.figures.at(series, start)
    price, cost = figures["price"], figures["unit_cost"]
    has_price, has_cost = panel.prices is not None, panel.costs is not None
    rates = {
        "price": (has_price or has_cost, price),
        "margin": (has_price and has_cost, 1.0 - cost / price),
        "holding_rate": ("holding_cost" in panel.further, figures["holding_cost"] / cost),
        "shortage_rate": ("shortage_cost" in panel.further, figures["shortage_cost"] / price),
        "outdating_rate": ("outdating_cost" in panel.further, figures["outdating_cost"] / cost),
    }
    measured = {name: _ends(rate) for name, (given, rate) in rates.items() if given}
    return replace(source.ranges, **measured)


def _middle(values: np.ndarray) -> Uniform:
    """The range of the middle of some values."""
    return Uniform(*map(float, np.quantile(values, MIDDLE)))


def _ends(values: np.ndarray) -> Uniform:
    """The range from the least to the largest of some values."""
    return Uniform(float(values.min()), float(values.max()))
