"""Executors that users choose: processes of this machine, or a dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any

from inv_gym.util.checks import whole
from inv_gym.util.extras import needs

THREADS = "OMP_NUM_THREADS"
"""Read by the libraries of a process when they are loaded."""


class Processes(Executor):
    """Processes of this machine with one thread each; one that dies is replaced.

    The processes start anew (*spawn*), so a script that uses them needs
    ``if __name__ == "__main__":`` around what it starts.

    Args:
        workers: How many.

    Raises:
        ValueError: There are fewer than one.
    """

    def __init__(self, workers: int) -> None:
        self.workers = whole("workers", workers, least=1)
        self._pool = self._new_pool()
        self._started: set[BaseProcess] = set()

    def _new_pool(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.workers, spawn, die_quietly)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor`; after a death, new processes take over.

        The pool's own future is kept apart: a pool whose process dies when a call of it is
        cancelled fails, and may never end.
        """
        given: Future[Any] = Future()
        before = set(multiprocessing.active_children())
        with one_thread_each():
            try:
                future = self._pool.submit(function, *args, **kwargs)
            except BrokenExecutor:
                self._pool.shutdown()
                self._pool = self._new_pool()
                future = self._pool.submit(function, *args, **kwargs)
        self._started |= set(multiprocessing.active_children()) - before
        future.add_done_callback(partial(_hand_over, given))
        return given

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor`."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def stop(self) -> None:
        """End the processes at once, in the middle of what they do."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in self._started & set(multiprocessing.active_children()):
            process.terminate()
        self._pool.shutdown()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.stop()


def _hand_over(given: Future[Any], future: Future[Any]) -> None:
    """Give what a call ended with to the future that its caller has."""
    if future.cancelled():
        given.cancel()
    if not given.set_running_or_notify_cancel():
        return
    error = future.exception()
    if error is None:
        given.set_result(future.result())
    else:
        given.set_exception(error)


def die_quietly() -> None:
    """Let an interrupt from the keyboard end this process without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let processes that start meanwhile have one thread each."""
    before = os.environ.get(THREADS)
    os.environ[THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[THREADS]
        else:
            os.environ[THREADS] = before


def threads_of_process() -> int:
    """How many threads this process shall work with: as many as it was told, else one per core."""
    told = os.environ.get(THREADS, "")
    return int(told) if told.isdecimal() and int(told) > 0 else os.cpu_count() or 1


@contextmanager
def workers(number: int | None = None, dask: str | None = None) -> Iterator[Executor | None]:
    """The executor that a user asks for, until it is no longer needed; None to play here.

    Args:
        number: Of processes on this machine.
        dask: Address of the scheduler of a dask cluster, such as ``tcp://10.0.0.1:8786``.

    Raises:
        ImportError: The package distributed is missing.
        OSError: No scheduler answers.
        ValueError: Both are given, or there are fewer than one.
    """
    if number is not None and dask is not None:
        raise ValueError(f"give either workers ({number}) or the address of a cluster ({dask}).")
    if dask is not None:
        with _dask_client(dask) as client:
            yield client.get_executor(pure=False)
    elif number is not None:
        with Processes(number) as processes:
            yield processes
    else:
        yield None


def _dask_client(address: str) -> Any:
    """A client of a cluster.

    Raises:
        ImportError: The package distributed is missing.
        OSError: No scheduler answers.
    """
    with needs("scale", "a dask cluster"):
        from distributed import Client
    try:
        return Client(address)
    except (OSError, ValueError) as error:
        raise OSError(
            f"no dask scheduler answers at {address!r} ({error}): start one with dask scheduler, "
            "and give the address that it prints."
        ) from error
