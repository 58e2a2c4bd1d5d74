"""Where blocks of products are played: here, in processes of this machine, or on a dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from inv_gym.util.checks import whole

IN_FLIGHT = 64
"""Blocks that are on their way at a time, with an executor that does not say how many workers it
has: so memory does not grow with the number of products."""
PER_WORKER = 3
"""The same for each worker, with one that says so: enough that none waits for the next."""
DEATHS = 3
"""How often a block may be lost with its worker before it is taken for the cause."""
THREADS = "OMP_NUM_THREADS"
"""Read by the libraries of a process when they are loaded."""

Block = TypeVar("Block")
Result = TypeVar("Result")


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
        """See `concurrent.futures.Executor`; after a death, new processes take over."""
        before = set(multiprocessing.active_children())
        with one_thread_each():
            try:
                future = self._pool.submit(function, *args, **kwargs)
            except BrokenExecutor:
                self._pool.shutdown()
                self._pool = self._new_pool()
                future = self._pool.submit(function, *args, **kwargs)
        self._started |= set(multiprocessing.active_children()) - before
        return future

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
            yield client.get_executor()
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
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(f"{error}: pip install 'inv-gym[scale]'") from error
    try:
        return Client(address)
    except (OSError, ValueError) as error:
        raise OSError(
            f"no dask scheduler answers at {address!r} ({error}): start one with dask scheduler, "
            "and give the address that it prints."
        ) from error


class WorkerError(RuntimeError):
    """A block was lost again and again, or an executor takes no more of them."""


class _Sent(Generic[Block, Result]):
    """A block on its way.

    Attributes:
        number: Of the block, from 0.
        block: What is played.
        future: Of the result.
        deaths: How often it was lost with its worker.
    """

    def __init__(self, number: int, block: Block, future: Future[Result]) -> None:
        self.number, self.block, self.future = number, block, future
        self.deaths = 0

    @property
    def error(self) -> BaseException | None:
        """What it ended with, so far; None without an error."""
        if not self.future.done():
            return None
        return CANCELLED if self.future.cancelled() else self.future.exception()


CANCELLED = WorkerError("the executor cancelled it")


class Dispatch(Generic[Block, Result]):
    """Blocks that are played by the workers of an executor.

    What the workers' function raises on purpose is raised here. What else goes wrong is the
    executor's: a worker died, or was not reached. Then the block is played again, at first beside
    others and at last alone, so that a block that ends its worker is told from those beside it.

    Args:
        executor: Anything with the interface of `concurrent.futures.Executor`.
        function: Plays a block.
        is_meant: Whether an error was raised on purpose.
        describe: A block in words, from its number.
    """

    def __init__(
        self,
        executor: Executor,
        function: Callable[[Block], Result],
        is_meant: Callable[[BaseException], bool],
        describe: Callable[[int], str],
    ) -> None:
        self._executor, self._function = executor, function
        self._is_meant, self._describe = is_meant, describe
        number = getattr(executor, "workers", None)
        self._most = IN_FLIGHT if number is None else PER_WORKER * number
        self._sent: deque[_Sent[Block, Result]] = deque()

    def results(self, blocks: Iterable[Block]) -> Iterator[Result]:
        """The results in the order of the blocks.

        Raises:
            WorkerError: A block was lost three times; the message names it.
        """
        numbered = enumerate(blocks)
        try:
            while True:
                while len(self._sent) < self._most and (taken := next(numbered, None)) is not None:
                    number, block = taken
                    self._sent.append(_Sent(number, block, self._submit(block)))
                if not self._sent:
                    return
                yield self._first_result()
        finally:
            for sent in self._sent:
                sent.future.cancel()

    def _submit(self, block: Block) -> Future[Result]:
        try:
            return self._executor.submit(self._function, block)
        except RuntimeError as error:
            raise WorkerError(
                f"the executor takes no more blocks ({error}): give one that replaces workers that "
                "die, such as inv_gym.play.workers.Processes(2)."
            ) from error

    def _first_result(self) -> Result:
        """The result of the block that was sent first, however often it must be sent."""
        first = self._sent[0]
        while True:
            wait([first.future])
            error = first.error
            if error is None:
                self._sent.popleft()
                return first.future.result()
            if self._is_meant(error):
                raise error
            self._send_again()

    def _send_again(self) -> None:
        """Send the blocks that were lost; one that was lost often goes when no other is on its
        way.
        """
        lost = [sent for sent in self._sent if self._is_lost(sent)]
        for sent in lost:
            sent.deaths += 1
            if sent.deaths == DEATHS:
                raise WorkerError(self._words(sent)) from sent.error
        for sent in lost:
            if sent.deaths < DEATHS - 1:
                sent.future = self._submit(sent.block)
        for sent in lost:
            if sent.deaths == DEATHS - 1:
                wait([other.future for other in self._sent])
                sent.future = self._submit(sent.block)
                wait([sent.future])

    def _is_lost(self, sent: _Sent[Block, Result]) -> bool:
        return sent.error is not None and not self._is_meant(sent.error)

    def _words(self, sent: _Sent[Block, Result]) -> str:
        error = sent.error
        return (
            f"{self._describe(sent.number)} ended its worker {DEATHS} times "
            f"({type(error).__name__}: {error}): play it without workers to see why; a script "
            'needs if __name__ == "__main__": around what it starts.'
        )
