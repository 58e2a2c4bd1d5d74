"""The subcommands of ``inv-gym``."""

from __future__ import annotations

import typer

from inv_gym.commands import (
    backtest,
    inventorybench,
    leaderboard,
    order,
    order_pictures,
    published_tables,
    structure,
    train,
)

app = typer.Typer(
    name="inv-gym",
    help="Inventory control: rank policies, train networks, order, reproduce tables, draw orders.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command(
    "leaderboard",
    short_help="Rank every policy on every environment.",
    epilog=leaderboard.LEADERBOARD_EXAMPLES,
)(leaderboard.main)
app.command(
    "train", short_help="Train a policy and keep its weights.", epilog=train.TRAIN_EXAMPLES
)(train.main)
app.command(
    "backtest",
    short_help="Rank every policy on the last days of a table of sales, series by series.",
    epilog=backtest.BACKTEST_EXAMPLES,
)(backtest.main)
app.command(
    "order",
    short_help="Say what to order today, for every series of a table of sales.",
    epilog=order.ORDER_EXAMPLES,
)(order.main)
app.command(
    "tables",
    short_help="Print published tables beside our figures.",
    epilog=published_tables.TABLES_EXAMPLES,
)(published_tables.main)
app.command(
    "inventorybench",
    short_help="Play the instances of InventoryBench and write a submission.",
    epilog=inventorybench.INVENTORYBENCH_EXAMPLES,
)(inventorybench.main)
app.command(
    "pictures",
    short_help="Draw what policies order in each state.",
    epilog=order_pictures.PICTURES_EXAMPLES,
)(order_pictures.main)
app.command(
    "structure",
    short_help="Say how far a trained network is from the structure of optimal orders.",
    epilog=structure.STRUCTURE_EXAMPLES,
)(structure.main)
