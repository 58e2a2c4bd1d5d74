"""What is known of demand before the history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from panel_cases import panel_of

import inv_gym
from inv_gym import LostSales, Products, SyntheticProducts, baselines
from inv_gym.products.batch import HISTORY, concatenate
from inv_gym.products.earlier import MEMORY, Earlier
from inv_gym.products.panel import PanelProducts
from inv_gym.products.sources import draw_products
from inv_gym.testing import check_environment

REMEMBERED = SyntheticProducts(("poisson",), known_periods=(16, HISTORY), earlier_periods=(0, 60))
PROBLEM = LostSales(horizon=8)


def known(products: Products) -> Earlier:
    assert products.earlier is not None
    return products.earlier


def seen(problem: LostSales, products: Products) -> list[Earlier]:
    """What each period's observation shows of the time before its history."""
    nothing = baselines.ConstantOrder(problem=problem, quantity=3.0)
    shown = [s.observation.earlier for s in inv_gym.rollout(problem, nothing, products).steps]
    return [earlier for earlier in shown if earlier is not None]


def test_the_sums_are_those_of_demand_and_only_whole_histories_have_any() -> None:
    products = draw_products(REMEMBERED, PROBLEM, 400)
    periods, demand, squares = known(products)
    assert products.known_periods is not None
    assert not periods[products.known_periods < HISTORY].any()
    assert periods.min() == 0
    assert 50 < periods.max() <= 60
    remembered = periods > 0
    mean = demand[remembered] / periods[remembered]
    assert np.corrcoef(mean, products.scale[remembered])[0, 1] > 0.95
    assert (squares >= demand**2 / np.maximum(periods, 1.0) - 1e-9).all()


def test_populations_without_earlier_periods_are_drawn_as_before() -> None:
    without = replace(REMEMBERED, earlier_periods=0)
    assert draw_products(without, PROBLEM, 10).earlier is None
    assert not without.extras.earlier
    assert REMEMBERED.extras.earlier


@pytest.mark.parametrize("censored", [False, True])
def test_what_leaves_the_history_is_added_if_there_was_something_before(censored: bool) -> None:
    problem = replace(PROBLEM, censored=censored)
    products = draw_products(REMEMBERED, problem, 50, seed=1)
    left = np.nan_to_num(products.demand[: PROBLEM.horizon])
    counted = (~np.isnan(products.demand[: PROBLEM.horizon])) & (known(products).periods > 0)
    for period, earlier in enumerate(seen(problem, products)):
        added = counted[:period], left[:period] * counted[:period]
        np.testing.assert_allclose(earlier.periods, known(products).periods + added[0].sum(0))
        np.testing.assert_allclose(earlier.demand, known(products).demand + added[1].sum(0))
        np.testing.assert_allclose(
            earlier.squares, known(products).squares + (added[1] ** 2).sum(0)
        )


def test_all_views_show_the_same() -> None:
    products = draw_products(REMEMBERED, PROBLEM, 3, seed=2)
    arrays = seen(PROBLEM, products)
    tensors = seen(PROBLEM, products.torch())
    for expected, given in zip(arrays, tensors, strict=True):
        for column, tensor in zip(expected, given, strict=True):
            np.testing.assert_allclose(tensor.numpy(), column, rtol=1e-6)


def test_the_step_api_shows_it() -> None:
    env: Any = gym.make("InvLostSales-v0", products=REMEMBERED).unwrapped
    shown, _ = env.reset(seed=5)
    names = env.observation_names
    places = [names.index(f"earlier_{name}") for name in Earlier._fields]
    history = slice(names.index("demand_32_ago"), names.index("demand_1_ago") + 1)
    while not shown[places[0]]:
        shown, _ = env.reset()
    for _ in range(3):
        before, leaving = shown[places], shown[history][0]
        row = env.observe().earlier
        assert row is not None
        np.testing.assert_allclose([column[0] for column in row], before, rtol=1e-6)
        shown, *_ = env.step(np.array([3.0], np.float32))
        added = np.array([1.0, leaving, leaving**2])
        np.testing.assert_allclose(shown[places], before + added, rtol=1e-6)


def test_environments_with_earlier_periods_keep_the_laws() -> None:
    products = {"population": "poisson", "earlier_periods": [0, 60]}
    check_environment("InvLostSales-v0", products=products)


def test_batches_are_joined_with_nothing_known_of_those_that_have_none() -> None:
    with_memory = draw_products(REMEMBERED, PROBLEM, 3)
    without = draw_products(replace(REMEMBERED, earlier_periods=0), PROBLEM, 2)
    joined = known(concatenate([with_memory, without]))
    np.testing.assert_array_equal(joined.periods[3:], 0.0)
    np.testing.assert_array_equal(joined.demand[:3], known(with_memory).demand)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_sums_that_are_none_are_refused(value: float) -> None:
    products = draw_products(REMEMBERED, PROBLEM, 3)
    bad = products._replace(earlier=known(products)._replace(demand=np.full(3, value)))
    with pytest.raises(ValueError, match="demand of the earlier periods must be finite and at"):
        inv_gym.rollout(PROBLEM, baselines.ConstantOrder(problem=PROBLEM, quantity=1.0), bad)


def _table(folder: Path, days: int, later: float = 0.0) -> Any:
    """A panel of two series; `later` is added to what is sold from day 450 on."""
    rng = np.random.default_rng(0)
    units = 1.0 + rng.poisson(4.0, (days, 2)).astype(float)
    units[450:] += later
    folder.mkdir(exist_ok=True)
    return panel_of(folder, a=units[:, 0], b=units[:, 1])


def test_a_table_is_remembered_up_to_the_history_and_no_further(tmp_path: Path) -> None:
    panel = _table(tmp_path, 500)
    source = PanelProducts(panel)
    windows = np.array([[0, 470], [1, 60], [0, 20], [1, 32]])
    products = source.at(PROBLEM, np.random.default_rng(0), windows)
    units = np.asarray(panel.units)
    for row, (series, start) in enumerate(windows):
        before = units[max(start - HISTORY - MEMORY, 0) : max(start - HISTORY, 0), series]
        expected = len(before), before.sum(), (before**2).sum()
        assert [column[row] for column in known(products)] == pytest.approx(expected)


def test_later_sales_change_nothing_of_what_is_remembered(tmp_path: Path) -> None:
    windows = np.array([[0, 440], [1, 450]])
    plain, changed = (
        known(
            PanelProducts(_table(folder, 500, later)).at(PROBLEM, np.random.default_rng(0), windows)
        )
        for folder, later in ((tmp_path / "a", 0.0), (tmp_path / "b", 50.0))
    )
    for left, right in zip(plain, changed, strict=True):
        np.testing.assert_array_equal(left, right)
