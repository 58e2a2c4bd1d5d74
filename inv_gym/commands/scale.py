"""Options that say where policies play, of every subcommand that plays many products."""

from __future__ import annotations

from typing import Annotated

import typer

Workers = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Play in so many processes of this machine, one thread each."
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Play on the dask cluster whose scheduler has this address, such as tcp://HOST:8786.",
    ),
]
