"""The leaderboard as one HTML page without outside parts: tables that can be sorted and filtered,
charts, sample paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from inv_gym.leaderboard.charts import gap_chart, service_chart, spread_chart, typeset
from inv_gym.leaderboard.document import document
from inv_gym.leaderboard.paths import sample_paths
from inv_gym.leaderboard.words import counted
from inv_gym.products.batch import HISTORY
from inv_gym.util.arrays import to_numpy

if TYPE_CHECKING:
    from inv_gym.leaderboard.board import Board, Column, Contest

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
    "the reference's absolute reward (windows of one series count together); above 0 is better"
)
LEGEND = {
    "knows": "; ".join(f"{word}: {meaning}" for word, meaning in KNOWLEDGE_LABELS.values()),
    "reward": "money per product and period, discounted mean",
    "±": "half of a 95 % interval, everywhere",
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
<fieldset class="filter"><legend>Show policies that know</legend>{filters(boards)}</fieldset>
<p class="muted">A click on the head of a column sorts by it.</p>
<details><summary>What the columns mean</summary><dl>{legend}</dl></details>
{sections}""",
    )


def filters(boards: Sequence[Board]) -> str:
    """A box for each kind of knowledge that a policy of the page has."""
    present = {knows for board in boards for knows in board.evaluation.frame["knows"]}
    return "".join(
        f'<label><input type="checkbox" value="{knows}" checked> {dot(knows)}{word}</label>'
        for knows, (word, _) in KNOWLEDGE_LABELS.items()
        if knows in present
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
    notes = "".join(f'<p class="muted">Note: {escape(note)}.</p>' for note in board.notes)
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
<h3>Fill rate and mean stock</h3>
<p>What a policy sells of the demand, and the stock that it holds for it.</p>
<div class="scroll">{service_chart(board)}</div>
{spread(board)}
<details><summary>One product, the same demand for every policy</summary>
<p>{escape(sample_words(contest))}</p>
<div class="scroll">{sample_paths(contest, list(board.evaluation.frame["policy"]))}</div>
</details>
"""


def spread(board: Board) -> str:
    """How the differences of single products are spread; nothing if they were not kept."""
    if board.evaluation.products is None:
        return ""
    return f"""<h3>Gaps of single products to {escape(board.contest.reference)}, %</h3>
<p>Each on its own demand: the middle half as a bar, nine tenths as a line, the median as a tick. A
mean gap can hide that a policy loses on some products what it gains on others.</p>
<div class="scroll">{spread_chart(board)}</div>"""


def dot(knows: str) -> str:
    """A dot in the colour of what a policy knows."""
    return f'<span class="dot" style="background: var(--{knows})"></span>'


def table(board: Board) -> str:
    """The figures."""
    columns, knowledge = board.columns, list(board.evaluation.frame["knows"])
    head = "".join(
        f'<th{side(column)} scope="col"><button>{escape(column.header)}</button></th>'
        for column in columns
    )
    body = []
    for row, knows in enumerate(knowledge):
        cells = [escape(column.cells[row]) for column in columns]
        marked = f' data-knows="{knows}"' + (' class="reference"' if "reference" in cells else "")
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
