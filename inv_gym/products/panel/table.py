"""Demand tables, read in chunks and checked row by row.

What is kept are 12 to 24 bytes per row, never the table as a data frame.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from inv_gym.products.panel.arrays import NpzFile
from inv_gym.products.panel.faults import Faults
from inv_gym.products.panel.files import CsvFile, TableFile, open_table
from inv_gym.products.panel.headings import (
    DAY,
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

LARGEST_NUMBER = 1e30
"""Numbers from here on are refused: their sums would not be finite in float32."""

TIMESTAMP = re.compile(
    rf"({DAY.pattern})(?:[ T]([0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]+)?)?) ?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
"""A day with or without a time and a time zone."""

MIDNIGHT = re.compile(r"[0:.]+")

TRUTH = {"true": 1.0, "false": 0.0}
"""Words for a promotion, in small letters."""

DECIMAL_COMMA = re.compile(r"\s*-?[0-9]+,[0-9]+\s*")

NOT_NEGATIVE_RULE = ("must be at least 0", lambda values: values >= 0.0)
ABOVE_ZERO = ("must be above 0", lambda values: values > 0.0)
LIMITS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "price": ABOVE_ZERO,
    "cost": ABOVE_ZERO,
    "order_multiple": ABOVE_ZERO,
    "lead_time": (
        "must be a whole number of periods, at least 0",
        lambda values: (values >= 0.0) & (values == np.floor(values)),
    ),
    "shelf_life": (
        "must be a whole number of periods, at least 1",
        lambda values: (values >= 1.0) & (values == np.floor(values)),
    ),
    "open": ("must be 1 (open) or 0 (closed)", lambda values: (values == 0.0) | (values == 1.0)),
}
"""What the cells of optional columns must be; the others must be at least 0."""

SWAPPED = str.maketrans(",.", ".,")

NO_DAY = np.datetime64("NaT", "D")


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


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows of a table, as read from the file.

    Attributes:
        frame: The cells, NaN where empty; its index has the numbers of the rows.
        layout: The kind of the table.
        faults: Takes what is wrong with them.
        decimal: The mark of decimals.
    """

    frame: pd.DataFrame
    layout: Layout
    faults: Faults
    decimal: str

    def labels(self, column: str) -> tuple[np.ndarray, list[str]]:
        """Code of every row's label in a column ``[n]``, below 0 where there is none, and the
        labels.
        """
        codes, cells = pd.factorize(self.frame[column])
        self._note(column, codes < 0, "must not be empty")
        texts = [text_of(cell) for cell in cells]
        unread = np.array([text is None for text in texts] + [False])[codes]
        self._note(column, unread, "must be UTF-8 text")
        return np.where(unread, -1, codes), [text or "" for text in texts]

    def days(self) -> np.ndarray:
        """The days, datetime64[D] ``[n]``, NaT where there is none."""
        codes, cells = pd.factorize(self.frame["date"])
        read = [read_day(text_of(cell) or "") for cell in cells]
        days = np.array([day for day, _ in read] + [NO_DAY], "datetime64[D]")[codes]
        timed = np.array([is_timed for _, is_timed in read] + [False])[codes]
        rule = "must be a day written as YYYY-MM-DD"
        self._note("date", np.isnat(days) & ~timed, rule)
        shifts = "a time of day may stand for a midnight of another time zone, and so another day"
        self._note("date", timed, f"{rule} ({shifts})", "date with a time")
        return days

    def units(self, returns: str) -> np.ndarray:
        """Units, float32 ``[n]``; below 0 only under the rule "zero"."""
        values = np.nan_to_num(self._numbers(self.layout.units))
        if returns == "error":
            remedy = 'must be at least 0 (returns="zero" reads returned goods as no sales)'
            self._note(self.layout.units, values < 0.0, remedy)
        return values.astype(np.float32)

    def promotion(self) -> np.ndarray:
        """Promotion, 0 where the cell is empty, ``[n]``."""
        values = np.nan_to_num(self._numbers(self.layout.promotion, may_be_empty=True))
        negative = values < 0.0
        self._note(self.layout.promotion, negative, "must be at least 0")
        values = np.where(negative, 0.0, values)
        small = values.clip(0, 255).astype(np.uint8)
        return small if (small == values).all() else values.astype(np.float32)

    def further(self, column: str) -> np.ndarray:
        """An optional column, NaN where the cell is empty, float32 ``[n]``."""
        values = self._numbers(column, may_be_empty=True)
        rule, fits = LIMITS.get(column, NOT_NEGATIVE_RULE)
        bad = ~np.isnan(values) & ~fits(values)
        self._note(column, bad, rule)
        return np.where(bad, np.nan, values).astype(np.float32)

    def _numbers(self, column: str, may_be_empty: bool = False) -> np.ndarray:
        """The numbers of a column, NaN where a cell has none."""
        cells = self.frame[column]
        if self.decimal == "," and not pd.api.types.is_numeric_dtype(cells.dtype):
            cells = cells.map(_swapped)
        given = cells.notna().to_numpy()
        values = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        if column == self.layout.promotion:
            values = np.where(np.isnan(values), _truth(cells), values)
        elif cells.dtype.kind == "b":
            values = np.full(len(cells), np.nan)
        if cells.dtype.kind in "mM":  # times, which are whole numbers inside
            values = np.full(len(cells), np.nan)
        bad = ~(np.abs(values) < LARGEST_NUMBER)
        if may_be_empty:
            bad &= given
        commas = bad & np.array(
            [isinstance(cell, str) and DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells]
            if bad.any()
            else False
        )
        self._note(column, bad & ~commas, "must be a finite number")
        mark, other = ("point", "comma") if self.decimal == "." else ("comma", "point")
        remedy = ' (decimal="," reads commas)' if mark == "point" else ""
        self._note(column, commas, f"must be a number with a decimal {mark}, not a {other}{remedy}")
        return np.where(bad, np.nan, values)

    def _note(self, column: str, bad: np.ndarray, rule: str, kind: str = "") -> None:
        """Take in a fault if any row is bad, with the value and place of the first one."""
        if bad.any():
            row = int(bad.argmax())
            name = "/".join(shown_text(self.frame[key].iloc[row]) for key in self.series_columns)
            date = shown_text(self.frame["date"].iloc[row])[:10]
            place = f"(series {name!r}, date {date}, row {self.frame.index[row] + 1})"
            cell = _shown(self.frame[column].iloc[row])
            message = f"{column} {rule}, got {cell} {place}"
            self.faults.add(f"{kind or column} {rule}", message, number=int(bad.sum()))

    @property
    def series_columns(self) -> tuple[str, ...]:
        """Columns that name the series."""
        return self.layout.series_columns


def _swapped(cell: Any) -> Any:
    """A cell of text with points for commas, and commas for points."""
    return cell.translate(SWAPPED) if isinstance(cell, str) else cell


def _truth(cells: pd.Series) -> np.ndarray:
    """1 where a cell says true, 0 where it says false, in whatever letters; else NaN."""
    if not pd.api.types.is_object_dtype(cells.dtype) and not pd.api.types.is_string_dtype(
        cells.dtype
    ):
        return np.full(len(cells), np.nan)
    codes, words = pd.factorize(cells)
    return np.array([TRUTH.get(str(word).lower(), np.nan) for word in words] + [np.nan])[codes]


def text_of(cell: Any) -> str | None:
    """A label as text, None if it is no text."""
    if not isinstance(cell, bytes):
        return str(cell)
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return None


def shown_text(cell: Any) -> str:
    """A label as it is shown."""
    text = text_of(cell)
    return repr(cell) if text is None else text


def read_day(text: str) -> tuple[np.datetime64, bool]:
    """The day that a text means, NaT if none; and whether that is for a time of day."""
    match = TIMESTAMP.fullmatch(text)
    if match is None:
        return NO_DAY, False
    day, time, _ = match.groups()
    if time is not None and MIDNIGHT.fullmatch(time) is None:
        return NO_DAY, True
    try:
        return np.datetime64(datetime.date.fromisoformat(day), "D"), False
    except ValueError:
        return NO_DAY, False


def _shown(cell: Any) -> str:
    """A cell for a message: numbers as numbers, even in a column of text."""
    if pd.isna(cell):
        return "an empty cell"
    if not isinstance(cell, str):
        return str(cell)
    number = pd.to_numeric(pd.Series([cell]), errors="coerce").iloc[0]
    return repr(cell) if pd.isna(number) else str(number)


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
