"""Networks that see what is known of demand before the history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from learning_cases import POPULATION, tiny, untrained

import inv_gym
from inv_gym import LostSales, SyntheticProducts
from inv_gym.agents.export import OrdersFromObservations
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.envs.vector import InventoryVectorEnv
from inv_gym.products.batch import HISTORY
from inv_gym.products.broad import BROAD
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.testing import LAW_PERIODS, check_policy

REMEMBERED = SyntheticProducts(("poisson",), known_periods=(16, HISTORY), earlier_periods=(0, 99))
PROBLEM = LostSales(horizon=LAW_PERIODS, lead_time=2)


@pytest.mark.parametrize("played", [REMEMBERED, POPULATION, BROAD], ids=["own", "other", "broad"])
@pytest.mark.parametrize("censored", [False, True])
def test_an_agent_that_remembers_keeps_the_laws(played: ProductSource, censored: bool) -> None:
    problem = replace(PROBLEM, censored=censored)
    check_policy(untrained(problem, REMEMBERED), problem, played)


def test_what_was_before_the_history_changes_orders_of_networks_that_remember() -> None:
    products = draw_products(REMEMBERED, PROBLEM, 40)
    assert products.earlier is not None
    busier = products._replace(
        earlier=products.earlier._replace(demand=2.0 * products.earlier.demand)
    )
    remembered = products.earlier.periods > 0
    orders = {
        name: [inv_gym.rollout(PROBLEM, agent, batch).orders[0] for batch in (products, busier)]
        for name, agent in (
            ("remembers", untrained(PROBLEM, REMEMBERED)),
            ("forgets", untrained(PROBLEM, POPULATION)),
        )
    }
    assert not np.isclose(*orders["remembers"])[remembered].any()
    np.testing.assert_array_equal(*(each[~remembered] for each in orders["remembers"]))
    np.testing.assert_array_equal(*orders["forgets"])


def test_it_learns_and_its_file_keeps_what_it_sees(tmp_path: Path) -> None:
    training = DirectBackprop([PROBLEM, LostSales(horizon=6)], BROAD, tiny(steps=4))
    training.fit().save(tmp_path)
    loaded = InventoryAgent.load(tmp_path)
    assert loaded.network.sizes == training.agent.network.sizes
    assert loaded.network.sizes.earlier


def test_it_orders_the_same_from_the_observations_of_an_environment() -> None:
    agent = untrained(PROBLEM, REMEMBERED)
    env = InventoryVectorEnv(6, problem=PROBLEM, products=REMEMBERED)
    shown, _ = env.reset(seed=1)
    exported = OrdersFromObservations(agent)
    for _ in range(3):
        orders = agent.predict(shown)
        np.testing.assert_allclose(
            exported(torch.as_tensor(shown)).numpy(), orders, rtol=1e-4, atol=1e-4
        )
        shown, *_ = env.step(orders)
