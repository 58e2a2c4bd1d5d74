"""The held-out products that pick a training's best weights, whatever trains."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.progress import Validation
from inv_gym.play.orders import ImpossibleOrdersError
from inv_gym.play.rollout import rollout
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products, product_weights
from inv_gym.products.sources import ProductSource, draw_products

LONG_RUN_PERIODS = 400
"""Periods for which a long-run problem is played in validation, by fewer products: the cut then
hardly shows.
"""
NO_SCORE = Validation(math.nan, math.nan, 0.0)
"""Of a network that cannot be played."""
VALIDATION_SEED = 10_007
"""The seed of the products; leaderboard and evidence play others."""


def draw_validation(
    problem: Problem, source: ProductSource, number: int
) -> tuple[Problem, Products]:
    """The problem that validations play, and its products."""
    if problem.long_run and problem.horizon < LONG_RUN_PERIODS:
        number = -(-2 * number * problem.horizon // LONG_RUN_PERIODS)
        problem = replace(problem, horizon=LONG_RUN_PERIODS)
    return problem, draw_products(source, problem, number, VALIDATION_SEED)


def play_validation(agent: InventoryAgent, products: Products, weighting: str) -> Validation:
    """Play the validation products; `weighting` is that of the training's configuration.

    Orders or rewards that are no numbers bring `NO_SCORE`.
    """
    problem, network = agent.problem, agent.network
    try:
        with torch.no_grad():
            played = rollout(problem, agent, products.to(network.like))
    except ImpossibleOrdersError:
        return NO_SCORE
    shares = [float((step.order > 0.0).double().mean()) for step in played.steps]
    reward = played.discounted_reward.double().cpu().numpy() / problem.discounted_periods
    if not np.isfinite(reward).all():
        return NO_SCORE
    weights = score_weights(products, weighting)
    return Validation(
        float((reward * weights).mean()), float(reward.mean()), float(np.mean(shares))
    )


def score_weights(products: Products, weighting: str) -> Any:
    """``[B]`` what a unit of money counts in a score: as the weighting is ``product`` or ``money``,
    one over a product's scale and money unit, or 1 (a number).
    """
    return product_weights(products) if weighting == "product" else 1.0
