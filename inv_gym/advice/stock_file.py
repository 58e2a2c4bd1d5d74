"""A file with the stock of each series, and what is on order: read, and checked row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from inv_gym.products.panel.chunk import (
    LARGEST_NUMBER,
    LIMITS,
    NO_DAY,
    NOT_NEGATIVE_RULE,
    SWAPPED,
    read_day,
    truth,
)
from inv_gym.products.panel.faults import Faults
from inv_gym.products.panel.files import CsvFile, TableFile, checked_separator, open_table
from inv_gym.products.panel.headings import COSTS, LAYOUTS, PRICES, SERIES_FIGURES, listed
from inv_gym.products.panel.headings import other_separator as found_separator
from inv_gym.products.panel.table import joined

UNITS, DAYS = ("on_hand", "on_order"), ("due", "expires")
STOCK_FIGURES = (*PRICES, *COSTS, *SERIES_FIGURES)
"""Columns with one number per series, in place of that of the table of sales."""
PROMOTION = "promotion"
"""Column with today's promotion of each series, in units of the table of sales."""
STOCK_COLUMNS = ("series", *UNITS, *DAYS, *STOCK_FIGURES, PROMOTION)
ROWS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class StockFile:
    """The rows of a stock file.

    Attributes:
        names: Of the series, in the order of their first rows.
        code: ``[N]`` which of them a row is of.
        on_hand: ``[N]`` units, NaN where the cell is empty.
        on_order: ``[N]`` units, NaN where the cell is empty.
        due: ``[N]`` the day on which they arrive, NaT without one.
        expires: ``[N]`` the last day on which what is on hand can be sold, NaT where none is given.
        figures: ``[S]`` prices, costs, lead times, shelf lives, limits of orders and today's
            promotion by their names, NaN where none is given.
    """

    names: tuple[str, ...]
    code: np.ndarray
    on_hand: np.ndarray
    on_order: np.ndarray
    due: np.ndarray
    expires: np.ndarray
    figures: Mapping[str, np.ndarray]


def read_stock(
    path: str | Path | pd.DataFrame,
    *,
    separator: str = ",",
    columns: Mapping[str, str] | None = None,
    decimal: str = ".",
) -> StockFile:
    """Read a stock file: a row per series, and further ones for what is on order or expires on
    other days.

    Columns: ``series`` (or those that name a series in the Kaggle tables) and ``on_hand``, units;
    optional ``expires``, the last day on which these units can be sold; ``on_order``, units, and
    ``due``, the day on which they arrive; those of `STOCK_FIGURES`; and ``promotion``, that of
    today. Others are ignored.

    Args:
        path: The file, ``.csv``, ``.csv.gz``, ``.parquet`` or ``.xlsx`` (its first sheet), or a
            frame.
        separator: Between the cells of a text file; one that the header has alone is found.
        columns: The file's names of columns by ours; those that it does not have are passed over.
        decimal: The mark of decimals in a text file.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: Reading Excel needs openpyxl, and Parquet pyarrow.
        ValueError: Columns or cells are not as they must be; the message names all that is wrong.
    """
    frame, decimal = _frame(path, separator, decimal)
    frame = _named(frame, columns or {})
    faults = Faults()
    cells = _StockCells(frame, decimal, faults)
    code, names = cells.series()
    units = {name: cells.numbers(name) for name in UNITS}
    days = {name: cells.days(name) for name in DAYS}
    cells.check_rows(code, names, units, days)
    per_series = [name for name in (*STOCK_FIGURES, PROMOTION) if name in frame.columns]
    figures = {name: cells.figure(name, code, names) for name in per_series}
    if faults:
        raise ValueError(str(faults.error).replace("demand table", "stock file"))
    return StockFile(names, code, **units, **days, figures=figures)


def _frame(
    path: str | Path | pd.DataFrame, separator: str, decimal: str
) -> tuple[pd.DataFrame, str]:
    """The cells of a file as they stand there, and the mark of decimals in their text."""
    if isinstance(path, pd.DataFrame):
        return path.reset_index(drop=True), decimal
    file = open_table(path)
    if not isinstance(file, CsvFile):
        return _joined(file), decimal
    text = CsvFile(file.path, checked_separator(separator))
    mark = found_separator(text.columns(), text.separator) or text.separator
    return _joined(CsvFile(text.path, mark)), "." if mark == decimal else decimal


def _joined(file: TableFile) -> pd.DataFrame:
    """All rows of a file; those of a text file are text."""
    names = file.columns()
    frames = list(file.chunks(names, names, names, ROWS_AT_ONCE))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=names)


def _named(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """The frame with our names of columns, and one column that names the series.

    Raises:
        ValueError: A column is missing, or there twice.
    """
    back = {theirs: ours for ours, theirs in columns.items() if theirs in frame.columns}
    back |= {layout.promotion: PROMOTION for layout in LAYOUTS}
    frame = frame.set_axis([back.get(str(name), str(name)) for name in frame.columns], axis=1)
    parts = next((x.series_columns for x in LAYOUTS if set(x.series_columns) <= {*frame}), ())
    missing = [name for name in ("on_hand",) if name not in frame]
    missing += [] if parts else ["series"]
    if missing:
        raise ValueError(
            f"the stock file has no column {' and '.join(missing)}; it has "
            f"{listed(list(frame.columns))}: rename its columns, or give them with columns="
            '{"series": ...}.'
        )
    twice = [name for name in (*parts, *STOCK_COLUMNS) if list(frame.columns).count(name) > 1]
    if twice:
        raise ValueError(
            f"the stock file has more than one column {twice[0]!r}: rename or drop all but one."
        )
    if parts != ("series",):
        names = [frame[part].map(_text) for part in parts]
        frame = frame.assign(series=[_joined_name(cells) for cells in zip(*names, strict=True)])
    return frame


def _joined_name(cells: tuple[str, ...]) -> str:
    """The name of a series of one or two parts, as a table of sales joins them."""
    return cells[0] if len(cells) == 1 else joined(*cells)


def _text(cell: Any) -> str:
    """A cell as text, empty if there is nothing in it."""
    return "" if pd.isna(cell) else str(cell)


@dataclass(frozen=True)
class _StockCells:
    """The cells of a stock file.

    Attributes:
        frame: With our names of columns.
        decimal: The mark of decimals in text.
        faults: Takes what is wrong.
    """

    frame: pd.DataFrame
    decimal: str
    faults: Faults

    def series(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """Which series each row is of, ``[N]``, and the names of the series."""
        texts = self.frame["series"].map(_text)
        self.note("series", (texts == "").to_numpy(bool), "must not be empty")
        code, names = pd.factorize(texts)
        return code, tuple(map(str, names))

    def numbers(self, column: str) -> np.ndarray:
        """A column of numbers ``[N]``, NaN where it is empty."""
        if column not in self.frame:
            return np.full(len(self.frame), np.nan)
        cells = self.frame[column]
        given = np.array([_text(cell) != "" for cell in cells], bool)
        if self.decimal == ",":
            cells = cells.map(lambda x: x.translate(SWAPPED) if isinstance(x, str) else x)
        values = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        if column == PROMOTION:
            values = np.where(np.isnan(values), truth(cells), values)
        bad = given & ~(np.abs(values) < LARGEST_NUMBER)
        self.note(column, bad, "must be a finite number")
        return np.where(bad, np.nan, values)

    def days(self, column: str) -> np.ndarray:
        """A column of days ``[N]``, NaT where it is empty."""
        if column not in self.frame:
            return np.full(len(self.frame), NO_DAY)
        texts = [_text(cell) for cell in self.frame[column]]
        days = np.array([read_day(text)[0] for text in texts], "datetime64[D]")
        bad = np.isnat(days) & np.array([text != "" for text in texts], bool)
        self.note(column, bad, "must be a day written as YYYY-MM-DD")
        return days

    def figure(self, column: str, code: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
        """The number of each series in a column, ``[S]``, NaN where none is given."""
        values = self.numbers(column)
        rule, fits = LIMITS.get(column, NOT_NEGATIVE_RULE)
        self.note(column, ~np.isnan(values) & ~fits(np.nan_to_num(values, nan=1.0)), rule)
        low, high = np.full(len(names), np.nan), np.full(len(names), np.nan)
        np.fmin.at(low, code, values)
        np.fmax.at(high, code, values)
        several = low < high
        if several.any():
            place = int(several.argmax())
            self.faults.add(
                f"several {column}",
                f"{column} must be one number per series, got {low[place]:g} and {high[place]:g} "
                f"(series {names[place]!r})",
                "correct it",
                int(several.sum()),
            )
        return low

    def check_rows(
        self,
        code: np.ndarray,
        names: tuple[str, ...],
        units: Mapping[str, np.ndarray],
        days: Mapping[str, np.ndarray],
    ) -> None:
        """Take in what does not go together: units on order without a day, and stock that is given
        twice.
        """
        on_order, on_hand = units["on_order"], units["on_hand"]
        undated = (np.nan_to_num(on_order) != 0.0) & np.isnat(days["due"])
        self.note("on_order", undated, "must have the day on which it is due")
        again = pd.DataFrame({"code": code, "expires": days["expires"]})[~np.isnan(on_hand)]
        twice = np.zeros(len(code), bool)
        twice[again.index[again.duplicated()]] = True
        rule = "must be given once for a series and day of expiry (add it up)"
        self.note("on_hand", twice, rule)

    def note(self, column: str, bad: np.ndarray, rule: str) -> None:
        """Take in a fault if any row is bad, with the value and place of the first one."""
        if bad.any():
            row = int(bad.argmax())
            cell, name = _text(self.frame[column].iloc[row]), _text(self.frame["series"].iloc[row])
            place = f"(series {name!r}, row {row + 1})"
            message = f"{column} {rule}, got {cell or 'an empty cell'} {place}"
            self.faults.add(f"{column} {rule}", message, number=int(bad.sum()))
