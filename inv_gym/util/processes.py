"""Work in processes side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor
from functools import partial
from typing import Any, TypeVar

from inv_gym.util.dispatch import CANCELLED, Dispatch
from inv_gym.util.executors import Processes

TaskResult = TypeVar("TaskResult")


def report_finished(
    work: Callable[..., TaskResult],
    arguments: Mapping[str, tuple[Any, ...]],
    jobs: int,
    tell: Callable[[str], None],
) -> dict[str, TaskResult]:
    """Call a function once for each tuple of arguments, in processes with one thread each, and tell
    each time that a call has ended.

    A call whose process dies is made again, as `Dispatch` does it. An interrupt from the keyboard
    ends the processes at once.

    Args:
        work: The function; processes import it by its name.
        arguments: What each call gets, by the title of the call.
        jobs: The number of processes.
        tell: Takes a line such as ``2 of 5: TITLE``.

    Returns:
        The result of each call by its title, in the order of the arguments.

    Raises:
        WorkerError: A call ended its process three times; the message has its title.
        Exception: What a call raises is raised here; calls that have not begun are dropped, and
            those that have are waited for.
    """
    titles, results = list(arguments), dict[int, TaskResult]()
    with Processes(jobs) as processes:
        calls: Dispatch[tuple[Any, ...], TaskResult] = Dispatch(
            processes, partial(_call, work), _is_meant, titles.__getitem__
        )
        try:
            for number, result in calls.finished(arguments.values()):
                results[number] = result
                tell(f"{len(results)} of {len(titles)}: {titles[number]}")
        except Exception:
            processes.shutdown(cancel_futures=True)
            raise
    return {title: results[number] for number, title in enumerate(titles)}


def _call(work: Callable[..., TaskResult], arguments: tuple[Any, ...], deaths: int) -> TaskResult:
    """Call a function, however often the call was lost before."""
    return work(*arguments)


def _is_meant(error: BaseException) -> bool:
    """Whether a call raised an error, rather than being lost with its process."""
    return not (isinstance(error, BrokenExecutor) or error is CANCELLED)
