"""Intervals: they hold the truth as often as they say, on real tables too, and money stands beside
percents.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from inv_gym import LostSales, Task, draw_products, evaluate, make_source, rollout
from inv_gym.baselines import ConstantOrder
from inv_gym.leaderboard.board import Board, Contest
from inv_gym.play.statistics import ProductMean, ProductRatio
from inv_gym.products.batch import product_weights
from inv_gym.testing import Replay


def figure(values: np.ndarray, series: np.ndarray | None) -> ProductMean:
    """Added in two parts."""
    total, half = ProductMean(), len(values) // 2
    for part in (slice(None, half), slice(half, None)):
        total.add(values[part], None if series is None else series[part])
    return total


def coverage(tables: int, series: int, windows: int, days: int = 200, length: int = 82) -> float:
    """Share of tables whose interval holds the mean of all tables, for windows that overlap.

    A window's figure is the mean over its days of a series of its own level plus daily noise.
    """
    rng, held = np.random.default_rng(5), 0
    for _ in range(tables):
        daily = rng.normal(0.0, 0.3, (series, 1)) + rng.poisson(5.0, (series, days)) - 5.0
        sums = np.cumsum(np.pad(daily, ((0, 0), (1, 0))), 1)
        drawn, start = rng.integers(series, size=windows), rng.integers(days - length, size=windows)
        values = (sums[drawn, start + length] - sums[drawn, start]) / length
        _, low, high = figure(values, drawn).interval
        held += low <= 0.0 <= high
    return held / tables


@pytest.mark.parametrize(("series", "windows"), [(8, 1000), (20, 1000), (50, 2000)])
def test_intervals_of_windows_hold_the_truth_as_often_as_they_say(
    series: int, windows: int
) -> None:
    assert 0.93 <= coverage(4000, series, windows) <= 0.97


@pytest.mark.parametrize("population", ["same series", "other demand and prices"])
def test_intervals_of_evaluated_tables_hold_the_truth_as_often_as_they_say(population: str) -> None:
    coverage_of = importlib.import_module("benchmarks.coverage").coverage
    held = coverage_of(population, 8, 200, 400)
    assert held.between(0.93, 0.97).all(), held


def test_the_compared_intervals_begin_with_the_one_in_use() -> None:
    held = importlib.import_module("benchmarks.coverage_compared").held
    rng = np.random.default_rng(6)
    numerators, denominators = rng.lognormal(0.0, 1.0, (2, 1, 9))
    ratio = ProductRatio()
    ratio.add(numerators[0], denominators[0], np.arange(9))
    mean, low, high = ratio.interval()
    for truth, within in ((low - 1e-9, 0), (low + 1e-9, 1), (high - 1e-9, 1), (high + 1e-9, 0)):
        assert held(numerators, denominators, truth)[0] == within
    assert held(numerators, denominators, mean).tolist() == [1.0] * 5


def test_the_error_of_a_ratio_by_series_is_that_of_leaving_out_one_at_a_time() -> None:
    rng = np.random.default_rng(4)
    series = rng.choice(7, 300, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1])
    gaps, rewards = rng.normal(1.0, 2.0, 300) + series, rng.normal(5.0, 1.0, 300) + series
    ratio = ProductRatio()
    for part in (slice(None, 100), slice(100, None)):
        ratio.add(gaps[part], rewards[part], series[part])
    whole = gaps.mean() / rewards.mean()
    without = [gaps[series != k].mean() / rewards[series != k].mean() for k in range(7)]
    error = np.sqrt(6.0 / 7.0 * ((np.array(without) - whole) ** 2).sum())
    assert ratio.standard_error == pytest.approx(error, rel=1e-10)
    shares = np.bincount(series, rewards) / rewards.sum()
    half = float(stats.t.ppf(0.975, 1.0 / (shares**2).sum() - 1.0)) * error
    assert ratio.interval(100.0) == pytest.approx(
        [100.0 * end for end in (whole, whole - half, whole + half)], rel=1e-10
    )


def test_a_series_that_alone_has_the_money_leaves_no_finite_interval() -> None:
    ratio = ProductRatio()
    ratio.add(np.ones(4), np.array([1.0, 0.0, 0.0, 0.0]), np.arange(4))
    assert ratio.interval().mean == 4.0
    assert np.isnan(ratio.interval().low)


def test_without_series_overlapping_windows_would_be_believed_too_much() -> None:
    rng = np.random.default_rng(0)
    levels, drawn = rng.normal(0.0, 1.0, 8), rng.integers(8, size=1000)
    values = levels[drawn] + rng.normal(0.0, 0.1, 1000)
    assert figure(values, drawn).standard_error > 5.0 * figure(values, None).standard_error


def test_the_error_of_one_window_per_series_is_that_of_independent_products() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 700)
    alone, clustered = figure(values, None), figure(values, np.arange(700))
    assert alone.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(700), rel=1e-12)
    assert clustered.interval == pytest.approx(alone.interval, rel=1e-12)
    assert clustered.clusters == alone.clusters == 700


def test_one_series_has_no_interval() -> None:
    assert np.isnan(figure(np.arange(9.0), np.zeros(9, int)).standard_error)


def table(path: Any, series: int, days: int) -> str:
    rng = np.random.default_rng(3)
    dates = pd.date_range("2024-01-01", periods=days)
    frames = [
        pd.DataFrame({"series": f"s{k}", "date": dates, "units": rng.poisson(3.0 + k, days)})
        for k in range(series)
    ]
    pd.concat(frames).to_csv(path, index=False)
    return str(path)


def test_a_table_is_judged_by_its_series(tmp_path: Any) -> None:
    source = make_source({"file": table(tmp_path / "sales.csv", 9, 150)})
    problem = LostSales(horizon=20)
    policies = {
        name: ConstantOrder(problem=problem, quantity=q) for name, q in (("a", 3.0), ("b", 4.0))
    }
    result = evaluate(problem, policies, source, number=600, reference="a")
    assert result.facts["series"] == 9
    assert 9 < result.facts["windows"] <= 600
    products = draw_products(source, problem, 600)
    assert result.facts["windows"] == len(np.unique(products.windows, axis=0))
    row = result.frame.set_index("policy").loc["a"]
    rewards = np.array([row.reward, row.standard_error])
    assert (
        rewards[1]
        > 3.0
        * evaluate(problem, policies, products._replace(windows=None), reference="a")
        .frame.set_index("policy")
        .loc["a"]
        .standard_error
    )


DOUBTED = "intervals of reward and gap per unit may be too narrow"


@pytest.mark.parametrize(
    ("money", "is_told"),
    [
        (np.ones(8), False),
        (np.r_[np.ones(7), 20.0], True),  # one series holds three quarters
        (np.linspace(1.0, 2.0, 8), False),
        (np.r_[np.ones(190), np.full(10, 20.0)], True),  # as 36 equal ones
        (np.r_[np.ones(380), np.full(20, 20.0)], False),  # as 73
    ],
)
def test_a_table_says_where_few_series_hold_the_money(money: np.ndarray, is_told: bool) -> None:
    problem = LostSales(horizon=6)
    series = len(money)
    products = draw_products(make_source("poisson"), problem, 1)
    products = products.rows(np.zeros(series, int))._replace(
        windows=np.stack([np.arange(series), np.full(series, 40)], 1)
    )
    dear = type(products.economics)(*(column * money for column in products.economics))
    orders = np.broadcast_to(products.scale[:, None], (6, series, 1))
    policies = {"mean": Replay(orders), "more": Replay(1.2 * orders)}
    products = products._replace(economics=dear)
    result = evaluate(problem, policies, products, reference="mean")
    number = max(money.sum() ** 2 / (money**2).sum(), 2.0)
    assert result.facts["effective_series"] == pytest.approx(number, abs=0.051)
    task = Task(problem, make_source("poisson"), name="Mine-v0")
    contest = Contest(task, "data", "x", policies, "mean", ("first",), products.rows(slice(1)), {})
    board = Board(contest, result)
    assert board.notes[0] == "first"
    assert any(DOUBTED in note for note in board.notes) == is_told
    assert board.to_dict()["notes"] == list(board.notes)
    alone = evaluate(problem, policies, products._replace(windows=None), reference="mean")
    assert "effective_series" not in alone.facts
    assert Board(contest, alone).notes == ("first",)


def worthless(problem: LostSales, number: int) -> tuple[Any, dict[str, Any]]:
    """Products of which one policy earns exactly 0 and another one more."""
    products = draw_products(make_source("poisson"), problem, number)
    free = products.economics._replace(shortage_cost=products.economics.shortage_cost * 0.0)
    nothing = np.zeros((problem.horizon, number, 1))
    orders = np.broadcast_to(products.scale[:, None], nothing.shape)
    return products._replace(economics=free), {"nothing": Replay(nothing), "mean": Replay(orders)}


@pytest.mark.parametrize("number", [1, 40])
def test_a_reference_that_earns_nothing_gives_money_and_no_percents(
    number: int, tmp_path: Any
) -> None:
    problem = LostSales(horizon=6, discount=1.0)
    products, policies = worthless(problem, number)
    result = evaluate(problem, policies, products, reference="nothing")
    rows = {
        row["policy"]: row
        for row in json.loads(
            result.to_json(tmp_path / "table.json").read_text(),
            parse_constant=lambda name: pytest.fail(f"{name} is not JSON"),
        )["rows"]
    }
    assert rows["mean"]["gap"] is rows["mean"]["product_gap"] is rows["mean"]["gap_high"] is None
    demand = products.demand[32:].mean()
    assert rows["mean"]["money_gap"] == pytest.approx(rows["mean"]["reward"] / demand, rel=1e-12)
    assert rows["nothing"]["gap"] == rows["nothing"]["money_gap"] == 0.0


def test_percents_come_back_once_the_reference_is_surely_not_zero() -> None:
    problem = LostSales(horizon=6, discount=1.0)
    products, policies = worthless(problem, 400)
    assert evaluate(problem, policies, products, reference="mean").frame.gap.notna().all()


def test_the_product_gap_counts_all_products_alike() -> None:
    problem = LostSales(horizon=6)
    products = draw_products(make_source("poisson"), problem, 30)
    giant = np.where(np.arange(30) == 0, 1000.0, 1.0)
    products = products._replace(demand=products.demand * giant, scale=products.scale * giant)
    orders = np.broadcast_to(products.scale[:, None], (6, 30, 1))
    policies = {"mean": Replay(orders), "more": Replay(1.2 * orders)}
    result = evaluate(problem, policies, products, reference="mean").frame.set_index("policy")
    weights = product_weights(products)
    by_product = {
        name: rollout(problem, policy, products).discounted_reward / problem.discounted_periods
        for name, policy in policies.items()
    }
    gap = weights * (by_product["more"] - by_product["mean"])
    wanted = 100.0 * gap.mean() / abs((weights * by_product["mean"]).mean())
    assert result.product_gap["more"] == pytest.approx(wanted, rel=1e-10)
    # the same products in another currency
    dear = products._replace(
        economics=type(products.economics)(*(7.0 * c for c in products.economics))
    )
    again = evaluate(problem, policies, dear, reference="mean").frame.set_index("policy")
    assert again.product_gap["more"] == pytest.approx(wanted, rel=1e-10)
