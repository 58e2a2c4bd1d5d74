"""The page of a backtest: the ranking, what the series say, and how stock moved."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from inv_gym.backtest.charts import SHOWN_POLICIES, exchange_chart, path_chart, spread_chart
from inv_gym.backtest.verdicts import VERDICT_RULE
from inv_gym.leaderboard.board import Board
from inv_gym.leaderboard.charts import gap_chart, typeset
from inv_gym.leaderboard.document import document
from inv_gym.leaderboard.page import GAP_FORMAT, LEGEND, table

EXTREMES = 10
"""Series on which a policy gains and loses most that are shown."""


@dataclass(frozen=True)
class Backtest:
    """A played table.

    Attributes:
        board: The ranking.
        series: A row per series, see `series_frame`.
    """

    board: Board
    series: pd.DataFrame

    @property
    def reference(self) -> str:
        """The policy that gaps are to."""
        return self.board.contest.reference

    @property
    def ranked(self) -> list[str]:
        """The policies, best first."""
        return list(self.board.evaluation.frame["policy"])

    @property
    def verdicts(self) -> pd.DataFrame:
        """A row per policy in the order of the ranking: on how many series it is ``best``, and on
        how many of them that is ``sure``.
        """
        best = self.series["best"]
        sure = best[self.series["verdict"] == "sure"]
        counts = {"best": best.value_counts(), "sure": sure.value_counts()}
        return pd.DataFrame(counts).reindex(self.ranked).fillna(0).astype(int)

    def differences(self, name: str) -> np.ndarray:
        """``[S]`` what a policy earns more than the reference, money per period."""
        return (self.series[f"reward of {name}"] - self.series["reference_reward"]).to_numpy()

    def gaps(self, name: str) -> np.ndarray:
        """``[S]`` the same in % of what the reference earns; NaN where that is 0."""
        unit = np.abs(self.series["reference_reward"].to_numpy())
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(unit > 0.0, 100.0 * self.differences(name) / unit, np.nan)


def page(played: Backtest) -> str:
    """The whole page."""
    board = played.board
    facts = board.evaluation.facts
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    legend = "".join(
        f"<dt>{escape(word)}</dt><dd>{escape(text)}</dd>" for word, text in LEGEND.items()
    )
    notes = "".join(f'<p class="muted">Note: {escape(note)}.</p>' for note in board.notes)
    sections = (
        ("Ranking", f"{table(board)}{notes}<dl>{legend}</dl>"),
        (
            f"Gap to {played.reference}, %",
            f'<p>Gap: {GAP_FORMAT}.</p><div class="scroll">{gap_chart(board)}</div>',
        ),
        ("Fill rate against mean stock", _exchange(played)),
        ("The best policy of each series", _verdicts(played)),
        (f"Differences per product to {played.reference}", _spread(played)),
        ("Stock, sales and shortage over time", _paths(played)),
        (f"The {EXTREMES} products on which a policy gains and loses most", _extremes(played)),
    )
    body = "".join(f"<h2>{escape(title)}</h2>{html}" for title, html in sections)
    return document(
        f"Backtest on {board.contest.origin}",
        f"""<p>{escape(board.contest.title)}. Every policy plays the same windows of the same
series.</p>
<p class="muted">{escape(board.setting)}.</p>
<p><code>{escape(facts["command"])}</code></p>
<p class="muted">{escape(versions)}.</p>
{body}""",
    )


def _exchange(played: Backtest) -> str:
    chart = exchange_chart(played.board.evaluation.frame)
    return f'<p>Numbers are the ranks of the policies.</p><div class="scroll">{chart}</div>'


def _verdicts(played: Backtest) -> str:
    counts = played.verdicts
    number = len(played.series)
    sure = int(counts["sure"].sum())
    rows = [
        [escape(name), str(best), str(certain)]
        for name, (best, certain) in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    return f"""<p>On {sure} of {number} series the best policy is sure. On the others it is the
one that earned most, and not sure.</p>
<p class="muted">{escape(VERDICT_RULE)}.</p>
{html_table(["policy", "best on series", "of them sure"], rows)}"""


def _spread(played: Backtest) -> str:
    gaps = {name: played.gaps(name) for name in played.ranked if name != played.reference}
    usable = {name: values for name, values in gaps.items() if np.isfinite(values).any()}
    if not usable:
        return "<p>There is nothing to compare.</p>"
    return f"""<p>Bars hold the middle half of the series, lines 90 % of them, the notch is the
median. What is far out is cut off.</p>
<div class="scroll">{spread_chart(usable, played.reference)}</div>"""


def _paths(played: Backtest) -> str:
    dates = played.board.evaluation.dates
    if dates is None:
        return ""
    names = [name for name in played.ranked if name != played.reference][:SHOWN_POLICIES]
    chart = path_chart(dates, names, played.reference)
    return f"""<p>Sums over all products that play on a date, for the best policies and the
reference; dates on which few play are left out. Where windows begin, stock begins anew.</p>
<div class="scroll">{chart}</div>"""


def _extremes(played: Backtest) -> str:
    """A part to open for each policy."""
    parts = []
    for place, name in enumerate(name for name in played.ranked if name != played.reference):
        difference, gap = played.differences(name), played.gaps(name)
        order = np.argsort(-difference, kind="stable")
        gains = [row for row in order[:EXTREMES] if difference[row] > 0.0]
        losses = [row for row in order[::-1][:EXTREMES] if difference[row] < 0.0]
        shown = "".join(
            f"<h3>{word}</h3>{_extreme_rows(played, rows, difference, gap)}"
            for word, rows in (("gains most", gains), ("loses most", losses))
            if rows
        )
        opened = " open" if place == 0 else ""
        parts.append(f"<details{opened}><summary>{escape(name)}</summary>{shown}</details>")
    return f"<p>Differences to {escape(played.reference)}.</p>{''.join(parts)}"


def _extreme_rows(
    played: Backtest, rows: list[int], difference: np.ndarray, gap: np.ndarray
) -> str:
    frame = played.series
    cells = [
        [
            escape(str(frame["series"].iat[row])),
            figure(difference[row]),
            figure(gap[row]),
            figure(float(frame["reference_reward"].to_numpy()[row])),
            figure(float(frame["demand"].to_numpy()[row])),
        ]
        for row in rows
    ]
    heads = ["series", "difference per period", "difference %", "reward of the reference", "demand"]
    return html_table(heads, cells)


def figure(value: float) -> str:
    """Four digits, with a true minus sign."""
    return "n/a" if not np.isfinite(value) else typeset(f"{value:.4g}")


def html_table(heads: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is text; cells are HTML."""
    classes = [' class="text"', *[""] * (len(heads) - 1)]
    head = "".join(f"<th{c}>{escape(text)}</th>" for c, text in zip(classes, heads, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{c}>{cell}</td>" for c, cell in zip(classes, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
