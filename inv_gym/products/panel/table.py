"""Demand tables, read in chunks and checked row by row.

What is kept are 12 to 24 bytes per row, never the table as a data frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from inv_gym.products.panel.arrays import NpzFile
from inv_gym.products.panel.chunk import Chunk
from inv_gym.products.panel.faults import Faults
from inv_gym.products.panel.files import CsvFile, TableFile, open_table
from inv_gym.products.panel.headings import (
    OPTIONAL,
    Layout,
    days_across,
    find_layout,
    near_names,
    other_separator,
    renamed,
    why_no_layout,
)
from inv_gym.util.checks import one_of, whole

RULES = ("error", "zero")
"""What to do with a period without a row, and with negative units: refuse it, or read it as no
sales.
"""

DUPLICATES = ("error", "sum")
"""What to do with further rows of a series and period: refuse them, or add them up."""


class Rows(NamedTuple):
    """The checked rows of one chunk, in the order of the table; columns ``[n]``."""

    day: np.ndarray
    """Days since 1970-01-01, int32."""
    series: np.ndarray
    """Index of the series, int32."""
    units: np.ndarray
    """At least 0, float32."""
    promotion: np.ndarray | None
    """At least 0, uint8 if that holds it, else float32; 0 where the cell is empty."""
    prices: Mapping[str, np.ndarray]
    """The optional columns that the table has: float32, NaN where the cell is empty."""
    number: Any
    """Numbers of the rows in the table, from 0 on."""


@dataclass
class Table:
    """What has been read of a table."""

    layout: Layout
    columns: Sequence[str]
    """The columns that are read."""
    returns: str
    """Rule for negative units."""
    faults: Faults = field(default_factory=Faults)
    decimal: str = "."
    """The mark of decimals."""
    index: dict[str, int] = field(default_factory=dict)
    """Index of every series, in the order of their first rows."""
    parts: list[Rows] = field(default_factory=list)
    rows: int = 0
    returned: int = 0
    """Rows with negative units that were read as no sales."""
    unknown: int = 0
    """Rows without a series or a day."""

    def add(self, frame: pd.DataFrame) -> None:
        """Check the next rows of the table and take them in, but for those without a series or day.

        Cells that are no such numbers as they must be are faults, and are read as 0.

        Args:
            frame: Its index has the numbers of the rows.
        """
        chunk = Chunk(frame, self.layout, self.faults, self.decimal)
        labels = [chunk.labels(column) for column in self.layout.series_columns]
        day = chunk.days()
        known = ~np.isnat(day) & np.all([codes >= 0 for codes, _ in labels], axis=0)
        self.unknown += int((~known).sum())
        units = chunk.units(self.returns)[known]
        promotion = chunk.promotion() if self.layout.promotion in self.columns else None
        self.returned += int((units < 0.0).sum())
        self.parts.append(
            Rows(
                day[known].astype(np.int64).astype(np.int32),
                self._series(labels, known),
                np.maximum(units, 0.0),
                None if promotion is None else promotion[known],
                {name: chunk.further(name)[known] for name in OPTIONAL if name in self.columns},
                frame.index if known.all() else frame.index[known],
            )
        )
        self.rows += len(frame)

    def _series(
        self, labels: Sequence[tuple[np.ndarray, Sequence[str]]], known: np.ndarray
    ) -> np.ndarray:
        """Index of the series of the rows that are known."""
        codes, names = pd.factorize(labels[0][0][known])[0], labels[0][1]
        names = [names[code] for code in pd.unique(labels[0][0][known])]
        for column, inner_names in labels[1:]:
            codes, pairs = pd.factorize(codes * len(inner_names) + column[known])
            names = [
                joined(names[pair // len(inner_names)], inner_names[pair % len(inner_names)])
                for pair in pairs
            ]
        places = [self.index.setdefault(name, len(self.index)) for name in names]
        return np.array(places, np.int32)[codes]


def joined(outer: str, inner: str) -> str:
    """The name of a series of two parts; other parts have another name, whatever "/" they have."""
    escaped = outer.replace("\\", "\\\\").replace("/", "\\/")
    return f"{escaped}/{inner}"


def first_part(name: str) -> str:
    """The outer part of a name that was joined, as it is written there."""
    match = re.match(r"(?:[^/\\]|\\.)*", name, re.DOTALL)
    return match[0] if match else name


def read_table(
    path: str | Path,
    returns: str | None = None,
    rows_per_chunk: int = 1_000_000,
    wide: bool = False,
    separator: str = ",",
    columns: Mapping[str, str] | None = None,
    decimal: str = ".",
) -> Table:
    """Read a table from a file; what is wrong with its cells is in its faults.

    Args:
        path: The file, or a directory with parts in Parquet.
        returns: Rule for negative units, None for that of the layout.
        rows_per_chunk: Rows that are held as a data frame at a time.
        wide: There is one column per series, or one per day.
        separator: Between the cells of a text file.
        columns: The table's names of columns, by the names of a layout.
        decimal: The mark of decimals in a text file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file type or the layout is not as it must be, or there are no rows.
    """
    whole("rows_per_chunk", rows_per_chunk, 1)
    rule = None if returns is None else one_of("returns", returns, RULES)
    faults = Faults()
    file, names = _headed(open_table(path, separator, decimal), columns, wide, faults)
    if (wide or columns) and isinstance(file, NpzFile):
        raise ValueError("an array of sales (.npz) has no columns: leave wide and columns out.")
    layout = file.layout if isinstance(file, NpzFile) else find_layout(names, wide)
    if layout is None:
        faults.add("layout", *why_no_layout(names, file.cells()))
        raise faults.error
    read = names if wide else [name for name in names if name in layout.columns]
    table = Table(layout, read, rule or layout.returns, faults, decimal)
    for frame in _frames(file, layout, names, read, rows_per_chunk):
        table.add(frame)
    if not table.rows:
        faults.add("rows", f"the demand table {str(path)!r} has no rows")
        raise faults.error
    return table


def _headed(
    file: TableFile, columns: Mapping[str, str] | None, wide: bool, faults: Faults
) -> tuple[TableFile, list[str]]:
    """The file with the names of its columns, as they are known to the layouts.

    Another separator, and names that differ in capitals and spaces, are faults; the file is read
    all the same, to find the others.
    """
    if isinstance(file, CsvFile):
        mark = other_separator(file.columns(), file.separator)
        if mark is not None:
            message = f"the demand table is separated by {mark!r}"
            faults.add("separator", message, f"give separator={mark!r}")
            file = replace(file, separator=mark)
    names = renamed(file.columns(), columns)
    near = {} if wide or find_layout(names, wide) else near_names(names)
    if near:
        texts = ", ".join(f"{theirs!r} in place of {ours!r}" for ours, theirs in near.items())
        pairs = ", ".join(f'"{ours}": "{theirs}"' for ours, theirs in near.items())
        remedy = f"rename them, or give columns={{{pairs}}}"
        faults.add("names", f"the demand table has {texts}", remedy)
    return file, renamed(names, near)


def _frames(
    file: TableFile,
    layout: Layout,
    names: Sequence[str],
    read: Sequence[str],
    rows_per_chunk: int,
) -> Iterator[pd.DataFrame]:
    """The rows that are read, chunk by chunk, in the form of a long table, with their numbers."""
    text = [name for name in (*layout.series_columns, "date") if name in names]
    rows = max(rows_per_chunk // len(names), 1) if layout.wide else rows_per_chunk
    before = 0
    for frame in file.chunks(names, text, read, rows):
        frame.index = pd.RangeIndex(before, before + len(frame))
        before += len(frame)
        yield _melted(frame, layout) if layout.wide else frame


def _melted(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """A wide table as a long one, without rows for empty cells."""
    across = days_across(list(frame.columns))
    long = frame.melt(
        id_vars=list(layout.series_columns) if across else ["date"],
        var_name="date" if across else "series",
        value_name=layout.units,
        ignore_index=False,
    )
    return long[long[layout.units].notna()]
