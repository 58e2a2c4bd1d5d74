"""Play every policy on the last days of a table of sales, series by series.

Every series of the table plays all its windows of the test days side by side, and every policy
that knows at most the history plays all of them. See docs/backtest.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inv_gym.commands import needed_packages, tables
from inv_gym.commands.scale import Dask, Workers

BACKTEST_EXAMPLES = """\b
Examples:
  inv-gym backtest --data sales.csv --quick --workers 2
  inv-gym backtest --data sales.csv --env InvPerishable-v0 --out results/milk
  inv-gym backtest --data sales.csv --lead-time 2 --train-until 2024-06-30 \
    --validate-until 2024-09-30"""


def main(
    context: typer.Context,
    data: Annotated[str, typer.Option(metavar="FILE", help="A table of sales.")],
    env: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="An environment, or MODULE:TASK, a task of your own; lost sales if not given.",
        ),
    ] = None,
    lead_time: Annotated[
        int | None, typer.Option(min=0, help="Periods from an order to its arrival.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE:FACTORY", help="A policy of your own, or sb3:FILE.zip; repeat for more."
        ),
    ] = None,
    train_until: tables.TrainUntil = None,
    validate_until: tables.ValidateUntil = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the starting stock.")] = 0,
    missing: tables.Missing = None,
    returns: tables.Returns = None,
    duplicates: tables.Duplicates = None,
    first: tables.First = None,
    last: tables.Last = None,
    separator: tables.Separator = None,
    frequency: tables.FrequencyOption = None,
    decimal: tables.Decimal = None,
    holidays: tables.HolidaysOption = None,
    columns: tables.ColumnsOption = None,
    wide: tables.Wide = None,
    each: tables.Each = None,
    horizon: tables.Horizon = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="A first look: short episodes, the latest windows, no slow rules."
        ),
    ] = False,
    workers: Workers = None,
    dask: Dask = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path(
        "backtest"
    ),
) -> None:
    """Play every policy on the test days of a table, and write DIR/ranking.csv, ranking.json,
    products.csv with the best policy of each series, and page.html.
    """
    with needed_packages():
        from inv_gym.commands.backtesting import Asked, backtest
    described = tables.described_table(context.params)
    asked = Asked(data, env, lead_time, policy or [], described, horizon, seed, quick)
    backtest(asked, (workers, dask), out)
