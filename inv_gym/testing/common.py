"""What the laws of problems, policies and environments share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.util.arrays import Array, to_numpy

LAW_PRODUCTS = 24
LAW_PERIODS = 12
"""For which laws are played; longer where orders arrive later than that."""


class LawError(AssertionError):
    """A law does not hold."""


@dataclass(frozen=True)
class Replay:
    """Plays given orders ``[T, B, K]``, units."""

    orders: Array
    knows = "nothing"

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]`` of the period."""
        return self.orders[observation.period]


def random_orders(problem: Problem, products: Products, seed: int = 0) -> np.ndarray:
    """Orders ``[T, B, K]`` between 0 and twice the mean demand, whole where demand is."""
    shape = (problem.horizon, products.batch, problem.order_dim)
    orders = np.random.default_rng(seed).uniform(0.0, 2.0, shape) * products.scale[:, None]
    whole = (products.demand == np.rint(products.demand)).all(0)[:, None]
    return np.where(whole, np.rint(orders), orders)


def require(holds: bool, message: str) -> None:
    """Raise the message as a `LawError` unless the law holds."""
    if not holds:
        raise LawError(f"{message}.")


def close(got: Array, wanted: Array, message: str, tolerance: float) -> None:
    """Raise the message as a `LawError` where two arrays of one shape differ by more than the
    tolerance, relative to 1 + the size of what is wanted.
    """
    got, wanted = to_numpy(got), to_numpy(wanted)
    bad = ~(np.abs(got - wanted) <= tolerance * (1.0 + np.abs(wanted)))
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0]) if got.ndim else ()
        raise LawError(f"{message}: {got[where]} and {wanted[where]} at {where}.")
