"""How often the 95 % intervals of an evaluation hold the truth on real tables, which is known here
because the tables are made up.

python examples/benchmarks/coverage.py [--tables 2000] [--series 8] [--days 200]
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from inv_gym import (
    EconomicsRanges,
    LogUniform,
    LostSales,
    SyntheticProducts,
    Task,
    Uniform,
    evaluate,
)
from inv_gym.demand.ranges import Range, draw
from inv_gym.play.policy import Observation
from inv_gym.play.statistics import half_width
from inv_gym.products.panel import PanelProducts, read_panel
from inv_gym.products.panel.windows import RETAIL
from inv_gym.util.arrays import Array, positive_part

PROBLEM = LostSales(horizon=50)
DRAWN_WINDOWS, TRUE_PRODUCTS, TRUE_SEED = 1000, 200_000, 1_000_000
COVERED_GAPS = ("gap", "product_gap", "money_gap")
SAME_COSTS = EconomicsRanges(price=5.0, margin=0.4, holding_rate=0.02, shortage_rate=0.2)
TABLE_KINDS: dict[str, tuple[Range, EconomicsRanges]] = {
    "same series": (5.0, SAME_COSTS),
    "other demand": (LogUniform(2.0, 20.0), SAME_COSTS),
    "other demand and prices": (
        Uniform(2.0, 12.0),
        EconomicsRanges(price=Uniform(2.0, 8.0), holding_rate=Uniform(0.001, 0.005)),
    ),
    "prices of groceries": (LogUniform(2.0, 20.0), RETAIL),
}
"""What series are drawn from: their mean demand, and their prices and costs."""


@dataclass(frozen=True)
class UpTo:
    """Orders up to a multiple of the mean demand of the history."""

    multiple: float
    knows = "history"

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, 1]``, units."""
        level = self.multiple * np.nanmean(observation.history, 0)
        return positive_part(level - observation.state.on_hand)[:, None]


COMPARED_RULES = {"low": UpTo(1.1), "high": UpTo(1.7)}


def write_table(path: Path, population: str, series: int, days: int, seed: int) -> None:
    """Write the daily sales of Poisson series as a table."""
    rng = np.random.default_rng([seed, series, days])
    mean = draw(TABLE_KINDS[population][0], rng, series)
    dates = (np.datetime64("2024-01-01") + np.arange(days)).astype(str)
    columns = {
        "series": np.repeat([f"table {seed} series {k}" for k in range(series)], days),
        "date": np.tile(dates, series),
        "units": rng.poisson(mean, (days, series)).T.ravel(),
    }
    pd.DataFrame(columns).to_csv(path, index=False)


def intervals_of(task: Task, number: int, seed: int) -> pd.DataFrame:
    """Rows ``mean, low, high`` of the figures of the policy `high`."""
    result = evaluate(task, COMPARED_RULES, number=number, seed=seed)
    row = result.frame.set_index("policy").to_dict("index")["high"]
    reward = row["reward"]
    half = half_width(row["standard_error"], result.facts.get("series", number))
    intervals = {"reward": (reward, reward - half, reward + half)}
    for name in COVERED_GAPS:
        intervals[name] = (row[name], row[f"{name}_low"], row[f"{name}_high"])
    return pd.DataFrame.from_dict(intervals, "index", columns=["mean", "low", "high"])


def truth(population: str) -> pd.Series:
    """The figures over all series that the tables could have had."""
    mean, economics = TABLE_KINDS[population]
    source = SyntheticProducts(("poisson",), mean, economics=economics)
    task = Task(PROBLEM, source, reference="low")
    return intervals_of(task, TRUE_PRODUCTS, TRUE_SEED)["mean"]


def coverage(population: str, series: int, days: int, tables: int) -> pd.Series:
    """Share of the intervals that hold the truth, for each figure; percents of a reference that
    may as well be 0 have none.
    """
    wanted = truth(population)
    held = [
        ((rows.low <= wanted) & (wanted <= rows.high)).where(rows.low.notna())
        for rows in evaluated(population, series, days, tables)
    ]
    return pd.DataFrame(held).astype(float).mean()


def evaluated(population: str, series: int, days: int, tables: int) -> Iterator[pd.DataFrame]:
    """The intervals of each table, written to a file and read as a task."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.csv"
        for seed in range(tables):
            write_table(path, population, series, days, seed)
            source = PanelProducts(read_panel(path), economics=TABLE_KINDS[population][1])
            yield intervals_of(Task(PROBLEM, source, reference="low"), DRAWN_WINDOWS, seed)


def main(
    tables: Annotated[int, typer.Option(min=2, help="Tables of each population.")] = 2000,
    series: Annotated[int, typer.Option(min=2, help="Series of a table.")] = 8,
    days: Annotated[int, typer.Option(min=83, help="Days of a series.")] = 200,
) -> None:
    """Print the coverage of each figure in each population."""
    precision = 100.0 * np.sqrt(0.05 * 0.95 / tables)
    title = f"{tables} tables of {series} series of {days} days: % held (± {precision:.1f})"
    shown = Table("series", "reward", *COVERED_GAPS, title=title)
    for population in TABLE_KINDS:
        held = coverage(population, series, days, tables)
        shown.add_row(population, *(f"{100.0 * share:.1f}" for share in held))
    Console(width=100).print(shown)


if __name__ == "__main__":
    typer.run(main)
