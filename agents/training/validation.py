"""The held-out products that pick a training's best weights, whatever trains."""

from __future__ import annotations

from dataclasses import replace

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.sources import ProductSource, draw_products

LONG_RUN_PERIODS = 400
"""Periods for which a long-run problem is played in validation, by fewer products: the cut then
hardly shows.
"""
VALIDATION_SEED = 10_007
"""Of the products; leaderboard and evidence play others."""


def draw_validation(
    problem: Problem, source: ProductSource, number: int
) -> tuple[Problem, Products]:
    """The problem that validations play, and its products."""
    if problem.long_run and problem.horizon < LONG_RUN_PERIODS:
        number = -(-2 * number * problem.horizon // LONG_RUN_PERIODS)
        problem = replace(problem, horizon=LONG_RUN_PERIODS)
    return problem, draw_products(source, problem, number, VALIDATION_SEED)
