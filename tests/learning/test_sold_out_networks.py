"""Networks that see in which periods of a history all was sold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from learning_cases import POPULATION, tiny, untrained
from panel_cases import table_with_closing_stock
from torch import Tensor

import inv_gym
from inv_gym import LostSales, Perishable, Products, SyntheticProducts
from inv_gym.agents.export import OrdersFromObservations
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.model_card import model_card
from inv_gym.agents.network.policy_network import PastPeriods, PolicyNetwork
from inv_gym.agents.network_inputs import EpisodeInputs
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.weights import CARD, WEIGHTS
from inv_gym.envs.vector import InventoryVectorEnv
from inv_gym.play.episode import Episode
from inv_gym.products.batch import HISTORY
from inv_gym.products.panel import PanelProducts
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.testing import LAW_PERIODS, check_policy
from inv_gym.util.arrays import unstack

PROBLEM = LostSales(horizon=LAW_PERIODS, lead_time=2, censored=True)
DEMAND_SEEN = replace(PROBLEM, censored=False)
SEASONAL = inv_gym.make_source("seasonal")
SHORT = SyntheticProducts(("poisson",), known_periods=(4, HISTORY), earlier_periods=(0, 60))
KINDS = [
    PROBLEM,
    replace(PROBLEM, lead_time=0),
    Perishable(horizon=LAW_PERIODS, shelf_life=2, censored=True),
]


def name_of(problem: inv_gym.Problem) -> str:
    return f"{type(problem).__name__}-{max(problem.lead_times)}"


def told(products: Products) -> np.ndarray:
    assert products.sold_out is not None
    return products.sold_out


def first_orders(agent: InventoryAgent, products: Products) -> np.ndarray:
    return np.asarray(inv_gym.rollout(agent.problem, agent, products).orders[0])


def test_a_network_sees_it_if_a_problem_that_it_learns_or_serves_has_it() -> None:
    trainings = {
        "none": ([DEMAND_SEEN], ()),
        "learnt": ([DEMAND_SEEN, PROBLEM], ()),
        "served": ([DEMAND_SEEN], [PROBLEM]),
    }
    sees = {
        name: DirectBackprop(learnt, POPULATION, tiny(), serves=served).network.sizes.sold_out
        for name, (learnt, served) in trainings.items()
    }
    assert sees == {"none": False, "learnt": True, "served": True}


@pytest.mark.parametrize("problem", KINDS, ids=name_of)
@pytest.mark.parametrize("source", [POPULATION, SHORT], ids=["whole", "short"])
def test_it_keeps_the_laws(problem: inv_gym.Problem, source: SyntheticProducts) -> None:
    agent = untrained(problem, source)
    assert agent.network.sizes.sold_out
    check_policy(agent, problem, source)


def test_a_period_that_sold_out_changes_the_orders_of_those_who_see_it() -> None:
    products = draw_products(POPULATION, PROBLEM, 40)
    none, every = (products._replace(sold_out=np.full((HISTORY, 40), flag)) for flag in (0.0, 1.0))
    last = np.zeros((HISTORY, 40))
    last[-1] = 1.0
    agent = untrained(PROBLEM)
    before = first_orders(agent, none)
    for batch in (every, none._replace(sold_out=last)):
        assert not np.isclose(first_orders(agent, batch), before, rtol=1e-9).any()
    blind = InventoryAgent(PROBLEM, untrained(DEMAND_SEEN).network)
    np.testing.assert_array_equal(first_orders(blind, every), first_orders(blind, none))


def test_demand_that_is_seen_did_not_sell_out() -> None:
    agent = untrained(PROBLEM)
    playing = InventoryAgent(DEMAND_SEEN, agent.network)
    check_policy(playing, DEMAND_SEEN, POPULATION)
    products = draw_products(POPULATION, PROBLEM, 20)._replace(sold_out=np.zeros((HISTORY, 20)))
    same = products._replace(sold_out=None, structure=DEMAND_SEEN.structure)
    np.testing.assert_allclose(first_orders(playing, same), first_orders(agent, products))


def test_products_that_do_not_tell_it_sold_out_in_no_period() -> None:
    """Not even in those that are not known."""
    products = draw_products(SHORT, PROBLEM, 20)
    assert np.isnan(products.demand).any()
    nowhere = products._replace(sold_out=np.zeros_like(told(products)))
    agent = untrained(PROBLEM, SHORT)
    np.testing.assert_array_equal(
        first_orders(agent, products._replace(sold_out=None)), first_orders(agent, nowhere)
    )


def test_its_file_and_card_say_it_and_it_orders_the_same_again(tmp_path: Path) -> None:
    agent = DirectBackprop(PROBLEM, POPULATION, tiny()).fit()
    agent.save(tmp_path)
    loaded = InventoryAgent.load(tmp_path)
    assert loaded.network.sizes == agent.network.sizes
    products = draw_products(POPULATION, PROBLEM, 20)
    np.testing.assert_array_equal(first_orders(loaded, products), first_orders(agent, products))
    assert json.loads((tmp_path / CARD).read_text())["sizes"]["sold_out"] is True
    assert "which periods sold out" in model_card(tmp_path / WEIGHTS)


def test_weights_of_before_do_not_see_it_and_play_as_before() -> None:
    path = next(Path(inv_gym.agents.__path__[0]).glob("trained/InvLostSales-v0.direct-*"))
    assert "which periods sold out" not in model_card(path)
    agent = InventoryAgent.load(path, replace(DEMAND_SEEN, lead_time=0, censored=True))
    assert not agent.network.sizes.sold_out
    products = draw_products(POPULATION, agent.problem, 20)
    turned = products._replace(sold_out=1.0 - told(products))
    orders = first_orders(agent, products)
    np.testing.assert_array_equal(first_orders(agent, turned), orders)
    assert np.isfinite(orders).all()


@pytest.mark.parametrize("problem", KINDS, ids=name_of)
@pytest.mark.parametrize("source", [POPULATION, SHORT], ids=["whole", "short"])
def test_every_view_gives_the_same_orders(
    problem: inv_gym.Problem, source: SyntheticProducts
) -> None:
    agent = untrained(problem, source)
    exported = OrdersFromObservations(agent)
    env = InventoryVectorEnv(3, problem=problem, products=source)
    assert f"sold_out_{HISTORY}_ago" in env.observation_names
    shown, _ = env.reset(seed=2)
    played = inv_gym.rollout(problem, agent, env.products)
    scale = float(env.products.scale.max())
    for step in played.steps:
        np.testing.assert_array_equal(agent(env.observe()), step.order)
        orders = agent.predict(shown)
        np.testing.assert_allclose(orders, step.order, rtol=1e-4, atol=1e-5 * scale)
        for reading in (
            exported(torch.as_tensor(shown)).numpy(),
            agent.predict(shown, env.observation_names),
        ):
            np.testing.assert_allclose(reading, orders, rtol=1e-4, atol=1e-5 * scale)
        shown, *_ = env.step(step.order)
    seen = np.mean([step.observation.sold_out for step in played.steps])
    assert 0.0 < seen < 1.0


def test_the_step_api_gives_the_same_orders() -> None:
    env: Any = gym.make("InvLostSales-v0", censored=True, horizon=6, products="poisson").unwrapped
    agent = untrained(env.problem)
    shown, _ = env.reset(seed=4)
    played = inv_gym.rollout(env.problem, agent, env.products)
    for step in played.steps:
        np.testing.assert_allclose(agent.predict(shown), step.order[0], rtol=1e-4)
        np.testing.assert_allclose(agent(env.observe()), step.order, rtol=1e-9)
        shown, *_ = env.step(step.order[0])


def test_a_table_that_tells_its_closing_stock_is_seen_in_all_views(tmp_path: Path) -> None:
    source = PanelProducts(table_with_closing_stock(tmp_path))
    problem = LostSales(horizon=LAW_PERIODS)
    agent = untrained(problem, source)
    assert agent.network.sizes.sold_out
    check_policy(agent, problem, source)
    env = InventoryVectorEnv(2, problem=problem, products=source)
    shown, _ = env.reset(seed=3)
    steps = inv_gym.rollout(problem, agent, env.products).steps
    blind = inv_gym.rollout(problem, agent, env.products._replace(sold_out=None)).steps
    sold_out = told(env.products)
    for step, other in zip(steps, blind, strict=True):
        np.testing.assert_allclose(agent.predict(shown), step.order, rtol=1e-4, atol=1e-4)
        window = sold_out[step.period : step.period + HISTORY]
        np.testing.assert_array_equal(env.observe().sold_out, window)
        differs = (step.order != other.order)[:, 0]
        np.testing.assert_array_equal(differs, window.any(0))
        shown, *_ = env.step(step.order)
    assert sold_out.any()


class Halved(PolicyNetwork):
    """Encodes half of what a plain network encodes."""

    def encode(self, past: PastPeriods, scale: Tensor) -> Tensor | None:
        encoded = super().encode(past, scale)
        return None if encoded is None else 0.5 * encoded


@pytest.mark.parametrize("kind", [PolicyNetwork, Halved])
@pytest.mark.parametrize("source", [POPULATION, SHORT, SEASONAL], ids=["whole", "short", "season"])
def test_each_period_encoded_once_is_what_whole_windows_give(
    kind: type[PolicyNetwork], source: ProductSource
) -> None:
    network = DirectBackprop(PROBLEM, source, tiny(), network=kind).agent.network
    agent, follower = InventoryAgent(PROBLEM, network), EpisodeInputs(PROBLEM, network)
    episode = Episode(PROBLEM, draw_products(source, PROBLEM, 9).torch(torch.float64))
    for _ in range(PROBLEM.horizon):
        observation = episode.observe()
        whole, advanced = (
            agent.inputs.of_observation(observation),
            follower.of_observation(observation),
        )
        torch.testing.assert_close(advanced.exogenous, whole.exogenous)
        episode.step(unstack(agent(observation)))
