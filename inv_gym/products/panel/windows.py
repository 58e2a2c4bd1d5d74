"""Products from a real demand table: windows of its series, with prices and costs
given or imputed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from inv_gym.demand.ranges import LogNormalRange, Uniform
from inv_gym.problems.lots import Lots
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products, assemble
from inv_gym.products.economics import EconomicsRanges
from inv_gym.products.panel.covariates import covariate_names, covariates
from inv_gym.products.panel.data import Panel
from inv_gym.products.panel.days import end_position, first_position
from inv_gym.products.panel.earlier import earlier_of
from inv_gym.products.panel.eligible import Openings, Windows
from inv_gym.products.panel.figures import SeriesFigures
from inv_gym.products.panel.frequency import DAILY, Frequency
from inv_gym.products.panel.listed import ListedWindows
from inv_gym.products.panel.played import PlayedPeriods, played_periods
from inv_gym.products.panel.prices import price_note, prices_over_time
from inv_gym.products.sources import Extras
from inv_gym.util.checks import whole

RETAIL = EconomicsRanges(
    price=LogNormalRange(1.7, 0.91), margin=Uniform(0.2, 0.5), holding_rate=Uniform(0.001, 0.005)
)
"""Groceries by the day, our choice: 90 % of the prices lie between 0.4 and 7.6."""

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

    Nothing after `last` has a part in it: closures are judged on what is known by then. Prices and
    costs are those known before a window starts, see `SeriesFigures`, and a promotion is relative
    to the largest one up to its period.

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
        split = self.first is not None or self.last is not None
        first, last = self.ends
        return (
            *self.panel.notes,
            *self.remarks,
            *((f"episodes lie in {first} to {last}",) if split else ()),
            *self._lot_notes,
            *self._price_notes,
            *self.figures.notes,
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
        first, last = self.ends
        return {
            "file": self.panel.file,
            "fingerprint": self.panel.fingerprint,
            "frequency": self.panel.frequency.name,
            "first": str(first),
            "last": str(last),
        }

    @property
    def ends(self) -> np.ndarray:
        """The first and the last day of episodes."""
        return self.panel.dates[[self._episode_days.start, self._episode_days.stop - 1]]

    @property
    def episode_periods(self) -> range:
        """Positions in the panel of the periods that episodes may have."""
        return self._episode_days

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """See `inv_gym.products.panel.covariates`."""
        return covariate_names(self.panel)

    @property
    def played(self) -> PlayedPeriods:
        """What the periods of episodes tell of all series."""
        return played_periods(self.panel, self.episode_periods)

    @property
    def largest_scale(self) -> float:
        """The largest mean of any known history up to `last`."""
        return self.played.largest_scale

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
        known = (days[:HISTORY] >= 0) & self.played.usable[inside[:HISTORY], series]
        # the usable periods right before the episode: the trailing run of what is known
        known_periods = np.logical_and.accumulate(known[::-1]).sum(0).astype(np.float64)
        figures = self.figures.at(series, start)
        prices = None
        if self.has_prices and "price" in problem.Economics._fields:
            prices = prices_over_time(self.played.prices, days[HISTORY:], series, figures["price"])
        drawn = assemble(
            problem,
            rng,
            figures,
            self.panel.units[inside, series].astype(np.float64),
            covariates(self.panel, inside, series, start),
            known_periods=known_periods,
            covariate_names=self.covariate_names,
        )
        return drawn._replace(
            windows=windows,
            lots=self.lots(series),
            prices=prices,
            sold_out=self._sold_out(problem, inside, series, drawn.sold_out),
            earlier=earlier_of(self.panel.units, self.played.usable, series, start - known_periods),
        )

    def _sold_out(
        self, problem: Problem, days: np.ndarray, series: np.ndarray, before: np.ndarray | None
    ) -> np.ndarray | None:
        """What the closing stock tells of the periods ``[H + T, B]`` of windows; of a censored
        problem it tells the history alone, in which what `assemble` took away sold out too.
        """
        if self.panel.sold_out is None:
            return before
        told = self.panel.sold_out[days, series].astype(np.float64)
        return told if before is None else np.maximum(told[:HISTORY], before)

    @property
    def extras(self) -> Extras:
        """Short histories, earlier periods, and what the table has."""
        return Extras(True, True, self.panel.sold_out is not None, self.has_lots, self.has_prices)

    @cached_property
    def has_lots(self) -> bool:
        """Whether the table has an order multiple or a minimum order."""
        return any((self._lot_figure(name) > 0.0).any() for name in LOT_FIGURES)

    @property
    def has_prices(self) -> bool:
        """Whether the table has a price that changes up to `last`."""
        return bool(self.played.changing.any())

    @property
    def _price_notes(self) -> tuple[str, ...]:
        """How many prices change over time, and how many periods lack one."""
        if not self.has_prices:
            return ()
        number, noun = int(self.played.changing.sum()), self.panel.frequency.noun
        return (price_note(number, self.played.without_price, noun),)

    def lots(self, series: np.ndarray) -> Lots | None:
        """The lots of series of these numbers ``[B]``."""
        if not self.has_lots:
            return None
        return Lots(*(self._lot_figure(name)[series] for name in LOT_FIGURES))

    def _lot_figure(self, name: str) -> np.ndarray:
        """A figure of each series, 0 where the table has none, ``[S]``."""
        return np.nan_to_num(self.panel.figures.get(name, np.zeros(len(self.panel.series))))

    @cached_property
    def figures(self) -> SeriesFigures:
        """Prices and costs of the series."""
        return SeriesFigures(self.panel, self.episode_periods, self.ranges, self.seed)

    @property
    def ranges(self) -> EconomicsRanges:
        """The ranges of what is imputed."""
        return retail(self.panel.frequency) if self.economics is None else self.economics

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
        windows = self._openings.windows(horizon)
        if not len(windows.ends):
            raise ValueError(self._why_none(horizon))
        return windows

    @cached_property
    def _openings(self) -> Openings:
        """Those of the series that are chosen."""
        openings = self.played.openings
        if self.chosen is None:
            return openings
        return openings.some(np.isin(openings.runs.series, self.chosen))

    def _why_none(self, horizon: int) -> str:
        """Why there is no window."""
        stretch = self.played.longest_stretch
        longest = (stretch if self.chosen is None else stretch[list(self.chosen)]).max()
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
