"""What policies did over time, with intervals of series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import inv_gym
from inv_gym import Policy, Task
from inv_gym.util.arrays import to_numpy

PATH_DRAWS = 400
"""Times that series are drawn anew."""
PATH_SEED = 97_000


def paths_of(task: Task, players: Mapping[str, Policy], number: int) -> dict[str, Any]:
    """The dates of episodes that all begin together; of each, the demand of all series over its
    mean; and by policy the share of it that was served, %, and the stock left, in periods of mean
    demand; each as its value and the ends of its 95 % interval.
    """
    products = task.draw(number)
    assert products.windows is not None
    start, periods = int(products.windows[0, 1]), task.problem.horizon
    panel = task.source.panel  # type: ignore[attr-defined]
    demand = np.asarray(products.demand[-periods:])
    paths: dict[str, Any] = {
        "dates": [str(date) for date in panel.dates[start : start + periods]],
        "demand": _interval(demand, np.full_like(demand, demand.mean())),
        "policies": {},
    }
    for name, player in players.items():
        played = inv_gym.rollout(task, player, products)
        sales, stock = (np.asarray(to_numpy(played.flow(flow))) for flow in ("sales", "on_hand"))
        paths["policies"][name] = {
            "served": _interval(100.0 * sales, demand),
            "stock": _interval(stock, np.full_like(demand, demand.mean())),
        }
    return paths


def _interval(above: np.ndarray, below: np.ndarray) -> list[list[float]]:
    """Of each period ``[T]`` the ratio of two sums over series ``[T, B]``, and the ends of its
    95 % interval by drawing series anew.
    """
    series = above.shape[1]
    rng = np.random.default_rng(PATH_SEED)
    counts = rng.multinomial(series, np.full(series, 1.0 / series), size=PATH_DRAWS)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (counts @ above.T) / (counts @ below.T)
        value = above.sum(1) / below.sum(1)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    return np.nan_to_num(np.stack([value, low, high], -1), nan=100.0).tolist()
