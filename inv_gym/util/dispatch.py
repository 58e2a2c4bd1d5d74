"""Blocks of products that are sent to workers, and sent again when a worker died."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Generic, TypeVar

IN_FLIGHT = 64
"""Blocks that are on their way at a time, with an executor that does not say how many workers it
has: so memory does not grow with the number of products."""
PER_WORKER = 3
"""The same for each worker, with one that says so: enough that none waits for the next."""
DEATHS = 3
"""How often a block may be lost with its worker before it is taken for the cause."""

Block = TypeVar("Block")
Result = TypeVar("Result")


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
        function: Plays a block. It also gets how often the block was lost: with equal arguments,
            an executor that remembers results would give the loss again.
        is_meant: Whether an error was raised on purpose.
        describe: A block in words, from its number.
    """

    def __init__(
        self,
        executor: Executor,
        function: Callable[[Block, int], Result],
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
                    self._sent.append(_Sent(number, block, self._submit(block, 0)))
                if not self._sent:
                    return
                yield self._first_result()
        finally:
            for sent in self._sent:
                sent.future.cancel()

    def finished(self, blocks: Iterable[Block]) -> Iterator[tuple[int, Result]]:
        """The number and the result of each block, as soon as it has ended; all are sent at once.

        Raises:
            WorkerError: A block was lost three times; the message names it.
        """
        for number, block in enumerate(blocks):
            self._sent.append(_Sent(number, block, self._submit(block, 0)))
        try:
            while self._sent:
                wait([sent.future for sent in self._sent], return_when=FIRST_COMPLETED)
                for sent in [sent for sent in self._sent if sent.future.done()]:
                    error = sent.error
                    if error is None:
                        self._sent.remove(sent)
                        yield sent.number, sent.future.result()
                    elif self._is_meant(error):
                        raise error
                self._send_again()
        finally:
            for sent in self._sent:
                sent.future.cancel()

    def _submit(self, block: Block, deaths: int) -> Future[Result]:
        try:
            return self._executor.submit(self._function, block, deaths)
        except RuntimeError as error:
            raise WorkerError(
                f"the executor takes no more blocks ({error}): give one that replaces workers that "
                "die, such as inv_gym.util.executors.Processes(2)."
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
                sent.future = self._submit(sent.block, sent.deaths)
        for sent in lost:
            if sent.deaths == DEATHS - 1:
                wait([other.future for other in self._sent])
                sent.future = self._submit(sent.block, sent.deaths)
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
