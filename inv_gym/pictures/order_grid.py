"""Pictures of orders over two columns of the state, one panel for each policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from inv_gym.pictures.exact_orders import OrderPanel
from inv_gym.pictures.figures import Side, finish


def grid_picture(
    rows: Sequence[Sequence[OrderPanel]], across: Side, up: Side, cell: float, caption: str
) -> Figure:
    """Panels in rows on one colour scale, with the optimal orders and the differences to them in
    the cells.
    """
    most = max(panel.actions.max() for row in rows for panel in row)
    norm = BoundaryNorm(np.arange(most + 2.0) - 0.5, int(most) + 1)
    height, width = rows[0][0].actions.shape
    size = (len(rows[0]) * (cell * width + 0.4) + 1.0, len(rows) * (cell * height + 0.75))
    figure = Figure(size, layout="constrained")
    subplots = figure.subplots(len(rows), len(rows[0]), sharex=True, sharey=True, squeeze=False)
    for row, line in zip(subplots, rows, strict=True):
        for axes, panel in zip(row, line, strict=True):
            image = draw(axes, panel, across, up, norm, colormaps["viridis"].resampled(norm.Ncmap))
            write_numbers(axes, panel, across, up, most)
    ticks = np.arange(most + 1.0)
    bar = figure.colorbar(image, ax=figure.axes, ticks=ticks, shrink=0.7, aspect=30)
    bar.set_label("order, units")
    bar.ax.minorticks_off()
    return finish(figure, across.label, up.label, caption)


def draw(
    axes: Axes, panel: OrderPanel, across: Side, up: Side, norm: Normalize, colours: Any
) -> Any:
    """One panel: actions as colours, often visited states outlined."""
    extent = (across.low - 0.5, across.high + 0.5, up.low - 0.5, up.high + 0.5)
    image = axes.imshow(panel.actions, colours, norm, origin="lower", extent=extent)
    fine = np.pad(np.kron(panel.often, np.ones((20, 20))), 1)
    x, y = np.linspace(*extent[:2], fine.shape[1]), np.linspace(*extent[2:], fine.shape[0])
    axes.contour(x, y, fine, levels=[0.5], colors="black", linewidths=2.6)
    axes.contour(x, y, fine, levels=[0.5], colors="white", linewidths=1.4)
    axes.set_title(panel.title, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(8, integer=True))
    return image


def write_numbers(axes: Axes, panel: OrderPanel, across: Side, up: Side, most: float) -> None:
    """The optimal orders, or what a heuristic orders more or less."""
    difference = panel.actions - panel.optimal
    for (y, x), action in np.ndenumerate(panel.actions):
        shown = f"{action:.0f}" if panel.actions is panel.optimal else f"{difference[y, x]:+.0f}"
        if shown not in ("+0", "-0"):
            colour = "black" if action > 0.6 * most else "white"
            place = (x + across.low, y + up.low)
            axes.text(*place, shown, color=colour, fontsize=7, ha="center", va="center")
