"""Files of NumPy arrays (.npz) with the demand of many series."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from inv_gym.products.panel.headings import DAY, Layout

ARRAY_OF_DAYS, ARRAY_OF_UNITS = "date", "units"
"""What the columns of days and units are called."""

EXPECTED = (
    "an .npz file of NumPy with one array of days (datetime64 or text YYYY-MM-DD) and one array of "
    "numbers with two axes or more, one of which is as long as the days; arrays of text or whole "
    "numbers that are as long as another axis name what lies along it"
)


class Arrays(NamedTuple):
    """What such a file holds. D periods, N combinations of what lies along the other axes."""

    days: np.ndarray
    """``[D]`` text."""
    units: np.ndarray
    """``[N, D]``, NaN where there is no row."""
    names: dict[str, np.ndarray]
    """Of each other axis, ``[N]`` text."""


@dataclass(frozen=True)
class NpzFile:
    """An array of sales by series and period. Axes whose length no names have are numbered from 1.

    Negative numbers are returned goods, which arrays of sales are net of.
    """

    path: Path

    @cached_property
    def _arrays(self) -> Arrays:
        """The arrays.

        Raises:
            ValueError: They are others than `EXPECTED`.
        """
        try:
            # opened here, for np.load leaves open what it cannot read
            with self.path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                return _understood(dict(file))
        except (ValueError, OSError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"the demand table {str(self.path)!r} cannot be read ({error}): it must be "
                f"{EXPECTED}."
            ) from error

    @property
    def layout(self) -> Layout:
        """The kind of table."""
        axes = tuple(self._arrays.names)
        return Layout(
            "array of sales", axes, ARRAY_OF_UNITS, "promotion", missing="error", returns="zero"
        )

    def columns(self) -> list[str]:
        """The names of the other axes, the days and the units."""
        return [*self._arrays.names, ARRAY_OF_DAYS, ARRAY_OF_UNITS]

    def cells(self) -> list[str]:
        """The first row."""
        arrays = self._arrays
        return [str(cells[0]) for cells in (*arrays.names.values(), arrays.days, arrays.units[0])]

    def chunks(
        self, names: Sequence[str], text: Sequence[str], columns: Sequence[str], rows: int
    ) -> Iterator[pd.DataFrame]:
        """See `CsvFile`; a number that is NaN is no row."""
        arrays = self._arrays
        step = max(rows // len(arrays.days), 1)
        for first in range(0, len(arrays.units), step):
            units = arrays.units[first : first + step]
            cells = {
                name: np.repeat(labels[first : first + step], len(arrays.days))
                for name, labels in arrays.names.items()
            }
            cells |= {
                ARRAY_OF_DAYS: np.tile(arrays.days, len(units)),
                ARRAY_OF_UNITS: units.ravel(),
            }
            frame = pd.DataFrame(cells)
            yield frame[frame[ARRAY_OF_UNITS].notna()].reset_index(drop=True)


def _understood(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """What the arrays of a file are.

    Raises:
        ValueError: There are no days or no units, or several that may be.
    """
    days_name, days = _only("an array of days", {k: x for k, x in arrays.items() if _are_days(x)})
    units_name, units = _only(
        f"an array of numbers of which one axis has the {len(days)} periods of {days_name!r}",
        {
            name: array
            for name, array in arrays.items()
            if array.ndim > 1 and array.dtype.kind in "iuf" and len(days) in array.shape
        },
    )
    if not units.size:
        raise ValueError(f"the array {units_name!r} is empty")
    along = units.ndim - 1 - units.shape[::-1].index(len(days))
    units = np.moveaxis(units, along, -1)
    others = {name: x for name, x in arrays.items() if name not in (days_name, units_name)}
    places = np.indices(units.shape[:-1]).reshape(units.ndim - 1, -1)
    names = {
        "series" if units.ndim == 2 else f"axis {axis + 1}": _names(others, units.shape, axis)[
            place
        ]
        for axis, place in enumerate(places)
    }
    text = days.astype("datetime64[D]").astype(str)
    return Arrays(text, units.reshape(-1, len(days)), names)


def _are_days(array: np.ndarray) -> bool:
    if array.ndim != 1 or not len(array):
        return False
    is_text = array.dtype.kind == "U" and all(DAY.fullmatch(cell) for cell in array)
    return array.dtype.kind == "M" or is_text


def _names(arrays: Mapping[str, np.ndarray], shape: tuple[int, ...], axis: int) -> np.ndarray:
    """What lies along an axis, as text: as an array of its length names it, else numbers from 1.

    Where several axes are as long, nothing tells which of them is named.
    """
    length = shape[axis]
    fits = [x for x in arrays.values() if x.shape == (length,) and x.dtype.kind in "iuU"]
    if fits and shape[:-1].count(length) == 1 and len(np.unique(fits[0])) == length:
        return fits[0].astype(str)
    return np.arange(1, length + 1).astype(str)


def _only(what: str, fits: Mapping[str, np.ndarray]) -> tuple[str, np.ndarray]:
    """The name and the array of what must be there once.

    Raises:
        ValueError: It is not there, or more than once.
    """
    if len(fits) == 1:
        return next(iter(fits.items()))
    number = f"several ({', '.join(map(repr, fits))})" if fits else "none"
    raise ValueError(f"there must be {what}, and there is {number}")
