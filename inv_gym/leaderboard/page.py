"""The leaderboard as one HTML page without outside parts: tables, charts of gaps, sample paths."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inv_gym.leaderboard.document import PAGE_WIDTH, STAND_INS, STYLE, document, svg
from inv_gym.leaderboard.words import counted
from inv_gym.products.batch import HISTORY
from inv_gym.util.arrays import to_numpy

if TYPE_CHECKING:
    from inv_gym.leaderboard.board import Board, Column, Contest
    from inv_gym.play.rollout import Rollout

KNOWLEDGE_LABELS = {
    "nothing": ("nothing", "neither demand nor its distribution"),
    "history": (
        "history",
        f"the last {HISTORY} periods of demand (of sales, if demand is censored)",
    ),
    "distribution": ("distribution", "the true demand distribution, too"),
    "hindsight": ("hindsight", "all demand to come"),
}
"""A short word for what a policy knows, and what it means."""

GAP_FORMAT = (
    "mean difference in reward to the reference on the same products and the same demand, in % of "
    "the reference's "
    "absolute reward, ± half of its 95 % interval (windows of one series count together); above 0 "
    "is better"
)
LEGEND = {
    "knows": "; ".join(f"{word}: {meaning}" for word, meaning in KNOWLEDGE_LABELS.values()),
    "reward": "money per product and period, discounted mean, ± its standard error",
    "gap %": GAP_FORMAT,
    "gap % by product": "the same with rewards in units of each product's own mean demand and "
    "costs, so that all products count alike",
    "gap per unit": "the same difference in money per unit of demand; percents are n/a where the "
    "reference's reward is within two standard errors of 0",
    "fill rate": "sales / demand",
    "cycle serv.": "cycle service level: share of periods without shortage",
    "flows": "stock, orders and all other flows are units per product and period",
}
"""What the columns mean, for the terminal too."""

COLUMNS = 3
"""Sample paths side by side."""


def page(boards: Sequence[Board]) -> str:
    """The whole page."""
    facts = boards[0].evaluation.facts
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    products = f"{counted(facts['products'], 'product')} per table"
    links = "".join(
        f'<a href="#board-{i}">{escape(board.contest.title)}</a>' for i, board in enumerate(boards)
    )
    legend = "".join(
        f"<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>" for word, meaning in LEGEND.items()
    )
    sections = "".join(section(board, f"board-{i}") for i, board in enumerate(boards))
    return document(
        "inv_gym leaderboard",
        f"""<p>Every policy plays the same products on the same demand, so that luck is the same
for all.</p>
<p><code>python {escape(facts["command"])}</code></p>
<p class="muted">Seed {facts["seed"]}, {products}; {escape(versions)}.</p>
<nav>{links}</nav>
<dl>{legend}</dl>
{sections}""",
    )


def section(board: Board, anchor: str) -> str:
    """One environment: its table, the gaps, the sample paths."""
    contest = board.contest
    what = (type(contest.task.problem).__doc__ or "").split("\n")[0]
    fields = ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in contest.task.problem.spec().items()
        if name != "horizon" and value is not None and value is not False
    )
    notes = "".join(f'<p class="muted">Note: {escape(note)}.</p>' for note in contest.notes)
    keys = "".join(
        f'<span class="key">{dot(knows)}<b>{word}</b>: {meaning}</span>'
        for knows, (word, meaning) in KNOWLEDGE_LABELS.items()
        if knows in set(board.evaluation.frame["knows"])
    )
    return f"""<h2 id="{anchor}">{escape(contest.title)}</h2>
<p>{escape(what)}</p>
<p class="muted">{escape(board.setting)}; {escape(fields)}.</p>
{table(board)}
{notes}
<h3>Gap to {escape(contest.reference)}, %</h3>
<p>Gap: {GAP_FORMAT}. The reference is {escape(contest.reference)}.</p>
<p class="keys">What policies know: {keys}</p>
<div class="scroll">{gap_chart(board)}</div>
<h3>One product, the same demand for every policy</h3>
<p>{escape(sample_words(contest))}</p>
<div class="scroll">{sample_paths(contest, list(board.evaluation.frame["policy"]))}</div>
"""


def dot(knows: str) -> str:
    """A dot in the colour of what a policy knows."""
    return f'<span class="dot" style="background: var(--{knows})"></span>'


def table(board: Board) -> str:
    """The figures."""
    columns, knowledge = board.columns, list(board.evaluation.frame["knows"])
    head = "".join(f"<th{side(column)}>{escape(column.header)}</th>" for column in columns)
    body = []
    for row, knows in enumerate(knowledge):
        cells = [escape(column.cells[row]) for column in columns]
        marked = ' class="reference"' if "reference" in cells else ""
        dots = [dot(knows) if column.header == "knows" else "" for column in columns]
        texts = [
            cell if column.is_text else typeset(cell)
            for column, cell in zip(columns, cells, strict=True)
        ]
        row_html = "".join(
            f"<td{side(c)}>{d}{text}</td>" for c, d, text in zip(columns, dots, texts, strict=True)
        )
        body.append(f"<tr{marked}>{row_html}</tr>")
    rows = "".join(body)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def side(column: Column) -> str:
    """The class of a column's cells."""
    return ' class="text"' if column.is_text else ""


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


def sample_words(contest: Contest) -> str:
    """The product of the sample paths."""
    figures = contest.sample.economics._asdict().items()
    money = ", ".join(
        f"{name.replace('_', ' ')} {float(to_numpy(column)[0]):.3g}" for name, column in figures
    )
    return (
        f"Mean demand before the start: {float(contest.sample.scale[0]):.3g} units per period. "
        f"Prices and costs per unit: {money}. Stock is drawn as it is at the end of a period; what "
        "goes far beyond the "
        "other policies is cut off."
    )


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
