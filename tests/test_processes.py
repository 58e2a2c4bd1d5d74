"""Demand processes: what each multiplies the mean by, and for how long."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inv_gym import POPULATIONS, LostSales, draw_products
from inv_gym.demand.processes import (
    CALENDAR,
    AutocorrelatedLevel,
    DemandShock,
    RegimeChange,
    Trend,
    WeeklySeason,
    YearlySeason,
    calendar,
)
from inv_gym.demand.ranges import LogUniform, Uniform
from inv_gym.demand.unsteady import SpreadChange, StraightTrend, Wave
from inv_gym.products.batch import HISTORY

PROCESSES = [
    WeeklySeason(),
    YearlySeason(),
    Trend(),
    AutocorrelatedLevel(),
    RegimeChange(),
    DemandShock(),
    Wave(),
    StraightTrend(),
    SpreadChange(),
]


def factors(process: object, batch: int = 200, periods: int = 90, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return process.factors(rng, rng.integers(0, 1000, batch), periods)


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: type(process).__name__)
def test_factors_are_positive_one_per_period_and_product_and_differ_between_products(process):
    found = factors(process)
    assert found.shape == (90, 200)
    assert np.isfinite(found).all()
    assert (found > 0.0).all()
    assert len(np.unique(found.sum(0))) > 150


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: type(process).__name__)
def test_the_same_seed_draws_the_same_factors(process):
    np.testing.assert_array_equal(factors(process, seed=1), factors(process, seed=1))
    assert (factors(process, seed=1) != factors(process, seed=2)).any()


def test_a_weekly_season_has_period_seven_and_mean_one():
    found = factors(WeeklySeason())
    np.testing.assert_array_equal(found[7:], found[:-7])
    np.testing.assert_allclose([found[t : t + 7].mean(0) for t in range(20)], 1.0, rtol=1e-12)
    assert (np.abs(found[1:7] - found[:6]).max(0) > 0.0).all()


def test_a_weekly_season_without_spread_is_flat():
    np.testing.assert_allclose(factors(WeeklySeason(spread=0.0)), 1.0, rtol=1e-12)


def test_a_weekly_season_follows_the_calendar_and_not_the_start():
    later, sooner = (
        WeeklySeason().factors(np.random.default_rng(0), np.full(5, day), 30) for day in (3, 0)
    )
    np.testing.assert_array_equal(later[:-3], sooner[3:])


def test_a_yearly_season_has_mean_one_over_four_years_and_the_given_amplitude():
    found = YearlySeason(amplitude=0.3).factors(np.random.default_rng(0), np.arange(50), 1461)
    np.testing.assert_allclose(found.mean(0), 1.0, rtol=1e-12)
    # a day is 1/365.25 of the circle, so the top of the wave is met to half a day
    np.testing.assert_allclose(found.max(0), 1.3, rtol=0.3 * (np.pi / 365.25) ** 2)
    np.testing.assert_allclose(found.min(0), 0.7, rtol=0.3 * (np.pi / 365.25) ** 2)


def test_a_trend_compounds_at_a_constant_rate_from_one():
    found = factors(Trend(rate=Uniform(-0.02, 0.03)))
    np.testing.assert_array_equal(found[0], 1.0)
    rate = found[1] - 1.0
    np.testing.assert_allclose(
        found[1:] / found[:-1] - 1.0, np.broadcast_to(rate, (89, 200)), atol=1e-12
    )
    assert -0.02 <= rate.min() < -0.01
    assert 0.02 < rate.max() <= 0.03


def test_an_autocorrelated_level_has_the_given_correlation_spread_and_mean_one_at_every_time():
    batch, correlation, spread = 20_000, 0.8, 0.5
    found = factors(AutocorrelatedLevel(correlation=correlation, spread=spread), batch, periods=40)
    level = (np.log(found) + spread**2 / 2.0) / spread  # standard normal
    for t in (0, 1, 20, 39):
        assert abs(level[t].mean()) < 4.0 / np.sqrt(batch)
        assert abs(level[t].var() - 1.0) < 4.0 * np.sqrt(2.0 / batch)
        assert abs(found[t].mean() - 1.0) < 4.0 * np.sqrt(np.expm1(spread**2) / batch)
    for lag in (1, 2, 5):
        wanted = correlation**lag
        error = 4.0 * (1.0 - wanted**2) / np.sqrt(batch)
        assert abs(np.corrcoef(level[20], level[20 + lag])[0, 1] - wanted) < error


def test_a_wave_returns_after_its_period_with_the_given_amplitude():
    waves = factors(Wave(amplitude=0.4, period=6.0))
    np.testing.assert_allclose(waves[6:], waves[:-6], rtol=1e-9)
    np.testing.assert_allclose([waves[t : t + 6].mean(0) for t in range(20)], 1.0, rtol=1e-9)
    squares = ((waves[:6] - 1.0) ** 2).mean(0)
    np.testing.assert_allclose(squares, 0.4**2 / 2.0, rtol=1e-9)


def test_a_straight_trend_grows_by_the_same_amount_to_the_given_ratio():
    lines = factors(StraightTrend(ratio=Uniform(0.5, 3.0)))
    np.testing.assert_array_equal(lines[0], 1.0)
    np.testing.assert_allclose(np.diff(lines, 2, axis=0), 0.0, atol=1e-12)
    assert 0.5 <= lines[-1].min() < 0.6 and 2.8 < lines[-1].max() <= 3.0


def test_a_spread_changes_once_and_leaves_the_mean():
    noise = factors(SpreadChange(spread=LogUniform(0.05, 0.5)), batch=20_000, periods=40)
    error = noise.std(1) / np.sqrt(20_000)
    assert (np.abs(noise.mean(1) - 1.0) < 4.5 * error).all()
    # the first and last periods of a product have spreads of their own
    sizes = np.abs(np.log(noise))
    assert np.corrcoef(sizes[0], sizes[1])[0, 1] > 3.0 * np.corrcoef(sizes[0], sizes[-1])[0, 1]
    constant = factors(SpreadChange(spread=0.0))
    np.testing.assert_allclose(constant, 1.0)


@pytest.mark.parametrize(
    ("process", "field", "value"),
    [(Wave, "amplitude", 1.5), (Wave, "period", 1.0), (StraightTrend, "ratio", -1.0)],
)
def test_what_further_processes_cannot_draw_is_refused(process, field, value):
    with pytest.raises(ValueError, match=f"{field} must be"):
        process(**{field: value})


def test_a_regime_changes_at_most_once_and_for_good():
    found = factors(RegimeChange(factor=Uniform(2.0, 3.0)), batch=2000, periods=50)
    changes = (np.diff(found, axis=0) != 0.0).sum(0)
    assert set(changes) == {0, 1}
    assert np.isin(found[0, changes == 1], 1.0).all()
    assert (found[-1] >= 2.0).all()
    assert (found[-1] <= 3.0).all()
    # uniform over 50 periods: one in 50 changes before the first
    began = (found == 1.0).sum(0)
    counts = np.bincount(began, minlength=50)
    assert (np.abs(counts - 40.0) < 5.0 * np.sqrt(40.0)).all()


@given(length=st.integers(1, 20), begin=st.none() | st.integers(0, 30), seed=st.integers(0, 1000))
def test_a_shock_lasts_exactly_its_length_and_leaves_no_trace(length, begin, seed):
    process = DemandShock(factor=Uniform(2.0, 3.0), length=length, begin=begin)
    found = factors(process, batch=8, periods=60, seed=seed)
    struck = found != 1.0
    assert (struck.sum(0) == length).all()
    first = struck.argmax(0)
    assert begin is None or (first == begin).all()
    for b in range(8):
        window = found[first[b] : first[b] + length, b]
        assert (window == window[0]).all()
        assert 2.0 <= window[0] <= 3.0


def test_the_shock_of_the_preset_strikes_the_episode_and_not_the_history():
    problem = LostSales(horizon=40)
    means = draw_products(POPULATIONS["shock"], problem, 30).distribution.mean
    struck = means != means[0]
    assert struck.sum(0).tolist() == [5] * 30
    assert struck[20:25].all()


def test_processes_multiply():
    population = POPULATIONS["poisson"]
    problem = LostSales(horizon=30)
    both = replace(
        population,
        processes=(Trend(rate=0.01), DemandShock(factor=3.0, length=4, begin=HISTORY + 10)),
    )
    means = draw_products(both, problem, 5).distribution.mean
    flat = draw_products(
        replace(population, processes=(Trend(rate=0.0),)), problem, 5
    ).distribution.mean[0]
    wanted = flat * 1.01 ** (HISTORY + np.arange(30.0))[:, None]
    wanted[10:14] *= 3.0
    np.testing.assert_allclose(means, wanted, rtol=1e-12)


def test_demand_follows_the_means_that_the_known_law_has():
    problem = LostSales(horizon=28)
    population = replace(POPULATIONS["poisson"], mean=20.0, processes=(WeeklySeason(spread=0.4),))
    products = draw_products(population, problem, 500)
    means = products.distribution.mean
    residual = (products.demand[HISTORY:] - means) / np.sqrt(means)
    assert abs(residual.mean()) < 4.0 / np.sqrt(residual.size)
    assert abs(residual.var() - 1.0) < 4.0 * np.sqrt(
        2.1 / residual.size
    )  # a Poisson distribution's kurtosis is 3 + 1/mean
    assert (np.abs(residual.mean(1)) < 4.5 / np.sqrt(500)).all()


def test_the_calendar_shows_the_phase_of_week_and_year_of_each_product():
    start = np.array([0, 3, 100])
    found = calendar(start, 400)
    assert found.shape == (400, 3, len(CALENDAR))
    np.testing.assert_allclose(found[..., 0] ** 2 + found[..., 1] ** 2, 1.0, rtol=1e-12)
    np.testing.assert_allclose(found[..., 2] ** 2 + found[..., 3] ** 2, 1.0, rtol=1e-12)
    np.testing.assert_allclose(found[7:, :, :2], found[:-7, :, :2], atol=1e-11)
    np.testing.assert_allclose(found[3:, 0], found[:-3, 1], atol=1e-12)
    assert found[0, 0].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert (np.abs(np.diff(found[:7, :, 0], axis=0)) > 1e-3).any(1).all()
    angle = np.unwrap(np.arctan2(found[:, 2, 2], found[:, 2, 3]))
    np.testing.assert_allclose(np.diff(angle), 2.0 * np.pi / 365.25, rtol=1e-9)


def test_products_with_a_season_carry_the_calendar_and_others_do_not():
    problem = LostSales(horizon=10)
    seasonal = draw_products(POPULATIONS["seasonal"], problem, 6)
    assert POPULATIONS["seasonal"].covariate_names == CALENDAR
    assert seasonal.covariates.shape == (HISTORY + 10, 6, 4)
    for name in ("default", "trend", "shock", "autocorrelated"):
        assert POPULATIONS[name].covariate_names == ()
        assert draw_products(POPULATIONS[name], problem, 6).covariates is None


def test_the_calendar_of_a_product_explains_its_weekly_season():
    problem = LostSales(horizon=70)
    population = replace(POPULATIONS["poisson"], processes=(WeeklySeason(),))
    products = draw_products(population, problem, 20)
    angle = np.arctan2(products.covariates[HISTORY:, :, 0], products.covariates[HISTORY:, :, 1])
    weekday = np.rint(angle * 7.0 / (2.0 * np.pi)).astype(int) % 7
    for b in range(20):
        for day in range(7):
            assert np.ptp(products.distribution.mean[weekday[:, b] == day, b]) == 0.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: YearlySeason(amplitude=2.0), "amplitude must be between 0 and 1, got 2.0."),
        (
            lambda: YearlySeason(amplitude=Uniform(0.5, 1.5)),
            "amplitude must be between 0 and 1, got 1.5.",
        ),
        (lambda: Trend(rate=-1.0), "rate must be between -0.5 and 1, got -1.0."),
        (
            lambda: AutocorrelatedLevel(correlation=1.1),
            "correlation must be between -1 and 1, got 1.1.",
        ),
        (lambda: RegimeChange(factor=-0.1), "factor must be at least 0, got -0.1."),
        (lambda: DemandShock(length=0), "length must be at least 1, got 0."),
    ],
)
def test_processes_that_could_make_demand_negative_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()
