"""Train on the past of your own sales and judge on their future.

python examples/train_on_own_data.py [sales.csv]      (half a minute; without a file: made-up sales)

The table has the columns series, date and units; docs/data.md has the other forms.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import inv_gym
from inv_gym import baselines
from inv_gym.agents import DirectBackprop, TrainingConfig


def write_made_up_sales(folder: str) -> str:
    """A table of 20 series over 400 days, to have something to read."""
    dates = pd.date_range("2024-01-01", periods=400)
    rng = np.random.default_rng(0)
    parts = []
    for series in range(20):
        mean = rng.uniform(3.0, 15.0) * (1.0 + 0.4 * (dates.day_of_week >= 5))
        columns = {"series": f"item {series}", "date": dates, "units": rng.poisson(mean)}
        parts.append(pd.DataFrame(columns))
    path = Path(folder) / "sales.csv"
    pd.concat(parts).to_csv(path, index=False)
    return str(path)


def period(path: str, dates: pd.DatetimeIndex, begin: float, end: float) -> inv_gym.ProductSource:
    """The products of a part of the table's days, given as shares of all days."""
    first, last = (dates[int(share * (len(dates) - 1))] for share in (begin, end))
    days = {"first": str(first.date()), "last": str(last.date())}
    return inv_gym.make_source({"file": path, **days})


def main(path: str) -> None:
    """Train on the first 60 % of the days, choose weights on the next 20 %, test on the rest."""
    dates = pd.DatetimeIndex(sorted(pd.to_datetime(pd.read_csv(path)["date"]).unique()))
    task = inv_gym.Task(
        inv_gym.make_problem("InvLostSalesLeadTime-v0", lead_time=2, horizon=28),
        period(path, dates, 0.8, 1.0),
        training=period(path, dates, 0.0, 0.6),
        validation=period(path, dates, 0.6, 0.8),
    )
    config = TrainingConfig(steps=200, batch=64, check_every=50, validation_products=200)
    agent = DirectBackprop(task, config=config).fit(progress=print)
    heuristics = baselines.policies(task.problem, distribution=False)
    policies = {"DirectBackprop": agent, "base-stock": heuristics["base-stock"]}
    result = inv_gym.evaluate(task, policies, number=200, reference="base-stock")
    shown = result.frame[["policy", "reward", "gap", "fill_rate"]]
    print(shown.to_string(index=False, float_format="%.2f"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as made_up:
            main(write_made_up_sales(made_up))
