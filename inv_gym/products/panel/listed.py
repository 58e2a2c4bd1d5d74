"""Windows of a panel that are played one by one, instead of drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.panel.data import Panel
from inv_gym.products.panel.days import first_position
from inv_gym.products.panel.unplayed import unplayed
from inv_gym.products.sources import Extras

if TYPE_CHECKING:
    from inv_gym.products.panel.windows import PanelProducts


@dataclass(frozen=True, eq=False)
class ListedWindows:
    """A list of windows of a panel; product i is the i-th.

    Attributes:
        source: What the windows are of.
        windows: ``[N, 2]`` series and position of the first period of the episode; they must be
            eligible.
        remarks: Notes of the list.
    """

    source: PanelProducts
    windows: np.ndarray
    remarks: tuple[str, ...] = ()

    @classmethod
    def side_by_side(cls, source: PanelProducts, horizon: int) -> ListedWindows:
        """Every series with all its windows side by side: their episodes begin on the first day
        that the source plays, and every `horizon` periods after it. A series that fits none of them
        has the earliest window that it fits.

        Raises:
            ValueError: There is no window at all.
        """
        runs = source.eligible(horizon).runs
        base = source.episode_periods.start
        # the first and the last step of the grid that lies in each run
        low = -((base - runs.first) // horizon)
        high = (runs.first + runs.length - 1 - base) // horizon
        number = np.maximum(high - low + 1, 0)
        series = np.repeat(runs.series, number)
        step = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number - low, number)
        listed = np.stack([series, base + step * horizon], 1)

        # series that are on no step
        others = ~np.isin(runs.series, series)
        alone, place = np.unique(runs.series[others], return_index=True)
        earliest = np.stack([alone, runs.first[others][place]], 1)
        windows = np.concatenate([listed, earliest])
        return cls(source, windows[np.lexsort(windows.T[::-1])], unplayed(source, horizon))

    @classmethod
    def once(cls, source: PanelProducts, horizon: int, each: str | bool) -> ListedWindows:
        """Every series with one window.

        Args:
            source: What the windows are of.
            horizon: Periods of an episode.
            each: The day on which every episode begins (YYYY-MM-DD; if the table has no period
                on it, the next one); True for the earliest window of each series. A series without
                such a window is left out, and a note counts them.

        Raises:
            ValueError: The day is none of the source, or no series has a window on it.
        """
        runs = source.eligible(horizon).runs
        first = runs.first
        fits = np.append(True, np.diff(runs.series) != 0)  # runs are sorted by series and day
        if not isinstance(each, bool):
            first = np.full(len(first), start_position(source, each))
            fits = (runs.first <= first) & (first < runs.first + runs.length)
        if not fits.any():
            noun = source.panel.frequency.noun
            raise ValueError(
                f"no series has a window of {horizon} usable {noun}s that begins on {each}, with "
                "a sale before: give another day as each, or a shorter horizon."
            )
        windows = np.stack([runs.series, first], 1)[fits]
        windows = windows[np.lexsort(windows.T[::-1])]
        number = len(source.panel.series if source.chosen is None else source.chosen)
        missed = number - len(windows)
        when = "as early as it can" if each is True else f"on {each}"
        note = f"each of {len(windows):,} series is played once, beginning {when}"
        if each is True:
            return cls(source, windows, (note, *unplayed(source, horizon)))
        if missed:
            note += f"; {missed:,} series without a window of {horizon} periods there are left out"
        return cls(source, windows, (note,))

    def latest(self, most: int) -> ListedWindows:
        """The same list with the latest windows of each series alone, so many at most."""
        series = self.windows[:, 0]
        last = np.searchsorted(series, series, side="right")
        place = np.arange(len(series))
        return replace(self, windows=self.windows[last - place <= most])

    @property
    def panel(self) -> Panel:
        """The table."""
        return self.source.panel

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the source, and of the list."""
        return (*self.source.notes, *self.remarks)

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """Those of the source."""
        return self.source.covariate_names

    @property
    def extras(self) -> Extras:
        """Those of the source."""
        return self.source.extras

    @property
    def largest_scale(self) -> float:
        """That of the source."""
        return self.source.largest_scale

    @property
    def table(self) -> dict[str, Any]:
        """Which table, and which of its days."""
        return self.source.table

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """Windows drawn from the list, each as likely as any other."""
        return self._at(rng, rng.integers(len(self.windows), size=batch), problem)

    def listed(self, rng: np.random.Generator, rows: slice, problem: Problem) -> Products:
        """Windows of these numbers.

        Raises:
            ValueError: The list is shorter.
        """
        if rows.stop > len(self.windows):
            raise ValueError(
                f"the list has {len(self.windows)} windows, got a number of {rows.stop} products: "
                "ask for as many as it has at most."
            )
        return self._at(rng, rows, problem)

    def _at(self, rng: np.random.Generator, rows: Any, problem: Problem) -> Products:
        return self.source.at(problem, rng, self.windows[rows])


def start_position(source: PanelProducts, day: str) -> int:
    """Position of the first period of the episode that begins on a day.

    Raises:
        ValueError: The source plays no such day.
    """
    position = first_position("each", day, source.panel.dates)
    periods = source.episode_periods
    if position not in periods:
        days = source.panel.dates[[periods.start, periods.stop - 1]]
        raise ValueError(
            f"each must be within the days that are played, {days[0]} to {days[1]}, got {day}."
        )
    return position
