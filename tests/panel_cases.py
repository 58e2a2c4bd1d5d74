"""Tables to try demand tables with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from inv_gym import make_problem
from inv_gym.products.batch import HISTORY
from inv_gym.products.panel import Panel, PanelProducts, read_panel

PROBLEM = make_problem("InvLostSales-v0", horizon=5)
WINDOW = HISTORY + PROBLEM.horizon


def written(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text)
    return path


def stored(folder: Path, frame: pd.DataFrame, suffix: str = ".csv") -> Path:
    path = folder / f"table{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return path


def long_table(first: str = "2015-01-01", **series: object) -> pd.DataFrame:
    """A long table of series that all begin on `first`."""
    parts = []
    for name, units in series.items():
        dates = pd.date_range(first, periods=len(np.asarray(units)))
        parts.append(pd.DataFrame({"series": name, "date": dates, "units": np.asarray(units)}))
    return pd.concat(parts, ignore_index=True)


def panel_of(folder: Path, **series: object) -> Panel:
    return read_panel(stored(folder, long_table(**series)))


def table_with_closing_stock(folder: Path) -> Panel:
    """Two series whose shop has 12 units each morning; the second never sells out."""
    rng = np.random.default_rng(6)
    days = pd.date_range("2024-01-01", periods=120)
    parts = []
    for series, mean in (("short", 12.0), ("ample", 3.0)):
        units = np.minimum(rng.poisson(mean, len(days)), 12)
        columns = {"date": days, "units": units, "closing_stock": 12 - units}
        parts.append(pd.DataFrame({"series": series, **columns}))
    return read_panel(stored(folder, pd.concat(parts)))


HEAD = "series,date,units\n"


def rows_of(dates: pd.DatetimeIndex, units: object = 1, **names: object) -> pd.DataFrame:
    """Rows on these dates: the columns are those names, date and units."""
    return pd.DataFrame({**names, "date": dates, "units": units})


def in_stores(frame: pd.DataFrame) -> pd.DataFrame:
    """A long table in the layout of stores."""
    return frame.rename(columns={"series": "store_nbr", "units": "unit_sales"})


def messy_names(names: tuple[str, ...]) -> pd.DataFrame:
    """A row of each of these series on one day."""
    units = np.arange(1, 1 + len(names))
    return pd.DataFrame({"series": list(names), "date": "2024-01-01", "units": units})


def figures_of(source: PanelProducts, position: int | None = None) -> dict[str, np.ndarray]:
    """Prices and costs of every series, known before a position; None for the end of the periods
    that are played.
    """
    every = np.arange(len(source.panel.series))
    end = source.episode_periods.stop if position is None else position
    return source.figures.at(every, np.full(len(every), end))
