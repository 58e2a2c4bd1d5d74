"""Sample paths: one product, played by every policy on the same demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inv_gym.leaderboard.document import PAGE_WIDTH, STAND_INS, STYLE, svg
from inv_gym.products.batch import HISTORY
from inv_gym.util.arrays import to_numpy

if TYPE_CHECKING:
    from inv_gym.leaderboard.board import Contest
    from inv_gym.play.rollout import Rollout

COLUMNS = 3
"""Sample paths side by side."""


def sample_paths(contest: Contest, names: Sequence[str]) -> str:
    """One panel per policy, best first."""
    rows = -(-len(names) // COLUMNS)
    demand = to_numpy(contest.sample.demand)[HISTORY : HISTORY + contest.task.problem.horizon, 0]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, 0.4 + 1.7 * rows), layout="constrained")
        panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
        ends = []
        for axes, name in zip(panels, names, strict=False):
            ends.append(draw_path(axes, contest.paths[name], demand))
            axes.set_title(name)
        furthest, typical = np.abs(ends).max(0), np.median(np.abs(ends), 0)
        below, above = 1.05 * np.minimum(furthest, 2.0 * typical)
        panels[0].set(xlim=(-0.7, len(demand) - 0.3), ylim=(-below, max(above, 1.0)))
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        for axes in panels[::COLUMNS]:
            axes.set_ylabel("units")
        for axes in panels[max(len(names) - COLUMNS, 0) : len(names)]:
            axes.set_xlabel("period")
            axes.tick_params(labelbottom=True)
        handles = panels[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside upper left", ncols=len(handles[0]))
        return svg(figure, "Sample paths")


def draw_path(axes: Axes, path: Rollout, demand: np.ndarray) -> tuple[float, float]:
    """Stock as a step line, orders as bars side by side, demand as dots; gives the lowest and the
    highest value.
    """
    periods, channels = np.arange(len(demand)), path.problem.order_names
    stock, orders = to_numpy(path.flow("on_hand"))[:, 0], to_numpy(path.orders)[:, 0]
    if path.problem.backlog:
        stock = stock - to_numpy(path.flow("backlogged"))[:, 0]
    width = 0.8 / len(channels)
    for k, channel in enumerate(channels):
        left = periods - 0.4 + k * width
        bars = np.stack([orders[:, k], 0.0 * demand], 1).ravel()[:-1]
        edges = np.stack([left, left + width], 1).ravel()
        word = "order" if channel == "order" else f"{channel} order"
        axes.stairs(bars, edges, fill=True, color=STAND_INS[f"channel{k}"], label=word)
    label = "stock less backlog" if path.problem.backlog else "stock"
    axes.step(periods, stock, where="mid", color=STAND_INS["ink"], linewidth=1.0, label=label)
    axes.plot(periods, demand, ".", color=STAND_INS["demand"], markersize=3.5, label="demand")
    axes.axhline(0.0, color=STAND_INS["line"], linewidth=0.8, zorder=0)
    return min(0.0, stock.min()), max(stock.max(), orders.max(), demand.max())
