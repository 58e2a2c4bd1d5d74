"""Products from a real demand table: windows of its series, with prices and costs
given or imputed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from inv_gym.demand.processes import CALENDAR, calendar
from inv_gym.demand.ranges import LogNormalRange, Uniform
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products, assemble
from inv_gym.products.economics import EconomicsRanges, draw_economics
from inv_gym.products.panel.data import Panel
from inv_gym.products.panel.runs import Runs, blocks, find_runs, moving_sum
from inv_gym.util.checks import whole

RETAIL = EconomicsRanges(
    price=LogNormalRange(1.7, 0.91), margin=Uniform(0.2, 0.5), holding_rate=Uniform(0.001, 0.005)
)
"""Groceries by the day, our choice: 90 % of the prices lie between 0.4 and 7.6."""

MONDAY = np.datetime64("2001-01-01", "D")
"""Calendar days are counted from here: a Monday and a first of January, so both phases of
`calendar` are true (that of the year within a day)."""


@dataclass(frozen=True, eq=False)
class PanelProducts:
    """Windows of the series of a panel, drawn uniformly from all (series, start) that are eligible.

    A window is HISTORY days and then the T days of an episode, all usable, with a sale in its
    history. The days of every episode lie in [first, last], while its history may begin before
    `first`: so sources with disjoint periods, for training, validation and test, never share a day
    of an episode.

    Prices and costs that the panel gives are used; the others are imputed once per series.

    Attributes:
        panel: The demand.
        first: First day of episodes, YYYY-MM-DD; None for the first of the panel.
        last: Last day of episodes, YYYY-MM-DD; None for the last of the panel.
        economics: Ranges of what is imputed.
        seed: Of the imputation.

    Raises:
        ValueError: `first` or `last` is no date, is outside the panel, or they are in the wrong
            order.
        TypeError: `seed` is not a whole number.
    """

    panel: Panel
    first: str | None = None
    last: str | None = None
    economics: EconomicsRanges = RETAIL
    seed: int = 0
    _windows: dict[int, Windows] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.panel, Panel):
            raise TypeError(f"panel must be a Panel, got {self.panel!r}; see read_panel.")
        if not isinstance(self.economics, EconomicsRanges):
            raise TypeError(f"economics must be EconomicsRanges, got {self.economics!r}.")
        whole("seed", self.seed, 0)
        if self._episode_days.start >= self._episode_days.stop:
            raise ValueError(f"first must not be after last, got {self.first} and {self.last}.")

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the table, and what was imputed."""
        given = {"price": self.panel.price, "unit cost": self.panel.cost}
        imputed = ", ".join(
            [*(name for name, column in given.items() if column is None), "all other costs"]
        )
        return (
            *self.panel.notes,
            f"imputed once per series from assumed ranges, with seed {self.seed}: {imputed}",
        )

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """The calendar, and the promotion (relative to the largest of the series) if the table has
        it.
        """
        return CALENDAR if self.panel.promotion is None else (*CALENDAR, "promotion")

    @cached_property
    def largest_scale(self) -> float:
        """The largest mean of any HISTORY days."""
        sums = (moving_sum(sales, HISTORY).max(initial=0.0) for sales in self._sales())
        return float(max(sums)) / HISTORY

    def _sales(self) -> Iterator[np.ndarray]:
        """Units of the usable days, else 0, block by block of series."""
        for block in blocks(len(self.panel.series)):
            yield np.where(self.panel.usable[:, block], self.panel.units[:, block], 0.0).astype(
                np.float64
            )

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """See `ProductSource`.

        Raises:
            ValueError: No series is usable for long enough for history and horizon.
        """
        series, start = self._eligible(problem.horizon).draw(rng, batch)
        days = start + np.arange(HISTORY + problem.horizon)[:, None]
        return assemble(
            problem,
            rng,
            {name: column[series] for name, column in self._figures.items()},
            self.panel.units[days, series].astype(np.float64),
            self._covariates(days, series),
        )._replace(windows=np.stack([series, start], 1))

    @cached_property
    def _figures(self) -> dict[str, np.ndarray]:
        """Prices and costs of every series, ``[S]``."""
        panel, rng = self.panel, np.random.default_rng(self.seed)
        return draw_economics(self.economics, rng, len(panel.series), panel.price, panel.cost)

    def _covariates(self, days: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Calendar and promotion ``[H + T, B, C]`` on the given days of the panel
        ``[H + T, B]``.
        """
        since = (self.panel.dates[days[0]] - MONDAY).astype(np.int64)
        phases = calendar(since, len(days))
        if self.panel.promotion is None:
            return phases
        promotion = self.panel.promotion[days, series] / self._largest_promotion[series]
        return np.concatenate([phases, promotion[..., None]], -1)

    @cached_property
    def _largest_promotion(self) -> np.ndarray:
        """Of every series, 1 if it has none, ``[S]``."""
        largest = np.asarray(self.panel.promotion).max(0).astype(np.float64)
        return np.where(largest > 0.0, largest, 1.0)

    @cached_property
    def _episode_days(self) -> range:
        """Positions in the panel of the days that episodes may have."""
        first = 0 if self.first is None else self._position("first", self.first)
        last = len(self.panel.dates) - 1 if self.last is None else self._position("last", self.last)
        return range(first, last + 1)

    def _position(self, name: str, value: str) -> int:
        dates = self.panel.dates
        try:
            day = np.datetime64(datetime.date.fromisoformat(value), "D")
        except (TypeError, ValueError):
            raise ValueError(
                f"{name} must be a day written as YYYY-MM-DD, got {value!r}."
            ) from None
        if not dates[0] <= day <= dates[-1]:
            raise ValueError(
                f"{name} must be within the table's {dates[0]} to {dates[-1]}, got {value}."
            )
        return int((day - dates[0]).astype(np.int64))

    def _eligible(self, horizon: int) -> Windows:
        if horizon not in self._windows:
            self._windows[horizon] = self._find_windows(horizon)
        return self._windows[horizon]

    def _find_windows(self, horizon: int) -> Windows:
        days = slice(max(self._episode_days.start - HISTORY, 0), self._episode_days.stop)
        units, usable = self.panel.units[days], self.panel.usable[days]
        parts = [
            find_runs(eligible_starts(units[:, block], usable[:, block], horizon)).moved(
                block.start, days.start
            )
            for block in blocks(len(self.panel.series))
        ]
        runs = Runs(*map(np.concatenate, zip(*parts, strict=True)))
        if not len(runs.length):
            raise ValueError(self._why_none(days, usable, horizon))
        return Windows(runs, np.cumsum(runs.length))

    def _why_none(self, days: slice, usable: np.ndarray, horizon: int) -> str:
        longest = max(
            find_runs(usable[:, block]).length.max(initial=0) for block in blocks(usable.shape[1])
        )
        dates, needed = self.panel.dates[days], HISTORY + horizon
        window = f"no window of {needed} usable days (history {HISTORY} + horizon {horizon})"
        span = f"from {dates[0]} to {dates[-1]}"
        if longest >= needed:
            return f"{window} {span} has a sale in its history: widen first and last."
        return (
            f"too short for history + horizon: {window} {span}, the longest usable stretch has "
            f"{longest}: lower the "
            "horizon, or widen first and last."
        )


@dataclass(frozen=True)
class Windows:
    """The eligible windows of a panel.

    Attributes:
        runs: Runs of days on which a window may start.
        ends: Number of windows up to the end of each run.
    """

    runs: Runs
    ends: np.ndarray

    def draw(self, rng: np.random.Generator, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Series and first day of windows drawn uniformly, each ``[B]``."""
        pick = rng.integers(self.ends[-1], size=batch)
        run = np.searchsorted(self.ends, pick, side="right")
        return self.runs.series[run], self.runs.first[run] + self.runs.length[run] - (
            self.ends[run] - pick
        )


def eligible_starts(units: np.ndarray, usable: np.ndarray, horizon: int) -> np.ndarray:
    """Whether a window may start on a day: all its days usable and a sale in its history,
    ``[windows, S]``.
    """
    length = HISTORY + horizon
    complete = moving_sum(usable.astype(np.int32), length) == length
    sold = moving_sum((units > 0.0).astype(np.int32), HISTORY)[: len(complete)] > 0
    return complete & sold
