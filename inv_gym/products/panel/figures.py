"""Prices and costs of the series of a panel, as they are known before a period, or imputed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inv_gym.products.economics import EconomicsRanges, draw_rates, economics_of
from inv_gym.products.panel.data import COSTS_REMEDY, UNIT_COST, Panel, why_not_below
from inv_gym.products.panel.headings import COSTS
from inv_gym.products.panel.known import Known


@dataclass(frozen=True, eq=False)
class SeriesFigures:
    """Prices and costs of the series of a panel: what the table gives is the mean over all periods
    before a window starts; what it does not give until then is imputed once per series, by its
    name, so that other series and the order of rows do not matter.

    A unit cost whose mean is not below that of the price, until a window starts, is imputed too.

    Attributes:
        panel: The table.
        periods: Positions of the periods that episodes may have.
        ranges: Ranges of what is imputed.
        seed: Of the imputation.
    """

    panel: Panel
    periods: range
    ranges: EconomicsRanges
    seed: int

    @property
    def _known(self) -> dict[str, Known]:
        """Means of what the table gives, by the names of figures."""
        return self.panel.known_means

    def at(
        self,
        series: np.ndarray,
        period: np.ndarray,
        told: Mapping[str, np.ndarray] | None = None,
    ) -> dict[str, np.ndarray]:
        """Prices and costs ``[B]`` by name.

        Args:
            series: ``[B]`` numbers of the series.
            period: ``[B]`` positions of the periods before which they are known.
            told: Figures ``[B]`` in place of those of the table, NaN where none is told: ``price``,
                ``cost`` and the costs that a table may have.

        Raises:
            ValueError: Of a series, the mean cost of the periods that are played is not below the
                mean price.
        """
        self._refuse_costs()
        told = dict(told or {})
        known = self._known_before(series, period)
        if "cost" in told:
            told[UNIT_COST] = told.pop("cost")
        for name, figures in told.items():
            given = known.get(name, np.full(len(series), np.nan))
            known[name] = np.where(np.isnan(figures), given, figures)
        nothing = np.full(len(series), np.nan)
        drawn = economics_of(
            self._rates(series), known.pop("price", nothing), known.pop(UNIT_COST, nothing)
        )
        costs = {name: np.where(np.isnan(x), drawn[name], x) for name, x in known.items()}
        return drawn | costs

    def _known_before(self, series: np.ndarray, period: np.ndarray) -> dict[str, np.ndarray]:
        """What the table tells, ``[B]``, NaN where nothing."""
        known = {name: means.before(series, period) for name, means in self._known.items()}
        if "price" in known and UNIT_COST in known:
            above = known[UNIT_COST] >= known["price"]
            known[UNIT_COST] = np.where(above, np.nan, known[UNIT_COST])
        return known

    def _refuse_costs(self) -> None:
        """Refuse mean costs that are not below the mean prices.

        Raises:
            ValueError: It names a series and the remedy.
        """
        if self._why_costs:
            raise ValueError(f"{self._why_costs}: {COSTS_REMEDY}.")

    @cached_property
    def _why_costs(self) -> str:
        ends = [self._at_end(name) for name in (UNIT_COST, "price")]
        return why_not_below(self.panel.series, *ends)

    def _at_end(self, name: str) -> np.ndarray | None:
        """``[S]`` what is known of a figure before the end of the periods, NaN where nothing; None
        if the table does not have it.
        """
        if name not in self._known:
            return None
        return self._known[name].before(np.arange(len(self.panel.series)), self.periods.stop)

    def _rates(self, series: np.ndarray) -> dict[str, np.ndarray]:
        """The rates that are imputed, ``[B]``; they are drawn when a series is first asked for."""
        is_drawn, values = self._drawn
        for place in np.unique(series[~is_drawn[series]]):
            values[place] = np.concatenate(list(self._draw(place).values()))
            is_drawn[place] = True
        return dict(zip(self._rate_names, values[series].T, strict=True))

    def _draw(self, place: int) -> dict[str, np.ndarray]:
        """The rates of a series, ``[1]``."""
        name = self.panel.series[place]
        word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        return draw_rates(self.ranges, np.random.default_rng([self.seed, word]), 1)

    @cached_property
    def _rate_names(self) -> tuple[str, ...]:
        return tuple(self._draw(0))

    @cached_property
    def _drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Whether the rates of a series were drawn, ``[S]``, and what they are, ``[S, F]``."""
        number = len(self.panel.series)
        return np.zeros(number, bool), np.empty((number, len(self._rate_names)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is imputed."""
        names = ("price", UNIT_COST, *(name for name in COSTS if name in self._known))
        texts = [self._imputed(name) for name in names]
        imputed = ", ".join([*filter(None, texts), "all other costs"])
        note = f"imputed once per series from assumed ranges, with seed {self.seed}: {imputed}"
        number = self._series_above
        if not number:
            return (note,)
        above = (
            f"the unit cost of {number:,} series is imputed in windows before whose start its mean "
            "is not below the mean price"
        )
        return (note, above)

    def _imputed(self, name: str) -> str:
        """What is imputed of a figure; empty if nothing."""
        text = name.replace("_", " ")
        if name not in self._known:
            return text
        index, first = self.panel.units.index, self._known[name].first
        has_none = first >= self.periods.stop
        # the first period on which an episode may start, after one that is known
        start = np.maximum(self.periods.start, index.first + 1)
        late = ~has_none & (first >= start)
        parts = (
            (has_none, "that have none"),
            (late, "in windows that start before their first one"),
        )
        return ", ".join(
            f"{text} of {int(some.sum()):,} series {which}" for some, which in parts if some.any()
        )

    @cached_property
    def _series_above(self) -> int:
        """Of how many series the mean cost is not below the mean price before some period that is
        played.
        """
        if "price" not in self._known or UNIT_COST not in self._known:
            return 0
        index = self.panel.units.index
        above = self._known[UNIT_COST].figures >= self._known["price"].figures
        above &= (index.period >= self.periods.start) & (index.period < self.periods.stop - 1)
        within = np.logical_or.reduceat(above, index.offsets[:-1])
        every = np.arange(len(self.panel.series))
        at_first = [
            self._known[name].before(every, self.periods.start) for name in (UNIT_COST, "price")
        ]
        return int((within | (at_first[0] >= at_first[1])).sum())
