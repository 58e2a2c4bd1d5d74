"""Some rows of a demand table, checked cell by cell."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from inv_gym.products.panel.faults import Faults
from inv_gym.products.panel.headings import (
    DAY,
    Layout,
)

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
            values = np.where(np.isnan(values), truth(cells), values)
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


def truth(cells: pd.Series) -> np.ndarray:
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
