"""The charts of a backtest."""

from __future__ import annotations

import matplotlib
import matplotlib.dates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inv_gym.leaderboard.charts import typeset
from inv_gym.leaderboard.document import PAGE_WIDTH, STAND_INS, STYLE, svg

SHOWN_POLICIES = 5
"""Policies whose paths are drawn; more lines could not be told apart."""
LINES = ("history", "distribution", "hindsight", "demand", "channel1")
"""Colours of the paths; the reference has that of text."""
PATH_PANELS = {"on_hand": "stock", "sales": "sales", "shortage": "shortage"}
"""Sums by date that are drawn, and what they are called."""
FEW = 0.05
"""Dates on which a smaller share of the most products plays are not drawn."""
SPREAD = (5, 25, 50, 75, 95)
"""Percentiles of the differences that are drawn."""


def exchange_chart(ranking: pd.DataFrame) -> str:
    """Fill rate against mean stock, a mark with its rank for each policy; one far below the others
    stands on the axis with its value.
    """
    stock, fill = ranking["on_hand"].to_numpy(), 100.0 * ranking["fill_rate"].to_numpy()
    lowest = lowest_shown(fill)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, 4.6), layout="constrained")
        axes = figure.subplots()
        shown = np.maximum(fill, lowest)
        axes.scatter(stock, shown, 34.0, [STAND_INS[knows] for knows in ranking["knows"]])
        for place, (x, y, value) in enumerate(zip(stock, shown, fill, strict=True), 1):
            far = typeset(f" \u25be {value:.1f} %") if value < lowest else ""
            axes.annotate(f"{place}{far}", (x, y), (5, 3), textcoords="offset points")
        axes.set(xlabel="mean stock, units per product", ylabel="fill rate, %")
        axes.margins(0.06)
        return svg(figure, "Fill rate against mean stock")


def lowest_shown(fill: np.ndarray) -> float:
    """The lowest fill rate of the axis, from those of the policies in %: what misses more than five
    times as much as the median is cut off.
    """
    missed = 100.0 - fill
    return float(100.0 - max(5.0 * np.median(missed), 0.5))


def spread_chart(gaps: dict[str, np.ndarray], reference: str) -> str:
    """How the gaps of the series are spread, a row for each policy.

    Args:
        gaps: ``[S]`` in % by policy, in the order of the rows.
        reference: Name of the policy that they are to.
    """
    rows = {name: np.nanpercentile(values, SPREAD) for name, values in gaps.items()}
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, 0.55 + 0.27 * len(rows)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0.0, color=STAND_INS["ink"], linewidth=0.8)
        for place, (low, lower, middle, upper, high) in enumerate(rows.values()):
            axes.plot([low, high], [place, place], color=STAND_INS["muted"], linewidth=1.0)
            axes.barh(place, upper - lower, 0.5, lower, color=STAND_INS["history"])
            axes.plot([middle], [place], "|", color=STAND_INS["paper"], markersize=9)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.tick_params("y", length=0, labelcolor=STAND_INS["ink"])
        ends = np.array(list(rows.values()))
        axes.set(
            xlim=spread_limits(ends),
            ylim=(len(rows) - 0.4, -0.6),
            xlabel=f"difference per product to {reference}, % of what it earns on the product",
        )
        axes.spines["left"].set_visible(False)
        return svg(figure, f"Differences per product to {reference}")


def spread_limits(ends: np.ndarray) -> tuple[float, float]:
    """Ends of the axis for percentiles ``[P, 5]``: what is more than four times as far out as the
    median policy is cut off.
    """
    extent = np.abs(ends).max(1)
    far = extent[extent > 0.0]
    limit = 4.0 * float(np.median(far)) if len(far) else 1.0
    low, high = max(float(ends.min()), -limit), min(float(ends.max()), limit)
    margin = 0.03 * max(high - low, 1e-9)
    return min(low, 0.0) - margin, max(high, 0.0) + margin


def path_chart(dates: pd.DataFrame, names: list[str], reference: str) -> str:
    """Stock, sales and shortage of all products over time, a line for each of some policies and
    one for the reference.
    """
    dates = dates[dates["products"] >= FEW * dates["products"].max()]
    colours = dict(zip(names, LINES, strict=False)) | {reference: "ink"}
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, 6.4), layout="constrained")
        panels = figure.subplots(len(PATH_PANELS), sharex=True)
        for axes, (column, title) in zip(panels, PATH_PANELS.items(), strict=True):
            _draw_paths(axes, dates, colours, column)
            axes.set(ylabel=f"{title}, units", ylim=(0.0, None))
        demand = dates[dates["policy"] == reference]
        line = {"color": STAND_INS["muted"], "linewidth": 1.0, "label": "demand"}
        panels[1].plot(demand["date"], demand["demand"], ":", **line)
        handles, labels = panels[1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=4)
        return svg(figure, "Stock, sales and shortage over time")


def _draw_paths(axes: Axes, dates: pd.DataFrame, colours: dict[str, str], column: str) -> None:
    """One panel, from the colour of each policy."""
    for name, colour in colours.items():
        path = dates[dates["policy"] == name]
        axes.plot(path["date"], path[column], color=STAND_INS[colour], linewidth=1.2, label=name)
    locator = matplotlib.dates.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(locator))
