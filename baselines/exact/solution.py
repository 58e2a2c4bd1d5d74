"""The solution of a dynamic program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inv_gym.baselines.exact.model import Model
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten
from inv_gym.util.checks import real, whole


@dataclass(frozen=True, eq=False)
class Solution:
    """The optimal policy of one product and what it is worth.

    Attributes:
        problem: What was solved.
        states: ``[S, C]`` in the order of the state's columns, units.
        orders: ``[P, S, K]`` best orders of each period, units; the last holds for all later
            periods.
        values: ``[P, S]`` best expected discounted reward from each period on; relative to that of
            the empty state where there is no discount and no end.
        gain: Best expected reward per period in the long run, or None where there is a discount or
            an end.
        edge: Largest probability, in any period from the empty state on and after the last, of
            standing at the edge of the state space, where backlog or orders are cut off; at most
            `EDGE_PROBABILITY`.
        model: The tables it was solved with.
        cyclic: Whether the periods of the tables follow one another for ever; otherwise the last
            holds for all later ones.
    """

    problem: Problem
    states: np.ndarray
    orders: np.ndarray
    values: np.ndarray
    gain: float | None
    edge: float
    model: Model
    cyclic: bool = False

    def row(self, period: int) -> int:
        """The row of the tables for a period.

        Raises:
            ValueError: The period is negative.
        """
        number = len(self.orders)
        whole("period", period, least=0)
        return period % number if self.cyclic else min(period, number - 1)

    def place(self, columns: np.ndarray) -> np.ndarray:
        """The rows of the tables for states ``[C, N]``; backlog deeper than that of the tables
        counts as the deepest.

        Raises:
            ValueError: A state is not in whole units, negative where it cannot be, or was not
                solved for; it is named.
        """
        least = self.model.space.low[:, None]
        self._refuse(columns, columns != np.rint(columns), "is not in whole units")
        self._refuse(columns, (columns < least) & (least >= 0.0), "is negative")
        place = self.model.locate(columns)
        outside = "lies outside the states solved for: solve with a larger stock"
        self._refuse(columns, (place < 0)[None], outside)
        return place

    @staticmethod
    def _refuse(columns: np.ndarray, bad: np.ndarray, fault: str) -> None:
        """Raise with the first state ``[C, N]`` that has a bad column, if there is one."""
        wrong = bad.any(0)
        if wrong.any():
            raise ValueError(f"state {columns[:, wrong.argmax()].tolist()} {fault}.")

    def value(self, stock: float = 0.0, period: int = 0) -> float:
        """Best expected discounted reward from a stock on hand with nothing on order.

        Args:
            stock: Units; less than 0 is a backlog, where demand waits.
            period: Periods since the start.

        Raises:
            ValueError: The stock was not solved for, or the period is negative.
        """
        start = self.problem.initial_state(np.array([real("stock", stock)]))
        columns = np.array(flatten(start)).reshape(-1, 1)
        deep = columns < self.model.space.low[:, None]
        self._refuse(columns, deep, "lies below the states solved for")
        return float(self.values[self.row(period), self.place(columns)[0]])
