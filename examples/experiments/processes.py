"""Work shared by processes, with a line for each part that is done."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

import typer


def in_processes(work: Callable[..., str], tasks: Iterable[tuple[Any, ...]], jobs: int) -> None:
    """Call `work` with each task's arguments, so many at a time, and say what it returns."""
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(work, *task) for task in tasks]
        for number, finished in enumerate(as_completed(waiting), 1):
            typer.echo(f"{number} of {len(waiting)}: {finished.result()}")
