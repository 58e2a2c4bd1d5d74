"""What models of demand are trained on: every period of every product is an origin of forecasts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inv_gym.agents.forecasting.grid import scale_of
from inv_gym.products.batch import HISTORY, Products
from inv_gym.tasks.task import Task

TRAINING_SEED = 70_000
"""The seed of the products of a training is this plus the training's; other uses play others."""
ORIGINS_SEED = 80_000
"""Of the products on which weights are chosen."""


class Origins(NamedTuple):
    """N origins, one after the other, of each of B products."""

    demand: np.ndarray
    """``[H + N - 1 + K, B]`` units, NaN where it is not known."""
    covariates: np.ndarray | None
    """``[H + N - 1 + K, B, C]``, or None."""
    horizon: int
    """Periods ahead, K."""

    @classmethod
    def of(cls, products: Products, horizon: int) -> Origins:
        """Those of products whose episodes are known in whole.

        Raises:
            ValueError: The episodes are shorter than the horizon.
        """
        if products.periods < horizon:
            raise ValueError(
                f"episodes must have at least the {horizon} periods of the horizon, got "
                f"{products.periods}: train on a task with a longer horizon, or forecast fewer "
                "periods."
            )
        return cls(np.asarray(products.demand), products.covariates, horizon)

    def rows(self, rows: slice) -> Origins:
        """The origins of some of the products."""
        known = None if self.covariates is None else self.covariates[:, rows]
        return Origins(self.demand[:, rows], known, self.horizon)

    @property
    def number(self) -> int:
        """Origins of each product, N."""
        return len(self.demand) - HISTORY - self.horizon + 1

    @property
    def scale(self) -> np.ndarray:
        """``[N, B]`` mean of the known history of each origin, units."""
        return np.stack([scale_of(self.history(origin)) for origin in range(self.number)])

    @property
    def targets(self) -> np.ndarray:
        """``[N, B, K, 2]`` demand of each period ahead, and of all up to it together, units."""
        ahead = [self.demand[HISTORY + k : HISTORY + k + self.number] for k in range(self.horizon)]
        periods = np.stack(ahead, -1)
        return np.stack([periods, periods.cumsum(-1)], -1)

    @property
    def known_ahead(self) -> np.ndarray | None:
        """``[N, B, K, C]`` covariates of each period ahead."""
        if self.covariates is None:
            return None
        return ahead_of(self.covariates, self.number, self.horizon)

    def history(self, origin: int) -> np.ndarray:
        """``[H, B]`` demand before an origin."""
        return self.demand[origin : origin + HISTORY]

    def window(self, origin: int) -> np.ndarray | None:
        """``[H + K, B, C]`` covariates of an origin's history and horizon."""
        if self.covariates is None:
            return None
        return self.covariates[origin : origin + HISTORY + self.horizon]


def ahead_of(covariates: np.ndarray, number: int, horizon: int) -> np.ndarray:
    """``[N, B, K, C]`` covariates of the periods ahead of each origin, of those
    ``[H + N - 1 + K, B, C]`` of all.
    """
    ahead = [covariates[HISTORY + k : HISTORY + k + number] for k in range(horizon)]
    return np.stack(ahead, 2)


def drawn(task: Task, number: int, seed: int, role: str, horizon: int) -> Origins:
    """The origins of products of a task.

    Raises:
        ValueError: Demand is censored, or the episodes are shorter than the horizon.
    """
    if task.problem.censored:
        raise ValueError(
            "censored must be False to train a forecaster: it learns from demand; train it on "
            "task.changed(censored=False)."
        )
    return Origins.of(task.draw(number, seed, role), horizon)
