"""The array verbs that dynamics and policies are written in, so that one text serves three kinds of
number.

A *column* holds one number per product: a Python float (one product, the step API), a NumPy array
``[B]`` (native vector environments, evaluation) or a torch tensor ``[B]`` (differentiable
rollouts). States, orders and economics are tuples of columns, so a pipeline moves on by
re-labelling its columns and never by copying them. Everything else in a dynamics file is operators
on columns. The first argument of a verb decides its kind.

Derivatives at kinks, which integer demand makes common: ``positive_part`` has derivative 1 at 0, so
an order of exactly 0 still gets a gradient; ``minimum`` shares a tie half and half.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np

Array: TypeAlias = Any
"""A Python float, a NumPy array or a torch tensor: there is no common type to name."""

Columns: TypeAlias = tuple[Array, ...]

Tree = TypeVar("Tree")


def minimum(left: Array, right: Array) -> Array:
    """The smaller of two columns of the same kind; a tie shares the derivative half and half."""
    if isinstance(left, float):
        return left if left < right else right
    if isinstance(left, np.ndarray):
        return np.minimum(left, right)
    return left.minimum(right)


def positive_part(column: Array) -> Array:
    """``max(column, 0)``, with derivative 1 at 0."""
    if isinstance(column, float):
        return column if column > 0.0 else 0.0
    if isinstance(column, np.ndarray):
        return np.maximum(column, 0.0)
    return column.clamp(min=0.0)


def round_half_even(column: Array) -> Array:
    """The nearest whole number, halves to the even one (the rule that all three kinds share)."""
    return float(round(column)) if isinstance(column, float) else column.round()


def round_up(column: Array) -> Array:
    """The least whole number that is not below."""
    if isinstance(column, float):
        return float(math.ceil(column))
    return np.ceil(column) if isinstance(column, np.ndarray) else column.ceil()


def indicator(condition: Array, like: Array) -> Array:
    """1 where the condition holds and 0 elsewhere, as a column of the kind and dtype of `like`."""
    if isinstance(like, float):
        return float(condition)
    return (
        condition.astype(like.dtype) if isinstance(like, np.ndarray) else condition.to(like.dtype)
    )


def known_or_zero(column: Array) -> Array:
    """The column with 0 in place of NaN, which stands for what is not known."""
    if isinstance(column, float):
        return 0.0 if math.isnan(column) else column
    if isinstance(column, np.ndarray):
        return np.where(np.isnan(column), 0.0, column)
    return column.nan_to_num(nan=0.0)


def total(columns: Sequence[Array]) -> Array:
    """The sum of the columns; 0.0 if there are none."""
    if not columns:
        return 0.0
    result = columns[0]
    for column in columns[1:]:
        result = result + column
    return result


def stack(columns: Sequence[Array], axis: int = -1) -> Array:
    """The columns side by side: ``[B, len(columns)]``, or ``[len(columns), B]`` with axis 0; floats
    give ``[n]``.
    """
    if is_torch(columns[0]):
        import torch

        return torch.stack(list(columns), axis)
    return np.stack(columns, axis)


def unstack(array: Array) -> Columns:
    """The columns of an array ``[B, K]``."""
    return (
        array.unbind(-1)
        if is_torch(array)
        else tuple(array[..., k] for k in range(array.shape[-1]))
    )


def like(values: Array, reference: Array) -> Array:
    """Values as an array of the kind, dtype and device of `reference`; to NumPy they go without
    their gradient.
    """
    if is_torch(reference):
        import torch

        if isinstance(values, np.ndarray) and not values.flags.writeable:
            values = values.copy()  # torch has no read-only tensors and warns
        return torch.as_tensor(values, dtype=reference.dtype, device=reference.device)
    return np.asarray(to_numpy(values), dtype=getattr(reference, "dtype", np.float64))


def sealed(array: Array) -> Array:
    """The values of a NumPy array in memory that nobody can write to; anything else as it is.

    A read-only view alone would not do: what it is a view of can still be written to.
    """
    if not isinstance(array, np.ndarray) or isinstance(_owner(array), bytes):
        return array
    return apart(array)


def apart(array: Array) -> Array:
    """The same numbers in fresh memory, which shares nothing with the array's. A NumPy array cannot
    be written to; a torch tensor keeps its gradient; anything else is as it is.
    """
    if isinstance(array, np.ndarray):
        return np.ndarray(array.shape, array.dtype, array.tobytes())
    return array.clone() if is_torch(array) else array


def _owner(array: np.ndarray) -> Any:
    """The object whose memory an array shows."""
    owner = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    return owner


def lock(tree: Any) -> None:
    """Make the NumPy arrays of a (nested, named) tuple read-only, in place."""
    for column in flatten(tree):
        if isinstance(column, np.ndarray):
            column.setflags(write=False)


def is_torch(array: Array) -> bool:
    """Whether this is a torch tensor (without importing torch for those who do not use it)."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def to_numpy(array: Array) -> np.ndarray:
    """The array as NumPy, without its gradient."""
    return array.detach().cpu().numpy() if is_torch(array) else np.asarray(array)


def given_array(values: Any) -> np.ndarray:
    """What a user gave as a NumPy array, whatever it is: without a gradient, with NaN for figures
    that are masked, and of dtype object if its rows are of different lengths.
    """
    if type(values) is np.ndarray:
        return values
    if isinstance(values, (list, tuple)) and any(map(np.ma.isMaskedArray, values)):
        values = np.ma.array(values)
    if np.ma.isMaskedArray(values):
        numbers = values.astype(float) if values.dtype.kind in "iu" else values
        return np.ma.filled(numbers, np.nan if numbers.dtype.kind == "f" else None)
    if is_torch(values):
        short = values.is_floating_point() and values.dtype.itemsize < 4
        return to_numpy(values.float() if short else values)  # NumPy has no bfloat16
    try:
        return np.asarray(values)
    except (TypeError, ValueError):
        return np.array(values, dtype=object)


def map_columns(function: Any, tree: Tree) -> Tree:
    """Apply a function to every array of a (nested, named) tuple, keeping its shape; None stays
    None.
    """
    if isinstance(tree, tuple):
        children = [map_columns(function, child) for child in tree]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    return tree if tree is None else function(tree)


def flatten(tree: tuple) -> list[Array]:
    """The columns of a (nested, named) tuple, in the order of its fields."""
    columns: list[Array] = []
    for child in tree:
        if isinstance(child, tuple):
            columns.extend(flatten(child))
        else:
            columns.append(child)
    return columns


def unflatten(columns: Iterable[Array], tree: Tree) -> Tree:
    """The columns, in the order in which `flatten` gives them, as a (nested, named) tuple of the
    shape of `tree`.
    """
    given = iter(columns)
    return map_columns(lambda _: next(given), tree)


def flatten_names(tree: Any, name: str = "") -> list[str]:
    """The names of the columns that `flatten` gives: ``on_hand, pipeline_1, pipeline_2, ...``."""
    if hasattr(tree, "_fields"):
        return [
            leaf for field in tree._fields for leaf in flatten_names(getattr(tree, field), field)
        ]
    if isinstance(tree, tuple):
        return [
            leaf for i, child in enumerate(tree, 1) for leaf in flatten_names(child, f"{name}_{i}")
        ]
    return [name]
