"""What a supplier takes: orders as they are placed, and why they differ from what was wanted."""

from __future__ import annotations

import numpy as np

from inv_gym.advice.stock import Remarks
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import Columns

REMOVAL = "removal"
"""The channel that takes stock away; all others bring some."""
DIGITS = 9
"""Significant digits of an order: those beyond depend on the products beside it."""


def bringing(problem: Problem) -> list[int]:
    """Numbers of the order channels that bring stock."""
    return [place for place, name in enumerate(problem.order_names) if name != REMOVAL]


def rounded(units: np.ndarray) -> np.ndarray:
    """Units with so many significant digits, see `DIGITS`."""
    with np.errstate(divide="ignore"):
        size = np.floor(np.log10(np.abs(units)))
    step = 10.0 ** np.where(np.isfinite(size), size - (DIGITS - 1), 0.0)
    return np.where(units == 0.0, 0.0, np.round(units / step) * step)


def placed(
    problem: Problem,
    wanted: Columns,
    accepted: Columns,
    multiple: np.ndarray,
    minimum: np.ndarray,
    remarks: Remarks,
) -> Columns:
    """The orders as they are placed: the nearest multiple, and at least the minimum, of what is
    ordered at all.

    Args:
        problem: Says which channels there are, and the cap of an order.
        wanted: ``[B]`` per channel, as the policy gave them.
        accepted: The same, capped and whole where the problem says so.
        multiple: ``[B]`` units that orders are a multiple of, NaN for any.
        minimum: ``[B]`` units of an order at least, NaN for any.
        remarks: Takes why an order is capped, raised or rounded.
    """
    orders = list(accepted)
    for channel in bringing(problem):
        _remark_capped(problem, wanted[channel], accepted[channel], remarks)
        orders[channel] = _in_multiples(accepted[channel], multiple, minimum, remarks)
    return tuple(rounded(order) for order in orders)


def _remark_capped(
    problem: Problem, wanted: np.ndarray, accepted: np.ndarray, remarks: Remarks
) -> None:
    """Say of which products less is accepted than wanted."""
    cap = np.inf if problem.order_cap is None else problem.order_cap
    for row in np.flatnonzero(wanted > cap):
        remarks.add(row, f"capped at {accepted[row]:g}, {wanted[row]:.6g} were wanted")
    for row in np.flatnonzero((wanted > 0.0) & (accepted == 0.0) & (wanted <= cap)):
        remarks.add(row, f"{wanted[row]:.2g} units were wanted, which is rounded to 0")


def _in_multiples(
    order: np.ndarray, multiple: np.ndarray, minimum: np.ndarray, remarks: Remarks
) -> np.ndarray:
    """Orders ``[B]`` in multiples, and not below the minimum where anything is ordered."""
    step = np.where(multiple > 0.0, multiple, 1.0)
    nearest = np.where(multiple > 0.0, np.round(order / step) * step, order)
    least = np.where(multiple > 0.0, np.ceil(minimum / step - 1e-9) * step, minimum)
    raised = (nearest > 0.0) & (nearest < least)
    result = np.where(raised, least, nearest)
    for row in np.flatnonzero(raised):
        remarks.add(row, f"raised from {nearest[row]:g} to the minimum order of {minimum[row]:g}")
    for row in np.flatnonzero((order > 0.0) & (nearest == 0.0)):
        text = f"{order[row]:g} were wanted, the nearest multiple of {multiple[row]:g} is 0"
        remarks.add(row, text)
    return result
