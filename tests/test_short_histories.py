"""Products of which fewer than 32 periods are known before the episode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from panel_cases import long_table, stored

import inv_gym
from inv_gym import LostSales, Observation, Products, SyntheticProducts, baselines
from inv_gym.baselines.bayes import BayesBaseStock
from inv_gym.baselines.fitting.estimation import PRIOR_DISPERSION, estimate
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.envs.single import InventoryEnv
from inv_gym.products.batch import HISTORY
from inv_gym.products.panel import PanelProducts, read_panel
from inv_gym.products.sources import draw_products
from inv_gym.tasks.registry import ENVIRONMENTS, make_problem
from inv_gym.testing import LAW_PERIODS, check_environment, check_policy

SHORT = SyntheticProducts(("poisson", "gamma"), known_periods=(1, HISTORY))
PROBLEM = LostSales(horizon=8)
POLICIES_OF_HISTORY = [
    (env_id, name)
    for env_id in ENVIRONMENTS
    for name, policy in baselines.policies(make_problem(env_id, horizon=LAW_PERIODS)).items()
    if policy.knows == "history"
]


def short_products(*known_periods: float, source: SyntheticProducts = SHORT) -> Products:
    """A product for each number of known periods, of the same demand."""
    whole = draw_products(replace(source, known_periods=HISTORY), PROBLEM, 1, seed=4)
    products = whole.rows(np.zeros(len(known_periods), int))
    known = np.array(known_periods)
    unknown = np.arange(len(products.demand))[:, None] < HISTORY - known
    return products._replace(demand=np.where(unknown, np.nan, products.demand), known_periods=known)


def test_what_is_not_known_is_nan_and_the_scale_is_the_mean_of_what_is() -> None:
    products = draw_products(SHORT, PROBLEM, 600)
    known = products.known_periods
    assert known is not None
    assert set(known) == set(range(1, HISTORY + 1))
    np.testing.assert_array_equal((~np.isnan(products.demand[:HISTORY])).sum(0), known)
    assert not np.isnan(products.demand[HISTORY - 1 :]).any()
    mean = np.nansum(products.demand[:HISTORY], 0) / known
    np.testing.assert_allclose(products.scale, np.maximum(mean, 1.0 / HISTORY))


def test_censored_histories_are_cut_at_a_quantile_of_what_is_known() -> None:
    products = draw_products(SHORT, replace(PROBLEM, censored=True), 50, seed=2)
    demand = draw_products(SHORT, PROBLEM, 50, seed=2).demand[:HISTORY]
    most = np.nanquantile(demand, 0.9, axis=0)
    np.testing.assert_array_equal(products.demand[:HISTORY], np.minimum(demand, most))


def test_one_more_period_is_known_after_each() -> None:
    products = short_products(1.0, 30.0, 32.0)
    seen = [step.observation for step in inv_gym.rollout(PROBLEM, _constant(), products).steps]
    known = np.stack([observation.known_periods for observation in seen])
    np.testing.assert_array_equal(known[:3], [[1, 30, 32], [2, 31, 32], [3, 32, 32]])
    for observation in seen:
        counted = (~np.isnan(observation.history)).sum(0)
        np.testing.assert_array_equal(counted, observation.known_periods)
    full = draw_products(replace(SHORT, known_periods=HISTORY), PROBLEM, 3)
    assert inv_gym.rollout(PROBLEM, _constant(), full).steps[0].observation.known_periods == 32


def _constant() -> Any:
    return baselines.ConstantOrder(problem=PROBLEM, quantity=1.0)


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize(("env_id", "name"), POLICIES_OF_HISTORY)
def test_a_heuristic_keeps_the_laws_with_short_histories(env_id: str, name: str) -> None:
    problem = make_problem(env_id, horizon=LAW_PERIODS)
    check_policy(baselines.policies(problem)[name], problem, SHORT)


@pytest.mark.parametrize("censored", [False, True])
def test_an_environment_keeps_the_laws_with_short_histories(censored: bool) -> None:
    products = {"population": "poisson", "known_periods": [1, HISTORY]}
    check_environment("InvLostSales-v0", products=products, censored=censored)


def test_flat_observations_have_zeros_and_the_number_of_known_periods() -> None:
    single: Any = gym.make("InvLostSales-v0", products=SHORT).unwrapped
    assert isinstance(single, InventoryEnv)
    names = single.observation_names
    assert names[-2:] == ["known_periods", "horizon_left"]
    other: Any = gym.make("InvLostSales-v0").unwrapped
    assert set(names) - set(other.observation_names) == {"known_periods"}

    vector, _ = single.reset(seed=3)
    known = int(vector[-2])
    assert 1 <= known < HISTORY
    history = vector[[name.startswith("demand_") for name in names]]
    assert not history[: HISTORY - known].any()
    np.testing.assert_allclose(history[HISTORY - known :].mean(), vector[names.index("scale")])
    shown = single.observe()
    np.testing.assert_array_equal(np.isnan(shown.history[:, 0]).sum(), HISTORY - known)
    assert shown.known_periods == known


class MeanOfAll:
    """Forgets that histories may be short."""

    knows = "history"
    name = "mean of all"

    def __call__(self, observation: Observation) -> np.ndarray:
        return observation.history.mean(0)[:, None]


def test_a_policy_that_forgets_them_is_told_how_to_read_them() -> None:
    products = draw_products(SHORT, PROBLEM, 20)
    with pytest.raises(ValueError, match=r"mean of all must .* got nan .* observation\.known_per"):
        inv_gym.rollout(PROBLEM, MeanOfAll(), products)


@pytest.mark.parametrize("known", [0.0, 33.0, 1.5, np.nan])
def test_numbers_of_known_periods_are_checked(known: float) -> None:
    products = short_products(4.0, 5.0)._replace(known_periods=np.array([4.0, known]))
    with pytest.raises(ValueError, match="known_periods must be a whole number from 1 to 32"):
        inv_gym.rollout(PROBLEM, _constant(), products)


def test_demand_and_known_periods_must_agree() -> None:
    products = short_products(4.0, 5.0)
    told_of_less = products._replace(known_periods=np.array([4.0, 2.0]))
    with pytest.raises(ValueError, match="periods that known_periods says are not known: put NaN"):
        inv_gym.rollout(PROBLEM, _constant(), told_of_less)
    for known in (None, np.array([4.0, 6.0])):
        with pytest.raises(ValueError, match="the demand of the products must be finite"):
            inv_gym.rollout(PROBLEM, _constant(), products._replace(known_periods=known))


@pytest.mark.parametrize("known_periods", [0, 40, (0, 5)])
def test_a_population_refuses_impossible_numbers_of_known_periods(known_periods: Any) -> None:
    with pytest.raises(ValueError, match="known_periods must be between 1 and 32"):
        SyntheticProducts(known_periods=known_periods)


def test_an_estimate_from_one_demand_is_the_prior_and_from_all_has_none() -> None:
    history = np.full((HISTORY, 4), np.nan)
    history[-1] = [6.0, 6.5, 0.0, 6.0]
    history[:, 3] = np.tile([2.0, 6.0], HISTORY // 2)
    estimated = estimate(history)
    np.testing.assert_allclose(estimated.window_mean(), [6.0, 6.5, 0.5, 4.0])
    prior = np.array([6.0, 0.0, 0.5]) + PRIOR_DISPERSION * np.array([6.0, 6.5, 0.5]) ** 2
    whole = history[:, 3].var(ddof=1)
    # demand with less variance than a Poisson one is taken to be Poisson
    np.testing.assert_allclose(estimated.variance(), [*prior, max(whole, 4.0)], rtol=1e-5)


def test_the_prior_fades_with_each_known_period() -> None:
    alike = np.where(np.arange(HISTORY)[:, None] < HISTORY - np.arange(1, 33), np.nan, 5.5)
    variance = estimate(alike).variance()
    assert (np.diff(variance) < 0.0).all()
    assert variance[0] == pytest.approx(PRIOR_DISPERSION * 5.5**2, rel=1e-5)


def test_bayes_uses_the_known_demands_alone() -> None:
    population = SyntheticProducts(("poisson",), mean=(2.0, 8.0))
    rule = BayesBaseStock(PROBLEM, population)
    products = short_products(1.0, 6.0, 32.0, source=population)
    first = inv_gym.rollout(PROBLEM, rule, products).steps[0]
    level = first.order[:, 0] + first.observation.state.on_hand
    # by hand: each mean weighs as its likelihood of the known demands
    means = np.linspace(2.0, 8.0, 20_001)
    economics = products.economics
    ratio = critical_ratio(PROBLEM, economics)
    for row, known in enumerate((1, 6, 32)):
        total = products.demand[HISTORY - known : HISTORY, row].sum()
        weight = np.exp(total * np.log(means) - known * means)
        units = np.arange(60)
        below = [_poisson_cdf(u, means) @ weight / weight.sum() for u in units]
        assert level[row] == units[np.searchsorted(below, ratio[row])]


def _poisson_cdf(units: int, means: np.ndarray) -> np.ndarray:
    from scipy import stats

    return stats.poisson(means).cdf(units)


@pytest.fixture
def young(tmp_path: Path) -> PanelProducts:
    """A table of a new product, of one that was closed in the middle, and of an old one."""
    days = np.arange(60)
    table = long_table(
        old=np.full(60, 2.0) + days % 3,
        new=np.where(days < 40, np.nan, 5.0 + days % 2),
        closed=np.where((days >= 10) & (days < 45), 0.0, 7.0),
    )
    return PanelProducts(read_panel(stored(tmp_path, table.dropna())))


def test_a_table_plays_every_product_with_a_known_period_and_the_horizon(
    young: PanelProducts,
) -> None:
    products = draw_products(young, PROBLEM, 3000)
    windows, known = products.windows, products.known_periods
    assert windows is not None
    assert known is not None
    starts = {
        name: np.unique(windows[windows[:, 0] == number, 1])
        for number, name in enumerate(young.panel.series)
    }
    np.testing.assert_array_equal(starts["old"], np.arange(1, 60 - 8 + 1))
    np.testing.assert_array_equal(starts["new"], np.arange(41, 60 - 8 + 1))
    # until it opens again, nobody knows that it is closed; then there is a sale in the last 32 days
    closed = [*range(1, 10 + HISTORY), *range(46, 60 - 8 + 1)]
    np.testing.assert_array_equal(starts["closed"], closed)

    # what is known ends right before the episode and begins with the product, or its opening
    begin = {"old": 0, "new": 40, "closed": 45}
    for number, name in enumerate(young.panel.series):
        rows = (windows[:, 0] == number) & (windows[:, 1] > begin[name])
        expected = np.minimum(windows[rows, 1] - begin[name], HISTORY)
        np.testing.assert_array_equal(known[rows], expected)
    unknown = np.arange(HISTORY)[:, None] < HISTORY - known
    assert products.covariates is not None
    np.testing.assert_array_equal(np.isnan(products.demand[:HISTORY]), unknown)
    np.testing.assert_array_equal(np.isnan(products.covariates[:HISTORY, :, 0]), unknown)


def test_a_table_with_short_histories_is_ranked(young: PanelProducts) -> None:
    task = inv_gym.Task(PROBLEM, young, name="Young-v0")
    result = inv_gym.evaluate(
        task, {"base-stock": baselines.policies(PROBLEM)["base-stock"]}, number=200
    )
    assert np.isfinite(result.frame["reward"]).all()
