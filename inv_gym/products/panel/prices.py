"""Prices of a table that change over time."""

from __future__ import annotations

import numpy as np

from inv_gym.products.panel.runs import blocks
from inv_gym.products.panel.store import PanelColumn


def changes(prices: np.ndarray) -> np.ndarray:
    """Whether each column of ``[D, n]`` has two prices, ``[n]``."""
    low = np.fmin.reduce(prices, 0, initial=np.inf)
    return np.fmax.reduce(prices, 0, initial=-np.inf) > low


def number_without_price(prices: PanelColumn, usable: np.ndarray) -> int:
    """How many usable periods ``[D, S]`` have no price, of the series that have some."""
    number = 0
    for block in blocks(prices.shape[1]):
        known = ~np.isnan(prices[:, block])
        number += int((usable[:, block] & ~known & known.any(0)).sum())
    return number


def price_note(series: int, lacking: int, noun: str) -> str:
    """What a reader must know of so many series with prices over time.

    Args:
        series: Number of series whose price changes.
        lacking: Number of periods without a price.
        noun: What a period is called.
    """
    rule = (
        f"the price of {series:,} series changes over time: a sale earns that of its {noun}, which "
        f"a policy sees on the {noun}"
    )
    if not lacking:
        return rule
    return (
        f"{rule}; {lacking:,} series-{noun}s without a price have the last one before, or the mean "
        "if there is none"
    )


def prices_over_time(
    prices: PanelColumn, days: np.ndarray, series: np.ndarray, figure: np.ndarray
) -> np.ndarray:
    """The price of each period ``[T, B]``: the last one that is known by then, else the figure of
    the series.

    Args:
        prices: ``[D, S]``, NaN where none is given.
        days: ``[T, B]`` positions of the periods.
        series: ``[B]`` numbers of the series.
        figure: ``[B]``.
    """
    place, column = np.unique(series, return_inverse=True)
    given = prices[:, place]
    known = ~np.isnan(given)
    latest = np.maximum.accumulate(np.where(known, np.arange(len(given))[:, None], -1))
    row = latest[days, column]
    return np.where(row >= 0, given[row, column], figure).astype(np.float64)
