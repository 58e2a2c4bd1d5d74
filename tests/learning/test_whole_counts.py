"""Networks that order whole units of what is sold in whole units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from learning_cases import equal, gradients, stir, tiny

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


def test_it_learns_on_fractions() -> None:
    network = replace(tiny().network, whole_counts=False)
    plain = DirectBackprop(PROBLEM, MIXED, replace(tiny(batch=64), network=network))
    stir(plain)
    rounded = training_of(PROBLEM)
    assert rounded.train_step() == plain.train_step()
    assert equal(gradients(rounded), gradients(plain))
