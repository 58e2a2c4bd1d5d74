"""Figures of every product that was played."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from inv_gym.play.match import Figures, PlayedBlock
from inv_gym.play.per_date import DateSums, by_date
from inv_gym.products.batch import Products
from inv_gym.products.sources import ProductSource

if TYPE_CHECKING:
    import pandas as pd

KEPT = ("reward", "demand", "sales", "on_hand")
"""Figures that are kept of every product and policy."""


class ProductRows:
    """Keeps figures of every product and policy.

    Args:
        policies: Their names, in the order of the rows of a product.
        reference: Name of the policy that differences are to.
    """

    def __init__(self, policies: list[str], reference: str) -> None:
        self._policies, self._reference = policies, reference
        self._parts: list[np.ndarray] = []
        self._windows: list[np.ndarray] = []
        self._dates: dict[str, DateSums] = {}

    def add(self, played: PlayedBlock) -> None:
        """Keep the figures of a block."""
        figures = [_kept(played.figures[name]) for name in self._policies]
        self._parts.append(np.stack(figures, 1))
        if played.windows is not None:
            self._windows.append(played.windows)
        for name, sums in played.dates.items():
            self._dates[name] = self._dates[name].joined(sums) if name in self._dates else sums

    def dates(self, source: ProductSource | Products) -> pd.DataFrame | None:
        """A row per policy and date, see `by_date`; None for products that have no dates."""
        return by_date(self._dates, source) if self._dates else None

    def frame(self, source: ProductSource | Products) -> pd.DataFrame:
        """A row per product and policy, product by product.

        Columns: ``product``, its number; ``series`` and ``start``, the name of the series and the
        first date of the episode, for windows of real demand (where the source does not tell them,
        the number of the series and the position of that period); ``policy``; ``reward``, money per
        period (discounted mean); ``difference`` of it to the reference's, and ``gap``, the same in
        % of the reference's absolute reward (NaN where that is 0); ``fill_rate``, NaN without
        demand; ``demand`` and ``on_hand``, units per period.
        """
        import pandas as pd

        reward, demand, sales, on_hand = np.concatenate(self._parts).transpose(2, 0, 1)
        base = reward[:, [self._policies.index(self._reference)]]
        number, policies = reward.shape
        product = np.repeat(np.arange(number), policies)
        named = _named(np.tile(np.arange(policies), number), self._policies)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = np.where(base == 0.0, np.nan, 100.0 * (reward - base) / np.abs(base))
            fill_rate = np.where(demand > 0.0, sales / demand, np.nan)
        figures = {
            "reward": reward,
            "difference": reward - base,
            "gap": gap,
            "fill_rate": fill_rate,
            "demand": demand,
            "on_hand": on_hand,
        }
        columns = {"product": product} | self._labels(source, product) | {"policy": named}
        return pd.DataFrame(columns | {name: values.ravel() for name, values in figures.items()})

    def _labels(self, source: Any, product: np.ndarray) -> dict[str, Any]:
        """Series and start of every row; nothing for independent products."""
        if not self._windows:
            return {}
        series, start = np.concatenate(self._windows).T
        panel = getattr(source, "panel", None)
        if panel is None:
            return {"series": series[product], "start": start[product]}
        return {
            "series": _named(series[product], panel.series),
            "start": panel.dates[start][product],
        }


def _named(codes: np.ndarray, names: Sequence[str]) -> pd.Categorical[str]:
    """Names by their numbers, each stored once."""
    import pandas as pd

    return pd.Categorical.from_codes(codes, categories=pd.Index(names))


def _kept(figures: Figures) -> np.ndarray:
    """``[B, F]`` the figures that are kept of a policy."""
    return np.stack([figures[name] for name in KEPT], 1)
