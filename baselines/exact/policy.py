"""The optimal policy as a policy like any other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inv_gym.baselines.exact.distinct import distinct_products
from inv_gym.baselines.exact.dynamic_program import solve
from inv_gym.baselines.exact.solution import Solution
from inv_gym.play.policy import NotPlannedError, Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.util.arrays import Array, flatten, like, map_columns, to_numpy


@dataclass(frozen=True)
class Optimal:
    """The exact optimal policy: every distinct product is solved when planning.

    Attributes:
        problem: One of the five; see `solve` for what it must fulfil.
    """

    problem: Problem
    knows = "distribution"

    def plan(self, problem: Problem, products: Products) -> OptimalOrders:
        """The table of orders of these products.

        Raises:
            ValueError: The products have no known distribution, or one of them is out of reach; see
                `solve`.
        """
        distribution = products.distribution
        if distribution is None:
            raise ValueError(
                "these products have no known demand distribution, which the optimal policy needs."
            )
        economics = map_columns(to_numpy, products.economics)
        position = np.asarray(to_numpy(products.initial_state.inventory_position))
        stock = np.ceil(np.max(position, initial=0.0))
        first, group = distinct_products(distribution, economics)

        def solved(row: int) -> Solution:
            product = slice(row, row + 1)
            return solve(
                self.problem,
                distribution.rows(product),
                map_columns(lambda column: column[product], economics),
                stock,
            )

        return OptimalOrders(tuple(map(solved, first)), group)

    def __call__(self, observation: Observation) -> Array:
        """Refuse to order before planning.

        Raises:
            NotPlannedError: Always; the policy that `plan` gives orders.
        """
        raise NotPlannedError("Optimal knows the distribution: call plan(problem, products) first.")


@dataclass(frozen=True, eq=False)
class OptimalOrders:
    """Orders looked up in the tables of solutions.

    Attributes:
        solutions: Of the distinct products.
        group: ``[B]`` which of them each product is.
    """

    solutions: tuple[Solution, ...]
    group: np.ndarray
    knows = "distribution"

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units.

        Raises:
            ValueError: A state was not solved for.
        """
        columns = [to_numpy(column) for column in flatten(observation.state)]
        one_for_all = len(self.solutions) == 1
        group = np.zeros(len(observation.scale), int) if one_for_all else self.group
        states = np.array(columns, dtype=float).reshape(len(columns), len(group))
        orders = np.empty((len(group), self.solutions[0].problem.order_dim))
        for number, solution in enumerate(self.solutions):
            rows = np.flatnonzero(group == number)
            period = solution.row(observation.period)
            orders[rows] = solution.orders[period, solution.place(states[:, rows])]
        return like(orders, observation.scale)
