"""Made-up slow movers of whose past more or less is known, without lead time: the generalist beside
base-stock.
"""

from __future__ import annotations

from dataclasses import replace

import inv_gym
from experiments.results import Results, table
from experiments.zero_shot.gaps import Measured, read
from experiments.zero_shot.plan import MADE_UP, SLOW_MOVERS
from inv_gym import LogUniform, SyntheticProducts, Task
from inv_gym.agents.training.generalists import GENERALIST
from inv_gym.products.batch import HISTORY

SLOW_RULE = "base-stock"
MEAN_CLASSES = {
    "0.03 to 0.1": (0.03, 0.1),
    "0.1 to 0.3": (0.1, 0.3),
    "0.3 to 1": (0.3, 1.0),
    "1 to 3": (1.0, 3.0),
    "3 to 20": (3.0, 20.0),
}
"""Mean demand per period, units."""


def slow_task(case: str) -> Task:
    """Lost sales without lead time on the products of one of `SLOW_MOVERS`; prices and costs are
    those of the environment.
    """
    family, periods = SLOW_MOVERS[case]
    source = SyntheticProducts(
        families=(family,),
        mean=LogUniform(0.03, 20.0),
        dispersion=LogUniform(0.5, 4.0),
        known_periods=min(periods, HISTORY),
        earlier_periods=max(periods - HISTORY, 0),
        has_sold=True,
    )
    return replace(inv_gym.task("InvLostSales-v0"), source=source)


def slow_movers(results: Results) -> str:
    """A row per kind of demand and of what is known, a column per class of mean demand."""
    rows = []
    for case in SLOW_MOVERS:
        played = read(results, MADE_UP, case)
        if played is not None:
            rows.append([case, *(_gap(played, *bounds) for bounds in MEAN_CLASSES.values())])
    return table(["demand, periods known", *MEAN_CLASSES], rows)


def _gap(played: Measured, low: float, high: float) -> str:
    """That of the generalist on the products of a class, or nothing where they are few."""
    inside = played.within(low, high)
    return "" if inside is None else inside.gap(GENERALIST, SLOW_RULE).text
