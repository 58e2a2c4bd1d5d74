"""Order today: for every series of a table of sales, from its stock and what is on order.

Every series takes the policy that earned most on its own last periods, or the one that is named.
See docs/your-data.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inv_gym.commands import needed_packages, tables
from inv_gym.commands.scale import Dask, Workers

ORDER_EXAMPLES = """\b
Examples:
  inv-gym order --data sales.csv --stock stock.csv --lead-time 7 --out orders.csv
  inv-gym order --data sales.csv --stock stock.xlsx --shelf-life 5 --out orders.xlsx
  inv-gym order --data sales.csv --stock stock.csv --policy base-stock
  inv-gym order --data sales.csv --stock stock.csv --policy auto --policy runs/mine
  inv-gym order --data sales.csv --stock stock.csv --env InvDualSourcing-v0 \
    --field regular_lead_time=9 --field expedited_lead_time=2"""


def main(
    context: typer.Context,
    data: Annotated[str, typer.Option(metavar="FILE", help="A table of sales.")],
    stock: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="series and on_hand; on_order and due, the day; expires, the day; figures.",
        ),
    ],
    env: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="An environment, or MODULE:TASK, a task of your own; by default lost sales, or "
            "perishable stock with --shelf-life.",
        ),
    ] = None,
    lead_time: Annotated[
        int | None,
        typer.Option(min=0, help="Periods from an order to its arrival, where no file has them."),
    ] = None,
    shelf_life: Annotated[
        int | None,
        typer.Option(min=1, help="Periods in which a unit can be sold, where no file has them."),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="auto; the name of a policy; the folder of a training, MODULE:FACTORY, or "
            "sb3:FILE.zip. Repeat it, and each series takes one of them.",
        ),
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of the problem; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the prices and costs imputed.")] = 0,
    missing: tables.Missing = None,
    returns: tables.Returns = None,
    duplicates: tables.Duplicates = None,
    separator: tables.Separator = None,
    frequency: tables.FrequencyOption = None,
    decimal: tables.Decimal = None,
    holidays: tables.HolidaysOption = None,
    columns: tables.ColumnsOption = None,
    wide: tables.Wide = None,
    workers: Workers = None,
    dask: Dask = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The orders, .csv or .xlsx; replaced.")
    ] = Path("orders.csv"),
) -> None:
    """Say what to order today, and write a row per series.

    Today is the period after the last one of the table. A series that cannot be answered is listed
    with the reason.
    """
    with needed_packages():
        from inv_gym.commands.ordering import OrderRequest, order
    fields = tables.given({"lead_time": lead_time, "shelf_life": shelf_life})
    described = tables.described_table(context.params)
    asked = OrderRequest(data, stock, env, fields, field or [], policy or ["auto"], described, seed)
    order(asked, (workers, dask), out)
