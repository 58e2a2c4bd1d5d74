"""Pictures of retail demand: what policies did over time, and how far forecasts are calibrated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from experiments.favorita.claims import END
from experiments.favorita.players import HISTORY_RULE, MQ
from experiments.favorita.twin import SHOCK
from inv_gym.agents.forecasting.calibration import CALIBRATION_PERIODS
from inv_gym.pictures.figures import save_compact

Cases = Sequence[tuple[tuple[str, int], dict[str, Any]]]
"""Table and lead time, and what was measured of them."""
PICTURED_TESTS = ("shock", "Christmas")
PATH_ROWS = {
    "demand": "demand over its mean",
    "served": "demand served, %",
    "stock": "stock left, periods of demand",
}
END_COLOUR, THEIR_COLOURS = "tab:blue", {MQ: "tab:orange", HISTORY_RULE: "tab:grey"}


def draw_paths(cases: Cases, path: Path) -> Path:
    """Demand, what was served of it and stock by date, with 95 % intervals of series; a column per
    table and test, without lead time.
    """
    shown = [
        (f"{name}, {part['test']}", part["paths"])
        for (name, lead_time), facts in cases
        for part in facts["played"]
        if lead_time == 0 and part["paths"] and part["test"] in PICTURED_TESTS
    ]
    number = max(len(shown), 1)
    figure = Figure((3.4 * number, 7.0), layout="constrained")
    axes = figure.subplots(len(PATH_ROWS), number, squeeze=False, sharex="col")
    for column, (title, paths) in zip(axes.T, shown, strict=False):
        _draw_column(column, paths)
        column[0].set_title(title)
    for axis, label in zip(axes[:, 0], PATH_ROWS.values(), strict=True):
        axis.set_ylabel(label)
    if shown:
        axes[1, 0].legend(fontsize=7, loc="lower left")
    return save_compact(figure, path)


def _draw_column(column: Iterable[Axes], paths: Mapping[str, Any]) -> None:
    """One test of a table: demand, service and stock below one another."""
    dates = pd.to_datetime(paths["dates"])
    demand, served, stock = column
    _draw_band(demand, dates, paths["demand"], "black", "demand")
    for name, lines in paths["policies"].items():
        colour = THEIR_COLOURS.get(name, END_COLOUR)
        label = name if name in THEIR_COLOURS else END
        _draw_band(served, dates, lines["served"], colour, label)
        _draw_band(stock, dates, lines["stock"], colour, label)
    served.set_ylim(top=101.0)
    stock.xaxis.set_major_formatter(ConciseDateFormatter(stock.xaxis.get_major_locator()))
    for axis in (demand, served, stock):
        if dates[0] <= pd.Timestamp(SHOCK) <= dates[-1]:
            axis.axvline(date2num(pd.Timestamp(SHOCK)), color="tab:red", lw=0.8, ls=":")


def _draw_band(
    axis: Axes, dates: pd.DatetimeIndex, values: list[list[float]], colour: str, label: str
) -> None:
    middle, low, high = np.array(values).T
    axis.plot(dates, middle, color=colour, lw=1.0, label=label)
    axis.fill_between(dates, low, high, color=colour, alpha=0.2, lw=0)


def draw_calibration(cases: Cases, path: Path) -> Path:
    """How often demand is at most the quantile of a level, less the level; a panel per table and
    lead time, a line per forecaster. Where whole units meet quantiles, the middle of the shares
    below and at most the quantile is drawn.
    """
    number = max(len(cases), 1)
    figure = Figure((2.6 * number, 3.2), layout="constrained")
    axes = figure.subplots(1, number, squeeze=False, sharey=True)[0]
    for axis, ((name, lead_time), facts) in zip(axes, cases, strict=False):
        for row in facts["calibration"]:
            if row["target"] == CALIBRATION_PERIODS:
                level, below, most = (np.array(row[key]) for key in ("level", "below", "coverage"))
                share = (below + most) / 2.0
                axis.plot(level, 100.0 * (share - level), marker="o", ms=3, label=row["forecaster"])
        axis.axhspan(-3.0, 3.0, color="grey", alpha=0.15, lw=0)
        axis.set(title=f"{name}, L = {lead_time}", xlabel="level of the quantile")
    axes[0].set_ylabel("coverage less level, points")
    if cases:
        axes[0].legend(fontsize=7)
    return save_compact(figure, path)
