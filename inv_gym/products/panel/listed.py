"""Windows of a panel that are played one by one, instead of drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.panel.data import Panel
from inv_gym.products.panel.windows import PanelProducts


@dataclass(frozen=True, eq=False)
class ListedWindows:
    """A list of windows of a panel; product i is the i-th.

    Attributes:
        source: What the windows are of.
        windows: ``[N, 2]`` series and position of the first period of the episode; they must be
            eligible.
    """

    source: PanelProducts
    windows: np.ndarray

    @classmethod
    def each(cls, source: PanelProducts, horizon: int) -> ListedWindows:
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
        return cls(source, windows[np.lexsort(windows.T[::-1])])

    def latest(self, most: int) -> ListedWindows:
        """The same list with the latest windows of each series alone, so many at most."""
        series = self.windows[:, 0]
        last = np.searchsorted(series, series, side="right")
        place = np.arange(len(series))
        return ListedWindows(self.source, self.windows[last - place <= most])

    @property
    def panel(self) -> Panel:
        """The table."""
        return self.source.panel

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the source."""
        return self.source.notes

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """Those of the source."""
        return self.source.covariate_names

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
