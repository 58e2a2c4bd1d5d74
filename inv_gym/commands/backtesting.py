"""What ``inv-gym backtest`` does: read the table, gather who plays, play, show and write."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

import inv_gym
from inv_gym.backtest.entries import every_window, gather, with_windows
from inv_gym.backtest.files import check_folder, write
from inv_gym.backtest.page import Backtest
from inv_gym.backtest.verdicts import VERDICT_RULE, series_frame
from inv_gym.commands.running import tell_failures, working, written_or_told
from inv_gym.commands.tables import given, read_described, refuse_given_twice
from inv_gym.leaderboard.board import Board, Contest
from inv_gym.leaderboard.entries import Factory
from inv_gym.leaderboard.loading import load_environment, told
from inv_gym.leaderboard.named import build, load_factory
from inv_gym.leaderboard.play import play
from inv_gym.leaderboard.terminal import make_console, show
from inv_gym.leaderboard.words import counted
from inv_gym.util.dispatch import WorkerError

ENVIRONMENT, LATE_ENVIRONMENT = "InvLostSales-v0", "InvLostSalesLeadTime-v0"
QUICK_WINDOWS = 4
"""Windows of a series that a first look plays."""


@dataclass(frozen=True)
class Asked:
    """What a user asked for.

    Attributes:
        data: File of the table.
        environment: Id of the environment, or ``module:task``; lost sales if None.
        lead_time: In periods; that of the environment if None.
        policies: What the user added, ``module:factory``.
        described: What was said of the table.
        horizon: Periods of an episode; chosen by the table if None.
        seed: Of the starting stock.
        quick: Whether it is a first look.
    """

    data: str
    environment: str | None
    lead_time: int | None
    policies: Sequence[str]
    described: Mapping[str, Any]
    horizon: int | None
    seed: int
    quick: bool


def backtest(asked: Asked, place: tuple[int | None, str | None], out: Path) -> None:
    """Play a table, print the ranking, and write the files.

    Args:
        asked: What to play.
        place: Number of processes, and address of a dask cluster.
        out: Folder of the files.

    Raises:
        typer.BadParameter: The value of an option is not understood.
        typer.Exit: Interrupted, a policy failed, or the files cannot be written.
    """
    console = make_console()
    try:
        with told("--out"):
            check_folder(out)
        contests = read_contests(asked, console)
        failures = [
            failure
            for name, contest in contests.items()
            for failure in play_contest(contest, asked.seed, place, out / name, console)
        ]
    except KeyboardInterrupt:
        typer.echo("Interrupted: no file is half-written.", err=True)
        raise typer.Exit(130) from None
    tell_failures(failures)


def read_contests(asked: Asked, console: Console) -> dict[str, Contest]:
    """Read the table, and gather who plays it: one contest for each structure of the table, by the
    folder of its files below that of the backtest.
    """
    base = inv_gym.task(load_environment(asked.environment or default_environment(asked)))
    factories = {spec: load_factory(spec) for spec in asked.policies}
    with told("--lead-time"):
        if asked.lead_time is not None:
            base = base.changed(lead_time=asked.lead_time)
    with told("--data"), console.status("Reading the table"):
        panel, said = read_described(asked.data, asked.described)
        refuse_given_twice(panel, given({"lead_time": asked.lead_time}))
        tasks = inv_gym.table_tasks(panel, base, horizon=asked.horizon, **said)
        listed = {label: with_listed_windows(task, asked) for label, task in tasks.items()}
    contests = {label: contest_of(task, asked, factories) for label, task in listed.items()}
    if len(contests) == 1:
        return dict(zip(("",), contests.values(), strict=True))
    console.print(f"The table has {len(tasks)} structures: {'; '.join(tasks)}.", soft_wrap=True)
    return {re.sub(r"\W+", "-", label): contest for label, contest in contests.items()}


def with_listed_windows(task: inv_gym.Task, asked: Asked) -> inv_gym.Task:
    """The task with the windows that are played."""
    if "each" in asked.described:
        return task
    if asked.horizon is None:
        task = with_windows(task, asked.quick)
    return every_window(task, QUICK_WINDOWS if asked.quick else None)


def contest_of(task: inv_gym.Task, asked: Asked, factories: Mapping[str, Factory]) -> Contest:
    """Who plays a task."""
    users = {spec: build(spec, factory, task.problem) for spec, factory in factories.items()}
    return gather(task, Path(asked.data).name, users, asked.quick)


def default_environment(asked: Asked) -> str:
    """Lost sales, with a lead time or without."""
    return LATE_ENVIRONMENT if asked.lead_time else ENVIRONMENT


def play_contest(
    contest: Contest, seed: int, place: tuple[int | None, str | None], out: Path, console: Console
) -> Sequence[str]:
    """Play, show and write; gives the policies that failed.

    Raises:
        typer.Exit: Nothing was played, or the files cannot be written.
    """
    source: Any = contest.task.source
    with working(*place) as executor:
        try:
            played = play(contest, len(source.windows), seed, console, executor, per_product=True)
        except (ValueError, OSError, TypeError, WorkerError) as error:
            typer.echo(f"Error: {contest.title} cannot be played: {error}", err=True)
            raise typer.Exit(1) from None
    if played.board is None:
        return played.failures
    result = judged(played.board)
    show(played.board, console)
    tell(result, console)
    with written_or_told("files", out):
        paths = write(result, out)
    console.print("Wrote", ", ".join(map(str, paths)), soft_wrap=True)
    return played.failures


def judged(board: Board) -> Backtest:
    """What each series says."""
    products = board.evaluation.products
    if products is None:
        raise ValueError("an evaluation must keep its products: evaluate(..., per_product=True).")
    return Backtest(board, series_frame(products, board.contest.reference))


def tell(result: Backtest, console: Console) -> None:
    """Print on how many series each policy is best."""
    counts = result.verdicts
    number, sure = len(result.series), int(counts["sure"].sum())
    console.print(f"The best policy is sure on {sure} of {number} series ({VERDICT_RULE}):")
    for name, (best, certain) in zip(counts.index, counts.to_numpy(), strict=True):
        if best:
            console.print(f"  {name}: best on {best}, of them sure on {certain}")
    console.print(f"{counted(number, 'row')} in products.csv.\n")
