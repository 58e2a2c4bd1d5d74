"""The held-out products that pick a training's best weights, whatever trains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.progress import Validation
from inv_gym.play.rollout import rollout
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products, product_weights
from inv_gym.products.sources import ProductSource, draw_products

LONG_RUN_PERIODS = 400
"""Periods for which a long-run problem is played in validation, by fewer products: the cut then
hardly shows.
"""
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
    """Play the validation products; `weighting` is that of the training's configuration."""
    problem, network = agent.problem, agent.network
    with torch.no_grad():
        played = rollout(problem, agent, products.to(network.like))
    shares = [float((step.order > 0.0).double().mean()) for step in played.steps]
    reward = played.discounted_reward.double().cpu().numpy() / problem.discounted_periods
    weights = score_weights(products, weighting)
    return Validation(
        float((reward * weights).mean()), float(reward.mean()), float(np.mean(shares))
    )


def score_weights(products: Products, weighting: str) -> Any:
    """``[B]`` what a unit of money counts in a score: as the weighting is ``product`` or ``money``,
    one over a product's scale and money unit, or 1 (a number).
    """
    return product_weights(products) if weighting == "product" else 1.0
