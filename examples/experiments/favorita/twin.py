"""A made-up twin of the data: tables of the same files, seasons, holidays and a shock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.favorita.data import HOLIDAYS_FILE

FIRST, LAST = "2013-01-01", "2017-08-15"
SHOCK = "2016-04-16"
WEEKDAYS = (0.98, 0.92, 0.92, 0.82, 0.90, 1.20, 1.24)
"""Monday to Sunday, over the mean."""
DECEMBER = 1.38
"""15 to 24 December, over November."""
SHOCK_FACTORS = (1.26, 1.90, 1.68, 1.47, 1.68, 1.23)
"""The days from the one after the shock on, over other days."""
TWIN_SEED = 90_000
TWIN_FAMILIES = ("BEVERAGES", "PRODUCE", "BOOKS")


def day_factors(days: pd.DatetimeIndex) -> np.ndarray:
    """``[D]`` what all stores sell more or less on a day."""
    factors = np.array(WEEKDAYS)[days.day_of_week] * (1.0 + 0.05 * np.sin(days.day_of_year / 58.1))
    factors = np.where((days.month == 12) & (days.day >= 15), factors * DECEMBER, factors)
    after = (days - pd.Timestamp(SHOCK)).days
    inside = (after >= 1) & (after <= len(SHOCK_FACTORS))
    lift = np.array(SHOCK_FACTORS)[np.clip(after - 1, 0, len(SHOCK_FACTORS) - 1)]
    factors = np.where(inside, factors * lift, factors)
    return np.where((days.month == 12) & (days.day == 25), 0.0, factors)


def stores(number: int, rng: np.random.Generator) -> pd.DataFrame:
    """Daily sales of stores."""
    days = pd.date_range(FIRST, LAST)
    parts = []
    for store in range(1, number + 1):
        units = np.rint(rng.lognormal(9.2, 0.4) * day_factors(days) * noise(rng, len(days), 0.1))
        parts.append(pd.DataFrame({"date": days, "store_nbr": store, "unit_sales": units}))
    return pd.concat(parts, ignore_index=True)


def families(number: int, rng: np.random.Generator) -> pd.DataFrame:
    """Daily sales of families in stores, with the number of promoted items."""
    days = pd.date_range(FIRST, LAST)
    parts = []
    for store in range(1, number + 1):
        for family in TWIN_FAMILIES:
            promoted = rng.poisson(6.0, len(days)) * (rng.random(len(days)) < 0.3)
            lift = (1.0 + 0.06 * promoted) * noise(rng, len(days), 0.15)
            mean = rng.lognormal(5.0, 1.0) * day_factors(days) * lift
            columns = {"date": days, "store_nbr": store, "family": family}
            figures = {"sales": rng.poisson(mean).astype(float), "onpromotion": promoted}
            parts.append(pd.DataFrame(columns | figures))
    return pd.concat(parts, ignore_index=True)


def items(number: int, rng: np.random.Generator) -> pd.DataFrame:
    """Weekly sales of items in stores, a long table."""
    days = pd.date_range("2013-01-01", "2016-04-11")
    weeks = len(days) // 7
    season = day_factors(days)[: 7 * weeks].reshape(weeks, 7).mean(1)
    parts = []
    for item in range(number):
        level = rng.lognormal(2.5, 1.0) * np.exp(np.cumsum(rng.normal(0.0, 0.04, weeks)))
        units = rng.poisson(level * season * rng.gamma(8.0, 1 / 8.0, weeks))
        columns = {"series": f"item {item}", "date": days[: 7 * weeks : 7], "units": units}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def holidays() -> pd.DataFrame:
    """Christmas and New Year's Day, with the columns of the competition's file."""
    days = pd.date_range(FIRST, LAST)
    free = days[((days.month == 12) & (days.day == 25)) | ((days.month == 1) & (days.day == 1))]
    told = {"type": "Holiday", "locale": "National", "transferred": False}
    return pd.DataFrame({"date": free.strftime("%Y-%m-%d")} | told)


def noise(rng: np.random.Generator, periods: int, deviation: float) -> np.ndarray:
    """``[D]`` factors that stay above or below 1 for some days."""
    level = np.zeros(periods)
    steps = rng.normal(0.0, deviation, periods)
    for period in range(1, periods):
        level[period] = 0.5 * level[period - 1] + steps[period]
    return np.exp(level)


def write_twin(folder: Path, number: int = 20) -> Path:
    """Write the three tables and the holidays to a folder, which it gives back; `number` stores,
    and ten times as many items.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(TWIN_SEED)
    tables = {
        "store_daily": stores(number, rng),
        "family_store_daily": families(max(number // 3, 1), rng),
        "item_weekly": items(10 * number, rng),
    }
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet")
    holidays().to_csv(folder / HOLIDAYS_FILE, index=False)
    return folder
