"""Work on many products block by block, on every core."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from inv_gym.baselines.fitting.heuristic import Rule, join
from inv_gym.demand.distribution import Distribution
from inv_gym.util.arrays import map_columns
from inv_gym.util.executors import threads_of_process

CANDIDATES_AT_ONCE = 12288
"""Candidates times products that are simulated at once: what fits a core's cache."""


def by_blocks(
    find: Callable[[Distribution, Any], Rule],
    distribution: Distribution,
    economics: Any,
    rows: int = CANDIDATES_AT_ONCE,
) -> Rule:
    """The rule of all products, found block by block on every core, so that memory does not grow
    with their number.
    """
    blocks = [slice(first, first + rows) for first in range(0, len(distribution.dispersion), rows)]

    def of_block(block: slice) -> Rule:
        return find(distribution.rows(block), map_columns(lambda column: column[block], economics))

    with ThreadPoolExecutor(threads_of_process()) as cores:
        return join(list(cores.map(of_block, blocks)))
