"""The training days of a table, with made-up products like them: more to learn from than a table
of few products or days has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products, concatenate
from inv_gym.products.likeness import LikeTable, PlayedTable, population_like
from inv_gym.products.sources import Extras, ProductSource, extras_of


@dataclass(frozen=True)
class AugmentedTable:
    """Half the products are windows of a table, and half are made up like these.

    Made-up products know no covariates: those of the table are 0 for them, which is the mean of the
    phases of a calendar, and no promotion. So it is meant for networks without covariates, as the
    generalists are.

    Attributes:
        windows: Of the table.
        like: The made-up products.
    """

    windows: ProductSource
    like: LikeTable

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the table, and that half the products are made up."""
        return (*self.windows.notes, "half of the products are made up like those of the table")

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """Those of the table."""
        return self.windows.covariate_names

    @property
    def largest_scale(self) -> float:
        """The larger of both."""
        return max(self.windows.largest_scale, self.like.largest_scale)

    @property
    def extras(self) -> Extras:
        """What products of either may have."""
        return Extras(*map(any, zip(extras_of(self.windows), self.like.extras, strict=True)))

    @property
    def table(self) -> Mapping[str, Any]:
        """Which table, and which of its days."""
        return self.like.table

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """See `ProductSource`. An odd product is a window."""
        made_up = batch // 2
        windows = self.windows.sample(rng, batch - made_up, problem)._replace(windows=None)
        if not made_up:
            return windows
        like = _in_form_of(self.like.sample(rng, made_up, problem), windows)
        return concatenate([windows, like]).rows(rng.permutation(batch))


def augmented_table(task: PlayedTable) -> AugmentedTable:
    """Products to train on: the training days of a task's table, and as many made-up products like
    them (see `population_like`). Validation and test days have no part in it.

    >>> from dataclasses import replace
    >>> import inv_gym
    >>> task = inv_gym.table_task("sales.csv", "InvLostSales-v0")  # doctest: +SKIP
    >>> replace(task, training=inv_gym.augmented_table(task))  # doctest: +SKIP

    Args:
        task: Of a table, see `inv_gym.table_task`.

    Raises:
        TypeError: The task trains on no table.
        ValueError: The table has no window for the horizon.
    """
    return AugmentedTable(task.source_for("training"), population_like(task))


def _in_form_of(made_up: Products, windows: Products) -> Products:
    """Made-up products with the covariates of a table's, of which nothing is known."""
    covariates = windows.covariates
    if covariates is not None:
        covariates = np.zeros((len(made_up.demand), made_up.batch, covariates.shape[-1]))
    return made_up._replace(covariates=covariates, covariate_names=windows.covariate_names)
