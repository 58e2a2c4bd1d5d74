"""What ``inv-gym order`` does: read the files, ask the policies, show and write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import inv_gym
from inv_gym.advice.answers import Advice, orders_type
from inv_gym.agents.weights import WEIGHTS
from inv_gym.commands.running import working, written_or_told
from inv_gym.commands.tables import table_options
from inv_gym.commands.training import named_values
from inv_gym.leaderboard.loading import as_options, load_environment, told
from inv_gym.leaderboard.named import Factory, Inapplicable, build, load_factory
from inv_gym.leaderboard.terminal import make_console
from inv_gym.util.dispatch import WorkerError
from inv_gym.util.files import check_writable


@dataclass(frozen=True)
class OrderRequest:
    """What a user asked for.

    Attributes:
        data: File of the table of sales.
        stock: File of the stock.
        environment: Id of the environment, or ``module:task``; None for lost sales or perishables.
        times: Lead time and shelf life, where they are given.
        fields: Other fields of the problem, ``name=value``.
        policies: Names, folders and ``module:factory``.
        described: What was said of the table.
        seed: Of what is imputed.
    """

    data: str
    stock: str
    environment: str | None
    times: Mapping[str, int]
    fields: Sequence[str]
    policies: Sequence[str]
    described: Mapping[str, Any]
    seed: int


def order(asked: OrderRequest, place: tuple[int | None, str | None], out: Path) -> None:
    """Ask for the orders, print the notes, and write a row per series.

    Args:
        asked: What to order for, and who orders.
        place: Number of processes, and address of a dask cluster.
        out: File of the orders.

    Raises:
        typer.BadParameter: The value of an option is not understood.
        typer.Exit: Interrupted, no series is answered, or the file cannot be written.
    """
    console = make_console()
    try:
        with told("--out"):
            orders_type(out)
            check_writable([out])
        advice = advised(asked, place, console)
        for note in advice.notes:
            console.print(f"{note}.", soft_wrap=True)
        marks = {key: asked.described.get(key) for key in ("separator", "decimal")}
        with written_or_told("orders", out):
            advice.write(out, **{key: mark for key, mark in marks.items() if mark is not None})
    except KeyboardInterrupt:
        typer.echo("Interrupted: no file is half-written.", err=True)
        raise typer.Exit(130) from None
    console.print(f"Wrote {out}", soft_wrap=True)
    if not advice.answered:
        typer.echo(f"Error: no series is answered; {out} has the reasons.", err=True)
        raise typer.Exit(1)


def advised(asked: OrderRequest, place: tuple[int | None, str | None], console: Console) -> Advice:
    """The orders, with a progress bar if somebody looks on."""
    with told("--policy"):
        policies = [policy_of(spec) for spec in asked.policies]
    with told("--field"):
        fields = named_values("--field", asked.fields)
    with told("--data"):
        options = table_options(asked.described)
    problem = problem_of(asked, fields)
    with working(*place) as executor, bar(console) as progress:
        try:
            return inv_gym.advise(
                asked.data,
                asked.stock,
                problem,
                policy=policies,
                executor=executor,
                progress=progress,
                seed=asked.seed,
                **asked.times,
                **options,
            )
        except (ValueError, TypeError, OSError, ImportError, WorkerError) as error:
            raise typer.BadParameter(as_options(str(error))) from None


def policy_of(spec: str) -> Any:
    """A policy as `inv_gym.advise` takes it: what has a name, or a folder with the weights of a
    network, by that; any other with what makes it.
    """
    is_folder = Path(spec).is_dir()
    if (Path(spec) / WEIGHTS).exists() if is_folder else ":" not in spec:
        return spec
    return {spec: partial(made_policy, spec, load_factory(spec))}


def made_policy(spec: str, factory: Factory, problem: inv_gym.Problem) -> inv_gym.Policy:
    """The user's policy for a problem.

    Raises:
        ValueError: It does not apply there.
    """
    policy = build(spec, factory, problem)
    if isinstance(policy, Inapplicable):
        raise ValueError(policy.reason)
    return policy


def problem_of(asked: OrderRequest, fields: Mapping[str, Any]) -> Any:
    """The problem that is ordered for."""
    env = asked.environment
    if env is None:
        env = "InvPerishable-v0" if "shelf_life" in asked.times else "InvLostSales-v0"
    name = load_environment(env)
    with told("--field"):
        return inv_gym.task(name, warm_up=0, **fields).problem


@contextmanager
def bar(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar of all that is done; gives what is told of it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        rows = {"reading": shown.add_task("reading", total=None)}

        def progress(what: str, done: int, number: int) -> None:
            shown.update(rows["reading"], total=1, completed=1)
            if what not in rows:
                rows[what] = shown.add_task(what, total=number)
            shown.update(rows[what], completed=done, total=number)

        yield progress
