"""The demand law of a batch: sums over periods, several laws side by side, and common
demand paths.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inv_gym.demand.distribution import CELLS, Distribution, join
from inv_gym.demand.laws import LAWS, Empirical

LEVELS = np.array([0.001, 0.05, 0.3, 0.5, 0.75, 0.9, 0.99, 0.9999])


def batch(name: str, mean: object, dispersion: float = 0.0, size: int = 1) -> Distribution:
    """`size` products of one law; `mean` is a number or one per period."""
    one = LAWS[name]
    dispersion = dispersion if one.fixed_dispersion is None else one.fixed_dispersion
    means = np.repeat(np.atleast_1d(np.asarray(mean, dtype=float))[:, None], size, axis=1)
    return Distribution((one,), np.zeros(size, int), means, np.full(size, dispersion))


def mixed(periods: int = 1) -> Distribution:
    """Two products of every law, with means of their own in every period."""
    laws = (*LAWS.values(), Empirical((0.0, 1.0, 2.0, 7.0)))
    rng = np.random.default_rng(5)
    index = rng.permutation(np.arange(2 * len(laws)) % len(laws))
    dispersion = np.array(
        [0.3 if laws[k].fixed_dispersion is None else laws[k].fixed_dispersion for k in index]
    )
    return Distribution(laws, index, rng.uniform(1.0, 20.0, (periods, len(index))), dispersion)


def mass_function(name: str, mean: float, dispersion: float, points: int = 1500) -> np.ndarray:
    return np.diff(
        LAWS[name].cdf(np.arange(float(points)), np.array(mean), np.array(dispersion)), prepend=0.0
    )


def first_reached(mass: np.ndarray) -> np.ndarray:
    """The quantiles of a mass function at `LEVELS`."""
    return np.searchsorted(np.cumsum(mass), LEVELS).astype(float)


@pytest.mark.parametrize("periods", [1, 2, 5, 9])
@pytest.mark.parametrize("mean", [0.3, 5.0, 700.0])
def test_sums_of_poisson_negative_binomial_geometric_and_gamma_demand_are_those_of_scipy(
    mean, periods
):
    n, column = periods, LEVELS[:, None]
    for law, wanted in (
        (batch("poisson", mean), stats.poisson(n * mean)),
        (batch("negative_binomial", mean, 0.4), stats.nbinom(n / 0.4, 1.0 / (1.0 + 0.4 * mean))),
        (batch("geometric", mean), stats.nbinom(n, 1.0 / (1.0 + mean))),
    ):
        np.testing.assert_array_equal(law.quantile(column, periods)[:, 0], wanted.ppf(LEVELS))
    gamma = stats.gamma(n / 0.4, scale=0.4 * mean)
    np.testing.assert_allclose(
        batch("gamma", mean, 0.4).quantile(column, n)[:, 0], gamma.ppf(LEVELS), rtol=1e-9
    )


@pytest.mark.parametrize("periods", [1, 2, 3, 6])
@pytest.mark.parametrize(
    ("name", "mean", "dispersion"), [("discrete_uniform", 2.0, 1 / 3), ("rounded_gamma", 4.0, 0.25)]
)
def test_sums_of_other_counts_are_exactly_those_of_convolution(name, mean, dispersion, periods):
    one = mass_function(name, mean, dispersion)
    mass = one
    for _ in range(periods - 1):
        mass = np.convolve(mass, one)[:1500]
    law = batch(name, mean, dispersion)
    np.testing.assert_array_equal(law.quantile(LEVELS[:, None], periods)[:, 0], first_reached(mass))
    step, cumulative = law.lattice(periods)
    assert step.tolist() == [1.0]
    np.testing.assert_allclose(cumulative[0, :1500], np.cumsum(mass), atol=1e-13)


def test_sums_of_counts_too_large_for_the_lattice_are_right_to_a_cell():
    law = batch("rounded_gamma", 2000.0, 0.5)
    (step,), _ = law.lattice(2)
    assert 1.0 < step < 20.0
    one = mass_function("rounded_gamma", 2000.0, 0.5, points=40_000)
    mass = np.fft.irfft(np.fft.rfft(one, 80_000) ** 2, 80_000)
    levels = LEVELS[1:-1]
    wanted = np.searchsorted(np.cumsum(mass), levels)
    assert (np.abs(law.quantile(levels[:, None], 2)[:, 0] - wanted) <= step).all()


@pytest.mark.parametrize("name", ["log_normal", "truncated_normal"])
@pytest.mark.parametrize("periods", [2, 4])
def test_sums_of_amounts_agree_with_simulation(name, periods):
    size, law = 200_000, batch(name, 6.0, 0.4)
    draws = (
        LAWS[name]
        .sample(np.random.default_rng(2), np.full((periods, size), 6.0), np.array(0.4))
        .sum(0)
    )
    (step,), _ = law.lattice(periods)
    for level in (0.05, 0.3, 0.6, 0.9, 0.99):
        quantile = float(law.quantile(np.array([level]), periods)[0])
        error = 4.0 * np.sqrt(level * (1.0 - level) / size)
        # a lattice point stands for the half cell on either side of it
        assert (draws <= quantile + step / 2.0).mean() >= level - error
        assert (draws <= quantile - step / 2.0).mean() <= level + error


def test_one_period_of_amounts_has_no_lattice_error():
    law = batch("log_normal", 6.0, 0.4)
    np.testing.assert_array_equal(
        law.quantile(LEVELS[:, None])[:, 0],
        LAWS["log_normal"].quantile(LEVELS, np.array(6.0), np.array(0.4)),
    )


@pytest.mark.parametrize("periods", [1, 2, 3, 5])
def test_sums_over_a_season_take_each_period_at_its_own_mean(periods):
    means = [1.0, 8.0, 3.0]  # the last one goes on
    window = [*means, 3.0, 3.0][:periods]
    column = LEVELS[:, None]
    poisson = batch("poisson", means)
    np.testing.assert_array_equal(
        poisson.quantile(column, periods)[:, 0], stats.poisson(sum(window)).ppf(LEVELS)
    )
    assert poisson.window_mean(periods).tolist() == [sum(window)]
    for name, dispersion in (
        ("negative_binomial", 0.4),
        ("geometric", 1.0),
        ("rounded_gamma", 0.3),
    ):
        mass = np.ones(1)
        for mean in window:
            mass = np.convolve(mass, mass_function(name, mean, dispersion))[:1500]
        found = batch(name, means, dispersion).quantile(column, periods)[:, 0]
        np.testing.assert_array_equal(found, first_reached(mass))


def test_a_later_period_sees_the_rest_of_the_season():
    law = mixed(periods=4)
    for period in range(7):
        rest = Distribution(law.laws, law.law_index, law.mean[min(period, 3) :], law.dispersion)
        seen = law.at(period)
        np.testing.assert_array_equal(seen.mean, rest.mean)
        np.testing.assert_array_equal(
            seen.quantile(np.array(0.8), 3), rest.quantile(np.array(0.8), 3)
        )
        assert seen.stationary == (period >= 3)


def test_an_averaged_law_is_stationary_with_the_mean_of_all_periods():
    law = mixed(periods=4)
    flat = law.averaged()
    assert flat.stationary
    np.testing.assert_allclose(flat.mean[0], law.mean.sum(0) / 4.0, rtol=1e-14)
    np.testing.assert_array_equal(flat.dispersion, law.dispersion)
    assert mixed().averaged().mean.tolist() == mixed().mean.tolist()


def test_a_stationary_law_is_the_same_in_any_period():
    law = mixed()
    assert law.stationary
    assert law.at(17) is law


@pytest.mark.parametrize("periods", [1, 3])
@pytest.mark.parametrize("season", [1, 3])
def test_products_of_several_laws_in_a_batch_give_what_each_gives_alone(season, periods):
    law = mixed(season)
    levels = np.array([0.1, 0.6, 0.97])[:, None]
    points = np.array([0.0, 2.0, 9.0, 40.0])[:, None]
    uniforms = np.random.default_rng(0).random(50)
    quantiles, cdf = law.quantile(levels, periods), law.cdf(points)
    steps, cumulative = law.lattice(periods)
    paths, means = law.common_paths(uniforms), law.window_mean(periods)
    assert quantiles.shape == (3, len(law.dispersion))
    assert paths.shape == (50, len(law.dispersion))
    for b in range(len(law.dispersion)):
        one = law.laws[law.law_index[b]]
        alone = Distribution(
            (one,), np.zeros(1, int), law.mean[:, b : b + 1], law.dispersion[b : b + 1]
        )
        np.testing.assert_array_equal(quantiles[:, b], alone.quantile(levels, periods)[:, 0])
        np.testing.assert_array_equal(cdf[:, b], alone.cdf(points)[:, 0])
        np.testing.assert_array_equal(steps[b], alone.lattice(periods)[0][0])
        np.testing.assert_allclose(cumulative[b], alone.lattice(periods)[1][0], atol=1e-14)
        np.testing.assert_array_equal(paths[:, b], alone.common_paths(uniforms)[:, 0])
        assert means[b] == alone.window_mean(periods)[0]


def test_some_rows_of_a_batch_keep_their_laws_and_joined_rows_make_the_batch():
    law = mixed(periods=2)
    some = law.rows(np.array([3, 0, 11]))
    np.testing.assert_array_equal(
        some.quantile(np.array(0.7), 2), law.quantile(np.array(0.7), 2)[[3, 0, 11]]
    )
    again = join([law.rows(slice(0, 5)), law.rows(slice(5, 6)), law.rows(slice(6, None))])
    assert again.laws == law.laws
    for name in ("law_index", "mean", "dispersion"):
        np.testing.assert_array_equal(getattr(again, name), getattr(law, name))


@pytest.mark.parametrize("periods", [1, 4])
def test_a_lattice_is_a_distribution_function_but_for_the_mass_beyond_its_end(periods):
    law = mixed()
    step, cumulative = law.lattice(periods)
    assert cumulative.shape == (len(step), CELLS)
    assert (step > 0.0).all()
    assert (np.diff(cumulative, axis=1) >= 0.0).all()
    assert (cumulative[:, 0] >= 0.0).all()
    within = law.cdf((CELLS - 0.5) * step) ** periods
    np.testing.assert_allclose(cumulative[:, -1], within, atol=1e-12)
    assert (within > 1.0 - 1e-5).all()


@given(uniform=st.floats(1e-9, 1.0 - 1e-9), mean=st.floats(0.1, 60.0))
def test_a_common_path_of_counts_is_their_quantile_at_the_uniform(uniform, mean):
    for name, dispersion in (
        ("poisson", 0.0),
        ("negative_binomial", 0.5),
        ("discrete_uniform", 1.0 / 3.0),
    ):
        law = batch(name, mean, dispersion)
        path = law.common_paths(np.array([uniform]))
        # the running sum of the lattice rounds in the last digits
        nearby = [
            law.quantile(np.array([min(max(uniform + shift, 1e-15), 1.0)]))[0]
            for shift in (-1e-12, 1e-12)
        ]
        assert nearby[0] <= path[0, 0] <= nearby[1]


@given(st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=1, max_size=20))
def test_common_paths_rise_with_the_uniforms_for_every_product_alike(uniforms):
    paths = mixed().common_paths(np.sort(uniforms))
    assert (np.diff(paths, axis=0) >= 0.0).all()
    assert (paths >= 0.0).all()


def test_common_paths_of_amounts_are_their_quantile_to_half_a_cell():
    law = batch("gamma", 6.0, 0.4)
    uniforms = np.random.default_rng(0).random(200)
    (step,), _ = law.lattice()
    wanted = stats.gamma(2.5, scale=2.4).ppf(uniforms)
    assert (np.abs(law.common_paths(uniforms)[:, 0] - wanted) <= step / 2.0 + 1e-9).all()
