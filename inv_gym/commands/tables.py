"""Options that describe a demand table, of every subcommand that takes one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

import inv_gym

RULE, DAY = "error|zero", "YYYY-MM-DD"

Missing = Annotated[
    str | None, typer.Option(metavar=RULE, help="Of the table: periods without a row.")
]
Returns = Annotated[str | None, typer.Option(metavar=RULE, help="Of the table: negative units.")]
Duplicates = Annotated[
    str | None,
    typer.Option(metavar="error|sum", help="Of the table: further rows of a series and period."),
]
First = Annotated[
    str | None, typer.Option(metavar=DAY, help="Of the table: the first day of episodes.")
]
Last = Annotated[
    str | None, typer.Option(metavar=DAY, help="Of the table: the last day of episodes.")
]
Separator = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="Of the table: between cells; or tab.")
]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="NAME=COLUMN,...",
        help="Of the table: its names of columns, such as series=Product,date=Date.",
    ),
]
Wide = Annotated[
    bool | None,
    typer.Option("--wide", help="Of the table: one column per series, or one per day."),
]
TrainUntil = Annotated[
    str | None, typer.Option(metavar=DAY, help="Of the table: the last day of training.")
]
ValidateUntil = Annotated[
    str | None,
    typer.Option(
        metavar=DAY, help="Of the table: the last day of validation; then comes the test."
    ),
]
Horizon = Annotated[int | None, typer.Option(min=1, help="Periods of an episode.")]


def named_columns(text: str) -> dict[str, str]:
    """What ``series=Product,date=Date`` says.

    Raises:
        ValueError: It is written in another way.
    """
    pairs = [pair.partition("=") for pair in text.split(",")]
    for name, _, column in pairs:
        if not (name.strip() and column):
            raise ValueError(f"--columns must be name=column,name=column, got {text!r}.")
    return {name.strip(): column for name, _, column in pairs}


def given_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given, as `inv_gym.make_source` takes them.

    Raises:
        ValueError: The columns are not written as they must be.
    """
    given = {name: value for name, value in options.items() if value is not None}
    return given | ({"columns": named_columns(given["columns"])} if "columns" in given else {})


def is_table(origin: str) -> bool:
    """Whether a text names a file or folder of demand, rather than a population."""
    return Path(origin).is_file() or bool(list(Path(origin).glob("*.parquet")))


def make_products(origin: str | None, options: Mapping[str, Any]) -> inv_gym.ProductSource | None:
    """The source of a population, an instance, or a table with what was said about it; None if none
    is named.

    Args:
        origin: What the user named.
        options: What was said about the table, None where nothing was.

    Raises:
        ValueError: It cannot be read, or something was said about a table where there is none.
    """
    given = given_options(options)
    if origin is not None and (is_table(origin) or (given and Path(origin).suffix)):
        return inv_gym.make_source({"file": origin, **given})
    _refuse_without_table(given, "--products")
    return None if origin is None else inv_gym.make_source(origin)


def table_source(file: str | None, options: Mapping[str, Any]) -> inv_gym.ProductSource | None:
    """The source of a table with what was said about it, None without a table.

    Raises:
        ValueError: As of `make_products`.
    """
    given = given_options(options)
    if file is None:
        _refuse_without_table(given, "--data")
        return None
    return inv_gym.make_source({"file": file, **given})


def _refuse_without_table(given: Mapping[str, Any], option: str) -> None:
    """Refuse what describes a table where there is none.

    Raises:
        ValueError: Something was given.
    """
    if given:
        raise ValueError(
            f"--{next(iter(given))} describes a demand table: give one with {option} FILE."
        )
