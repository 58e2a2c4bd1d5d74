"""A network sees promotions of past periods beside their demand: they explain peaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from learning_cases import untrained
from panel_cases import long_table, stored

from inv_gym import LostSales, Products, draw_products, make_source, rollout
from inv_gym.agents.checkpoints import read_tensors, write_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network_inputs import EpisodeInputs
from inv_gym.demand.processes import CALENDAR
from inv_gym.envs.observations import FlatObservations
from inv_gym.play.episode import Episode
from inv_gym.products.batch import HISTORY
from inv_gym.products.panel import PanelProducts, read_panel

PROBLEM = LostSales(horizon=6, lead_time=1)
SEASONAL = make_source("seasonal")


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> PanelProducts:
    """Daily sales with promotions; one series is short, so that not all of its past is known."""
    rng = np.random.default_rng(0)
    frame = long_table(**{name: rng.poisson(5.0, 260) for name in ("tea", "rye")})
    frame["promotion"] = rng.integers(0, 2, len(frame))
    late = (frame.series == "rye") & (frame.date < "2015-03-20")
    return PanelProducts(read_panel(stored(tmp_path_factory.mktemp("table"), frame[~late])))


def past_covariates_do_not_count(agent: InventoryAgent, products: Products) -> None:
    """Other covariates in the history change no order."""
    assert products.covariates is not None
    changed = products.covariates.copy()
    changed[:HISTORY] = 0.0
    wanted = rollout(PROBLEM, agent, products).orders
    got = rollout(PROBLEM, agent, products._replace(covariates=changed)).orders
    np.testing.assert_array_equal(got, wanted)


def test_a_past_promotion_counts_for_as_long_as_it_is_in_the_history(
    promoted: PanelProducts,
) -> None:
    agent, products = untrained(PROBLEM, promoted), draw_products(promoted, PROBLEM, 20)
    assert products.covariates is not None
    changed = products.covariates.copy()
    changed[3, :, -1] = 1.0 - changed[3, :, -1]
    pairs = zip(
        agent.inputs.of_products(products),
        agent.inputs.of_products(products._replace(covariates=changed)),
        strict=True,
    )
    differences = [float((was.exogenous - now.exogenous).abs().max()) for was, now in pairs]
    assert min(differences[:4]) > 0.0
    assert max(differences[4:]) == 0.0


@pytest.mark.parametrize("censored", [False, True])
def test_environments_and_rollouts_give_the_same_orders(
    promoted: PanelProducts, censored: bool
) -> None:
    problem = replace(PROBLEM, lead_time=0, censored=censored)
    agent = untrained(problem, promoted)
    env = gym.make_vec(
        "InvLostSales-v0", num_envs=8, horizon=6, censored=censored, products=promoted
    ).unwrapped
    observation, _ = env.reset(seed=3)
    flat = FlatObservations.of_names(env.problem, env.observation_names)
    assert flat.names == env.observation_names
    assert flat.covariate_names == (*CALENDAR, "promotion")
    products, played = env.episode.products, []
    for _ in range(env.problem.horizon):
        action = agent.predict(observation, names=env.observation_names)
        played.append(action)
        observation = env.step(action)[0]
    wanted = rollout(env.problem, agent, products).orders
    np.testing.assert_allclose(np.stack(played), wanted, rtol=1e-4, atol=1e-4)


def test_the_calendar_of_the_past_follows_from_today() -> None:
    agent = untrained(PROBLEM, SEASONAL)
    assert agent.covariates == CALENDAR and agent.network.sizes.past_covariates == ()
    past_covariates_do_not_count(agent, draw_products(SEASONAL, PROBLEM, 20))


def test_a_censored_episode_is_encoded_period_by_period(promoted: PanelProducts) -> None:
    problem = replace(PROBLEM, censored=True)
    agent = untrained(problem, promoted)
    episode = Episode(problem, draw_products(promoted, problem, 5).to(agent.network.like))
    follower = EpisodeInputs(problem, agent.network)
    while not episode.done:
        observation = episode.observe()
        got = follower.of_observation(observation).exogenous
        wanted = agent.inputs.of_observation(observation).exogenous
        np.testing.assert_allclose(got, wanted, atol=1e-12)
        episode.step(tuple(agent(observation).unbind(-1)))


def test_networks_of_before_see_the_covariates_of_the_period_alone(
    promoted: PanelProducts, tmp_path: Path
) -> None:
    trained = untrained(PROBLEM, promoted)
    assert trained.network.sizes.past_covariates == ("promotion",)
    sizes = replace(trained.network.sizes, past_covariates=())
    network = PolicyNetwork(sizes, trained.network.config).double().requires_grad_(False)
    InventoryAgent(PROBLEM, network).save(tmp_path)
    path = tmp_path / "weights.safetensors"
    tensors, card = read_tensors(path)
    del card["sizes"]["past_covariates"]  # as in a card of before
    write_tensors(path, tensors, card)
    agent = InventoryAgent.load(path)
    assert agent.network.sizes.past_covariates == ()
    past_covariates_do_not_count(agent, draw_products(promoted, PROBLEM, 10))
