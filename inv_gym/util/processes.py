"""Work in processes side by side."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

import torch

TaskResult = TypeVar("TaskResult")


def finished_tasks(
    work: Callable[..., TaskResult], arguments: Mapping[str, tuple[Any, ...]], jobs: int
) -> Iterator[tuple[str, TaskResult]]:
    """Call a function once for each tuple of arguments, in processes with one torch thread each.

    Args:
        work: The function; processes import it by its name.
        arguments: What each call gets, by the title of the call.
        jobs: The number of processes.

    Yields:
        The title and the result of each call, as soon as it has ended.

    Raises:
        Exception: What a call raises is raised here, and calls that have not begun are dropped.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, torch.set_num_threads, (1,)) as pool:
        titles = {pool.submit(work, *values): title for title, values in arguments.items()}
        try:
            for call in as_completed(titles):
                yield titles[call], call.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def report_finished(
    work: Callable[..., TaskResult],
    arguments: Mapping[str, tuple[Any, ...]],
    jobs: int,
    tell: Callable[[str], None],
) -> dict[str, TaskResult]:
    """Call a function for each tuple of arguments, and tell each time that a call has ended.

    Args:
        work: The function, as of `finished_tasks`.
        arguments: What each call gets, by the title of the call.
        jobs: The number of processes.
        tell: Takes a line such as ``2 of 5: TITLE``.

    Returns:
        The result of each call by its title, in the order of the arguments.
    """
    results = {}
    for number, (title, result) in enumerate(finished_tasks(work, arguments, jobs), 1):
        results[title] = result
        tell(f"{number} of {len(arguments)}: {title}")
    return {title: results[title] for title in arguments}
