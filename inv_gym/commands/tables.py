"""Options that describe a demand table, of every subcommand that takes one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inv_gym.tasks.naming import READING_KEYS

if TYPE_CHECKING:
    from inv_gym.products.panel import Panel

DESCRIBING = (*READING_KEYS, "first", "last", "train_until", "validate_until", "each")
"""Names of the parameters that describe a demand table; a subcommand has some of them."""
EARLIEST = "earliest"
"""The word for each series from its earliest window on."""
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
HolidaysOption = Annotated[
    str | None,
    typer.Option(
        "--holidays",
        metavar="FILE",
        help="Of the table: holidays, a CSV file with a column date; for networks that are "
        "trained on it.",
    ),
]
Wide = Annotated[
    bool | None,
    typer.Option("--wide", help="Of the table: one column per series, or one per day."),
]
Each = Annotated[
    str | None,
    typer.Option(
        metavar=f"{DAY_METAVAR}|{EARLIEST}",
        help="Of the table: every series is played once, from this day on, or as early as it can.",
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
    options = dict(described)
    if "columns" in options:
        options["columns"] = named_columns(options["columns"])
    if options.get("each") == EARLIEST:
        options["each"] = True
    return options


def read_described(data: str, described: Mapping[str, Any]) -> tuple[Panel, dict[str, Any]]:
    """The table of a file, and what was said of it beyond how to read it.

    Raises:
        ValueError: The table cannot be read, or the columns are not written as they must be.
    """
    from inv_gym.products.panel import read_panel

    said = table_options(described)
    reading = {key: said.pop(key) for key in READING_KEYS if key in said}
    return read_panel(data, **reading), said


def refuse_given_twice(panel: Panel, fields: Mapping[str, Any]) -> None:
    """Refuse a field of the problem that the table gives for each series.

    Raises:
        ValueError: It names the field.
    """
    for name in fields:
        if name in panel.figures:
            raise ValueError(
                f"the table gives a {name} for each series, and {fields[name]} was given too: "
                f"leave it out, or drop the column {name}."
            )


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
