"""The tables on the terminal, and as one file of plain data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from experiments.results import Results
from experiments.tables.measure import TableCell
from inv_gym import INSTANCES
from inv_gym.util.files import write_atomically

TABLES_FILE = "tables.json"


def publish(folder: Path, target: Path) -> list[Path]:
    """Show the figures of all measured tables, and write them to one file."""
    results = Results(folder)
    names = [name for name in INSTANCES if results.has(f"{name}.json")]
    cells = [TableCell(**fields) for name in names for fields in results.read(f"{name}.json")]
    show(cells, Console(highlight=False))
    text = json.dumps([cell.to_dict() for cell in cells], indent=1)
    return [write_atomically(target / TABLES_FILE, text)]


def decimals(value: float | None) -> str:
    """Four decimals at most, or nothing."""
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def show(cells: Sequence[TableCell], console: Console) -> None:
    """The cells as a table, with notes on those that are not reproduced."""
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
        table.add_row(f"  {cell.figure}", *shown, decimals(cell.difference), mark)
    console.print(table)
    for note, number in notes.items():
        console.print(f"{number}: {note}")
    exact = [cell for cell in cells if cell.exact is not None]
    console.print(f"{sum(cell.reproduced for cell in exact)} of {len(exact)} figures reproduced.")
