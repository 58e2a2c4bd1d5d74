"""Prices that change over time: a sale earns that of its period, and nobody sees later ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from panel_cases import PROBLEM, long_table, stored, written

import inv_gym
from inv_gym import baselines, testing
from inv_gym.problems.lost_sales import LostSales
from inv_gym.products.batch import concatenate
from inv_gym.products.panel import PanelProducts, read_panel

DAYS = 90
FIRST = "2015-02-20"  # position 50


def table_of(folder: Path, prices: np.ndarray) -> Path:
    """A table of two series; the price of the second one is 4 throughout."""
    rng = np.random.default_rng(0)
    frame = long_table(a=rng.poisson(5.0, DAYS), b=rng.poisson(3.0, DAYS))
    frame["price"] = np.r_[prices, np.full(DAYS, 4.0)]
    return stored(folder, frame)


def source(folder: Path, prices: np.ndarray) -> PanelProducts:
    return PanelProducts(read_panel(table_of(folder, prices)), first=FIRST)


def rising() -> np.ndarray:
    return 5.0 + np.arange(DAYS) / 10.0


WINDOWS = np.array([[0, 60], [1, 60]])


def products_at_60(some: PanelProducts) -> inv_gym.Products:
    return some.at(PROBLEM, np.random.default_rng(0), WINDOWS)


class Sees:
    """Orders nothing, and keeps what it sees."""

    knows = "history"

    def __init__(self) -> None:
        self.seen: list[inv_gym.Observation] = []
        self.planned: Any = None

    def plan(self, problem: inv_gym.Problem, products: inv_gym.Products) -> Sees:
        self.planned = products
        return self

    def __call__(self, observation: inv_gym.Observation) -> np.ndarray:
        self.seen.append(observation)
        return np.full((len(observation.scale), 1), 9.0)


def test_a_sale_earns_the_price_of_its_day(tmp_path: Path) -> None:
    products = products_at_60(source(tmp_path, rising()))
    assert products.prices is not None
    assert products.prices[:, 0] == pytest.approx(5.0 + np.arange(60, 65) / 10.0)
    assert products.prices[:, 1].tolist() == [4.0] * 5
    played = inv_gym.rollout(PROBLEM, Sees(), products)
    constant = inv_gym.rollout(PROBLEM, Sees(), products._replace(prices=None))
    more = (products.prices - products.economics.price) * played.flow("sales")
    assert played.rewards - constant.rewards == pytest.approx(more)
    assert (more[:, 0] > 0.0).any()


def test_a_policy_sees_the_price_of_today_and_no_later_one(tmp_path: Path) -> None:
    first, second = rising(), rising()
    second[62:] = 50.0
    views = []
    for prices in (first, second):
        policy = Sees()
        tuple(inv_gym.rollout(PROBLEM, policy, products_at_60(source(tmp_path, prices))).steps)
        assert policy.planned.prices is None
        views.append(policy.seen)
    for early, late in zip(views[0][:2], views[1][:2], strict=True):
        for left, right in zip(early, late, strict=True):
            assert str(left) == str(right)
        assert early.price[0] == pytest.approx(5.0 + (60 + early.period) / 10.0)
        assert bytes(early.price.base) == early.price.tobytes()  # it shows no other day
    assert views[1][2].price[0] == 50.0


@pytest.mark.parametrize("knows", ["base-stock", "searched base-stock"])
def test_orders_do_not_depend_on_later_prices(tmp_path: Path, knows: str) -> None:
    policy = baselines.policies(PROBLEM, distribution=False)[knows]
    products = products_at_60(source(tmp_path, rising()))
    later = np.concatenate([products.prices[:3], products.prices[3:] * 7.0])
    orders = [
        inv_gym.rollout(PROBLEM, policy, some).orders
        for some in (products, products._replace(prices=later))
    ]
    assert np.array_equal(orders[0][:3], orders[1][:3])


def test_a_period_without_a_price_has_the_last_one_before_it(tmp_path: Path) -> None:
    prices = rising()
    prices[61:64] = np.nan
    some = source(tmp_path, prices)
    assert products_at_60(some).prices[:, 0] == pytest.approx([11.0, 11.0, 11.0, 11.0, 11.4])
    assert any("3 series-days without a price have the last one before" in x for x in some.notes)
    assert any("the price of 1 series changes over time" in note for note in some.notes)


def test_a_series_whose_first_price_comes_later_has_the_figure_before(tmp_path: Path) -> None:
    prices = np.full(DAYS, np.nan)
    prices[62:] = rising()[62:]
    some = source(tmp_path, prices)
    products = products_at_60(some)
    assert products.prices[:2, 0].tolist() == [products.economics.price[0]] * 2
    assert products.prices[2, 0] == pytest.approx(11.2)


def test_a_price_that_stays_as_it_is_is_none_over_time(tmp_path: Path) -> None:
    some = source(tmp_path, np.full(DAYS, 3.0))
    assert not some.has_prices
    assert products_at_60(some).prices is None


def test_changes_after_the_last_day_have_no_part(tmp_path: Path) -> None:
    prices = np.r_[np.full(80, 3.0), np.full(10, 9.0)]
    panel = read_panel(table_of(tmp_path, prices))
    assert not PanelProducts(panel, last="2015-03-20").has_prices
    assert PanelProducts(panel).has_prices


@pytest.mark.parametrize("cell", ["0", "-3"])
def test_a_price_of_nothing_or_below_is_refused(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path, f"series,date,units,price\na,2024-01-01,1,2\na,2024-01-02,1,{cell}\n")
    with pytest.raises(ValueError, match=f"price must be above 0, got {cell}.*row 2"):
        read_panel(path)


def test_environments_with_prices_keep_the_laws(tmp_path: Path) -> None:
    file = str(table_of(tmp_path, rising()))
    testing.check_environment("InvLostSales-v0", horizon=5, products={"file": file, "first": FIRST})
    env: Any = gym.make("InvLostSales-v0", horizon=5, products={"file": file}).unwrapped
    place = env.observation_names.index("price_today")
    observation, _ = env.reset(seed=0)
    for _ in range(4):
        assert observation[place] == pytest.approx(float(env.observe().price[0]))
        observation = env.step(np.zeros(1))[0]


def test_policies_keep_the_laws_where_prices_change(tmp_path: Path) -> None:
    some = source(tmp_path, rising())
    for policy in baselines.policies(PROBLEM, distribution=False).values():
        testing.check_policy(policy, PROBLEM, some)


def test_torch_and_numpy_earn_the_same(tmp_path: Path) -> None:
    products = products_at_60(source(tmp_path, rising()))
    arrays = inv_gym.rollout(PROBLEM, Sees(), products).rewards
    tensors = inv_gym.rollout(PROBLEM, Sees(), products.torch(torch.float64)).rewards
    assert tensors.numpy() == pytest.approx(arrays)


def test_batches_with_and_without_prices_are_joined(tmp_path: Path) -> None:
    products = products_at_60(source(tmp_path, rising()))
    joined = concatenate([products, products._replace(prices=None)])
    assert joined.prices is not None
    assert joined.prices[:, 2:].tolist() == [products.economics.price.tolist()] * 5


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (np.ones((3, 2)), r"prices must have the shape \(5, 2\)"),
        (np.full((5, 2), -1.0), "prices of the products must be finite and at least 0"),
        (np.full((5, 2), np.nan), "prices of the products must be finite and at least 0"),
    ],
)
def test_prices_that_cannot_be_played_are_refused(
    tmp_path: Path, prices: np.ndarray, message: str
) -> None:
    products = products_at_60(source(tmp_path, rising()))._replace(prices=prices)
    with pytest.raises(ValueError, match=message):
        inv_gym.rollout(LostSales(horizon=5), Sees(), products)
