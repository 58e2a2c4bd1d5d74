"""Playing a table, with a progress bar."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import inv_gym
from inv_gym.leaderboard.board import Board, Contest


def play(contest: Contest, number: int, seed: int, console: Console) -> Board:
    """Evaluate a contest, with a progress bar if somebody watches."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        row = bar.add_task(contest.task.name, total=number * len(contest.policies), last="")
        done = dict.fromkeys(contest.policies, 0)

        def progress(name: str, products: int, number: int) -> None:
            done[name] = products
            bar.update(
                row, completed=sum(done.values()), last=f"{name}: {products} of {number} products"
            )

        evaluation = inv_gym.evaluate(
            contest.task,
            contest.policies,
            number=number,
            seed=seed,
            reference=contest.reference,
            progress=progress,
        )
    return Board(contest, evaluation)
