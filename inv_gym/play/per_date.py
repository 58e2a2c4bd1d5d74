"""Sums over all products on each date of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from inv_gym.play.episode import Step
from inv_gym.products.batch import Products
from inv_gym.products.sources import ProductSource
from inv_gym.util.arrays import to_numpy

if TYPE_CHECKING:
    import pandas as pd

SUMMED = ("demand", "sales", "shortage", "on_hand")
"""What is summed, units."""


class DateSums:
    """Units of a policy by date, summed over the products that play then.

    Args:
        first: Position of the first date.
        number: Of dates.
    """

    def __init__(self, first: int, number: int) -> None:
        self.first = first
        self.sums = np.zeros((len(SUMMED) + 1, number))
        """Rows: those summed, and the products that play."""

    @classmethod
    def of(cls, windows: np.ndarray, horizon: int) -> DateSums:
        """For the episodes of windows ``[B, 2]``."""
        starts = windows[:, 1]
        return cls(int(starts.min()), int(starts.max() - starts.min()) + horizon)

    def add(self, step: Step, windows: np.ndarray) -> None:
        """Add a period of a block."""
        place = windows[:, 1] + step.period - self.first
        number = self.sums.shape[1]
        flows = step.outcome.flows._asdict() | {"demand": step.demand}
        for row, name in enumerate(SUMMED):
            units = np.asarray(to_numpy(flows[name]), np.float64)
            self.sums[row] += np.bincount(place, units, number)
        self.sums[-1] += np.bincount(place, minlength=number)

    def joined(self, other: DateSums) -> DateSums:
        """The sums of both, on the dates of both."""
        first = min(self.first, other.first)
        last = max(part.first + part.sums.shape[1] for part in (self, other))
        both = DateSums(first, last - first)
        for part in (self, other):
            begin = part.first - first
            both.sums[:, begin : begin + part.sums.shape[1]] += part.sums
        return both


def by_date(sums: Mapping[str, DateSums], source: ProductSource | Products | Any) -> pd.DataFrame:
    """A row per policy and date on which a product plays: ``policy``, ``date`` (a position where
    the source does not tell it), ``products`` that play, and sums over them, units: ``demand``,
    ``sales``, ``shortage`` and ``on_hand``.
    """
    import pandas as pd

    panel = getattr(source, "panel", None)
    parts = []
    for name, part in sums.items():
        played = np.flatnonzero(part.sums[-1])
        date = part.first + played
        columns = {
            "policy": name,
            "date": date if panel is None else panel.dates[date],
            "products": part.sums[-1, played].astype(int),
        }
        units = zip(SUMMED, part.sums[:-1, played], strict=True)
        parts.append(pd.DataFrame(columns | dict(units)))
    return pd.concat(parts, ignore_index=True)
