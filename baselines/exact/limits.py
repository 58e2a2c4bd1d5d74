"""What is out of the reach of exact solutions, as errors of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.demand.distribution import Distribution


class OutOfReachError(ValueError):
    """An exact solution exists but cannot be worked out here; a bound or a simulation still can."""


class TooLargeError(OutOfReachError):
    """The exact solution would need more states, transitions or values of demand than allowed."""


class AmountsError(OutOfReachError):
    """Demand comes in amounts, and exact solutions need whole numbers."""


class GrowingStockError(ValueError):
    """A policy's stock grows without end, so that its chain has no stationary distribution."""


def one_product(caller: str, distribution: Distribution, economics: Any, remedy: str) -> None:
    """Check that distribution and economics are of one product.

    Args:
        caller: What takes one product.
        distribution: Of any number of products.
        economics: NamedTuple of columns or numbers.
        remedy: What to do with more.

    Raises:
        TypeError: The distribution is none.
        ValueError: They are of another number of products.
    """
    if not isinstance(distribution, Distribution):
        raise TypeError(f"{caller} takes a Distribution, got {distribution!r}.")
    sizes = [len(distribution.dispersion), *(np.size(column) for column in economics)]
    wrong = [size for size in sizes if size != 1]
    if wrong:
        raise ValueError(f"{caller} takes one product, got {wrong[0]}: {remedy}.")
