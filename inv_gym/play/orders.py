"""What a policy's orders must be, and how they are taken."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.util.arrays import Array, given_array, is_torch, like, to_numpy

LARGEST_ORDER = 1e30
"""Orders from here on are refused: sums of them would not be finite in float32."""


class ImpossibleOrdersError(ValueError):
    """Orders that are negative, too large or NaN."""


def policy_name(policy: Any) -> str:
    """What a policy is called in messages."""
    return str(getattr(policy, "name", type(policy).__name__))


SHORT_HISTORY = (
    " The history of some products is short: it is NaN where it is not known (np.nanmean gives the "
    "mean of what is known; observation.known_periods tells how much that is)."
)


def taken(
    order: Any, shape: tuple[int, int], reference: Array, policy: Any, hint: str = ""
) -> Array:
    """Orders ``[B, K]`` in fresh memory, in the kind, dtype and device of the products.

    Args:
        order: What the policy gave: an array of real numbers of any kind. Torch keeps its gradient.
        shape: Products and order channels.
        reference: An array of the products.
        policy: It is named in errors.
        hint: What may have made orders NaN.

    Raises:
        TypeError: The orders are not real numbers.
        ValueError: They have another shape, or are negative, too large, masked or NaN.
    """
    if is_torch(order) and is_torch(reference):
        order = _torch(order, reference, policy)
    else:
        order = like(_numpy(order, policy), reference)
    if tuple(order.shape) != shape:
        raise ValueError(
            f"policy {policy_name(policy)} must return orders of shape {shape} (products, order "
            f"channels), got {tuple(order.shape)}."
        )
    _check_values(order, policy, hint)
    return order


def _numpy(order: Any, policy: Any) -> np.ndarray:
    """A fresh array of orders, float64."""
    values = given_array(order)
    if values.dtype.kind not in "fiu":
        raise _no_numbers(order, values.dtype, policy)
    return np.array(values, np.float64)


def _no_numbers(order: Any, dtype: Any, policy: Any) -> TypeError:
    return TypeError(
        f"policy {policy_name(policy)} must return orders as real numbers, got "
        f"{type(order).__name__} of dtype {dtype}."
    )


def _torch(order: Any, reference: Array, policy: Any) -> Array:
    """Fresh tensors of orders; what has a gradient is fresh already."""
    if order.is_complex() or str(order.dtype) == "torch.bool":
        raise _no_numbers(order, order.dtype, policy)
    order = like(order, reference)
    return order if order.requires_grad else order.clone()


def _check_values(order: Array, policy: Any, hint: str) -> None:
    """Refuse numbers that are no orders."""
    # NaN fails both comparisons, and two reductions cost less than a mask of the batch.
    values = order.detach() if is_torch(order) else order
    if float(values.min()) >= 0.0 and float(values.max()) < LARGEST_ORDER:
        return
    values = to_numpy(values)
    rows, channels = (~((values >= 0) & (values < LARGEST_ORDER))).nonzero()
    bad = values[rows[0], channels[0]]
    raise ImpossibleOrdersError(
        f"policy {policy_name(policy)} must return finite orders of at least 0 and below "
        f"{LARGEST_ORDER:g}, got {bad} for product {rows[0]}, channel {channels[0]}."
        + (hint if np.isnan(bad) else "")
    )
