"""The subcommands of ``inv-gym``."""

from __future__ import annotations

import typer

from inv_gym.commands import backtest, leaderboard, train

app = typer.Typer(
    name="inv-gym",
    help="Inventory control: rank policies, and train networks.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command(
    "leaderboard", short_help="Rank every policy on every environment.", epilog=leaderboard.EXAMPLES
)(leaderboard.main)
app.command("train", short_help="Train a policy and keep its weights.", epilog=train.EXAMPLES)(
    train.main
)
app.command(
    "backtest",
    short_help="Rank every policy on the last days of a table of sales, series by series.",
    epilog=backtest.EXAMPLES,
)(backtest.main)
