"""The published tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from inv_gym.leaderboard.terminal import writable
from inv_gym.published.cells import TableCell

LEAST_WIDTH = 80
"""Characters of a line: a narrower table would lose figures."""


def decimals(value: float | None) -> str:
    """Four decimals at most, or nothing."""
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def show(cells: Sequence[TableCell], console: Console) -> None:
    """The cells as a table, with notes on those that are not reproduced."""
    console.width = max(console.width, LEAST_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("figure", ratio=1, min_width=26)
    for heading in ("published", "exact", "simulated", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    previous = ""
    notes: dict[str, int] = {}
    for cell in cells:
        if cell.instance != previous:
            table.add_section()
            table.add_row(cell.instance)
        previous = cell.instance
        number = "" if cell.reproduced else notes.setdefault(cell.note or "differs", len(notes) + 1)
        simulated = "" if cell.half is None else f"{cell.simulated:.3f} ± {cell.half:.3f}"
        shown = (decimals(cell.published), decimals(cell.exact), simulated)
        mark = str(number) if number else "✓"
        texts = (f"  {cell.figure}", *shown, decimals(cell.difference), mark)
        table.add_row(*(writable(text, console) for text in texts))
    console.print(table)
    for note, number in notes.items():
        console.print(f"{number}: {note}")
    exact = [cell for cell in cells if cell.exact is not None]
    console.print(f"{sum(cell.reproduced for cell in exact)} of {len(exact)} figures reproduced.")
