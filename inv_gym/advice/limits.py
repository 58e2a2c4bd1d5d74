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


def placed(problem: Problem, wanted: Columns, accepted: Columns, remarks: Remarks) -> Columns:
    """The orders as they are placed.

    Args:
        problem: Says which channels there are, and what it takes before lots are made.
        wanted: ``[B]`` per channel, as the policy gave them.
        accepted: The same as the supplier accepted it.
        remarks: Takes why an order is capped, rounded to nothing, or raised.
    """
    admissible = problem.admissible(wanted)
    for channel in bringing(problem):
        _remark(problem, wanted[channel], admissible[channel], accepted[channel], remarks)
    return tuple(rounded(order) for order in accepted)


def _remark(
    problem: Problem,
    wanted: np.ndarray,
    admissible: np.ndarray,
    accepted: np.ndarray,
    remarks: Remarks,
) -> None:
    """Say of which products another order is accepted than was wanted."""
    cap = np.inf if problem.order_cap is None else problem.order_cap
    for row in np.flatnonzero(wanted > cap):
        remarks.add(row, f"capped at {admissible[row]:g}, {wanted[row]:.6g} were wanted")
    for row in np.flatnonzero((wanted > 0.0) & (admissible == 0.0)):
        remarks.add(row, f"{wanted[row]:.2g} units were wanted, which is rounded to 0")
    for row in np.flatnonzero(rounded(accepted) > rounded(admissible)):
        text = f"raised from {admissible[row]:.6g} to what can be ordered, {accepted[row]:.6g}"
        remarks.add(row, text)
