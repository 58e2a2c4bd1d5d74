"""Files with long demand tables, and the layouts they are recognised by."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from inv_gym.util.checks import one_of

RULES = ("error", "zero")
"""What to do with a day without a row, and with negative units: refuse it, or read it as no sales.
"""


@dataclass(frozen=True)
class Layout:
    """A kind of table, told by the names of its columns. All have ``date``; all may have ``price``
    and ``cost``.

    Attributes:
        name: What the kind is called.
        series_columns: Columns whose values, joined by "/", name a series.
        units: Column of the units sold.
        promotion: Column of the promotion (true or false, or a number such as the promoted items);
            may be absent.
        missing: Rule for days without a row between the first and the last row of a series.
        returns: Rule for negative units.
    """

    name: str
    series_columns: tuple[str, ...]
    units: str
    promotion: str
    missing: str
    returns: str

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that the table must have."""
        return (*self.series_columns, "date", self.units)


LAYOUTS = (
    Layout("long table", ("series",), "units", "promotion", missing="error", returns="error"),
    Layout(
        "Kaggle Favorita",
        ("store_nbr", "item_nbr"),
        "unit_sales",
        "onpromotion",
        missing="zero",
        returns="zero",
    ),
    Layout(
        "Kaggle Store Sales",
        ("store_nbr", "family"),
        "sales",
        "onpromotion",
        missing="zero",
        returns="zero",
    ),
    Layout("stores", ("store_nbr",), "unit_sales", "onpromotion", missing="zero", returns="zero"),
)
"""The first one whose columns are all there is taken. In the Kaggle tables a row is absent where
nothing was sold, and negative units are returned goods."""


def find_layout(columns: Sequence[str]) -> Layout:
    """The layout with these columns; others may be among them.

    Raises:
        ValueError: There is none; the message lists the columns found and the layouts.
    """
    for layout in LAYOUTS:
        if set(layout.required) <= set(columns):
            return layout
    known = "; ".join(f"{', '.join(layout.required)} ({layout.name})" for layout in LAYOUTS)
    raise ValueError(
        f"the demand table has the columns {', '.join(columns)}, which are no known layout: rename "
        "them to "
        f"one of: {known}."
    )


@dataclass(frozen=True)
class CsvFile:
    """Comma-separated values. Only an empty cell is missing: a series may be called NA."""

    path: Path

    def columns(self) -> list[str]:
        """The names in the header."""
        with self._explained():
            return list(pd.read_csv(self.path, nrows=0).columns)

    def chunks(self, layout: Layout, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        """Data frames of up to `rows` rows with these columns."""
        with (
            self._explained(),
            # all columns: usecols would silently drop what is too much in a row, as in the decimal
            # 1,5
            pd.read_csv(
                self.path,
                dtype=dict.fromkeys(
                    (*layout.series_columns, "date"), "category"
                ),  # text, so that 007 stays 007
                chunksize=rows,
                keep_default_na=False,
                na_values=[""],
                low_memory=False,  # one type per column and chunk; the chunks bound the memory
            ) as reader,
        ):
            for frame in reader:
                if not isinstance(
                    frame.index, pd.RangeIndex
                ):  # pandas takes the first column for an index
                    raise ValueError("the first row has more cells than the header")
                yield frame[list(columns)]

    def _explained(self) -> AbstractContextManager[None]:
        return _explained(
            self.path, "comma-separated UTF-8 text with a header line and decimal points"
        )


@dataclass(frozen=True)
class ParquetFile:
    """Apache Parquet."""

    path: Path

    def columns(self) -> list[str]:
        """The names in the schema."""
        with self._opened() as file:
            return list(file.schema_arrow.names)

    def chunks(self, layout: Layout, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
        """Data frames of up to `rows` rows with these columns."""
        with self._opened() as file:
            for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
                yield batch.to_pandas(
                    ignore_metadata=True
                )  # the metadata may make a column the index

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            from pyarrow import parquet
        except ImportError as error:
            raise ImportError(
                "a .parquet table needs pyarrow: pip install 'inv-gym[tables]', or give a .csv."
            ) from error
        with _explained(self.path, "a Parquet file"), parquet.ParquetFile(self.path) as file:
            yield file


@contextmanager
def _explained(path: Path, expected: str) -> Iterator[None]:
    """Put the path and the remedy to what a reader refuses."""
    try:
        yield
    except (ValueError, EOFError, gzip.BadGzipFile) as error:
        reason = str(error).strip()
        raise ValueError(
            f"the demand table {str(path)!r} cannot be read ({reason}): it must be {expected}."
        ) from error


FILE_TYPES: dict[str, type[CsvFile] | type[ParquetFile]] = {
    ".csv": CsvFile,
    ".csv.gz": CsvFile,
    ".parquet": ParquetFile,
}
"""By the end of the file's name."""


def open_table(path: str | Path) -> CsvFile | ParquetFile:
    """The file of a table, by the end of its name.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Tables are not read from that type of file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no demand table {str(path)!r}.")
    suffix = next(
        (ending for ending in FILE_TYPES if path.name.lower().endswith(ending)), path.suffix
    )
    return FILE_TYPES[one_of("type of demand table", suffix, FILE_TYPES)](path)
