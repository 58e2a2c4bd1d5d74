"""The tuner: known optima, its paths, its simulation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import COSTS, distribution_of, economics_of, level_of, reward_of
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from inv_gym import POPULATIONS, DualSourcing, LostSales, Perishable, draw_products
from inv_gym.baselines import (
    BaseStock,
    CappedBaseStock,
    CappedDualIndex,
    ConstantOrder,
    DualIndex,
    VectorBaseStock,
)
from inv_gym.baselines.fitting import search, simulation
from inv_gym.baselines.fitting.optimiser import GRID_POINTS, ROUNDS, Score, zoom
from inv_gym.baselines.fitting.simulation import mean_reward, paths, simulate
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.distribution import Distribution
from inv_gym.demand.processes import WeeklySeason
from inv_gym.play.policy import Observation
from inv_gym.products.batch import HISTORY


def concave(ranges: Any, best: np.ndarray, ridge: float = 0.0) -> Score:
    """Minus a quadratic form in shares of the ranges, 1 on its diagonal and `ridge` off it; `best`
    is ``[P, B]``.
    """
    width = np.array([[high - low] for low, high in ranges])

    def score(points: np.ndarray) -> np.ndarray:
        away = (points - best) / width
        return -((1.0 - ridge) * (away**2).sum(1) + ridge * away.sum(1) ** 2)

    return score


RANGES = [(-4.0, 4.0), (0.0, 0.99), (3.0, 300.0)]


def resolution(number: int) -> float:
    """The last step as a share of the range, by number of coordinates."""
    return 1.0 / (GRID_POINTS[number] - 1) / 2.0**ROUNDS


def optimum(shares: Any, number: int) -> np.ndarray:
    """Points ``[P, B]`` of the first ranges from shares ``[B][P]``."""
    low, high = np.array(RANGES[:number]).T[..., None]
    return low + np.array(shares).T * (high - low)


@given(
    optimum=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5),
    low=st.floats(-50.0, 50.0),
    width=st.floats(0.1, 100.0),
    power=st.floats(1.0, 4.0),
)
def test_zoom_finds_the_optimum_of_a_concave_function_to_the_resolution_it_promises(
    optimum, low, width, power
):
    best = low + np.array(optimum) * width
    found = zoom(lambda x: -(np.abs(x[:, 0] - best) ** power), [(low, low + width)], len(best))
    assert found.shape == (1, len(best))
    # a symmetric score is best at the nearest point: half a step at most
    assert (np.abs(found - best) <= width * resolution(1) / 2.0 * (1.0 + 1e-6)).all()


@given(optimum=st.floats(0.0, 1.0), left=st.floats(0.1, 10.0), right=st.floats(0.1, 10.0))
def test_zoom_brackets_the_optimum_of_a_lopsided_function_between_its_last_neighbours(
    optimum, left, right
):
    def score(points: np.ndarray) -> np.ndarray:
        x = points[:, 0]
        return -np.where(x < optimum, left * (optimum - x), right * (x - optimum))

    assert abs(zoom(score, [(0.0, 1.0)], 1)[0, 0] - optimum) <= resolution(1) + 1e-12


@pytest.mark.parametrize("number", [1, 2, 3])
@given(data=st.data())
def test_zoom_finds_the_optimum_of_a_function_without_ridge_to_half_its_last_step(number, data):
    share = st.tuples(*[st.floats(0.0, 1.0)] * number)
    best = optimum(data.draw(st.lists(share, min_size=1, max_size=4)), number)
    found = zoom(concave(RANGES[:number], best), RANGES[:number], best.shape[1])
    width = np.array([[high - low] for low, high in RANGES[:number]])
    assert (np.abs(found - best) / width <= resolution(number) / 2.0 * (1.0 + 1e-6)).all()


@pytest.mark.parametrize(("number", "least"), [(2, -0.9), (3, -0.3)])
@given(data=st.data())
def test_zoom_finds_the_optimum_on_a_ridge_to_its_last_step(number, least, data):
    ridge = data.draw(st.floats(least, 0.9))
    best = optimum([data.draw(st.tuples(*[st.floats(0.0, 1.0)] * number))], number)
    found = zoom(concave(RANGES[:number], best, ridge), RANGES[:number], 1)
    width = np.array([[high - low] for low, high in RANGES[:number]])
    assert (np.abs(found - best) / width <= resolution(number)).all()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_zoom_asks_for_its_grid_and_its_rounds_within_the_ranges_and_no_more(number):
    asked = []

    def score(points: np.ndarray) -> np.ndarray:
        asked.append(points)
        return -(points**2).sum(1)

    zoom(score, RANGES[:number], 2)
    neighbours = 3**number
    assert {points.shape[1:] for points in asked} == {(number, 2)}
    assert max(map(len, asked)) == neighbours
    assert sum(map(len, asked)) == GRID_POINTS[number] ** number + ROUNDS * (neighbours - 1)
    low, high = np.array(RANGES[:number]).T[..., None]
    assert all(((points >= low) & (points <= high)).all() for points in asked)


def test_zoom_moves_only_to_what_is_better():
    # all points of the grid are as good, so the first stays through all rounds
    assert zoom(
        lambda points: np.zeros((len(points), 3)), [(1.0, 2.0), (5.0, 6.0)], 3
    ).tolist() == [
        [1.0] * 3,
        [5.0] * 3,
    ]


def test_the_paths_of_the_search_have_the_mean_of_the_law_and_are_the_same_each_time():
    distribution = distribution_of("poisson", [0.5, 5.0, 40.0])
    demand = paths(distribution, 1000 - HISTORY)
    assert demand.shape == (1000, 3)
    np.testing.assert_array_equal(paths(distribution, 1000 - HISTORY), demand)
    # a stratum moves a count by its own part of the range: 1/1000 of the largest demand seen
    assert (np.abs(demand.mean(0) - [0.5, 5.0, 40.0]) <= demand.max(0) / 1000.0).all()
    # amounts show the uniforms themselves: one from each of 1000 equal parts, in an order without
    # memory
    amounts = distribution_of("gamma", 1.0, 1.0)
    uniforms = 1.0 - np.exp(-paths(amounts, 1000 - HISTORY)[:, 0])
    step = amounts.lattice()[0][0]
    assert (
        np.abs(np.sort(uniforms) - (np.arange(1000) + 0.5) / 1000.0) < 0.5 / 1000.0 + step
    ).all()
    assert abs(np.corrcoef(uniforms[1:], uniforms[:-1])[0, 1]) < 4.0 / np.sqrt(1000)
    # and all products the same ones
    assert (np.diff(demand[np.argsort(uniforms)], axis=0) >= 0.0).mean() > 0.99


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (LostSales(), BaseStock),
        (LostSales(lead_time=1), BaseStock),
        (LostSales(lead_time=4), VectorBaseStock),
        (Perishable(shelf_life=2), BaseStock),
        (Perishable(shelf_life=3, lead_time=1), BaseStock),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:28]),
)
def test_the_search_beats_every_point_of_its_finest_grid_on_its_own_paths(problem, kind):
    products = draw_products(POPULATIONS["default"], problem, 60)
    distribution, economics = products.distribution, products.economics
    demand = paths(distribution, search.SEARCH_PERIODS)

    def score(points: np.ndarray) -> np.ndarray:
        return kind.score(problem, distribution, economics, demand, points)

    found = zoom(score, kind.SEARCH, 60)
    own = reward_of(kind.searched(problem, distribution, economics), demand, economics)
    np.testing.assert_array_equal(own, score(found[None])[0])
    # [-4, 4] on the normal scale in nine points and six rounds ends in steps of 1/64; the closed
    # form lies in one
    closed = np.floor(64.0 * special.ndtri(critical_ratio(problem, economics))) / 64.0
    others = score(
        np.stack([closed, closed + 1.0 / 64.0, found[0] - 1.0 / 64.0, found[0] + 1.0 / 64.0])[
            :, None
        ]
    )
    assert (own >= others.max(0) - 1e-9).all()
    assert (own > others[0]).any() or kind is BaseStock


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (LostSales(lead_time=1), BaseStock),
        (LostSales(lead_time=2), VectorBaseStock),
        (LostSales(lead_time=2), CappedBaseStock),
        (LostSales(lead_time=2), ConstantOrder),
        (DualSourcing(), DualIndex),
        (DualSourcing(backlog=False), CappedDualIndex),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_the_search_does_not_depend_on_the_batch_nor_on_the_blocks(problem, kind, monkeypatch):
    products = draw_products(POPULATIONS["default"], problem, 40)
    together = kind.searched(problem, products.distribution, products.economics).parameters
    few = products.rows(slice(11, 14))
    alone = kind.searched(problem, few.distribution, few.economics).parameters
    monkeypatch.setattr(search, "CANDIDATES_AT_ONCE", 7 * 27)  # blocks of 7 to 63 products
    in_blocks = kind.searched(problem, products.distribution, products.economics).parameters
    for name, parameter in together.items():
        np.testing.assert_array_equal(np.asarray(alone[name]), np.asarray(parameter)[..., 11:14])
        np.testing.assert_array_equal(in_blocks[name], parameter)


@pytest.mark.usefixtures("short_search")
def test_under_a_season_parameters_are_searched_for_the_average_distribution():
    problem = LostSales(lead_time=2, horizon=21)
    population = replace(POPULATIONS["poisson"], mean=8.0, processes=(WeeklySeason(spread=0.4),))
    products = draw_products(population, problem, 20)
    distribution = products.distribution
    flat = Distribution(
        distribution.families,
        distribution.family_index,
        distribution.mean.mean(0, keepdims=True),
        distribution.dispersion,
    )
    level = BaseStock.searched(problem, distribution, products.economics).level
    np.testing.assert_array_equal(
        level, BaseStock.searched(problem, flat, products.economics).level
    )
    busiest = replace(flat, mean=distribution.mean.max(0, keepdims=True))
    assert (level < BaseStock.searched(problem, busiest, products.economics).level).all()


def test_the_simulation_counts_only_what_follows_its_warm_up_and_has_no_end():
    problem = LostSales(horizon=5, initial_stock=(3.0, 4.0))
    distribution, economics = (
        distribution_of("poisson", [5.0, 8.0]),
        economics_of(problem, **{k: [v] * 2 for k, v in COSTS.items()}),
    )
    heuristic = BaseStock.closed_form(problem, distribution, economics)
    path = paths(distribution, search.SEARCH_PERIODS)
    steps = list(simulate(problem, heuristic, path, economics))
    assert [step.period for step in steps] == list(range(simulation.WARM_UP, search.SEARCH_PERIODS))
    demand = np.array([step.demand for step in steps])
    np.testing.assert_array_equal(demand, path[HISTORY + simulation.WARM_UP :])
    assert (
        np.abs(demand.mean(0) - [5.0, 8.0]) < 4.0 * np.sqrt(np.array([5.0, 8.0]) / len(steps))
    ).all()
    level = level_of(heuristic)
    sales = np.minimum(demand, level)
    # a base-stock policy orders what was sold: the mean order is the mean of the sales one period
    # before
    wanted = 10.0 * sales - (level - sales) - 2.0 * (demand - sales)
    orders = np.array([step.order[:, 0] for step in steps])
    np.testing.assert_allclose(
        mean_reward(iter(steps))[0], (wanted - 4.0 * orders).mean(0), rtol=1e-12
    )


def test_candidates_are_simulated_as_if_alone():
    problem = LostSales(lead_time=2)
    distribution, economics = (
        distribution_of("poisson", [5.0, 8.0]),
        economics_of(problem, **{k: [v] * 2 for k, v in COSTS.items()}),
    )
    demand = paths(distribution, 100)
    levels = np.array([[10.0, 20.0], [15.0, 25.0], [20.0, 5.0]])
    rule = BaseStock(problem=problem, level=levels.reshape(-1))
    together = mean_reward(simulate(problem, rule, demand, economics, 3), 3)
    alone = [
        reward_of(BaseStock(problem=problem, level=level), demand, economics) for level in levels
    ]
    np.testing.assert_array_equal(together, alone)


class LooksBack(BaseStock):
    """Orders the last demand, which no search shows."""

    def __call__(self, observation: Observation) -> np.ndarray:
        return observation.history[-1][:, None]


def test_a_rule_that_looks_back_is_refused_by_name_where_it_is_simulated() -> None:
    problem = LostSales()
    rule = LooksBack(problem=problem, level=np.array([3.0, 4.0]))
    economics = economics_of(problem, **{name: [cost] * 2 for name, cost in COSTS.items()})
    with pytest.raises(ValueError, match="policy LooksBack must return finite orders .* got nan"):
        next(simulate(problem, rule, np.ones((HISTORY + 100, 2)), economics))
