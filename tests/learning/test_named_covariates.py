"""Covariates have names, and networks find them by their names."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pandas as pd
import pytest
import torch
from learning_cases import POISSON, POPULATION, exactly, untrained
from panel_cases import long_table, stored

import inv_gym
from inv_gym import LostSales, Perishable, Products, make_source, rollout
from inv_gym.advice.compared import policies_for
from inv_gym.advice.today import Today
from inv_gym.agents.export import OrdersFromObservations
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.backtest.entries import every_window, gather, with_windows
from inv_gym.baselines import policies
from inv_gym.demand.processes import CALENDAR
from inv_gym.envs.single import InventoryEnv
from inv_gym.envs.vector import InventoryVectorEnv
from inv_gym.leaderboard.entries import Section, Variant, enter, lacking
from inv_gym.leaderboard.remarks import covariate_remark
from inv_gym.play.episode import Episode
from inv_gym.play.policy import planned
from inv_gym.products.batch import concatenate
from inv_gym.products.mixture import Mixture
from inv_gym.products.panel import ListedWindows, PanelProducts, read_panel
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.testing import LAW_PERIODS, check_policy

PROBLEM = LostSales(horizon=LAW_PERIODS, lead_time=1)
SEASONAL = make_source("seasonal")
WITHOUT = f"plays without the covariates {', '.join(CALENDAR)} of its training"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Daily sales of three series, with promotions."""
    rng = np.random.default_rng(0)
    units = {name: rng.poisson(5.0, 260) for name in ("tea", "rye", "oat")}
    frame = long_table(**units)
    frame["promotion"] = rng.integers(0, 2, len(frame))
    return stored(tmp_path_factory.mktemp("table"), frame)


@pytest.fixture(scope="module")
def promoted(table: Path) -> PanelProducts:
    """Products with a calendar and a promotion."""
    return PanelProducts(read_panel(table))


@pytest.fixture(scope="module")
def by_week(tmp_path_factory: pytest.TempPathFactory) -> PanelProducts:
    """Products with the calendar of the year alone."""
    rng = np.random.default_rng(1)
    rows = long_table(tea=rng.poisson(20.0, 120), rye=rng.poisson(9.0, 120))
    dates = pd.date_range("2015-01-05", periods=120, freq="7D").strftime("%Y-%m-%d")
    rows["date"] = np.tile(dates, 2)
    return PanelProducts(read_panel(stored(tmp_path_factory.mktemp("weekly"), rows)))


def orders(agent: InventoryAgent, products: Products) -> np.ndarray:
    return rollout(agent.problem, agent, products).orders


@pytest.fixture(scope="module")
def agent() -> InventoryAgent:
    """A network that was trained with a calendar."""
    return untrained(PROBLEM, SEASONAL)


# ---------------------------------------------------------------- who has names


def test_products_of_every_source_have_the_names_of_its_covariates(
    promoted: PanelProducts, by_week: PanelProducts
) -> None:
    listed = ListedWindows.side_by_side(promoted, PROBLEM.horizon)
    sources: list[ProductSource] = [
        *(SEASONAL, POPULATION, POISSON, Mixture(((1.0, POPULATION), (2.0, POPULATION)))),
        *(promoted, by_week, listed, make_source("broad")),
    ]
    for source in sources:
        sampled = source.sample(np.random.default_rng(0), 4, PROBLEM)
        assert sampled.covariate_names == source.covariate_names
    assert promoted.covariate_names == (*CALENDAR, "promotion")
    assert by_week.covariate_names == ("year_sin", "year_cos")
    today = Today(promoted, {}).products(LostSales(horizon=1), np.array([0, 2]))
    assert today.covariate_names == promoted.covariate_names


def test_a_source_of_ones_own_names_those_of_products_without_names() -> None:
    def sample(rng: np.random.Generator, batch: int, problem: Any) -> Products:
        return SEASONAL.sample(rng, batch, problem)._replace(covariate_names=None)

    names = ["a", "b", "c", "d"]
    source = SimpleNamespace(sample=sample, notes=(), covariate_names=names, largest_scale=50.0)
    assert draw_products(source, PROBLEM, 4).covariate_names == tuple(names)
    for env in (
        InventoryEnv(problem=PROBLEM, products=source),
        InventoryVectorEnv(3, problem=PROBLEM, products=source),
    ):
        env.reset(seed=0)
        assert env.observe().covariate_names == tuple(names)


def test_products_keep_their_names() -> None:
    products = draw_products(SEASONAL, PROBLEM, 6)
    kept = [
        *(products.rows(slice(2, 4)), products.single(1), products.torch(), products.apart()),
        *(products.sealed(), products.copied(), concatenate([products, products])),
    ]
    assert {other.covariate_names for other in kept} == {CALENDAR}


def test_observations_show_them() -> None:
    for env in (
        InventoryEnv(problem=PROBLEM, products=SEASONAL),
        InventoryVectorEnv(3, problem=PROBLEM, products=SEASONAL),
    ):
        env.reset(seed=0)
        assert env.observe().covariate_names == CALENDAR
        assert env.episode.show().covariate_names == CALENDAR


@pytest.mark.parametrize("names", [("a", "b"), ("a", "a", "b", "c")], ids=["too few", "twice"])
def test_names_that_do_not_fit_the_columns_are_refused(names: tuple[str, ...]) -> None:
    products = draw_products(SEASONAL, PROBLEM, 3)._replace(covariate_names=names)
    message = (
        f"the products have 4 columns of covariates under the names {names}: give each column a "
        "name of its own, or None for products without names."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        rollout(PROBLEM, untrained(PROBLEM), products)


# ---------------------------------------------------------------- what networks make of them


def test_a_network_finds_its_covariates_by_name_and_ignores_others(agent: InventoryAgent) -> None:
    products = draw_products(SEASONAL, PROBLEM, 20)
    assert products.covariates is not None
    wanted = orders(agent, products)
    backwards = products._replace(
        covariates=products.covariates[..., ::-1], covariate_names=CALENDAR[::-1]
    )
    np.testing.assert_array_equal(orders(agent, backwards), wanted)
    promotion = np.random.default_rng(0).random((*products.covariates.shape[:2], 1))
    more = products._replace(
        covariates=np.concatenate([promotion, products.covariates], -1),
        covariate_names=("promotion", *CALENDAR),
    )
    np.testing.assert_array_equal(orders(agent, more), wanted)


def test_what_it_does_not_find_is_0(agent: InventoryAgent) -> None:
    products = draw_products(SEASONAL, PROBLEM, 20)
    assert products.covariates is not None
    year = products._replace(covariates=products.covariates[..., 2:], covariate_names=CALENDAR[2:])
    zeros = products.covariates.copy()
    zeros[..., :2] = 0.0
    wanted = orders(agent, products._replace(covariates=zeros))
    np.testing.assert_array_equal(orders(agent, year), wanted)
    assert not np.allclose(wanted, orders(agent, products))
    none = products._replace(covariates=None, covariate_names=())
    all_zero = products._replace(covariates=0.0 * products.covariates)
    np.testing.assert_allclose(orders(agent, none), orders(agent, all_zero), rtol=1e-12)


def test_covariates_without_names_are_taken_in_the_order_of_the_training(
    agent: InventoryAgent,
) -> None:
    products = draw_products(SEASONAL, PROBLEM, 20)
    by_hand = products._replace(covariate_names=None)
    np.testing.assert_array_equal(orders(agent, by_hand), orders(agent, products))
    assert products.covariates is not None
    for covariates, number in ((None, 0), (products.covariates[..., :3], 3)):
        message = f"the network expects the covariates ({', '.join(CALENDAR)}), got {number} col"
        other = by_hand._replace(covariates=covariates)
        with pytest.raises(ValueError, match=exactly(f"{message}umns.")):
            orders(agent, other)
        seen = Episode(PROBLEM, other).observe()
        with pytest.raises(ValueError, match=exactly(f"{message}umns.")):
            agent(seen)


@pytest.mark.parametrize("knows", ["history", "distribution"])
@pytest.mark.parametrize(
    "fields", [{}, {"censored": True}, {"long_run": True}], ids=["", "censored", "long run"]
)
def test_a_network_with_a_calendar_keeps_the_laws_without_one(fields: dict, knows: str) -> None:
    problem = LostSales(horizon=LAW_PERIODS, lead_time=1, **fields)
    check_policy(untrained(problem, SEASONAL, knows), problem, POPULATION)


def test_a_network_with_a_calendar_keeps_the_laws_on_tables_with_other_covariates(
    agent: InventoryAgent, promoted: PanelProducts, by_week: PanelProducts
) -> None:
    for source in (promoted, by_week):
        check_policy(agent, PROBLEM, source)
    perishable = Perishable(horizon=LAW_PERIODS, shelf_life=3)
    check_policy(untrained(perishable, SEASONAL), perishable, promoted)


def test_gradients_flow_where_covariates_are_unknown(agent: InventoryAgent) -> None:
    network = copy.deepcopy(agent.network).requires_grad_(True)
    products = draw_products(POPULATION, PROBLEM, 8).torch(torch.float64)
    rollout(PROBLEM, InventoryAgent(PROBLEM, network), products).rewards.sum().backward()
    gradient = network.head.exogenous.weight.grad
    assert gradient is not None
    assert torch.isfinite(gradient).all()
    assert gradient.abs().sum() > 0.0


# ---------------------------------------------------------------- flat observations


@pytest.mark.parametrize("kind", ["promoted", "by_week", "none"])
def test_predict_orders_what_the_policy_orders_where_covariates_are_others(
    agent: InventoryAgent, promoted: PanelProducts, by_week: PanelProducts, kind: str
) -> None:
    source = {"promoted": promoted, "by_week": by_week, "none": POPULATION}[kind]
    for env in (
        InventoryEnv(problem=PROBLEM, products=source),
        InventoryVectorEnv(3, problem=PROBLEM, products=source),
    ):
        seen, _ = env.reset(seed=1)
        for _ in range(LAW_PERIODS):
            predicted = agent.predict(seen, names=env.observation_names)
            wanted = agent(env.observe())
            assert predicted.reshape(wanted.shape) == pytest.approx(wanted, rel=1e-4, abs=1e-4)
            seen = env.step(predicted)[0]
        assert np.isfinite(agent.predict(seen, env.observation_names)).all()


def test_names_of_no_environment_are_refused(agent: InventoryAgent) -> None:
    env = InventoryVectorEnv(2, problem=PROBLEM, products=SEASONAL)
    seen, _ = env.reset(seed=0)
    names = list(env.observation_names)
    np.testing.assert_array_equal(agent.predict(seen, names), agent.predict(seen))
    swapped = [*names[1::-1], *names[2:]]
    with pytest.raises(ValueError, match=r"names must be the observation_names of an environment"):
        agent.predict(seen, swapped)
    with pytest.raises(ValueError, match="an observation has"):
        agent.predict(seen[:, 1:], names)


def test_a_program_reads_the_entries_of_the_training(agent: InventoryAgent) -> None:
    env = InventoryVectorEnv(3, problem=PROBLEM, products=SEASONAL)
    seen, _ = env.reset(seed=0)
    program = OrdersFromObservations(agent)
    ordered = program(torch.from_numpy(seen)).numpy()
    np.testing.assert_allclose(ordered, agent(env.observe()), rtol=1e-4, atol=1e-4)


# ---------------------------------------------------------------- where it plays


def test_a_leaderboard_says_which_covariates_a_network_plays_without(
    agent: InventoryAgent, promoted: PanelProducts
) -> None:
    assert lacking(agent, POPULATION) == lacking(agent, promoted) == ()
    assert covariate_remark(POPULATION, agent) == WITHOUT
    assert covariate_remark(SEASONAL, agent) == ""
    unseen = "does not see the covariates promotion of the products"
    assert covariate_remark(promoted, agent) == unseen
    assert covariate_remark(POPULATION, policies(PROBLEM)["base-stock"]) == ""
    task = inv_gym.task("InvLostSalesLeadTime-v0", lead_time=1, horizon=5)
    contest = enter(
        Variant(task),
        Section("synthetic"),
        {"mine": lambda problem: untrained(problem, SEASONAL)},
        0,
    )
    assert contest.remarks["mine"] == WITHOUT
    assert f"mine: {WITHOUT}" in contest.notes
    assert "mine" in contest.paths


def test_a_backtest_plays_it_and_says_so(by_week: PanelProducts, table: Path) -> None:
    task = inv_gym.table_task(table, "InvLostSales-v0")
    played = every_window(with_windows(task, quick=True), 2)
    contest = gather(played, "", {"mine": untrained(played.problem, SEASONAL)})
    assert "mine" in contest.policies
    assert "plays without" not in contest.remarks["mine"]
    weekly = inv_gym.Task(LostSales(horizon=10), by_week, name="Weekly-v0")
    contest = gather(every_window(weekly, 2), "", {"mine": untrained(weekly.problem, SEASONAL)})
    assert "plays without the covariates weekday_sin, weekday_cos of" in contest.remarks["mine"]


def test_it_orders_for_today(table: Path, promoted: PanelProducts, by_week: PanelProducts) -> None:
    made = {"mine": lambda problem: untrained(problem, SEASONAL)}
    stock = pd.DataFrame({"series": ["tea", "rye", "oat"], "on_hand": [3.0, 0.0, 9.0]})
    advice = inv_gym.advise(table, stock, lead_time=1, policy=made)
    assert advice.answered == 3
    assert (advice.frame["policy"] == "mine").all()
    assert not any("plays without" in note for note in advice.notes)
    ordering, notes = policies_for(PROBLEM, [made], by_week)
    assert list(ordering) == ["mine"]
    assert notes == [
        "policy mine plays without the covariates weekday_sin, weekday_cos of its training"
    ]


def test_plans_and_calls_agree_for_a_network_without_a_column(agent: InventoryAgent) -> None:
    env: Any = gym.make_vec("InvLostSales-v0", num_envs=4, problem=PROBLEM, products="poisson")
    env.reset(seed=0)
    plan = planned(agent, PROBLEM, env.unwrapped.products)
    np.testing.assert_allclose(plan(env.unwrapped.observe()), agent(env.unwrapped.observe()))
