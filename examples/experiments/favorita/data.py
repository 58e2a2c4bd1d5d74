"""The three tables of a folder of the Favorita data, and when they are learned from and tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from inv_gym.products.panel import Panel, read_panel


@dataclass(frozen=True)
class FavoritaTable:
    """A table of demand.

    Attributes:
        files: Names of the files that may hold it, the first that is there is read.
        season: Periods after which demand repeats.
        horizon: Periods of an episode.
        training: Last day of the episodes that are trained on.
        validation: First and last day of those that weights are chosen on.
        tests: First and last day of each test period, by name; all lie after the validation.
    """

    files: tuple[str, ...]
    season: int
    horizon: int
    training: str
    validation: tuple[str, str]
    tests: Mapping[str, tuple[str, str]]

    @property
    def is_daily(self) -> bool:
        """Whether its periods are days."""
        return self.season == DAYS_OF_WEEK

    @property
    def halves(self) -> list[tuple[str, str]]:
        """First and last day of the earlier and of the later half of the validation."""
        first, last = (np.datetime64(day) for day in self.validation)
        middle = first + (last - first) // 2
        return [(str(first), str(middle)), (str(middle + 1), str(last))]


DAYS_OF_WEEK = 7
HOLIDAYS_FILE = "holidays_events.csv"
FREE_DAYS = ("Holiday", "Transfer", "Bridge")
"""Types of the days of this file on which people are free, if the holiday was not transferred."""
DAILY_TESTS = {
    "shock": ("2016-04-01", "2016-05-30"),
    "calm": ("2016-07-01", "2016-08-29"),
    "Christmas": ("2016-11-20", "2017-01-18"),
}
VALIDATION = ("2015-11-01", "2016-03-31")
TABLES = {
    "stores": FavoritaTable(
        ("store_daily.parquet", "store_daily.csv"),
        DAYS_OF_WEEK,
        60,
        "2015-10-31",
        VALIDATION,
        DAILY_TESTS,
    ),
    "families": FavoritaTable(
        ("family_store_daily.parquet", "train.csv"),
        DAYS_OF_WEEK,
        60,
        "2015-10-31",
        VALIDATION,
        DAILY_TESTS,
    ),
    "items": FavoritaTable(
        ("item_weekly.parquet", "item_weekly_21stores.npz", "item_weekly.csv"),
        1,
        20,
        "2015-03-31",
        ("2015-04-01", "2015-10-31"),
        {"Christmas": ("2015-11-03", "2016-03-28")},
    ),
}


def read_table(folder: Path, name: str) -> Panel:
    """Read one of `TABLES` from a folder.

    Raises:
        FileNotFoundError: The folder, or all files that may hold the table, are missing.
        ValueError: The file is not as it must be.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {str(folder)!r}: give that of the tables.")
    wanted = TABLES[name].files
    present = [folder / file for file in wanted if (folder / file).is_file()]
    if not present:
        raise FileNotFoundError(
            f"the table of {name} must be one of {', '.join(wanted)}; there is none in "
            f"{str(folder)!r}: add it, or leave the table out (--only)."
        )
    holidays = national_holidays(folder) if TABLES[name].is_daily else None
    return read_panel(present[0], holidays=holidays)


def national_holidays(folder: Path) -> list[str] | None:
    """The holidays of the whole country, YYYY-MM-DD; None if the folder has no file of them.

    Raises:
        ValueError: A column of the file is missing.
    """
    file = folder / HOLIDAYS_FILE
    if not file.is_file():
        return None
    events = pd.read_csv(file, dtype={"date": str})
    missing = {"date", "type", "locale", "transferred"} - {*events.columns}
    if missing:
        raise ValueError(
            f"{HOLIDAYS_FILE} must have the columns date, type, locale and transferred, it lacks "
            f"{', '.join(sorted(missing))}: give the file of the competition, or remove it."
        )
    is_free = events["type"].isin(FREE_DAYS) & (events["locale"] == "National")
    was_moved = events["transferred"].astype(str).str.lower() == "true"
    return events.loc[is_free & ~was_moved, "date"].tolist()
