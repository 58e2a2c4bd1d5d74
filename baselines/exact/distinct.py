"""The different products of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.demand.distribution import Distribution
from inv_gym.util.arrays import flatten


def distinct_products(distribution: Distribution, economics: Any) -> tuple[np.ndarray, np.ndarray]:
    """Which products of a batch differ.

    Args:
        distribution: Of B products.
        economics: NumPy ``[B]`` columns.

    Returns:
        The row of the first of each kind, ``[G]``, and which kind each product is of, ``[B]``.
    """
    batch = len(distribution.dispersion)
    columns = [np.broadcast_to(column, (batch,)) for column in flatten(economics)]
    figures = np.stack(
        [distribution.family_index, distribution.dispersion, *distribution.mean, *columns]
    )
    _, first, group = np.unique(figures, axis=1, return_index=True, return_inverse=True)
    return first, group.reshape(-1)
