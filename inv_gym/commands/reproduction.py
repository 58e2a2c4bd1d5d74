"""What ``inv-gym tables`` does: compute the figures of published instances, print and write
them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console

from inv_gym import INSTANCES
from inv_gym.leaderboard.loading import told
from inv_gym.published.cells import cells_of, slowest_first
from inv_gym.published.terminal import show
from inv_gym.util.checks import matching
from inv_gym.util.files import check_writable, write_atomically
from inv_gym.util.processes import report_finished


def reproduce(patterns: Sequence[str], jobs: int, path: Path) -> None:
    """Compute the figures of the instances that match a pattern, print and write them.

    Args:
        patterns: Of the names of instances; all instances if there is none.
        jobs: Instances at a time.
        path: The file.

    Raises:
        typer.BadParameter: A pattern matches nothing, or the file cannot be written.
    """
    with told("--only"):
        names = matching("published instance", patterns, INSTANCES)
    with told("--out"):
        check_writable([path])
    arguments = {name: (name,) for name in slowest_first(names)}
    measured = report_finished(cells_of, arguments, jobs, typer.echo)
    cells = [cell for name in names for cell in measured[name]]
    show(cells, Console(highlight=False))
    with told("--out"):
        write_atomically(path, json.dumps([cell.to_dict() for cell in cells], indent=1))
    typer.echo(f"Wrote {path}")
