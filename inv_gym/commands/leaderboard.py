"""Rank every policy on every environment: tables in the terminal, and CSV, JSON and HTML files.

With ``--policy my_policies:cautious``, ``cautious(problem)``, a function or class in
``my_policies.py``, gives a policy (any callable with ``knows``, see `inv_gym.Policy`), or None
where it does not apply. ``--policy sb3:FILE.zip`` is a model that stable-baselines3 saved, with its
``vecnormalize.pkl`` beside it, if it has one; such files hold pickled objects, so play only those
that you trust.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import inv_gym
from inv_gym.commands.tables import (
    Columns,
    Duplicates,
    First,
    Horizon,
    Last,
    Missing,
    Returns,
    Separator,
    Wide,
    table_source,
)
from inv_gym.leaderboard.entries import Section, enter, load_factory, told
from inv_gym.leaderboard.files import write
from inv_gym.leaderboard.play import play
from inv_gym.leaderboard.terminal import explain, make_console, show
from inv_gym.util.checks import one_of

EXAMPLES = """\b
Examples:
  inv-gym leaderboard --quick
  inv-gym leaderboard --policy my_policies:cautious --data sales.csv
  inv-gym leaderboard --data sales.csv --separator ';' --columns series=Product,date=Date
  inv-gym leaderboard --policy sb3:runs/ppo/model.zip --env InvLostSales-v0"""
PRODUCTS = 1000
QUICK_PRODUCTS, QUICK_HORIZON = 50, 20


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
        str | None,
        typer.Option(
            metavar="FILE", help="A table of demand by the day, week or month to play on."
        ),
    ] = None,
    missing: Missing = None,
    returns: Returns = None,
    duplicates: Duplicates = None,
    first: First = None,
    last: Last = None,
    separator: Separator = None,
    columns: Columns = None,
    wide: Wide = None,
    horizon: Horizon = None,
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
        described = {
            "missing": missing,
            "returns": returns,
            "duplicates": duplicates,
            "first": first,
            "last": last,
            "separator": separator,
            "columns": columns,
            "wide": wide,
        }
        with told("--data"):
            source = table_source(data, described)
        if data is not None:
            sections.append(Section("data", data, source))
        periods = horizon or (QUICK_HORIZON if quick else None)
        fields = {} if periods is None else {"horizon": periods}
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
