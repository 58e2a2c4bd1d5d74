"""``inv-gym tables``: published figures beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inv_gym.commands import needed_packages

TABLES_EXAMPLES = """\b
Examples:
  inv-gym tables
  inv-gym tables --only 'zipkin2008-*' --jobs 4
  inv-gym tables --only removal-cost-form --out my_results"""
TABLES_FILE = "tables.json"


def main(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Published instances, such as 'zipkin*'; repeatable."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Instances at a time.")] = 2,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the file goes.")] = Path(
        "results/tables"
    ),
) -> None:
    """Print published tables beside our figures, and write both to DIR/tables.json.

    Each figure stands as printed, as we compute it exactly, and as we simulate it with its 95 %
    interval. Each is computed anew; all of them take some minutes.
    """
    with needed_packages():
        from inv_gym.commands.reproduction import reproduce
    reproduce(only or [], jobs, out / TABLES_FILE)
