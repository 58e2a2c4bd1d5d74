"""Actions between -1 and 1 that stand for orders in units of a product's mean demand."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from inv_gym.agents.network.config import KNOWS
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.util.arrays import given_array
from inv_gym.util.checks import one_of, real, whole

ORDER_REACH = 6.0
"""The largest order, in units of a product's mean demand (our choice)."""


def default_reach(problem: Problem) -> float:
    """`ORDER_REACH`, or the largest stock at the start where that is more: all of it can be removed
    at once.
    """
    return max(ORDER_REACH, problem.initial_stock[1])


def scale_of(products: Products, knows: str) -> np.ndarray:
    """``[B]`` the unit of a product's orders: its mean demand before the start, or the true one."""
    if knows == "history":
        return products.scale
    if products.distribution is None:
        raise ValueError("these products have no known demand distribution: use knows='history'.")
    return products.distribution.averaged().window_mean()


class ScaledOrders(spaces.Box):
    """Actions ``[K]`` in [-1, 1] that stand for orders from 0 to `reach` times a product's mean
    demand.

    A model that stable-baselines3 saves keeps its action space, so what its actions stand for can
    be told from its file. Spaces of another reach or unit are not equal, so such a model is not
    loaded for an environment of another one.

    Args:
        channels: Of orders, K.
        reach: The largest order, in units of a product's mean demand.
        knows: Whose mean demand that is: that of the ``history`` or that of the ``distribution``.

    Raises:
        ValueError: The reach is not finite or not above 0, or the unit is unknown.
    """

    def __init__(self, channels: int, reach: float, knows: str = "history") -> None:
        super().__init__(-1.0, 1.0, (whole("channels", channels, 1),), dtype=np.float32)
        self.reach = real("reach", reach, least=1e-6)
        self.knows = one_of("knows", knows, KNOWS)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ScaledOrders):
            return False
        return (self.shape, self.reach, self.knows) == (other.shape, other.reach, other.knows)

    def __repr__(self) -> str:
        return f"ScaledOrders({self.shape[0]}, reach={self.reach:g}, knows={self.knows!r})"

    def orders(self, actions: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Orders ``[B, K]``, units, of actions ``[B, K]``; beyond [-1, 1] they are cut off.

        Raises:
            ValueError: The actions are not numbers of this shape.
        """
        actions, shape = given_array(actions), (len(scale), *self.shape)
        if actions.shape != shape or actions.dtype.kind not in "fiu" or np.isnan(actions).any():
            raise ValueError(self._fault(actions, shape))
        return (np.clip(actions, -1.0, 1.0) + 1.0) / 2.0 * self.reach * scale[:, None]

    def _fault(self, actions: np.ndarray, shape: tuple[int, ...]) -> str:
        """What is wrong with actions, and what to do."""
        wanted = f"actions must be numbers of shape {shape} (products, channels)"
        if actions.shape != shape:
            return f"{wanted}, got shape {actions.shape}: give every product its own row."
        if actions.dtype.kind not in "fiu":
            return f"{wanted}, got dtype {actions.dtype}: convert them to np.float32."
        return (
            f"{wanted}, got nan, which no clipping mends: find what gave it, such as weights or "
            "observations that are not finite."
        )

    def actions(self, orders: Any) -> Any:
        """Actions that stand for orders given in units of the scale; negative ones lie below -1."""
        return orders * (2.0 / self.reach) - 1.0
