"""Starting states drawn widely, so that no state a policy may reach is foreign to it."""

from __future__ import annotations

import numpy as np

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.util.arrays import flatten, unflatten

START_KINDS = ("own", "usual", "overstocked")
SHARES = (0.5, 0.35, 0.15)
"""Half of the products start as the problem says, the others with about a period's mean demand per
column of the state or with several (our choice)."""
MEANS = (0.0, 1.0, 6.0)
EMPTY_PROBABILITY = 0.3
"""Probability that a column is empty all the same: a corner of the state space."""


def wide_starts(products: Products, problem: Problem, rng: np.random.Generator) -> Products:
    """The products with other initial states: exponential amounts per column, some columns empty,
    some in backlog.
    """
    columns = flatten(products.initial_state)
    if not columns:
        return products
    kind = rng.choice(len(START_KINDS), products.batch, p=SHARES)
    shape = (len(columns), products.batch)
    amounts = (
        rng.exponential(1.0, shape)
        * (rng.random(shape) > EMPTY_PROBABILITY)
        * np.asarray(MEANS)[kind]
        * products.scale
    )
    if problem.backlog:
        owed = (rng.random(products.batch) < 0.3) & (kind == START_KINDS.index("usual"))
        amounts[0] = np.where(owed, -amounts[0], amounts[0])
    if problem.integer_orders:
        amounts = np.rint(amounts)
    drawn = [np.where(kind == 0, own, new) for own, new in zip(columns, amounts, strict=True)]
    return products._replace(initial_state=unflatten(drawn, products.initial_state))
