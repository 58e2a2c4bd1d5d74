"""The charts of a table: gaps, service beside stock, and how single products differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inv_gym.leaderboard.document import PAGE_WIDTH, STAND_INS, STYLE, svg

if TYPE_CHECKING:
    from inv_gym.leaderboard.board import Board

SPREAD_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the gaps of single products."""
FAR_OUT = 10.0
"""A dot so many times as far from the median as half of all dots are is left out."""


def typeset(number: str) -> str:
    """A number with a true minus sign and without padding."""
    return " ".join(number.replace("-", "\u2212").split())


def gap_chart(board: Board) -> str:
    """Bars of the gaps with their intervals; what is far out is cut off, so that small gaps can be
    read.
    """
    frame = board.evaluation.frame
    name, header = ("gap", "gap %") if frame["gap"].notna().all() else ("money_gap", "gap per unit")
    labels = next(column.cells for column in board.columns if column.header == header)
    gaps = frame[[name, f"{name}_low", f"{name}_high"]].to_numpy()
    low, high = gap_limits(gaps)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, 0.55 + 0.25 * len(frame)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0.0, color=STAND_INS["ink"], linewidth=0.8)
        rows = zip(frame["knows"], gaps, labels, strict=True)
        for place, (knows, (gap, *ends), label) in enumerate(rows):
            axes.barh(place, gap, 0.62, color=STAND_INS[knows])
            axes.text(
                1.01, place, typeset(label), va="center", transform=axes.get_yaxis_transform()
            )
            if low <= gap <= high:
                axes.plot(ends, [place, place], color=STAND_INS["ink"], linewidth=1.1)
            else:
                mark_cut(axes, gap, low if gap < low else high, place)
        axes.set_yticks(range(len(frame)), frame["policy"])
        axes.tick_params("y", length=0, labelcolor=STAND_INS["ink"])
        axes.set(xlim=(low, high), ylim=(len(frame) - 0.4, -0.6), xlabel=header)
        axes.spines["left"].set_visible(False)
        return svg(figure, f"Gaps to {board.contest.reference}")


def gap_limits(gaps: np.ndarray) -> tuple[float, float]:
    """Ends of the axis for ``[P, 3]`` gaps and the ends of their intervals.

    All is shown unless the furthest is five times as far out as the median; then the axis ends at
    three times that.
    """
    gaps = np.where(np.isfinite(gaps), gaps, 0.0)
    extents = np.max(np.abs(gaps), axis=1)
    extents = extents[extents > 0.0] if (extents > 0.0).any() else np.ones(1)
    median, furthest = np.median(extents), extents.max()
    limit = furthest if furthest <= 5.0 * median else 3.0 * median
    low, high = np.clip((gaps.min(), gaps.max()), -limit, limit)
    margin = 0.02 * limit
    return float(min(low, 0.0) - margin), float(max(high, 0.0) + margin)


def mark_cut(axes: Axes, gap: float, end: float, place: int) -> None:
    """Write its value into a bar that goes beyond the axis."""
    text, align = (f"\u25c2 {gap:.0f} %", "left") if gap < end else (f"{gap:.0f} % \u25b8", "right")
    axes.text(
        end,
        place,
        typeset(text),
        color=STAND_INS["paper"],
        va="center",
        ha=align,
        fontweight="bold",
    )


def service_chart(board: Board) -> str:
    """Fill rate over mean stock, a dot per policy in the colour of what it knows; what is far out
    is listed only, so that the others do not lie on one spot.
    """
    frame = board.evaluation.frame
    dots = np.column_stack([frame["on_hand"], 100.0 * frame["fill_rate"]])
    far = far_out(dots)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, 4.2), layout="constrained")
        axes = figure.subplots()
        names = []
        ranked = zip(dots, far, frame["knows"], frame["policy"], strict=True)
        for rank, ((stock, fill_rate), left_out, knows, policy) in enumerate(ranked, 1):
            if left_out:
                names.append(f"{rank} {policy}, not drawn: {stock:.1f}, {fill_rate:.1f} %")
                continue
            names.append(f"{rank} {policy}")
            axes.plot(stock, fill_rate, "o", color=STAND_INS[knows], markersize=7)
            axes.annotate(
                str(rank), (stock, fill_rate), (5, 3), textcoords="offset points", fontsize=7.5
            )
        axes.text(1.02, 1.0, "\n".join(names), va="top", transform=axes.transAxes, fontsize=7.5)
        axes.set(xlabel="mean stock, units per product and period", ylabel="fill rate, %")
        return svg(figure, "Fill rate over mean stock of every policy")


def far_out(dots: np.ndarray) -> np.ndarray:
    """Which of ``[P, 2]`` dots are so far from the others that these would lie on one spot."""
    middle = np.median(dots, axis=0)
    distances = np.abs(dots - middle)
    typical = np.maximum(np.median(distances, axis=0), 0.01 * np.abs(middle))
    return (distances > FAR_OUT * typical).any(axis=1)


def spread_chart(board: Board) -> str:
    """Quantiles of the gaps of single products, a row per policy; what is far out is cut off."""
    frame, products = board.evaluation.frame, board.evaluation.products
    assert products is not None  # the caller looks
    by_policy = products.groupby("policy", observed=True)["gap"]
    quantiles = np.array(
        [by_policy.get_group(name).quantile(SPREAD_QUANTILES) for name in frame["policy"]]
    )
    low, high = gap_limits(quantiles)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, 0.55 + 0.25 * len(frame)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0.0, color=STAND_INS["ink"], linewidth=0.8)
        rows = zip(frame["knows"], np.clip(quantiles, low, high), strict=True)
        for place, (knows, (least, lower, median, upper, most)) in enumerate(rows):
            colour = STAND_INS[knows]
            axes.plot([least, most], [place, place], color=colour, linewidth=1.2)
            axes.barh(place, upper - lower, 0.5, lower, color=colour)
            axes.plot([median, median], [place - 0.3, place + 0.3], color=STAND_INS["ink"])
        axes.set_yticks(range(len(frame)), frame["policy"])
        axes.tick_params("y", length=0, labelcolor=STAND_INS["ink"])
        axes.set(xlim=(low, high), ylim=(len(frame) - 0.4, -0.6), xlabel="gap of a product, %")
        axes.spines["left"].set_visible(False)
        return svg(figure, f"Gaps of single products to {board.contest.reference}")
