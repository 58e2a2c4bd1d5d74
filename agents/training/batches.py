"""The products of every gradient step, drawn so that they follow from the seed and the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.starts import wide_starts
from inv_gym.agents.training.structure_informed import Probes, draw_probes
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import DRAW_BLOCK, Products, concatenate
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.util.arrays import Array, like, map_columns

FIXED_SEED = 50_000
"""The seed of fixed products is this plus the training's; leaderboard and evidence play others."""


class Batch(NamedTuple):
    """What is played in a gradient step."""

    products: Products
    dither: Array | None
    """``[T, B, K]`` noise that orders are rounded with, within half a unit of 0; None where nothing
    is rounded.
    """
    probes: Probes | None = None
    """Where structure is looked at; None where it is not penalised."""
    penalty: float = 0.0
    """What the penalty counts."""

    def to(self, reference: Tensor) -> Batch:
        """The batch as tensors of the dtype and device of `reference`."""
        rest = map_columns(lambda x: like(x, reference), (self.dither, self.probes))
        return Batch(self.products.to(reference), *rest, self.penalty)


class Batches:
    """Draws the products of every step, or a process's share of them.

    They are drawn in blocks with a random stream each, as in `inv_gym.products.sources.blocks`, so
    that the products of a step do not depend on the number of processes.

    Args:
        problems: Played in turn.
        source: Where products come from.
        config: How to train.

    Raises:
        ValueError: Fixed products are asked for, and there are several problems.
    """

    def __init__(
        self, problems: Sequence[Problem], source: ProductSource, config: TrainingConfig
    ) -> None:
        self._problems, self._source, self._config = problems, source, config
        self._fixed = self._draw_fixed()

    def problem(self, step: int) -> Problem:
        """The problem that a step plays."""
        return self._problems[step % len(self._problems)]

    def of_step(self, step: int, rank: int, processes: int) -> Batch:
        """The share of a step's products (NumPy) that falls to one of the processes."""
        config, problem = self._config, self.problem(step)
        share, size = config.batch // processes, min(DRAW_BLOCK, config.batch)
        first, last = rank * share, (rank + 1) * share
        whole = problem.integer_orders and config.rounding != "none"
        penalty = config.penalty_weight(step)
        products, noises, probes = [], [], []
        for index in range(first // size, -(-last // size)):
            rng = np.random.default_rng([config.seed, 1, step, index])
            rows = slice(max(first - index * size, 0), last - index * size)
            # a block is drawn in whole, whatever the share: its stream gives the same to all
            products.append(self._draw(rng, size, problem).rows(rows))
            if whole:
                noise = rng.uniform(-0.5, 0.5, (problem.horizon, size, problem.order_dim))
                noises.append(noise[:, rows] * config.amplitude(step))
            if penalty:
                probes.append(
                    map_columns(lambda x, rows=rows: x[rows], draw_probes(problem, rng, size))
                )
        return Batch(
            concatenate(products),
            np.concatenate(noises, 1) if whole else None,
            Probes(*map(np.concatenate, zip(*probes, strict=True))) if penalty else None,
            penalty,
        )

    def _draw(self, rng: np.random.Generator, size: int, problem: Problem) -> Products:
        """Products to train on, with their starting states."""
        if self._fixed is None:
            products = self._source.sample(rng, size, problem)
        else:
            products = self._fixed.rows(rng.integers(self._fixed.batch, size=size))
        return wide_starts(products, problem, rng) if self._config.wide else products

    def _draw_fixed(self) -> Products | None:
        number = self._config.fixed_products
        if number is None:
            return None
        if len(self._problems) > 1:
            raise ValueError(
                "fixed_products needs one problem: their starting stock is of one; use None for "
                "several."
            )
        seed = FIXED_SEED + self._config.seed
        return draw_products(self._source, self._problems[0], number, seed)
