"""Files with demand tables, read in chunks: text with separators, and Apache Parquet."""

from __future__ import annotations

import csv
import gzip
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from inv_gym.products.panel.arrays import NpzFile
from inv_gym.util.checks import one_of
from inv_gym.util.extras import needs


@dataclass(frozen=True)
class CsvFile:
    """Text, the cells apart by a separator. Only an empty cell is missing: a series may be called
    NA.
    """

    path: Path
    separator: str = ","
    decimal: str = "."

    def columns(self) -> list[str]:
        """The names in the header."""
        with self._explained():
            frame = pd.read_csv(
                self.path,
                sep=self.separator,
                header=None,
                nrows=1,
                dtype=str,
                keep_default_na=False,
            )
            return [str(name) for name in frame.iloc[0]]

    def cells(self) -> list[str]:
        """The first row, however many cells it has; empty if there is none."""
        opened = gzip.open if self.path.name.lower().endswith(".gz") else open
        with self._explained(), opened(self.path, "rt", encoding="utf-8-sig", newline="") as file:
            lines = filter(None, csv.reader(file, delimiter=self.separator))
            return next(islice(lines, 1, None), [])

    def chunks(
        self, names: Sequence[str], text: Sequence[str], columns: Sequence[str], rows: int
    ) -> Iterator[pd.DataFrame]:
        """Data frames of up to `rows` rows.

        Args:
            names: What the columns of the file are called.
            text: Those that are read as text, so that 007 stays 007 and differs from 7.
            columns: Those that are given.
            rows: Rows of a frame.
        """
        numbers = {name: place for place, name in enumerate(names) if name in columns}
        with (
            self._explained(),
            # all columns: usecols would silently drop what is too much in a row, as in the decimal
            # 1,5
            pd.read_csv(
                self.path,
                sep=self.separator,
                header=0,
                names=list(range(len(names))),
                dtype=dict.fromkeys([numbers[name] for name in text], str),
                decimal=self.decimal,
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
                yield frame[[numbers[name] for name in columns]].set_axis(list(columns), axis=1)

    def _explained(self) -> AbstractContextManager[None]:
        marks = "decimal points" if self.decimal == "." else "decimal commas"
        commas = "comma-separated" if self.separator == "," else f"{self.separator!r}-separated"
        return _explained(self.path, f"{commas} UTF-8 text with a header line and {marks}")


@dataclass(frozen=True)
class ParquetFile:
    """Apache Parquet: a file, or a directory of parts."""

    path: Path

    @property
    def parts(self) -> list[Path]:
        """The files, in the order of their names."""
        return sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else [self.path]

    def columns(self) -> list[str]:
        """The names in the schema of the first part."""
        with self._opened(self.parts[0]) as file:
            return list(file.schema_arrow.names)

    def cells(self) -> list[str]:
        """The first row."""
        with self._opened(self.parts[0]) as file:
            for batch in file.iter_batches(batch_size=1):
                return [str(column[0]) for column in batch.columns]
        return []

    def chunks(
        self, names: Sequence[str], text: Sequence[str], columns: Sequence[str], rows: int
    ) -> Iterator[pd.DataFrame]:
        """See `CsvFile`; the file itself tells what is text."""
        theirs = [self.columns()[list(names).index(name)] for name in columns]
        for part in self.parts:
            with self._opened(part) as file:
                lacking = [name for name in theirs if name not in file.schema_arrow.names]
                if lacking:
                    raise ValueError(f"it has no column {', '.join(lacking)}, as the others have")
                for batch in file.iter_batches(batch_size=rows, columns=theirs):
                    # the metadata may make a column the index
                    frame = batch.to_pandas(ignore_metadata=True)
                    yield frame[theirs].set_axis(list(columns), axis=1)

    @contextmanager
    def _opened(self, part: Path) -> Iterator[Any]:
        with needs("tables", "a .parquet table (a .csv does not)"):
            from pyarrow import parquet
        with _explained(part, "a Parquet file"), parquet.ParquetFile(part) as file:
            yield file


@dataclass(frozen=True)
class ExcelFile:
    """The first sheet of an Excel file, with a header in its first row."""

    path: Path

    def columns(self) -> list[str]:
        """The names in the header."""
        return [str(name) for name in self._sheet(0).columns]

    def cells(self) -> list[str]:
        """The first row; empty if there is none."""
        return [str(cell) for row in self._sheet(1).itertuples(index=False) for cell in row]

    def chunks(
        self, names: Sequence[str], text: Sequence[str], columns: Sequence[str], rows: int
    ) -> Iterator[pd.DataFrame]:
        """See `CsvFile`; the sheet is in memory as a whole, and its cells have types."""
        sheet = self._sheet(None).set_axis(list(range(len(names))), axis=1)
        places = [list(names).index(name) for name in columns]
        for first in range(0, len(sheet), rows):
            yield sheet.iloc[first : first + rows][places].set_axis(list(columns), axis=1)

    def _sheet(self, rows: int | None) -> pd.DataFrame:
        """So many rows, or all of them."""
        with (
            needs("excel", "a .xlsx table"),
            _explained(self.path, "an Excel file (.xlsx)"),
        ):
            return pd.read_excel(
                self.path, nrows=rows, dtype=object, keep_default_na=False, na_values=[""]
            )


@contextmanager
def _explained(path: Path, expected: str) -> Iterator[None]:
    """Put the path and the remedy to what a reader refuses."""
    try:
        yield
    except (ValueError, EOFError, KeyError, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        reason = str(error).strip()
        raise ValueError(
            f"the demand table {str(path)!r} cannot be read ({reason}): it must be {expected}."
        ) from error


DECIMALS = (".", ",")
"""Marks of decimals."""

TableFile: TypeAlias = CsvFile | ParquetFile | ExcelFile | NpzFile

FILE_TYPES: dict[str, type[TableFile]] = {
    ".csv": CsvFile,
    ".csv.gz": CsvFile,
    ".parquet": ParquetFile,
    ".xlsx": ExcelFile,
    ".npz": NpzFile,
}
"""The kinds of files, by the end of the name."""


def open_table(path: str | Path, separator: str = ",", decimal: str = ".") -> TableFile:
    """The file of a table, by the end of its name; a directory has parts in Parquet.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: It is no path.
        ValueError: Tables are not read from that type of file, or a directory has no parts.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"a table must be given as the path of a file, got {path!r}.")
    path = Path(path)
    one_of("decimal", decimal, DECIMALS)
    if path.is_dir():
        directory = ParquetFile(_without_marks(path, separator, decimal))
        if not directory.parts:
            raise ValueError(f"the directory {str(path)!r} has no .parquet files: give a table.")
        return directory
    if not path.is_file():
        raise FileNotFoundError(f"there is no demand table {str(path)!r}.")
    suffix = next(
        (ending for ending in FILE_TYPES if path.name.lower().endswith(ending)), path.suffix
    )
    kind = FILE_TYPES[one_of("type of demand table", suffix, FILE_TYPES)]
    if kind is CsvFile:
        return CsvFile(path, checked_separator(separator), _apart(decimal, separator))
    return kind(_without_marks(path, separator, decimal))


def _apart(decimal: str, separator: str) -> str:
    """The decimal mark.

    Raises:
        ValueError: It separates the cells, too.
    """
    if decimal == separator:
        raise ValueError(
            f"decimal and separator must differ, got {decimal!r} for both: give the separator of "
            "the cells, such as separator=';'."
        )
    return decimal


def _without_marks(path: Path, separator: str, decimal: str) -> Path:
    """The path of a table that has no separator, and no decimal mark.

    Raises:
        ValueError: One was given.
    """
    kinds = {".xlsx": "an Excel", ".npz": "an .npz"}
    kind = kinds.get(path.suffix.lower(), "a Parquet")
    if separator != ",":
        raise ValueError(f"{kind} table has no separator, got {separator!r}: leave it out.")
    if decimal != ".":
        raise ValueError(f"{kind} table has no decimal mark, got {decimal!r}: leave it out.")
    return path


def checked_separator(separator: str) -> str:
    r"""The character that separates cells; ``tab`` and a written-out ``\t`` are the tab.

    Raises:
        TypeError: It is no text.
        ValueError: It is not one character.
    """
    if not isinstance(separator, str):
        raise TypeError(f"separator must be one character or tab, got {separator!r}.")
    character = {"tab": "\t", "\\t": "\t"}.get(separator, separator)
    if len(character) != 1 or not character.isascii() or character in '"\n\r\0':
        raise ValueError(f"separator must be one ASCII character or tab, got {separator!r}.")
    return character
