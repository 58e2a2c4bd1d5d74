"""What ``inv-gym leaderboard`` does: gather who plays, play each table, show and write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

import inv_gym
from inv_gym.commands.leaderboard import PRODUCTS
from inv_gym.commands.running import tell_failures, working, written_or_told
from inv_gym.commands.tables import read_described, refuse_without_table
from inv_gym.leaderboard.board import Board, Contest
from inv_gym.leaderboard.entries import Section, enter, variants
from inv_gym.leaderboard.files import check_folder, write
from inv_gym.leaderboard.loading import load_environment, told
from inv_gym.leaderboard.named import load_factory
from inv_gym.leaderboard.play import play
from inv_gym.leaderboard.submissions import PROTOCOL, Submission, read_submissions, seed_of
from inv_gym.leaderboard.terminal import explain, make_console, show
from inv_gym.leaderboard.words import counted
from inv_gym.util.dispatch import WorkerError

QUICK_PRODUCTS, QUICK_HORIZON = 50, 20


def rank(
    environments: Sequence[str],
    policies: Sequence[str],
    handed_in: tuple[Path | None, bool],
    products: int | None,
    seed: int,
    data: str | None,
    described: Mapping[str, Any],
    horizon: int | None,
    quick: bool,
    place: tuple[int | None, str | None],
    out: Path,
) -> None:
    """Play every table, print each when it is played, and write all of them.

    Whatever ends the run early, the tables that are played are written.

    Raises:
        typer.BadParameter: The value of an option is not understood.
        typer.Exit: Interrupted, a policy failed, or the files cannot be written.
    """
    console = make_console()
    boards: list[Board] = []
    try:
        with told("--out"):
            check_folder(out)
        with told("--data"):
            sections = gather_sections(data, described)
        with told("--submissions"):
            submissions, seed = read_handed_in(*handed_in, seed)
        periods = (horizon, QUICK_HORIZON if quick else None)
        contests = gather(environments, policies, submissions, seed, sections, periods, console)
        with working(*place) as executor:
            number = partial(number_of, products=products, quick=quick)
            failures = play_tables(contests, number, seed, console, boards, executor)
        explain(console)
        write_tables(boards, out, console)
    except KeyboardInterrupt:
        if boards:
            write_tables(boards, out, console)
        tables = f"{counted(len(boards), 'table')} played" if boards else "no file is half-written"
        typer.echo(f"Interrupted: {tables}.", err=True)
        raise typer.Exit(130) from None
    tell_failures(failures)


def gather(
    environments: Sequence[str],
    policies: Sequence[str],
    submissions: Mapping[str, Submission],
    seed: int,
    sections: Sequence[Section],
    periods: tuple[int | None, int | None],
    console: Console,
) -> list[Contest]:
    """Who plays in each table, after one product with each.

    Args:
        environments: Ids, or ``module:task``; all if there are none.
        policies: What the user added.
        submissions: What others handed in, by name.
        seed: Of the products.
        sections: Where products come from.
        periods: Of an episode: those that were given, and the most of a first look.
        console: Shows that it takes a while.
    """
    env_ids = list(dict.fromkeys(map(load_environment, environments or inv_gym.ENVIRONMENTS)))
    factories = {spec: load_factory(spec) for spec in policies}
    factories |= {name: submission.factory for name, submission in submissions.items()}
    with console.status("Playing one product with each policy"):
        return [
            told_of(submissions, enter(variant, section, factories, seed))
            for section in sections
            for env_id in env_ids
            for variant in variants(env_id, section, *periods)
        ]


def read_handed_in(
    folder: Path | None, final: bool, seed: int
) -> tuple[dict[str, Submission], int]:
    """The submissions of a folder, and the seed of the products: that of the protocol if there are
    any, else the one given.
    """
    if folder is None:
        return {}, seed
    return read_submissions(folder), seed_of(final)


def told_of(submissions: Mapping[str, Submission], contest: Contest) -> Contest:
    """The contest, with a note about each submission that plays."""
    notes = [submissions[name].note for name in contest.policies if name in submissions]
    if submissions:
        notes.append(f"products are those of version {PROTOCOL.version} of the protocol")
    return replace(contest, notes=(*contest.notes, *notes))


def gather_sections(data: str | None, described: Mapping[str, Any]) -> list[Section]:
    """The products of each environment, and those of a table.

    Raises:
        ValueError: The table cannot be read, or it was described and there is none.
    """
    if data is None:
        refuse_without_table(described)
        return [Section("synthetic")]
    panel, said = read_described(data, described)
    tasks = partial(inv_gym.table_tasks, panel, **said)
    return [Section("synthetic"), Section("data", data, tasks)]


def play_tables(
    contests: Sequence[Contest],
    number: Callable[[Contest], int],
    seed: int,
    console: Console,
    boards: list[Board],
    executor: Executor | None = None,
) -> list[str]:
    """Play and print every table, and put it on `boards` at once; the policies that failed."""
    failures: list[str] = []
    for contest in contests:
        try:
            played = play(contest, number(contest), seed, console, executor, per_product=True)
        except (ValueError, OSError, TypeError, WorkerError) as error:
            failures.append(f"{contest.title} cannot be played: {error}")
            continue
        failures.extend(played.failures)
        if played.board is not None:
            boards.append(played.board)
            show(played.board, console)
    return failures


def number_of(contest: Contest, products: int | None, quick: bool) -> int:
    """How many products are played: as many as were asked for, or all windows that are listed."""
    windows = getattr(contest.task.source, "windows", None)
    if windows is not None:
        return min(products or len(windows), len(windows))
    return products or (QUICK_PRODUCTS if quick else PRODUCTS)


def write_tables(boards: Sequence[Board], out: Path, console: Console) -> None:
    """Write the tables that were played, and say where.

    Raises:
        typer.Exit: There are none, or they cannot be written.
    """
    if not boards:
        return
    with written_or_told("tables", out):
        paths = write(boards, out)
    console.print("\nWrote", ", ".join(map(str, paths)), soft_wrap=True)
