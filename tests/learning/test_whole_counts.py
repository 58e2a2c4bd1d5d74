"""Networks that order whole units of what is sold in whole units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from learning_cases import gradients, stir, tiny

import inv_gym
from inv_gym import LostSales, Perishable, Problem, SyntheticProducts
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.products.batch import HISTORY
from inv_gym.products.sources import draw_products
from inv_gym.testing import LAW_PERIODS, check_policy

MIXED = SyntheticProducts(("poisson", "gamma"), mean=2.0, known_periods=(5, HISTORY))
PROBLEM = LostSales(horizon=LAW_PERIODS, lead_time=2)


def training_of(problem: Problem) -> DirectBackprop:
    config = tiny(batch=64)
    network = replace(config.network, whole_counts=True)
    training = DirectBackprop(problem, MIXED, replace(config, network=network))
    stir(training)
    return training


def agent_of(problem: Problem) -> InventoryAgent:
    return training_of(problem).agent


def test_orders_are_whole_where_the_whole_history_is() -> None:
    products = draw_products(MIXED, PROBLEM, 60)
    counted = (np.nan_to_num(products.demand[:HISTORY] % 1.0) == 0.0).all(0)
    assert 0 < counted.sum() < 60
    orders = np.stack(inv_gym.rollout(PROBLEM, agent_of(PROBLEM), products).orders)
    assert (orders[:, counted] % 1.0 == 0.0).all()
    assert (orders[:, ~counted] % 1.0 != 0.0).any(0).all()


@pytest.mark.parametrize("censored", [False, True])
@pytest.mark.parametrize("problem", [PROBLEM, Perishable(horizon=LAW_PERIODS)])
def test_such_a_network_keeps_the_laws(problem: Problem, censored: bool) -> None:
    problem = replace(problem, censored=censored)
    check_policy(agent_of(problem), problem, MIXED)


def test_starts_are_whole_for_what_is_counted() -> None:
    products = training_of(PROBLEM).batch(0).products
    counted = (np.nan_to_num(products.demand[:HISTORY] % 1.0) == 0.0).all(0)
    on_hand = products.initial_state.on_hand
    assert (on_hand[counted] % 1.0 == 0.0).all()
    assert (on_hand[~counted] % 1.0 != 0.0).any()


def test_it_learns_although_orders_are_rounded() -> None:
    training = training_of(PROBLEM)
    training.train_step()
    assert all(gradient.abs().max() > 0.0 for gradient in gradients(training).values())
    assert training.fit().network.config.whole_counts
