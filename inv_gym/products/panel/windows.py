"""Products from a real demand table: windows of its series, with prices and costs
given or imputed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from inv_gym.demand.processes import CALENDAR, calendar
from inv_gym.demand.ranges import LogNormalRange, Uniform
from inv_gym.problems.lots import Lots
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products, assemble
from inv_gym.products.economics import EconomicsRanges, draw_economics
from inv_gym.products.panel.data import COSTS_REMEDY, Panel, by_block, means, why_not_below
from inv_gym.products.panel.days import end_position, first_position
from inv_gym.products.panel.earlier import earlier_of
from inv_gym.products.panel.eligible import Windows, eligible_starts, largest_mean
from inv_gym.products.panel.frequency import DAILY, Frequency
from inv_gym.products.panel.headings import COSTS
from inv_gym.products.panel.listed import ListedWindows
from inv_gym.products.panel.prices import (
    changes,
    number_without_price,
    price_note,
    prices_over_time,
)
from inv_gym.products.panel.runs import Runs, blocks, find_runs
from inv_gym.products.panel.store import PanelColumn
from inv_gym.products.sources import Extras
from inv_gym.util.checks import whole

RETAIL = EconomicsRanges(
    price=LogNormalRange(1.7, 0.91), margin=Uniform(0.2, 0.5), holding_rate=Uniform(0.001, 0.005)
)
"""Groceries by the day, our choice: 90 % of the prices lie between 0.4 and 7.6."""

MONDAY = np.datetime64("2001-01-01", "D")
"""Calendar days are counted from here: a Monday and a first of January, so both phases of
`calendar` are true (that of the year within a day)."""

LOT_FIGURES = ("order_multiple", "minimum_order")
"""Figures of a table that make the fields of `Lots`."""


def retail(frequency: Frequency) -> EconomicsRanges:
    """`RETAIL` with the holding cost of a period of a week or month."""
    if frequency == DAILY:
        return RETAIL
    low, high = (0.001 * frequency.days, 0.005 * frequency.days)
    return replace(RETAIL, holding_rate=Uniform(low, high))


@dataclass(frozen=True, eq=False)
class PanelProducts:
    """Windows of the series of a panel, drawn uniformly from all (series, start) that are eligible.

    A window is the T periods of an episode, all usable, with 1 to HISTORY usable periods right
    before them, its known history, and a sale among these. The periods of every episode lie in
    [first, last], while its history may begin before `first`: so sources with disjoint periods, for
    training, validation and test, never share a day of an episode.

    Nothing after `last` has a part in it: closures are judged on what is known by then, and the
    mean prices and the scale of the promotion are those before `first` where there are any, else
    those up to `last`.

    Prices and costs that the panel gives are used; the others are imputed once per series, by its
    name, so that other series and the order of rows do not matter.

    Attributes:
        panel: The demand.
        first: First day of episodes, YYYY-MM-DD; None for the first of the panel.
        last: Last day of episodes, YYYY-MM-DD; None for the last of the panel.
        economics: Ranges of what is imputed, per period; None for `retail`.
        seed: Of the imputation.
        chosen: Numbers of the series that are played; None for all.
        remarks: Further notes, such as why these series were chosen.
        each: Every series is played once instead of drawn: the day on which all episodes begin,
            YYYY-MM-DD, or True for the earliest window of each series; see `ListedWindows.once`.

    Raises:
        ValueError: `first` or `last` is no date, is outside the panel, or they are in the wrong
            order.
        TypeError: `seed` is not a whole number.
    """

    panel: Panel
    first: str | None = None
    last: str | None = None
    economics: EconomicsRanges | None = None
    seed: int = 0
    chosen: tuple[int, ...] | None = None
    remarks: tuple[str, ...] = ()
    each: str | bool | None = None
    _windows: dict[int, Windows] = field(default_factory=dict, init=False, repr=False)
    _listings: dict[int, ListedWindows] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.panel, Panel):
            raise TypeError(f"panel must be a Panel, got {self.panel!r}; see read_panel.")
        if self.economics is not None and not isinstance(self.economics, EconomicsRanges):
            raise TypeError(f"economics must be EconomicsRanges, got {self.economics!r}.")
        whole("seed", self.seed, 0)
        if self.each is False:
            raise ValueError("each must be a day or True, got False: leave it out.")
        if self._episode_days.start >= self._episode_days.stop:
            noun = self.panel.frequency.noun
            between = "" if noun == "day" else f", with a {noun} of the table between them"
            raise ValueError(
                f"first must not be after last{between}, got {self.first} and {self.last}."
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the table, and what was imputed."""
        given = {"price": self._price, "unit cost": self._cost, **self._given_costs}
        texts = [_imputed(name.replace("_", " "), column) for name, column in given.items()]
        imputed = ", ".join([*filter(None, texts), "all other costs"])
        split = self.first is not None or self.last is not None
        first, last = self._ends
        return (
            *self.panel.notes,
            *self.remarks,
            *((f"episodes lie in {first} to {last}",) if split else ()),
            *self._lot_notes,
            *self._price_notes,
            f"imputed once per series from assumed ranges, with seed {self.seed}: {imputed}",
        )

    @property
    def _lot_notes(self) -> tuple[str, ...]:
        """How many series have an order multiple or a minimum order."""
        rules = (
            "have an order multiple: orders are rounded up to it",
            "have a minimum order: smaller orders become it",
        )
        counts = [int((self._lot_figure(name) > 0.0).sum()) for name in LOT_FIGURES]
        return tuple(
            f"{number:,} series {rule}"
            for number, rule in zip(counts, rules, strict=True)
            if number
        )

    @property
    def table(self) -> dict[str, Any]:
        """Which table, and which of its days: plain data for a card."""
        first, last = self._ends
        return {
            "file": self.panel.file,
            "fingerprint": self.panel.fingerprint,
            "frequency": self.panel.frequency.name,
            "first": str(first),
            "last": str(last),
        }

    @property
    def _ends(self) -> np.ndarray:
        """The first and the last day of episodes."""
        return self.panel.dates[[self._episode_days.start, self._episode_days.stop - 1]]

    @property
    def episode_periods(self) -> range:
        """Positions in the panel of the periods that episodes may have."""
        return self._episode_days

    def demand_of(self, series: np.ndarray) -> np.ndarray:
        """Demand ``[D, n]`` of series of these numbers in the periods that episodes may have,
        units; NaN where a period cannot be learned from.
        """
        days = self._episode_days
        units = self.panel.units[days.start : days.stop][:, series].astype(np.float64)
        return np.where(self._usable[days.start :, series], units, np.nan)

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """The calendar (of weeks and months, the year alone), and the promotion (relative to the
        largest of the series) if the table has it.
        """
        phases = CALENDAR[self._first_phase :]
        return phases if self.panel.promotion is None else (*phases, "promotion")

    @property
    def _first_phase(self) -> int:
        """The first of CALENDAR that tells periods apart."""
        return 0 if self.panel.frequency == DAILY else CALENDAR.index("year_sin")

    @cached_property
    def largest_scale(self) -> float:
        """The largest mean of any known history up to `last`."""
        usable = self._usable
        return max(
            largest_mean(self.panel.units[: len(usable), block], usable[:, block])
            for block in blocks(len(self.panel.series))
        )

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """See `ProductSource`.

        Raises:
            ValueError: No series is usable for long enough for the horizon, or mean costs are not
                below mean prices.
        """
        if self.each is not None:
            return self.listing(problem.horizon).sample(rng, batch, problem)
        series, start = self.eligible(problem.horizon).draw(rng, batch)
        return self.at(problem, rng, np.stack([series, start], 1))

    def listing(self, horizon: int) -> ListedWindows:
        """The windows of ``each``, with episodes of so many periods.

        Raises:
            ValueError: It was not given, or no series has such a window.
        """
        if self.each is None:
            raise ValueError("each must be given to list the windows: a day, or True.")
        if horizon not in self._listings:
            self._listings[horizon] = ListedWindows.once(self, horizon, self.each)
        return self._listings[horizon]

    @property
    def listed(self) -> Callable[..., Products] | None:
        """Gives products in the order of their list; None where they are drawn."""
        return None if self.each is None else self._listed

    def _listed(self, rng: np.random.Generator, rows: slice, problem: Problem) -> Products:
        return self.listing(problem.horizon).listed(rng, rows, problem)

    def at(self, problem: Problem, rng: np.random.Generator, windows: np.ndarray) -> Products:
        """The products of given windows.

        Args:
            problem: What the products are for.
            rng: Draws the starting stock.
            windows: ``[B, 2]`` series and position of the first period of the episode; they must be
                eligible.

        Raises:
            ValueError: Mean costs are not below mean prices.
        """
        series, start = windows.T
        days = start + np.arange(-HISTORY, problem.horizon)[:, None]
        inside = np.maximum(days, 0)
        known = (days[:HISTORY] >= 0) & self._usable[inside[:HISTORY], series]
        # the usable periods right before the episode: the trailing run of what is known
        known_periods = np.logical_and.accumulate(known[::-1]).sum(0).astype(np.float64)
        figures = self.figures(series)
        prices = None
        if self.has_prices and "price" in problem.Economics._fields:
            prices = prices_over_time(self._past_prices, days[HISTORY:], series, figures["price"])
        return assemble(
            problem,
            rng,
            figures,
            self.panel.units[inside, series].astype(np.float64),
            self.covariates(inside, series),
            known_periods=known_periods,
            covariate_names=self.covariate_names,
        )._replace(
            windows=windows,
            lots=self.lots(series),
            prices=prices,
            earlier=earlier_of(self.panel.units, self._usable, series, start - known_periods),
        )

    @property
    def extras(self) -> Extras:
        """Short histories, earlier periods, and what the table has."""
        return Extras(True, True, self.has_lots, self.has_prices)

    @cached_property
    def has_lots(self) -> bool:
        """Whether the table has an order multiple or a minimum order."""
        return any((self._lot_figure(name) > 0.0).any() for name in LOT_FIGURES)

    @cached_property
    def has_prices(self) -> bool:
        """Whether the table has a price that changes up to `last`."""
        return bool(self._changing.any())

    @cached_property
    def _changing(self) -> np.ndarray:
        """Whether the price of each series changes up to `last`, ``[S]``."""
        if self.panel.prices is None:
            return np.zeros(len(self.panel.series), bool)
        return by_block(changes, self._past_prices)

    @property
    def _price_notes(self) -> tuple[str, ...]:
        """How many prices change over time, and how many periods lack one."""
        if not self.has_prices:
            return ()
        lacking = number_without_price(self._past_prices, self._usable)
        return (price_note(int(self._changing.sum()), lacking, self.panel.frequency.noun),)

    @property
    def _past_prices(self) -> PanelColumn:
        """The prices up to `last`, of a table that has any."""
        assert self.panel.prices is not None
        return self.panel.prices[: self._episode_days.stop]

    def lots(self, series: np.ndarray) -> Lots | None:
        """The lots of series of these numbers ``[B]``."""
        if not self.has_lots:
            return None
        return Lots(*(self._lot_figure(name)[series] for name in LOT_FIGURES))

    def _lot_figure(self, name: str) -> np.ndarray:
        """A figure of each series, 0 where the table has none, ``[S]``."""
        return np.nan_to_num(self.panel.figures.get(name, np.zeros(len(self.panel.series))))

    @cached_property
    def _usable(self) -> np.ndarray:
        """What of the panel can be learned from up to `last`, judged by that alone,
        ``[D, S]``.
        """
        stop = self._episode_days.stop
        if stop == len(self.panel.dates):
            return self.panel.usable
        opened = self.panel.further.get("open")
        known = None if opened is None else opened[:stop]
        return self.panel.closures.usable(self.panel.units[:stop], self.panel.shops, known)[0]

    @cached_property
    def _price(self) -> np.ndarray | None:
        """Mean price of every series, NaN where none is known, ``[S]``."""
        return self._mean_before(self.panel.prices)

    @cached_property
    def _cost(self) -> np.ndarray | None:
        return self._mean_before(self.panel.costs)

    def _mean_before(self, values: PanelColumn | None) -> np.ndarray | None:
        return None if values is None else self._known(means, values)

    def _known(
        self, reduce: Callable[[PanelColumn], np.ndarray], values: PanelColumn
    ) -> np.ndarray:
        """A figure of each series, NaN where there is none, before `first`, else up to `last`."""
        days = self._episode_days
        by_last = reduce(values[: days.stop])
        if days.start == 0:
            return by_last
        before = reduce(values[: days.start])
        return np.where(np.isnan(before), by_last, before)

    def figures(self, series: np.ndarray) -> dict[str, np.ndarray]:
        """Prices and costs of series of these numbers ``[B]``, each ``[B]``; what is imputed is
        drawn when a series is first asked for.

        Raises:
            ValueError: A mean cost is not below the mean price.
        """
        known, values = self._known_figures
        for place in np.unique(series[~known[series]]):
            values[place] = np.concatenate(list(self.drawn(place).values()))
            known[place] = True
        return dict(zip(self._figure_names, values[series].T, strict=True))

    @cached_property
    def _known_figures(self) -> tuple[np.ndarray, np.ndarray]:
        """Whether the figures of a series were drawn, ``[S]``, and what they are, ``[S, F]``.

        Raises:
            ValueError: A mean cost is not below the mean price.
        """
        message = why_not_below(self.panel.series, self._cost, self._price)
        if message:
            raise ValueError(f"{message}: {COSTS_REMEDY}.")
        number = len(self.panel.series)
        return np.zeros(number, bool), np.empty((number, len(self._figure_names)))

    @cached_property
    def _figure_names(self) -> tuple[str, ...]:
        return tuple(self.drawn(0))

    def drawn(
        self, place: int, told: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Prices and costs of a series, ``[1]`` each, imputed by its name where not given.

        Args:
            place: Number of the series.
            told: Figures ``[1]`` in place of those of the table: ``price``, ``cost`` and the costs
                that a table may have.
        """
        name, told = self.panel.series[place], told or {}
        word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        rng = np.random.default_rng([self.seed, word])
        means = {"price": self._price, "cost": self._cost, **self._given_costs}
        given = {name: _figure_of(column, place) for name, column in means.items()} | dict(told)
        drawn = draw_economics(self.ranges, rng, 1, given.pop("price"), given.pop("cost"))
        return drawn | {name: cost for name, cost in given.items() if cost is not None}

    @cached_property
    def _given_costs(self) -> dict[str, np.ndarray]:
        """Mean costs that the table gives in place of imputed ones, each ``[S]``."""
        columns = {name: self.panel.further.get(name) for name in COSTS}
        means = {name: self._mean_before(column) for name, column in columns.items()}
        return {name: values for name, values in means.items() if values is not None}

    @property
    def ranges(self) -> EconomicsRanges:
        """The ranges of what is imputed."""
        return retail(self.panel.frequency) if self.economics is None else self.economics

    def covariates(self, days: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Calendar and promotion ``[H + T, B, C]`` in the given periods of the panel
        ``[H + T, B]``.
        """
        phases = self.phases(self.panel.dates[days])
        if self.panel.promotion is None:
            return phases
        promotion = self.panel.promotion[days, series] / self._largest_promotion[series]
        return np.concatenate([phases, promotion[..., None]], -1)

    def phases(self, dates: np.ndarray) -> np.ndarray:
        """The calendar ``[..., C]`` on dates."""
        since = (dates - MONDAY).astype(np.int64)
        return calendar(since.ravel(), 1).reshape(*dates.shape, -1)[..., self._first_phase :]

    @cached_property
    def _largest_promotion(self) -> np.ndarray:
        """The largest promotion of every series, 1 if it has none, ``[S]``."""
        promotion = self.panel.promotion
        assert promotion is not None
        largest = self._known(_largest, promotion)
        return np.where(np.isnan(largest), 1.0, largest)

    @cached_property
    def _episode_days(self) -> range:
        """Positions in the panel of the periods that episodes may have."""
        dates, ends, reasons = self.panel.dates, list[int](), list[str]()
        for find, name in ((first_position, "first"), (end_position, "last")):
            try:
                ends.append(find(name, getattr(self, name), dates))
            except ValueError as error:
                reasons.append(str(error))
        if reasons:
            raise ValueError(" ".join(reasons))
        return range(*ends)

    def eligible(self, horizon: int) -> Windows:
        """The windows that may be played.

        Raises:
            ValueError: There are none.
        """
        if horizon not in self._windows:
            self._windows[horizon] = self._find_windows(horizon)
        return self._windows[horizon]

    def _find_windows(self, horizon: int) -> Windows:
        first = self._episode_days.start
        days = slice(max(first - HISTORY, 0), self._episode_days.stop)
        units, usable = self.panel.units[days], self._usable[days]
        order = self._order
        parts = []
        for block in blocks(len(order)):
            starts = eligible_starts(units[:, order[block]], usable[:, order[block]], horizon)
            starts[: first - days.start] = False  # the history may begin earlier, not the episode
            parts.append(find_runs(starts).moved(block.start, days.start))
        runs = Runs(*map(np.concatenate, zip(*parts, strict=True)))
        if not len(runs.length):
            raise ValueError(self._why_none(usable[first - days.start :], horizon))
        return Windows(runs._replace(series=order[runs.series]), np.cumsum(runs.length))

    @property
    def _order(self) -> np.ndarray:
        """Numbers of the series that are played, in the order of their names."""
        order = self.panel.by_name
        return order if self.chosen is None else order[np.isin(order, self.chosen)]

    def _why_none(self, usable: np.ndarray, horizon: int) -> str:
        longest = max(
            find_runs(usable[:, block]).length.max(initial=0) for block in blocks(usable.shape[1])
        )
        ends, noun = self.table, self.panel.frequency.noun
        window = f"no window of {horizon} usable {noun}s (the horizon)"
        span = f"from {ends['first']} to {ends['last']}"
        if longest > horizon:
            return (
                f"{window} {span} has a known history before it with a sale in its last {HISTORY} "
                f"{noun}s: widen first and last."
            )
        return (
            f"too short for the horizon: {window} {span} with a known {noun} before it, the "
            f"longest usable stretch has {longest}: lower the horizon, or widen first and last."
        )


def _imputed(name: str, column: np.ndarray | None) -> str:
    """What is imputed of a figure of the series ``[S]``; empty if nothing."""
    if column is None:
        return name
    number = int(np.isnan(column).sum())
    return f"{name} of {number:,} series that have none" if number else ""


def _figure_of(column: np.ndarray | None, place: int) -> np.ndarray | None:
    """A figure of a series, ``[1]``; None if it is not given."""
    if column is None or np.isnan(column[place]):
        return None
    return column[place : place + 1]


def _largest(promotion: PanelColumn) -> np.ndarray:
    """The largest value of each column, NaN where there is none above 0, ``[S]``."""
    largest = by_block(lambda columns: columns.max(0), promotion).astype(np.float64)
    return np.where(largest > 0.0, largest, np.nan)
