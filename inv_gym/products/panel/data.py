"""A demand table as a panel, periods by series, with the periods that can be learned from
marked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from inv_gym.products.panel.closures import Closures
from inv_gym.products.panel.frequency import Frequency
from inv_gym.products.panel.headings import COSTS
from inv_gym.products.panel.known import Known
from inv_gym.products.panel.runs import blocks
from inv_gym.products.panel.store import PanelColumn

if TYPE_CHECKING:
    from inv_gym.products.panel.played import PlayedPeriods

UNIT_COST = "unit_cost"
"""The name of the figure that a column of costs gives."""


@dataclass(frozen=True, eq=False, repr=False)
class Panel:
    """Demand of many series. D consecutive periods, S series.

    The columns of the table keep its rows alone, and read as matrices, see `PanelColumn`.

    Attributes:
        dates: ``[D]`` datetime64[D]; of weeks and months, the days that their rows have.
        series: Names of the S series, in the order of their first rows.
        units: ``[D, S]`` float32; NaN before the first row of a series, and after the last one
            unless periods without a row are no sales.
        usable: ``[D, S]`` bool: False before the first sale, where units are NaN, and while a shop
            is closed.
        promotion: ``[D, S]`` uint8 or float32, 0 where there is no row; None if the table has none.
        prices: ``[D, S]`` float32, money per unit, NaN where none is given; None if the table has
            none.
        costs: ``[D, S]`` the same of what a unit costs.
        further: Columns ``[D, S]`` of ``holding_cost``, ``shortage_cost``, ``outdating_cost``,
            ``open`` and ``closing_stock`` that the table has, NaN where none is given.
        figures: ``[S]`` of ``lead_time``, ``shelf_life``, ``order_multiple`` and ``minimum_order``
            that the table has, NaN where none is given.
        notes: What was filled, set to zero, masked, and how long a period is.
        frequency: How long a period is.
        closures: How they are told from demand.
        holidays: ``[N]`` datetime64[D], rising; None if none are given.
        shops: ``[S]`` the shop of each series, which closes with all of them.
        file: Name of the file.
        played: What was worked out about periods that are played, see `played_periods`.
    """

    dates: np.ndarray
    series: tuple[str, ...]
    units: PanelColumn
    usable: np.ndarray
    promotion: PanelColumn | None
    prices: PanelColumn | None
    costs: PanelColumn | None
    further: Mapping[str, PanelColumn]
    figures: Mapping[str, np.ndarray]
    notes: tuple[str, ...]
    frequency: Frequency
    closures: Closures
    shops: np.ndarray
    file: str
    holidays: np.ndarray | None = None
    played: dict[range, PlayedPeriods] = field(default_factory=dict, init=False)

    def __repr__(self) -> str:
        return (
            f"Panel({self.file!r}, {self.frequency.name} {self.dates[0]} to {self.dates[-1]}, "
            f"{len(self.series)} series, fingerprint {self.fingerprint}, "
            f"closures from {self.closures.least})"
        )

    @cached_property
    def sold_out(self) -> PanelColumn | None:
        """``[D, S]`` 1 where the closing stock is 0, else 0; None if the table has none."""
        stock = self.further.get("closing_stock")
        if stock is None:
            return None
        return replace(stock, values=(stock.values == 0.0).astype(np.uint8), inside=0, outside=0)

    @cached_property
    def price(self) -> np.ndarray | None:
        """``[S]`` mean money per unit, NaN where none is given; None if the table has none."""
        return None if self.prices is None else means(self.prices)

    @cached_property
    def cost(self) -> np.ndarray | None:
        """``[S]`` the same of what a unit costs, below the price."""
        return None if self.costs is None else means(self.costs)

    @cached_property
    def known_means(self) -> dict[str, Known]:
        """Means of the prices and costs that the table has, by the names of figures."""
        columns = {"price": self.prices, UNIT_COST: self.costs}
        columns |= {name: self.further.get(name) for name in COSTS}
        return {name: Known.means(column) for name, column in columns.items() if column is not None}

    @cached_property
    def largest_promotions(self) -> Known:
        """The largest promotions, of a table that has any."""
        assert self.promotion is not None
        return Known.largest(self.promotion)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell what was read; the order of rows and the type of the
        file do not matter.
        """
        digest = hashlib.sha256(f"{self.frequency.name} {self.dates[0]} {self.dates[-1]}".encode())
        order = self.by_name
        digest.update("\0".join(self.series[place] for place in order).encode())
        for block in blocks(len(order)):
            for name in ("units", "promotion", "prices", "costs"):
                values = getattr(self, name)
                if values is not None:
                    digest.update(name.encode())
                    digest.update(values[:, order[block]].astype(np.float32).tobytes())
        for name, column in self.further.items():
            digest.update(name.encode())
            for block in blocks(len(order)):
                digest.update(column[:, order[block]].tobytes())
        for name, figures in self.figures.items():
            digest.update(name.encode() + figures[order].tobytes())
        if self.holidays is not None:
            digest.update(b"holidays" + self.holidays.tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def by_name(self) -> np.ndarray:
        """``[S]`` numbers of the series in the order of their names."""
        return np.array(sorted(range(len(self.series)), key=self.series.__getitem__))


def means(values: PanelColumn) -> np.ndarray:
    """Mean of each column of ``[D, S]`` over what is given, NaN where nothing is, ``[S]``."""

    def mean(columns: np.ndarray) -> np.ndarray:
        given = ~np.isnan(columns)
        total = np.where(given, columns, 0.0).sum(0, dtype=np.float64)
        number = given.sum(0)
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)

    return by_block(mean, values)


def by_block(reduce: Callable[[np.ndarray], Any], values: PanelColumn) -> np.ndarray:
    """A figure of each column of ``[D, S]``, worked out block by block of series, ``[S]``."""
    return np.concatenate([reduce(values[:, block]) for block in blocks(values.shape[1])])


def why_not_below(names: tuple[str, ...], cost: np.ndarray | None, price: np.ndarray | None) -> str:
    """What is wrong with mean costs that are not below the mean prices; empty if nothing."""
    if price is None or cost is None or not (cost >= price).any():
        return ""
    row = int((cost >= price).argmax())
    return (
        f"cost must be below price, got a mean cost of {cost[row]:g} and a mean price of "
        f"{price[row]:g} (series {names[row]!r})"
    )


COSTS_REMEDY = "correct them, or drop the cost column to have costs imputed"
"""The remedy for costs that are not below the prices."""
