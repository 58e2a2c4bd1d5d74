"""Rank every policy on every environment: tables in the terminal, and CSV, JSON and HTML files.

With ``--policy my_policies:cautious``, ``cautious(problem)``, a function or class in
``my_policies.py``, gives a policy (any callable with ``knows``, see `inv_gym.Policy`), or None
where it does not apply. ``--policy sb3:FILE.zip`` is a model that stable-baselines3 saved, with its
``vecnormalize.pkl`` beside it, if it has one; such files hold pickled objects, so play only those
that you trust.

With ``--env my_problem:task``, ``task``, an `inv_gym.Task` in ``my_problem.py``, is played: it is
registered under its name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inv_gym.commands import needed_packages, tables
from inv_gym.commands.scale import Dask, Workers

LEADERBOARD_EXAMPLES = """\b
Examples:
  inv-gym leaderboard --quick
  inv-gym leaderboard --policy my_policies:cautious --data sales.csv
  inv-gym leaderboard --data sales.csv --separator ';' --columns series=Product,date=Date
  inv-gym leaderboard --policy sb3:runs/ppo/model.zip --env InvLostSales-v0
  inv-gym leaderboard --policy runs/mine --data sales.csv --env InvLostSales-v0
  inv-gym leaderboard --env my_problem:task --policy my_policies:cautious
  inv-gym leaderboard --submissions examples/submissions --quick"""
PRODUCTS = 1000


def main(
    context: typer.Context,
    env: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="An environment, or MODULE:TASK, a task of your own; repeat for more.",
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE:FACTORY",
            help="Of your own, a folder of a training, or sb3:FILE.zip; repeat for more.",
        ),
    ] = None,
    products: Annotated[
        int | None, typer.Option(min=1, help=f"Per environment; {PRODUCTS} if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the products.")] = 0,
    submissions: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Of folders with a policy and a card.json each, played on fixed products.",
        ),
    ] = None,
    final: Annotated[
        bool,
        typer.Option("--final", help="With --submissions: the products of the final ranking."),
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="A table of demand by the day, week or month, to play on its last days.",
        ),
    ] = None,
    missing: tables.Missing = None,
    returns: tables.Returns = None,
    duplicates: tables.Duplicates = None,
    first: tables.First = None,
    last: tables.Last = None,
    train_until: tables.TrainUntil = None,
    validate_until: tables.ValidateUntil = None,
    separator: tables.Separator = None,
    frequency: tables.FrequencyOption = None,
    decimal: tables.Decimal = None,
    holidays: tables.HolidaysOption = None,
    columns: tables.ColumnsOption = None,
    wide: tables.Wide = None,
    each: tables.Each = None,
    horizon: tables.Horizon = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A first look: few products, short episodes.")
    ] = False,
    workers: Workers = None,
    dask: Dask = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path("results"),
) -> None:
    """Rank every policy on every environment, in tables and in DIR/leaderboard.csv, .json and
    .html.

    FACTORY(problem) returns a policy, or None where it does not apply; TASK is an inv_gym.Task
    with a name. MODULE may lie in the current directory. sb3:FILE.zip is a model of
    stable-baselines3; reading such a file runs what code its author put there.
    """
    with needed_packages():
        from inv_gym.commands.ranking import rank
    described = tables.described_table(context.params)
    place = (workers, dask)
    if submissions is not None:
        refuse_beside_submissions(context)
    elif final:
        raise typer.BadParameter("needs --submissions DIR.", param_hint="--final")
    handed_in = (submissions, final)
    rank(
        env or [],
        policy or [],
        handed_in,
        products,
        seed,
        data,
        described,
        horizon,
        quick,
        place,
        out,
    )


def refuse_beside_submissions(context: typer.Context) -> None:
    """Refuse options that would play submissions on other products than those of the protocol.

    Raises:
        typer.BadParameter: There is one.
    """
    for name in ("products", "seed", "data", "horizon"):
        if context.params[name] not in (None, 0):
            raise typer.BadParameter(
                "submissions play the products of the protocol: leave it out.",
                param_hint=f"--{name}",
            )
