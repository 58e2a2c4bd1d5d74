"""Options that describe a demand table, of every subcommand that takes one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from inv_gym.tasks.naming import READING_KEYS

DESCRIBING = (*READING_KEYS, "first", "last", "train_until", "validate_until")
"""Names of the parameters that describe a demand table; a subcommand has some of them."""
RULE_METAVAR, DAY_METAVAR = "error|zero", "YYYY-MM-DD"

Missing = Annotated[
    str | None, typer.Option(metavar=RULE_METAVAR, help="Of the table: periods without a row.")
]
Returns = Annotated[
    str | None, typer.Option(metavar=RULE_METAVAR, help="Of the table: negative units.")
]
Duplicates = Annotated[
    str | None,
    typer.Option(metavar="error|sum", help="Of the table: further rows of a series and period."),
]
First = Annotated[
    str | None, typer.Option(metavar=DAY_METAVAR, help="Of the table: the first day of episodes.")
]
Last = Annotated[
    str | None, typer.Option(metavar=DAY_METAVAR, help="Of the table: the last day of episodes.")
]
TrainUntil = Annotated[
    str | None,
    typer.Option(
        metavar=DAY_METAVAR,
        help="Of the table: the last day of training; by default 3/5 of the days.",
    ),
]
ValidateUntil = Annotated[
    str | None,
    typer.Option(
        metavar=DAY_METAVAR,
        help="Of the table: the last day of validation, later ones are for the test; by default "
        "4/5 of the days.",
    ),
]
Separator = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="Of the table: between cells; or tab.")
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME=COLUMN,...",
        help="Of the table: its names of columns, such as series=Product,date=Date.",
    ),
]
FrequencyOption = Annotated[
    str | None,
    typer.Option(
        "--frequency",
        metavar="daily|weekly|monthly",
        help="Of the table: how long a period is; by default its dates tell.",
    ),
]
Decimal = Annotated[
    str | None,
    typer.Option(metavar=".|,", help="Of the table: the mark of decimals in a text file."),
]
Wide = Annotated[
    bool | None,
    typer.Option("--wide", help="Of the table: one column per series, or one per day."),
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


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given: None says nothing."""
    return {name: value for name, value in fields.items() if value is not None}


def described_table(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What the parameters of a subcommand say of a demand table, but for its file."""
    return given({name: parameters[name] for name in DESCRIBING if name in parameters})


def table_options(described: Mapping[str, Any]) -> dict[str, Any]:
    """What was said of a table, as `inv_gym.table_task` takes it.

    Raises:
        ValueError: The columns are not written as they must be.
    """
    if "columns" not in described:
        return dict(described)
    return {**described, "columns": named_columns(described["columns"])}


def refuse_table_name(products: str | None) -> None:
    """Refuse a demand table where the name of a population or an instance is wanted.

    Raises:
        ValueError: There is such a file or folder, or the text ends like the name of a file.
    """
    if products is not None and (Path(products).exists() or Path(products).suffix):
        raise ValueError(
            f"--products names a population or an instance, got the file {products!r}: a demand "
            "table is given with --data FILE."
        )


def refuse_without_table(described: Mapping[str, Any]) -> None:
    """Refuse what describes a table where there is none.

    Raises:
        ValueError: Something was said.
    """
    if described:
        name = next(iter(described)).replace("_", "-")
        raise ValueError(f"--{name} describes a demand table: give one with --data FILE.")
