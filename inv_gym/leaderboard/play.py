"""Playing a table, with a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import inv_gym
from inv_gym.leaderboard.board import Board, Contest
from inv_gym.play.match import Blame, blame_of


class PlayedContest(NamedTuple):
    """What became of a contest."""

    board: Board | None
    """None if the reference policy failed, or every policy."""
    failures: tuple[str, ...]
    """Which policies failed, and how."""


def play(
    contest: Contest,
    number: int,
    seed: int,
    console: Console,
    executor: Executor | None = None,
    per_product: bool = False,
) -> PlayedContest:
    """Evaluate a contest, with a progress bar if somebody looks on. A policy that raises is left
    out, and the others play again.
    """
    failures: list[str] = []
    while contest.reference in contest.policies:
        try:
            with bar(contest.task.name, list(contest.policies), number, console) as progress:
                evaluation = inv_gym.evaluate(
                    contest.task,
                    contest.policies,
                    number=number,
                    seed=seed,
                    reference=contest.reference,
                    executor=executor,
                    per_product=per_product,
                    progress=progress,
                )
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            blame = blame_of(error)
            if blame is None:
                raise
            failures.append(f"{blame.policy} failed in {contest.title}: {blame.reason}.")
            contest = without(contest, blame)
        else:
            return PlayedContest(Board(contest, evaluation), tuple(failures))
    return PlayedContest(None, tuple(failures))


def without(contest: Contest, blame: Blame) -> Contest:
    """The contest of the other policies."""
    others = {name: policy for name, policy in contest.policies.items() if name != blame.policy}
    note = f"{blame.policy} failed and is left out ({blame.reason})"
    return replace(contest, policies=others, notes=(*contest.notes, note))


@contextmanager
def bar(
    title: str, policies: Sequence[str], number: int, console: Console
) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar of an evaluation; gives what is told of its progress."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        row = shown.add_task(title, total=number * len(policies), last="")
        done = dict.fromkeys(policies, 0)

        def progress(name: str, products: int, number: int) -> None:
            done[name] = products
            last = f"{name}: {products} of {number} products"
            shown.update(row, completed=sum(done.values()), last=last)

        yield progress
