"""An episode of one product as text or as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inv_gym.play.episode import Episode
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, flatten_names
from inv_gym.util.extras import needs

PlayedPeriod = Sequence[tuple[tuple[float, ...], float, dict[str, float]]]
PERIODS_SHOWN = 8
"""Periods that the text shows."""


def text(problem: Problem, episode: Episode, played: PlayedPeriod) -> str:
    """A table of the last periods, and the state that the next order faces."""
    names = flatten_names(episode.state)
    state = ", ".join(
        f"{name} {value:.1f}" for name, value in zip(names, flatten(episode.state), strict=True)
    )
    lines = [f"{type(problem).__name__}, period {episode.period} of {problem.horizon}: {state}"]
    if played:
        flows = list(played[0][2])
        lines.append(
            " ".join(f"{word:>10}" for word in ("period", *problem.order_names, *flows, "reward"))
        )
    first = max(len(played) - PERIODS_SHOWN, 0)
    for period, (order, reward, info) in enumerate(played[first:], first):
        numbers = " ".join(f"{value:10.1f}" for value in (*order, *info.values(), reward))
        lines.append(f"{period:>10} {numbers}")
    return "\n".join(lines)


def picture(problem: Problem, episode: Episode, played: PlayedPeriod) -> np.ndarray:
    """Stock at the end of each period with demand, orders, and the reward so far:
    ``[height, width, 3]``, uint8.
    """
    with needs("plots", 'render_mode="rgb_array"'):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), dpi=80, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    stock, orders, money = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 2))
    periods = np.arange(len(played))
    infos = [info for _, _, info in played]
    _steps(stock, periods, [info["on_hand"] for info in infos], "on hand", "tab:blue")
    stock.plot(periods, [info["demand"] for info in infos], ".", color="tab:orange", label="demand")
    for channel, name in enumerate(problem.order_names):
        orders.bar(periods, [order[channel] for order, _, _ in played], 0.8, label=name, alpha=0.7)
    _steps(
        money, periods, np.cumsum([reward for _, reward, _ in played]), "reward so far", "tab:green"
    )
    for axes, unit in ((stock, "units"), (orders, "units"), (money, "money")):
        axes.set_ylabel(unit)
        axes.legend(loc="upper left", fontsize="small")
    money.set(xlabel="period", xlim=(-0.5, problem.horizon - 0.5))
    stock.set_title(f"{type(problem).__name__}, period {episode.period} of {problem.horizon}")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _steps(axes: Any, periods: np.ndarray, values: Any, label: str, color: str) -> None:
    axes.step(periods, values, where="mid", color=color, label=label)
