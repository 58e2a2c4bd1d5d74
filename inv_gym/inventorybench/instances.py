"""The instances of the benchmark, as they lie on a user's disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

BENCH_SETTINGS = {"lead_time_0": 0, "lead_time_4": 4, "lead_time_stochastic": 2}
"""The lead time that each setting promises, periods."""
RANDOM = "lead_time_stochastic"
"""The setting in which each order has a lead time of its own, or never arrives."""
TRAINING_FILE, TEST_FILE = FILES = ("train.csv", "test.csv")
DATES, DEMAND_COLUMN = "exact_dates_", "demand_"
PROFIT, HOLDING, LEAD_TIME_COLUMN = "profit_", "holding_cost_", "lead_time_"
"""Beginnings of the names of columns; the article's name follows."""
FAULTS_SHOWN = 5
"""Faults that an error lists."""


@dataclass(frozen=True, eq=False)
class Instance:
    """One article in one setting.

    Attributes:
        name: Its folder below the benchmark's, with "/" between the parts.
        setting: One of `BENCH_SETTINGS`.
        profit: Money per unit sold.
        holding_cost: Money per unit on hand at the end of a period.
        known: ``[N]`` demand before the start, units.
        demand: ``[T]`` demand of the periods that are played, units.
        lead_times: ``[T]`` periods until the order of each period arrives; infinite: never.
    """

    name: str
    setting: str
    profit: float
    holding_cost: float
    known: np.ndarray
    demand: np.ndarray
    lead_times: np.ndarray

    @property
    def promised_lead_time(self) -> int:
        """Periods."""
        return BENCH_SETTINGS[self.setting]

    @property
    def perfect(self) -> float:
        """The reward of who sells everything and holds nothing, money."""
        return float(self.profit * self.demand.sum())


def read_benchmark(folder: str | Path) -> list[Instance]:
    """All instances below a folder, in the order of their names.

    Raises:
        FileNotFoundError: There is no such folder, or no instance in it.
        ValueError: Folders or files are not as they must be; the first faults are listed.
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {str(folder)!r}: give the benchmark's folder.")
    places = sorted({path.parent for path in root.rglob("*.csv") if path.name in FILES})
    if not places:
        raise FileNotFoundError(
            f"there is no {TRAINING_FILE} with a {TEST_FILE} below {str(folder)!r}: give the "
            "folder 'benchmark' of the board's repository."
        )
    instances, faults = [], []
    for place in places:
        try:
            instances.append(read_instance(place, place.relative_to(root).as_posix()))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        more = len(faults) - FAULTS_SHOWN
        shown = faults[:FAULTS_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        raise ValueError(f"{len(faults)} instances cannot be read: " + " ".join(shown))
    return instances


def read_instance(folder: Path, name: str) -> Instance:
    """The instance of a folder.

    Raises:
        ValueError: A file or column is missing, a cell is no such number as it must be, or the
            folder lies in none of `BENCH_SETTINGS`; the message names the file.
    """
    settings = [part for part in name.split("/") if part in BENCH_SETTINGS]
    if len(settings) != 1:
        raise ValueError(f"{name} must lie in one of the folders {', '.join(BENCH_SETTINGS)}.")
    missing = [file for file in FILES if not (folder / file).is_file()]
    if missing:
        raise ValueError(f"{name} lacks {missing[0]}.")
    training, test = (_BenchCells(folder / file, f"{name}/{file}") for file in FILES)
    demand = test.numbers(DEMAND_COLUMN)
    return Instance(
        name,
        settings[0],
        test.constant(PROFIT, above=0.0),
        test.constant(HOLDING),
        training.numbers(DEMAND_COLUMN),
        demand,
        test.numbers(LEAD_TIME_COLUMN, infinite=True),
    )


class _BenchCells:
    """The cells of a file, by the beginnings of the names of its columns."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        try:
            self.frame = pd.read_csv(path)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise ValueError(f"{name} is no table in text ({error}).") from None
        if self.frame.empty:
            raise ValueError(f"{name} has no rows.")

    def numbers(self, start: str, infinite: bool = False) -> np.ndarray:
        """The numbers of the one column that begins so, at least 0."""
        columns = [column for column in self.frame.columns if column.startswith(start)]
        if len(columns) != 1:
            raise ValueError(
                f"{self.name} must have one column {start}ID, got {', '.join(self.frame.columns)}."
            )
        values = pd.to_numeric(self.frame[columns[0]], errors="coerce").to_numpy(float)
        bad = ~(values >= 0.0) | (np.isinf(values) & (not infinite))
        if bad.any():
            row = int(bad.argmax())
            cell = self.frame[columns[0]].iloc[row]
            rule = "a number of at least 0" + (" or inf" if infinite else "")
            raise ValueError(
                f"{columns[0]} of {self.name} must be {rule}, got {cell} in row {row + 1}."
            )
        return values

    def constant(self, start: str, above: float = -1.0) -> float:
        """The number of a column that has the same in each row."""
        values = self.numbers(start)
        if (values != values[0]).any() or values[0] <= above:
            raise ValueError(
                f"{start}ID of {self.name} must be the same number in each row, above "
                f"{max(above, 0.0):g} for a profit; got {values.min():g} to {values.max():g}."
            )
        return float(values[0])


def groups(instances: list[Instance]) -> Iterator[list[int]]:
    """Numbers of the instances that can be played together: of one setting and as many periods."""
    keys = [(instance.setting, len(instance.demand)) for instance in instances]
    for key in dict.fromkeys(keys):
        yield [number for number, other in enumerate(keys) if other == key]
