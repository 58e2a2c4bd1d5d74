"""Long demand tables, one row per series and day, read in chunks and checked row by row.

What is kept are 12 to 16 bytes per row, never the table as a data frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from inv_gym.products.panel.files import RULES, Layout, find_layout, open_table
from inv_gym.util.checks import one_of, whole

LARGEST_NUMBER = 1e30
"""Numbers from here on are refused: their sums would not be finite in float32."""


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


class Mean:
    """Running mean per series over the rows that give a value; the same whatever the chunks."""

    def __init__(self) -> None:
        self.total = np.zeros(0)
        self.count = np.zeros(0)

    def add(self, series: np.ndarray, values: np.ndarray, number: int) -> None:
        """Add values ``[n]``, NaN where there is none, of the given ones of `number` series."""
        given = ~np.isnan(values)
        self.total, self.count = (np.pad(x, (0, number - len(x))) for x in (self.total, self.count))
        np.add.at(self.total, series[given], values[given])
        np.add.at(self.count, series[given], 1.0)

    def values(self, column: str, names: Sequence[str]) -> np.ndarray:
        """The means, ``[series]``.

        Raises:
            ValueError: A series has no value.
        """
        if not self.count.all():
            name = names[int(self.count.argmin())]
            raise ValueError(
                f"{column} of series {name!r} is empty in all its rows: give one, or drop the "
                "column."
            )
        return self.total / self.count


@dataclass
class Table:
    """What has been read of a table."""

    layout: Layout
    columns: Sequence[str]
    """The columns that are read."""
    returns: str
    """Rule for negative units."""
    index: dict[str, int] = field(default_factory=dict)
    """Index of every series, in the order of their first rows."""
    parts: list[Rows] = field(default_factory=list)
    means: dict[str, Mean] = field(default_factory=dict)
    """Of ``price`` and ``cost``, where the table has them."""
    rows: int = 0
    returned: int = 0
    """Rows with negative units that were read as no sales."""

    def add(self, frame: pd.DataFrame) -> None:
        """Check the next rows of the table and take them in.

        Raises:
            ValueError: A cell is bad; the message has its value, series, date and row.
        """
        chunk = Chunk(frame, self.layout, self.rows)
        codes, names = chunk.series()
        series = np.array(
            [self.index.setdefault(name, len(self.index)) for name in names], np.int32
        )[codes]
        day, units = chunk.days(), chunk.units(self.returns)
        promotion = chunk.promotion() if self.layout.promotion in self.columns else None
        for column in (name for name in ("price", "cost") if name in self.columns):
            self.means.setdefault(column, Mean()).add(series, chunk.prices(column), len(self.index))
        self.returned += int((units < 0.0).sum())
        self.parts.append(Rows(day, series, np.maximum(units, 0.0), promotion))
        self.rows += len(frame)

    def prices(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Mean price and cost of every series, ``[series]``, None where the table has no such
        column.

        Raises:
            ValueError: A series has none, or a cost that is not below its price.
        """
        names = list(self.index)
        price, cost = (
            self.means[column].values(column, names) if column in self.means else None
            for column in ("price", "cost")
        )
        if price is not None and cost is not None and (cost >= price).any():
            row = int((cost >= price).argmax())
            raise ValueError(
                f"cost must be below price, got a mean cost of {cost[row]:g} and a mean price of "
                f"{price[row]:g} "
                f"(series {names[row]!r}): correct them, or drop the cost column to have costs "
                "imputed."
            )
        return price, cost


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows of a table, as read from the file.

    Attributes:
        frame: The cells, NaN where empty.
        layout: The kind of the table.
        before: Number of rows of the table that come before.
    """

    frame: pd.DataFrame
    layout: Layout
    before: int

    def series(self) -> tuple[np.ndarray, list[str]]:
        """Code of every row's series ``[n]``, and the names that the codes stand for."""
        codes, names = self._labels(self.layout.series_columns[0])
        for column in self.layout.series_columns[1:]:
            inner, inner_names = self._labels(column)
            codes, pairs = pd.factorize(codes * len(inner_names) + inner)
            names = [
                f"{names[pair // len(inner_names)]}/{inner_names[pair % len(inner_names)]}"
                for pair in pairs
            ]
        return codes, names

    def _labels(self, column: str) -> tuple[np.ndarray, list[str]]:
        codes, labels = pd.factorize(self.frame[column])
        self._refuse(column, codes < 0, "must not be empty")
        return codes, [str(label) for label in labels]

    def days(self) -> np.ndarray:
        """Days since 1970-01-01, int32 ``[n]``."""
        codes, labels = pd.factorize(self.frame["date"])
        text = pd.Series([str(label) for label in labels], dtype=object)
        iso = text.str.extract(
            r"^(\d{4}-\d\d-\d\d)(?:$|[ T])", expand=False
        )  # strict: 01/02/2024 could be two days
        days = (
            pd.to_datetime(iso, format="%Y-%m-%d", errors="coerce")
            .to_numpy()
            .astype("datetime64[D]")
        )
        days = np.append(days, np.datetime64("NaT"))[codes]  # code -1: an empty cell
        self._refuse("date", np.isnat(days), "must be a day written as YYYY-MM-DD")
        return days.astype(np.int64).astype(np.int32)

    def units(self, returns: str) -> np.ndarray:
        """Units, float32 ``[n]``; below 0 only under the rule "zero"."""
        values = self._numbers(self.layout.units)
        if returns == "error":
            remedy = 'must be at least 0 (returns="zero" reads returned goods as no sales)'
            self._refuse(self.layout.units, values < 0.0, remedy)
        return values.astype(np.float32)

    def promotion(self) -> np.ndarray:
        """Promotion, 0 where the cell is empty, ``[n]``."""
        values = np.nan_to_num(self._numbers(self.layout.promotion, may_be_empty=True))
        self._refuse(self.layout.promotion, values < 0.0, "must be at least 0")
        small = values.clip(0, 255).astype(np.uint8)
        return small if (small == values).all() else values.astype(np.float32)

    def prices(self, column: str) -> np.ndarray:
        """Money per unit, NaN where the cell is empty, ``[n]``."""
        values = self._numbers(column, may_be_empty=True)
        self._refuse(column, values <= 0.0, "must be above 0")
        return values

    def _numbers(self, column: str, may_be_empty: bool = False) -> np.ndarray:
        cells = self.frame[column]
        values = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        bad = ~(np.abs(values) < LARGEST_NUMBER)
        self._refuse(
            column,
            bad & cells.notna().to_numpy() if may_be_empty else bad,
            "must be a finite number",
        )
        return values

    def _refuse(self, column: str, bad: np.ndarray, rule: str) -> None:
        """Raise if any row is bad, with the value and place of the first one."""
        if bad.any():
            row = int(bad.argmax())
            name = "/".join(str(self.frame[key].iloc[row]) for key in self.layout.series_columns)
            date = str(self.frame["date"].iloc[row])[:10]
            place = f"(series {name!r}, date {date}, row {self.before + row + 1})"
            raise ValueError(
                f"{column} {rule}, got {_shown(self.frame[column].iloc[row])} {place}."
            )


def _shown(cell: Any) -> str:
    if pd.isna(cell):
        return "an empty cell"
    return repr(cell) if isinstance(cell, str) else str(cell)


def read_table(path: str | Path, returns: str | None, rows_per_chunk: int) -> Table:
    """Read a table from a file.

    Args:
        path: The file, ``.csv``, ``.csv.gz`` or ``.parquet``.
        returns: Rule for negative units, None for that of the layout.
        rows_per_chunk: Rows that are held as a data frame at a time.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file type, the layout or a cell is not as it must be, or there are no rows.
    """
    file = open_table(path)
    found = file.columns()
    layout = find_layout(found)
    columns = [
        column
        for column in found
        if column in (*layout.required, layout.promotion, "price", "cost")
    ]
    table = Table(
        layout, columns, layout.returns if returns is None else one_of("returns", returns, RULES)
    )
    for frame in file.chunks(layout, columns, whole("rows_per_chunk", rows_per_chunk, 1)):
        table.add(frame)
    if not table.rows:
        raise ValueError(f"the demand table {str(path)!r} has no rows.")
    return table
