"""Pictures of what networks order, and of where that breaks the structure of optimal orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from inv_gym.pictures.figures import Side, finish
from inv_gym.structure.violations import SLOPE_TOLERANCE

DEMAND_UNIT = "periods of mean demand"
PICTURE_POINTS = {1: 401, 2: 41}
"""Along each side of a picture with so many sides."""
COLOUR_BANDS = 8
"""An order has at most so many bands of colour."""
LEAST_ORDER = 1e-9
"""What is ordered where a colour begins, in periods of mean demand."""
LINE_STYLES: dict[str, dict[str, Any]] = {
    "plain": {"color": "#D55E00", "ls": "-"},
    "penalised": {"color": "#0072B2", "ls": "--"},
    "constructed": {"color": "#009E73", "ls": "-."},
}
DOTS_NOTE = "Dots: states of each policy in the middle of an episode."


class StateView(NamedTuple):
    """Which columns of the state a picture shows."""

    name: str
    """The name of its files."""
    axes: tuple[Side, ...]
    """One or two (across, up), in periods of mean demand."""
    note: str = ""
    """On columns that are not shown."""

    @property
    def sides(self) -> list[np.ndarray]:
        """The points along each axis."""
        return [
            np.linspace(axis.low, axis.high, PICTURE_POINTS[len(self.axes)]) for axis in self.axes
        ]

    @property
    def labels(self) -> tuple[str, str]:
        """The labels of both axes; the second is empty for one side."""
        across, *up = (f"{axis.label}, {DEMAND_UNIT}" for axis in self.axes)
        return across, "".join(up)


@dataclass(frozen=True)
class PolicyOrders:
    """What a policy orders for one product, in periods of mean demand.

    Attributes:
        orders: ``[Y, X, K]``, or ``[X, K]`` for one side; below 0 where a network's order is cut
            off at 0.
        visited: ``[T, n]`` states in mid-episode.
    """

    orders: np.ndarray
    visited: np.ndarray


@dataclass(frozen=True)
class NetworkOrders(PolicyOrders):
    """What a network orders for one product, and how its orders break the known structure.

    Attributes:
        excess: ``[Y, X]``, or ``[X]``: the largest of any inequality, units of order per unit of
            stock.
        share: Of the states in which it is beyond the tolerance.
    """

    excess: np.ndarray
    share: float


Look = TypeVar("Look", bound=PolicyOrders)


class OptimalCurve(NamedTuple):
    """The optimal policy over one column of the state, in periods of mean demand."""

    orders: np.ndarray
    """``[X, K]``."""
    thresholds: np.ndarray
    """``[K]`` where it stops ordering, and where it starts to remove."""


class ProductRow(NamedTuple, Generic[Look]):
    """One product."""

    facts: tuple[str, ...]
    """About it, for its title."""
    looks: dict[str, Look]
    """The orders by kind of network, or by policy."""
    optimum: OptimalCurve | None = None
    """Of the policy that knows the demand distribution and is optimal, where that is simple: for
    one side.
    """


def order_contours(
    view: StateView, names: Sequence[str], rows: Sequence[ProductRow[Any]], caption: str
) -> Figure:
    """Contours of each order (of these names) over two columns: a line of panels for each product
    and order.
    """
    lines = [(row, k) for row in rows for k in range(len(names))]
    figure = Figure((9.5, 2.3 * len(lines) + 0.4), layout="constrained")
    for part, (row, k) in zip(parts(figure, len(lines)), lines, strict=True):
        most = max(look.orders[..., k].max() for look in row.looks.values())
        ticks = MaxNLocator(COLOUR_BANDS).tick_values(0.0, max(most, SLOPE_TOLERANCE))
        levels = [LEAST_ORDER, *ticks[1:]]
        label = names[k] if names[k].endswith("order") else f"{names[k]} order"
        subplots = panels(part, row, f": {label}" if len(names) > 1 else "")
        for axes, (kind, look) in zip(subplots, row.looks.items(), strict=True):
            image = axes.contourf(*view.sides, look.orders[..., k], levels=levels, cmap="viridis")
            contour_lines(axes, view, look.orders[..., k], levels, linewidths=0.6)
            mark_visits(axes, view, look)
            axes.set_title(kind, fontsize=9)
        part.colorbar(image, ax=list(subplots), aspect=12, ticks=levels, format="%.2f", label=label)
    note = (
        f"Orders are in {DEMAND_UNIT}; contours have the same levels in all panels of a line. "
        "White: nothing is ordered."
    )
    return finish(figure, *view.labels, f"{caption} {view.note}{note} {DOTS_NOTE}")


def parts(
    figure: Figure | SubFigure, lines: int, columns: int = 1, **sizes: Any
) -> Sequence[SubFigure]:
    """The figure in lines and columns, line by line."""
    return list(np.ravel(figure.subfigures(lines, columns, squeeze=False, **sizes)))


def panels(part: SubFigure, row: ProductRow[Any], order: str = "") -> Sequence[Axes]:
    """One for each policy, below a title: the product, and which order."""
    part.suptitle("; ".join(row.facts) + order, fontsize=9, x=0.01, ha="left", weight="bold")
    return part.subplots(1, len(row.looks), sharey=True, squeeze=False)[0]


def contour_lines(
    axes: Axes, view: StateView, values: np.ndarray, levels: Sequence[float], **style: Any
) -> None:
    """Lines along which values ``[Y, X]`` have one of these levels."""
    crossed = [level for level in levels if values.min() < level < values.max()]
    if crossed:  # matplotlib warns, and draws another level, where there are none
        axes.contour(*view.sides, values, levels=crossed, colors="black", **style)


def mark_visits(axes: Axes, view: StateView, look: PolicyOrders) -> None:
    """The states that a policy visits, as far as the axes reach."""
    across, *up = (look.visited[:, axis.column] for axis in view.axes)
    limits = axes.axis()
    height = up[0] if up else np.full(len(across), 0.5)
    axes.plot(across, height, "o", ms=2.6, mfc="white", mec="black", mew=0.5)
    axes.axis(limits)


def order_curves(
    view: StateView, names: Sequence[str], rows: Sequence[ProductRow[Any]], caption: str
) -> Figure:
    """Each order (of these names) over one column: a line of panels for each order, a panel for
    each product.
    """
    figure = Figure((11.0, 2.6 * len(names) + 0.8), layout="constrained")
    subplots = figure.subplots(len(names), len(rows), sharex="row", sharey="row", squeeze=False)
    for k, line in enumerate(subplots):
        for axes, row in zip(line, rows, strict=True):
            curves(axes, view, row, k)
        line[0].set_xlim(span(view, rows, k))
        line[0].set_ylabel(f"{names[k]}, {DEMAND_UNIT}", fontsize=9)
    for axes, row in zip(subplots[0], rows, strict=True):
        axes.set_title("\n".join(row.facts), fontsize=9)
    handles = subplots[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=5, fontsize=9)
    return finish(figure, *view.labels, caption)


def curves(axes: Axes, view: StateView, row: ProductRow[Any], channel: int) -> None:
    """One panel: an order of each policy, and of the optimal one with its threshold if known."""
    (x,) = view.sides
    for kind, look in row.looks.items():
        style = LINE_STYLES.get(kind, {})
        axes.plot(x, look.orders[:, channel].clip(0.0), label=kind, lw=1.8, **style)
    if row.optimum is None:
        return
    label = "optimal, demand distribution known"
    axes.plot(x, row.optimum.orders[:, channel], color="black", lw=0.8, label=label)
    threshold = row.optimum.thresholds[channel]
    if threshold <= x[-1]:
        label = "threshold of the optimal policy"
        axes.axvline(threshold, color="black", lw=0.8, ls=":", label=label)


def span(view: StateView, rows: Sequence[ProductRow[Any]], channel: int) -> tuple[float, float]:
    """The part of the axis on which anybody orders, with some space beside it."""
    (x,) = view.sides
    curves = [look.orders for row in rows for look in row.looks.values()]
    curves += [row.optimum.orders for row in rows if row.optimum is not None]
    ordering = x[(np.array(curves)[..., channel] > 0.0).any(0)]
    low, high = (ordering[0], ordering[-1]) if len(ordering) else (x[0], x[-1])
    space = 0.15 * (high - low)
    return max(low - space, x[0]), min(high + space, x[-1])


def violation_maps(
    view: StateView, rows: Sequence[ProductRow[NetworkOrders]], caption: str
) -> Figure:
    """The largest excess of any inequality in each state, on one colour scale: a line of panels for
    each product.
    """
    plane = len(view.axes) == 2
    figure = Figure((9.5, (2.3 if plane else 1.0) * len(rows) + 0.4), layout="constrained")
    left, right = parts(figure, 1, 2, width_ratios=(10, 1))
    most = max(look.excess.max() for row in rows for look in row.looks.values())
    norm = Normalize(SLOPE_TOLERANCE, max(most, 2.0 * SLOPE_TOLERANCE))
    for part, row in zip(parts(left, len(rows)), rows, strict=True):
        for axes, (kind, look) in zip(panels(part, row), row.looks.items(), strict=True):
            image = excesses(axes, view, look, norm)
            axes.set_title(f"{kind}: broken in {100.0 * look.share:.1f} %", fontsize=9)
    label = "largest excess, units of order per unit of stock"
    right.colorbar(image, cax=right.add_axes((0.0, 0.2, 0.2, 0.6)), extend="min", label=label)
    joint = " (those of sums: after that)" if rows[0].looks["plain"].orders.shape[-1] > 1 else ""
    note = (
        f"{view.note}Colour: by how much slopes of orders, before they are cut off at 0{joint}, "
        f"break one of these; white by at most {SLOPE_TOLERANCE}; above the panels the share of "
        f"the states shown in which it is more. {DOTS_NOTE}"
    )
    dashes = " Dashed: beyond it nothing is ordered." if plane else ""
    return finish(figure, *view.labels, f"{caption} {note}{dashes}")


def excesses(axes: Axes, view: StateView, look: NetworkOrders, norm: Normalize) -> Any:
    """One panel: the excess as colour; one side gives a strip."""
    ends = [(1.5 * side[0] - 0.5 * side[1], 1.5 * side[-1] - 0.5 * side[-2]) for side in view.sides]
    (left, right), (low, high) = [*ends, (0.0, 1.0)][:2]
    colours = colormaps["plasma_r"].with_extremes(under="white")
    excess, extent = np.atleast_2d(look.excess), (left, right, low, high)
    image = axes.imshow(excess, colours, norm, aspect="auto", origin="lower", extent=extent)
    if len(view.axes) == 2:
        contour_lines(axes, view, look.orders.max(-1), [0.0], linestyles="--", linewidths=1.0)
    else:
        axes.set_yticks([])
    mark_visits(axes, view, look)
    return image
