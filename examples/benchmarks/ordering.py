"""How long today's orders of a large table take, and the memory that it takes.

A table of 10,000 series over 2,000 days, 20 million rows of Parquet, is made up in a temporary
folder, with a stock file beside it. `inv-gym order` answers it in a process of its own. Printed are
seconds, seconds of CPU time and the peak of the resident memory.

cd examples && python -m benchmarks.ordering [--scale 0.01] [--lead-time 7] [--policy auto]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.reading import make_table

ORDERED_SERIES, ORDERED_DAYS = 10_000, 2_000


def make_stock(path: Path, series: int) -> None:
    """Write a stock file of the series of `make_table`, each with a few units on hand."""
    rng = np.random.default_rng(0)
    names = [f"item-{number:06d}" for number in range(series)]
    pd.DataFrame({"series": names, "on_hand": rng.poisson(6.0, series)}).to_csv(path, index=False)


def main() -> None:
    """Make up the files, order once, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="Share of the series.")
    parser.add_argument("--lead-time", type=int, default=7, help="Periods.")
    parser.add_argument("--policy", default="auto", help="Who orders.")
    options = parser.parse_args()
    series = max(int(ORDERED_SERIES * options.scale), 1)
    with tempfile.TemporaryDirectory() as folder:
        sales, stock, orders = (Path(folder) / name for name in ("s.parquet", "s.csv", "o.csv"))
        make_table(sales, series, ORDERED_DAYS, series * ORDERED_DAYS)
        make_stock(stock, series)
        command = [sys.executable, "-m", "inv_gym", "order", "--data", sales, "--stock", stock]
        command += ["--lead-time", str(options.lead_time), "--policy", options.policy]
        begin = time.perf_counter()
        subprocess.run([*map(str, command), "--out", str(orders)], check=True)
        seconds = time.perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{series:,} series, {ORDERED_DAYS:,} days: {seconds:.1f} s, "
        f"{used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss / 2**20:.2f} GB"
    )


if __name__ == "__main__":
    main()
