"""Networks and products of which fewer than 32 periods are known."""

from __future__ import annotations

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
from inv_gym.products.sources import draw_products
from inv_gym.testing import LAW_PERIODS, check_policy

SHORT = SyntheticProducts(("poisson",), known_periods=(1, HISTORY))
PROBLEM = LostSales(horizon=LAW_PERIODS, lead_time=2)


def test_a_network_sees_what_is_known_if_its_products_may_have_short_histories() -> None:
    taught, other = untrained(PROBLEM, SHORT), untrained(PROBLEM, POPULATION)
    assert taught.network.sizes.short_histories
    assert not other.network.sizes.short_histories
    products = draw_products(SHORT, PROBLEM, 40)
    assert products.known_periods is not None
    filled = np.where(np.isnan(products.demand), products.scale, products.demand)
    whole = products._replace(demand=filled, known_periods=None)
    orders = {
        name: [inv_gym.rollout(PROBLEM, agent, batch).orders[0] for batch in (products, whole)]
        for name, agent in (("taught", taught), ("other", other))
    }
    known = products.known_periods == HISTORY
    assert not np.isclose(*orders["taught"])[~known].any()
    np.testing.assert_allclose(orders["taught"][0][known], orders["taught"][1][known])
    np.testing.assert_allclose(*orders["other"])  # to it they are filled with the mean


@pytest.mark.parametrize("source", [SHORT, POPULATION], ids=["taught", "other"])
@pytest.mark.parametrize("censored", [False, True])
def test_an_agent_keeps_the_laws_with_short_histories(
    source: SyntheticProducts, censored: bool
) -> None:
    problem = LostSales(horizon=LAW_PERIODS, lead_time=2, censored=censored)
    check_policy(untrained(problem, source), problem, SHORT)


def test_it_learns_and_its_file_keeps_what_it_sees(tmp_path: Path) -> None:
    training = DirectBackprop(PROBLEM, SHORT, tiny(steps=4))
    training.fit()
    training.agent.save(tmp_path)
    loaded = InventoryAgent.load(tmp_path)
    assert loaded.network.sizes == training.agent.network.sizes
    products = draw_products(SHORT, PROBLEM, 10)
    orders = [
        inv_gym.rollout(PROBLEM, agent, products).orders for agent in (training.agent, loaded)
    ]
    np.testing.assert_allclose(*orders, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("source", [SHORT, POPULATION], ids=["taught", "other"])
def test_it_orders_for_observations_of_environments(source: SyntheticProducts) -> None:
    agent = untrained(PROBLEM, source)
    env = InventoryVectorEnv(5, problem=PROBLEM, products=SHORT)
    seen, _ = env.reset(seed=1)
    for _ in range(LAW_PERIODS):
        orders = agent.predict(seen)
        np.testing.assert_allclose(orders, agent(env.observe()), rtol=1e-4, atol=1e-4)
        if source is SHORT:
            program = OrdersFromObservations(agent)
            np.testing.assert_allclose(
                program(torch.from_numpy(seen)).numpy(), orders, rtol=1e-4, atol=1e-4
            )
        seen = env.step(orders)[0]


def test_the_first_networks_are_marked_where_histories_may_be_short() -> None:
    from inv_gym.leaderboard.remarks import NEEDS_ALL, network_remarks

    policies = {"taught": untrained(PROBLEM, SHORT), "other": untrained(PROBLEM, POPULATION)}
    assert network_remarks(SHORT, policies) == {"other": NEEDS_ALL}
    assert network_remarks(POPULATION, policies) == {}
