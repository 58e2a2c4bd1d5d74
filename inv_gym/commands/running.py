"""What the subcommands that play policies share: who plays, what failed, and the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from inv_gym.leaderboard.loading import told
from inv_gym.util.executors import workers


def tell_failures(failures: Sequence[str]) -> None:
    """Say which policies failed, if any.

    Raises:
        typer.Exit: There are some.
    """
    for failure in failures:
        typer.echo(f"Error: {failure}", err=True)
    if failures:
        raise typer.Exit(1)


@contextmanager
def written_or_told(what: str, out: Path) -> Iterator[None]:
    """Make what stands in the way of writing files a message.

    Raises:
        typer.Exit: They cannot be written.
    """
    try:
        yield
    except OSError as error:
        typer.echo(f"Error: the {what} cannot be written to {out}: {error}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def working(number: int | None, dask: str | None) -> Iterator[Executor | None]:
    """What plays, from the options ``--workers`` and ``--dask``; None to play in this process.

    Raises:
        typer.BadParameter: Both are given, no scheduler answers, or a package is missing.
    """
    with ExitStack() as stack:
        with told("--workers" if dask is None else "--dask"):
            executor = stack.enter_context(workers(number, dask))
        yield executor
