"""How long large tables take to read, and the memory that it takes.

The tables are made up and written to a temporary folder: a sparse one, of 100,000 series over four
years with a million rows, and a dense one, of 20 million rows; with --kaggle one of 10 million rows
in the layout of the item-level train.csv of Kaggle's Favorita competition, day by day. Each is read
in a process of its own. Printed are seconds, seconds of CPU time and the peak of the resident
memory.

Run: ``python examples/benchmarks/reading.py [--scale 0.01] [--csv] [--kaggle]``
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

FIRST_DAY = np.datetime64("2020-01-01", "D")
YEARS = 4 * 365 + 1
SPARSE = (100_000, YEARS, 1_000_000)
DENSE = (20_000, 1_000, 20_000_000)
"""Series, days and rows."""
KAGGLE_STORES, KAGGLE_ITEMS, KAGGLE_DAYS, KAGGLE_ROWS = 54, 1_000, 400, 10_000_000
RETURNED, PROMOTED = 0.001, 0.06
"""Shares of rows with negative units, and with a promotion."""
WITHOUT_PROMOTIONS = 100
"""Days at the start on which the column of promotions is empty."""

ROWS_WRITTEN = 1_000_000
"""Rows that are made up in one go."""


def make_table(path: Path, series: int, days: int, rows: int, seed: int = 0) -> None:
    """Write a table whose rows lie on different days of each series, sorted by series and day."""
    rng = np.random.default_rng(seed)
    cells = np.arange(rows) if rows == series * days else draw_cells(rng, series, days, rows)
    dates = np.datetime_as_string(FIRST_DAY + np.arange(days)).astype(object)
    names = np.array([f"item-{number:06d}" for number in range(series)], object)
    with open(path, "w") if path.suffix == ".csv" else nullcontext() as text:
        writer = None
        for first in range(0, len(cells), ROWS_WRITTEN):
            some = cells[first : first + ROWS_WRITTEN]
            columns = {"series": names[some // days], "date": dates[some % days]}
            frame = pd.DataFrame(columns | {"units": rng.poisson(2.0, len(some))})
            if text is not None:
                frame.to_csv(text, index=False, header=first == 0)
                continue
            part = pa.Table.from_pandas(frame)
            writer = writer or parquet.ParquetWriter(path, part.schema)
            writer.write_table(part)
        if writer is not None:
            writer.close()


def draw_cells(rng: np.random.Generator, series: int, days: int, rows: int) -> np.ndarray:
    """Cells of the matrix of series by days that have a row, each at most once, in order."""
    return np.unique(rng.integers(series * days, size=rows))


def make_kaggle_table(path: Path, scale: float, seed: int = 0) -> None:
    """Write a CSV in Kaggle's layout: a row for each store and item that sold something on a day,
    sorted by day; some rows are returned goods, and the promotion is empty at first.
    """
    rng = np.random.default_rng(seed)
    items = max(int(KAGGLE_ITEMS * scale), 1)
    series = KAGGLE_STORES * items
    share = KAGGLE_ROWS / (KAGGLE_STORES * KAGGLE_ITEMS * KAGGLE_DAYS)
    writer, written = None, 0
    for number in range(KAGGLE_DAYS):
        sold = np.flatnonzero(rng.random(series) < share)
        amounts = rng.gamma(1.5, 4.0, len(sold)).round(3)
        units = np.where(sold % 3 == 0, amounts, np.ceil(amounts))  # a third is sold by weight
        returned = rng.random(len(sold)) < RETURNED
        promoted = np.where(rng.random(len(sold)) < PROMOTED, "True", "False")
        columns = {
            "id": np.arange(written, written + len(sold)),
            "date": np.full(len(sold), str(FIRST_DAY + number)),
            "store_nbr": 1 + sold // items,
            "item_nbr": 96_995 + 7 * (sold % items),
            "unit_sales": np.where(returned, -units, units),
            "onpromotion": pa.array(promoted, mask=np.full(len(sold), number < WITHOUT_PROMOTIONS)),
        }
        part = pa.table(columns)
        writer = writer or csv.CSVWriter(path, part.schema)
        writer.write_table(part)
        written += len(sold)
    assert writer is not None
    writer.close()


def read(path: str) -> None:
    """Read a table and print what it took."""
    from inv_gym.products.panel import read_panel

    begin, cpu = time.perf_counter(), time.process_time()
    panel = read_panel(path, missing="zero")
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{Path(path).name}: {len(panel.series):,} series, {len(panel.dates):,} days, "
        f"{len(panel.units.values):,} rows: {seconds:.1f} s, {cpu:.1f} s of CPU, {peak:.2f} GB"
    )


def main() -> None:
    """Make up the tables and read each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="Share of the series.")
    parser.add_argument("--csv", action="store_true", help="Text in place of Parquet.")
    parser.add_argument("--kaggle", action="store_true", help="The table in Kaggle's layout alone.")
    parser.add_argument("--read", help="Read this table, and make up none.")
    options = parser.parse_args()
    if options.read:
        read(options.read)
        return
    suffix = ".csv" if options.csv else ".parquet"
    with tempfile.TemporaryDirectory() as folder:
        if options.kaggle:
            path = Path(folder) / "train.csv"
            make_kaggle_table(path, options.scale)
            subprocess.run([sys.executable, __file__, "--read", str(path)], check=True)
            return
        for name, (series, days, rows) in {"sparse": SPARSE, "dense": DENSE}.items():
            path = Path(folder) / f"{name}{suffix}"
            make_table(path, int(series * options.scale), days, int(rows * options.scale))
            subprocess.run([sys.executable, __file__, "--read", str(path)], check=True)


if __name__ == "__main__":
    main()
