"""Rank every policy on every environment: tables in the terminal, and CSV, JSON and HTML files.

    python examples/leaderboard.py --quick
    python examples/leaderboard.py --policy my_policies:cautious --data sales.csv
    python examples/leaderboard.py --policy sb3:runs/ppo/model.zip --env InvLostSales-v0

``cautious(problem)``, a function or class in ``my_policies.py``, gives a policy (any callable with
``knows``, see `inv_gym.Policy`), or None where it does not apply. ``sb3:FILE.zip`` is a model that
stable-baselines3 saved, with its ``vecnormalize.pkl`` beside it, if it has one; such files hold
pickled objects, so play only those that you trust.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
import typer
from leaderboard_page import LEGEND, page
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import inv_gym
from inv_gym import agents, baselines
from inv_gym.play.policy import KNOWLEDGE
from inv_gym.util.checks import one_of
from inv_gym.util.files import write_atomically

PRODUCTS = 1000
QUICK_PRODUCTS, QUICK_HORIZON = 50, 20
PIPED_WIDTH = 120
POLICY_WIDTH = 20
"""Characters to which names are wrapped before other columns give way."""

SB3 = "sb3"
NO_LAW = "policies that know the demand law cannot join: that of real demand is not known"

Factory: TypeAlias = Callable[[inv_gym.Problem], inv_gym.Policy | None]


class Section(NamedTuple):
    """Where the products of a group of tables come from."""

    name: str
    """``synthetic`` or ``data``."""
    file: str = ""
    """The demand table; none for the population of each environment."""
    source: inv_gym.ProductSource | None = None


@dataclass(frozen=True)
class Contest:
    """What is played for one table.

    Attributes:
        env_id: The environment.
        section: ``synthetic`` or ``data``.
        origin: Name of the population or of the demand table.
        source: Where products come from.
        problem: The environment's problem.
        policies: Who plays, by name.
        reference: Who gaps are to.
        notes: What a reader must know.
        sample: One product.
        paths: Every policy's episode of that product.
    """

    env_id: str
    section: str
    origin: str
    source: inv_gym.ProductSource
    problem: inv_gym.Problem
    policies: Mapping[str, inv_gym.Policy]
    reference: str
    notes: tuple[str, ...]
    sample: inv_gym.Products
    paths: Mapping[str, inv_gym.Rollout]

    @property
    def title(self) -> str:
        """The environment, in words too, and the demand table."""
        on = f", on {self.origin}" if self.section == "data" else ""
        return f"{self.env_id}: {inv_gym.ENVIRONMENTS[self.env_id].title}{on}"


class Column(NamedTuple):
    """A column of a table, as text."""

    header: str
    cells: list[str]
    is_text: bool = False

    @property
    def width(self) -> int:
        """Characters, with every word of the header on a line of its own."""
        return max(map(len, [*self.header.split(), *self.cells]))


@dataclass(frozen=True)
class Board:
    """One table, played."""

    contest: Contest
    evaluation: inv_gym.Evaluation

    @property
    def setting(self) -> str:
        """What was played, in a line."""
        facts, contest = self.evaluation.facts, self.contest
        origin = f"{'population' if contest.section == 'synthetic' else 'table'} {contest.origin}"
        return (
            f"{facts['products']} products ({origin}), {contest.problem.horizon} periods, seed "
            f"{facts['seed']}"
        )

    @property
    def columns(self) -> list[Column]:
        """The table as text, what matters most first."""
        frame = self.evaluation.frame
        gaps = plus_minus(frame["gap"], frame["gap_high"] - frame["gap"], 2)
        is_reference = frame["policy"] == self.contest.reference
        flows = frame.columns[frame.columns.get_loc("on_hand") : frame.columns.get_loc("seconds")]
        return [
            Column("#", [str(rank) for rank in range(1, len(frame) + 1)]),
            Column("policy", list(frame["policy"]), is_text=True),
            Column(
                "knows",
                [knowledge.replace("distribution", "law") for knowledge in frame["knows"]],
                is_text=True,
            ),
            Column(
                "reward",
                plus_minus(frame["reward"], frame["standard_error"], decimals(frame["reward"], 3)),
            ),
            Column("gap %", np.where(is_reference, "reference", gaps).tolist()),
            Column("fill rate %", fixed(100.0 * frame["fill_rate"], 1)),
            Column("cycle serv. %", fixed(100.0 * frame["cycle_service_level"], 1)),
            *(
                Column(heading(name), fixed(frame[name], decimals(frame[name], 3)))
                for name in flows
            ),
            Column("sec", fixed(frame["seconds"], 2)),
        ]

    def to_dict(self) -> dict[str, Any]:
        """The evaluation and where it was, as plain data."""
        return {**self._place(), **self.evaluation.to_dict(), "notes": list(self.contest.notes)}

    def to_frame(self) -> pd.DataFrame:
        """The rows and where they were played."""
        frame, facts = self.evaluation.frame, self.evaluation.facts
        place = {**self._place(), **{key: facts[key] for key in ("seed", "products", "reference")}}
        before = pd.DataFrame({**place, "rank": range(1, len(frame) + 1)})
        return pd.concat([before, frame], axis=1)

    def _place(self) -> dict[str, str]:
        contest = self.contest
        return {"environment": contest.env_id, "section": contest.section, "origin": contest.origin}


def heading(name: str) -> str:
    """The header of a column of stock or flow."""
    channel = name.removeprefix("order_")
    if channel != name:
        return "order" if channel == "order" else f"{channel} order"
    return {"on_hand": "mean stock", "backlogged": "backlog"}.get(name, name)


def decimals(values: pd.Series, digits: int) -> int:
    """Decimals that give the largest of the values so many significant digits; at least one."""
    largest = float(values.abs().max())
    return int(np.clip(digits - 1 - np.floor(np.log10(largest)), 1, 4)) if largest > 0.0 else 1


def fixed(values: pd.Series, places: int) -> list[str]:
    """Numbers with so many decimals."""
    return ["n/a" if np.isnan(value) else f"{value:.{places}f}" for value in values]


def plus_minus(values: pd.Series, errors: pd.Series, places: int) -> list[str]:
    """Numbers with their errors, the signs in one line."""
    after = fixed(errors, places)
    width = max(map(len, after))
    return [
        f"{value} ± {error:>{width}}"
        for value, error in zip(fixed(values, places), after, strict=True)
    ]


@contextmanager
def told(option: str) -> Iterator[None]:
    """Make what is wrong with a value a message about its option."""
    try:
        yield
    except (ImportError, OSError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


@contextmanager
def blamed(what: str) -> Iterator[None]:
    """Make any error of the user's code a message with the line that raised it."""
    try:
        yield
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        line = (
            ""
            if place.filename.startswith("<")
            else f" ({Path(place.filename).name}, line {place.lineno})"
        )
        raise typer.BadParameter(
            f"{what}: {type(error).__name__}: {error}{line}", param_hint="--policy"
        ) from error


def load_factory(spec: str) -> Factory:
    """The factory that ``module:factory`` names, or the one of a model's file ``sb3:file.zip``."""
    module_name, _, name = spec.partition(":")
    if module_name == SB3:
        return model_factory(name)
    with told("--policy"):
        if not (module_name and name):
            raise ValueError(
                f"{spec!r} must be written module:factory, such as my_policies:cautious."
            )
        if importlib.util.find_spec(module_name) is None:
            raise ValueError(
                f"there is no module {module_name!r} in {Path.cwd()} or among the installed "
                "packages."
            )
    with blamed(f"{module_name} cannot be imported"):
        module = importlib.import_module(module_name)
    public = [
        key for key, value in vars(module).items() if callable(value) and not key.startswith("_")
    ]
    with told("--policy"):
        return getattr(module, one_of(f"factory of {module_name}", name, public))


def model_factory(file: str) -> Factory:
    """Of a model that stable-baselines3 saved; it applies where it takes the observations and gives
    the orders.
    """
    with told("--policy"):
        from inv_gym.agents.sb3.policy import SB3Policy

        model = SB3Policy.read(file)
    return lambda problem: SB3Policy(problem, *model) if SB3Policy.fits(problem, model[0]) else None


def build(spec: str, factory: Factory, problem: inv_gym.Problem) -> inv_gym.Policy | None:
    """The user's policy for a problem; None where it does not apply."""
    with blamed(f"{spec} failed for {type(problem).__name__}"):
        policy = factory(problem)
    if policy is None:
        return None
    with told("--policy"):
        if isinstance(policy, type) or not isinstance(policy, inv_gym.Policy):
            got = (
                f"the class {policy.__name__}"
                if isinstance(policy, type)
                else type(policy).__name__
            )
            raise ValueError(
                f"{spec} must return a policy (an object that takes an observation and has the "
                "attribute knows), or "
                f"None where it does not apply, got {got}."
            )
        one_of(f"knowledge of {spec},", policy.knows, KNOWLEDGE)
    return policy


def enter(
    env_id: str,
    section: Section,
    factories: Mapping[str, Factory],
    seed: int,
    fields: Mapping[str, int],
) -> Contest:
    """Gather who plays, and let each play one product: what is wrong shows before the long run."""
    problem = inv_gym.make_problem(env_id, **fields)
    law_is_known = section.source is None
    task = inv_gym.ENVIRONMENTS[env_id]
    origin = section.file or task.origin
    source = section.source or task.source
    with told("--data"):
        sample = inv_gym.draw_products(source, problem, 1, seed)
    policies, notes = (
        baselines.policies(problem, law_is_known) | agents.policies(problem),
        list(source.notes),
    )
    if not law_is_known:
        notes.append(NO_LAW)
    paths = {name: inv_gym.rollout(problem, policy, sample) for name, policy in policies.items()}
    for spec, factory in factories.items():
        policy = build(spec, factory, problem)
        if policy is None:
            notes.append(f"{spec} does not apply here (it returned None)")
        elif law_is_known or policy.knows != "distribution":
            with blamed(f"{spec} failed in {env_id}"):
                paths[spec] = inv_gym.rollout(problem, policy, sample)
            policies[spec] = policy
    reference = baselines.reference(problem, law_is_known)
    return Contest(
        env_id,
        section.name,
        origin,
        source,
        problem,
        policies,
        reference,
        tuple(notes),
        sample,
        paths,
    )


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
        task = bar.add_task(contest.env_id, total=number * len(contest.policies), last="")
        done = dict.fromkeys(contest.policies, 0)

        def progress(name: str, products: int, number: int) -> None:
            done[name] = products
            bar.update(
                task, completed=sum(done.values()), last=f"{name}: {products} of {number} products"
            )

        evaluation = inv_gym.evaluate(
            contest.problem,
            contest.policies,
            contest.source,
            number=number,
            seed=seed,
            reference=contest.reference,
            progress=progress,
        )
    return Board(contest, evaluation)


def fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """The first columns that fit, if long names are wrapped."""
    widths = [min(c.width, POLICY_WIDTH) if c.header == "policy" else c.width for c in columns]
    ends = np.cumsum(widths) + 2 * np.arange(len(columns))
    return [column for column, end in zip(columns, ends, strict=True) if end <= width]


def show(board: Board, console: Console) -> None:
    """Print a table."""
    columns = fitting(board.columns, console.width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        header, side = (
            (column.header, "left")
            if column.is_text
            else (column.header.replace(" ", "\n"), "right")
        )
        table.add_column(header, justify=side, no_wrap=column.header != "policy", overflow="fold")
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*cells, style="bold" if "reference" in cells else None)
    console.rule(board.contest.title, align="left")
    console.print(board.setting)
    console.print(table)
    left_out = [column.header for column in board.columns if column not in columns]
    if left_out:
        console.print(
            f"In the files, but too wide for {console.width} characters: {', '.join(left_out)}."
        )
    for note in board.contest.notes:
        console.print(f"Note: {note}.")
    console.print()


def explain(console: Console) -> None:
    """Print what the columns mean."""
    words = Table.grid(padding=(0, 2))
    for column, meaning in LEGEND.items():
        words.add_row(column, meaning)
    console.print(words)


def write(boards: Sequence[Board], out: Path) -> list[Path]:
    """Write the tables in each format."""
    frame = pd.concat([board.to_frame() for board in boards], ignore_index=True)
    return [
        write_atomically(out / "leaderboard.csv", frame.to_csv(index=False)),
        write_atomically(
            out / "leaderboard.json", json.dumps([board.to_dict() for board in boards], indent=1)
        ),
        write_atomically(out / "leaderboard.html", page(boards)),
    ]


def make_console() -> Console:
    """Plain text, as wide as the terminal; a file gets a fixed width."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    return console


app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    env: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="An environment; repeat for more.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE:FACTORY", help="A policy of your own, or sb3:FILE.zip; repeat for more."
        ),
    ] = None,
    products: Annotated[
        int | None, typer.Option(min=1, help=f"Per environment; {PRODUCTS} if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the products.")] = 0,
    data: Annotated[
        str | None, typer.Option(metavar="FILE", help="A table of daily demand to play on too.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A first look: few products, short episodes.")
    ] = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path("results"),
) -> None:
    """Rank every policy on every environment, in tables and in DIR/leaderboard.csv, .json and
    .html.

    FACTORY(problem) returns a policy, or None where it does not apply; MODULE may lie in the
    current directory. sb3:FILE.zip is a model of stable-baselines3; reading such a file runs what
    code its author put there.
    """
    try:
        console, env_ids = make_console(), list(dict.fromkeys(env or inv_gym.ENVIRONMENTS))
        with told("--env"):
            for env_id in env_ids:
                one_of("environment", env_id, inv_gym.ENVIRONMENTS)
        with told("--out"):
            out.mkdir(parents=True, exist_ok=True)
        sys.path.insert(0, str(Path.cwd()))
        factories = {spec: load_factory(spec) for spec in policy or ()}
        sections = [Section("synthetic")]
        if data is not None:
            with told("--data"):
                sections.append(Section("data", data, inv_gym.make_source({"file": data})))
        fields = {"horizon": QUICK_HORIZON} if quick else {}
        with console.status("Playing one product with each policy"):
            contests = [
                enter(env_id, section, factories, seed, fields)
                for section in sections
                for env_id in env_ids
            ]
        boards = []
        for contest in contests:
            boards.append(
                play(contest, products or (QUICK_PRODUCTS if quick else PRODUCTS), seed, console)
            )
            show(boards[-1], console)
        explain(console)
        console.print("\nWrote", ", ".join(map(str, write(boards, out))), soft_wrap=True)
    except KeyboardInterrupt:
        typer.echo("Interrupted: no file is half-written.", err=True)
        raise typer.Exit(130) from None


if __name__ == "__main__":
    app()
