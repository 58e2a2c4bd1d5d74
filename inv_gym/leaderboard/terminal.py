"""The tables in the terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from inv_gym.leaderboard.board import Board, Column
from inv_gym.leaderboard.page import LEGEND

PIPED_WIDTH = 140
PLAIN_SIGNS = {"±": "+/-", "✓": "yes"}
"""What stands for signs that a console cannot write."""
POLICY_WIDTH = 20
"""Characters to which names are wrapped in a terminal before other columns give way; a file has
whole names."""


def fitting(columns: Sequence[Column], width: int, policy_width: int) -> list[Column]:
    """The first columns that fit, if names are wrapped to a width."""
    widths = [min(c.width, policy_width) if c.header == "policy" else c.width for c in columns]
    ends = np.cumsum(widths) + 2 * np.arange(len(columns))
    return [column for column, end in zip(columns, ends, strict=True) if end <= width]


def writable(text: str, console: Console) -> str:
    """The text in signs that the console can write: ``+/-`` where it cannot write ``±``."""
    try:
        text.encode(console.encoding)
    except UnicodeEncodeError:
        for sign, plain in PLAIN_SIGNS.items():
            text = text.replace(sign, plain)
    return text


def show(board: Board, console: Console) -> None:
    """Print a table."""
    written = [
        column._replace(cells=[writable(cell, console) for cell in column.cells])
        for column in board.columns
    ]
    policy_width = POLICY_WIDTH if console.is_terminal else console.width
    columns = fitting(written, console.width, policy_width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        # A header of numbers has each word on a line of its own, so that the column stays narrow.
        header = column.header if column.is_text else column.header.replace(" ", "\n")
        table.add_column(
            header,
            justify="left" if column.is_text else "right",
            no_wrap=column.header != "policy",
            overflow="fold",
        )
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*cells, style="bold" if "reference" in cells else None)
    console.rule(board.contest.title, align="left")
    console.print(board.setting)
    console.print(table)
    left_out = [column.header for column in written if column not in columns]
    if left_out:
        console.print(
            f"In the files, but too wide for {console.width} characters: {', '.join(left_out)}."
        )
    for note in board.notes:
        console.print(f"Note: {note}.")
    console.print()


def explain(console: Console) -> None:
    """Print what the columns mean."""
    words = Table.grid(padding=(0, 2))
    for column, meaning in LEGEND.items():
        words.add_row(writable(column, console), writable(meaning, console))
    console.print(words)


def make_console() -> Console:
    """Plain text, as wide as the terminal; a file gets a fixed width."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    return console
