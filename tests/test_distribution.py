"""The demand distribution of a batch: sums over periods, several distributions side by side, and
common demand paths.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inv_gym.demand.distribution import LATTICE_CELLS, Distribution, join
from inv_gym.demand.families import FAMILIES, Empirical, smallest_integer

LEVELS = np.array([0.001, 0.05, 0.3, 0.5, 0.75, 0.9, 0.99, 0.9999])


def batch(name: str, mean: object, dispersion: float = 0.0, size: int = 1) -> Distribution:
    """`size` products of one distribution; `mean` is a number or one per period."""
    one = FAMILIES[name]
    dispersion = dispersion if one.fixed_dispersion is None else one.fixed_dispersion
    means = np.repeat(np.atleast_1d(np.asarray(mean, dtype=float))[:, None], size, axis=1)
    return Distribution((one,), np.zeros(size, int), means, np.full(size, dispersion))


def mixed(periods: int = 1) -> Distribution:
    """Two products of every distribution, with means of their own in every period."""
    families = (*FAMILIES.values(), Empirical((0.0, 1.0, 2.0, 7.0)))
    rng = np.random.default_rng(5)
    index = rng.permutation(np.arange(2 * len(families)) % len(families))
    dispersion = np.array(
        [
            0.3 if families[k].fixed_dispersion is None else families[k].fixed_dispersion
            for k in index
        ]
    )
    return Distribution(families, index, rng.uniform(1.0, 20.0, (periods, len(index))), dispersion)


def mass_function(name: str, mean: float, dispersion: float, points: int = 1500) -> np.ndarray:
    return np.diff(
        FAMILIES[name].cdf(np.arange(float(points)), np.array(mean), np.array(dispersion)),
        prepend=0.0,
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
    for distribution, wanted in (
        (batch("poisson", mean), stats.poisson(n * mean)),
        (batch("negative_binomial", mean, 0.4), stats.nbinom(n / 0.4, 1.0 / (1.0 + 0.4 * mean))),
        (batch("geometric", mean), stats.nbinom(n, 1.0 / (1.0 + mean))),
    ):
        np.testing.assert_array_equal(
            distribution.quantile(column, periods)[:, 0], wanted.ppf(LEVELS)
        )
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
    distribution = batch(name, mean, dispersion)
    np.testing.assert_array_equal(
        distribution.quantile(LEVELS[:, None], periods)[:, 0], first_reached(mass)
    )
    step, cumulative = distribution.lattice(periods)
    assert step.tolist() == [1.0]
    np.testing.assert_allclose(cumulative[0, :1500], np.cumsum(mass), atol=1e-13)


def test_sums_of_counts_too_large_for_the_lattice_are_right_to_a_cell():
    distribution = batch("rounded_gamma", 2000.0, 0.5)
    (step,), _ = distribution.lattice(2)
    assert 1.0 < step < 20.0
    one = mass_function("rounded_gamma", 2000.0, 0.5, points=40_000)
    mass = np.fft.irfft(np.fft.rfft(one, 80_000) ** 2, 80_000)
    levels = LEVELS[1:-1]
    wanted = np.searchsorted(np.cumsum(mass), levels)
    assert (np.abs(distribution.quantile(levels[:, None], 2)[:, 0] - wanted) <= step).all()


@pytest.mark.parametrize("name", ["log_normal", "truncated_normal"])
@pytest.mark.parametrize("periods", [2, 4])
def test_sums_of_amounts_agree_with_simulation(name, periods):
    size, distribution = 200_000, batch(name, 6.0, 0.4)
    draws = (
        FAMILIES[name]
        .sample(np.random.default_rng(2), np.full((periods, size), 6.0), np.array(0.4))
        .sum(0)
    )
    (step,), _ = distribution.lattice(periods)
    for level in (0.05, 0.3, 0.6, 0.9, 0.99):
        quantile = float(distribution.quantile(np.array([level]), periods)[0])
        error = 4.0 * np.sqrt(level * (1.0 - level) / size)
        # a lattice point stands for the half cell on either side of it
        assert (draws <= quantile + step / 2.0).mean() >= level - error
        assert (draws <= quantile - step / 2.0).mean() <= level + error


def test_one_period_of_amounts_has_no_lattice_error():
    distribution = batch("log_normal", 6.0, 0.4)
    np.testing.assert_array_equal(
        distribution.quantile(LEVELS[:, None])[:, 0],
        FAMILIES["log_normal"].quantile(LEVELS, np.array(6.0), np.array(0.4)),
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
    distribution = mixed(periods=4)
    for period in range(7):
        rest = Distribution(
            distribution.families,
            distribution.family_index,
            distribution.mean[min(period, 3) :],
            distribution.dispersion,
        )
        seen = distribution.at(period)
        np.testing.assert_array_equal(seen.mean, rest.mean)
        np.testing.assert_array_equal(
            seen.quantile(np.array(0.8), 3), rest.quantile(np.array(0.8), 3)
        )
        assert seen.stationary == (period >= 3)


def test_an_averaged_law_is_stationary_with_the_mean_of_all_periods():
    distribution = mixed(periods=4)
    flat = distribution.averaged()
    assert flat.stationary
    np.testing.assert_allclose(flat.mean[0], distribution.mean.sum(0) / 4.0, rtol=1e-14)
    np.testing.assert_array_equal(flat.dispersion, distribution.dispersion)
    assert mixed().averaged().mean.tolist() == mixed().mean.tolist()


def test_a_stationary_law_is_the_same_in_any_period():
    distribution = mixed()
    assert distribution.stationary
    assert distribution.at(17) is distribution


@pytest.mark.parametrize("periods", [1, 3])
@pytest.mark.parametrize("season", [1, 3])
def test_products_of_several_laws_in_a_batch_give_what_each_gives_alone(season, periods):
    distribution = mixed(season)
    levels = np.array([0.1, 0.6, 0.97])[:, None]
    points = np.array([0.0, 2.0, 9.0, 40.0])[:, None]
    uniforms = np.random.default_rng(0).random(50)
    quantiles, cdf = distribution.quantile(levels, periods), distribution.cdf(points)
    steps, cumulative = distribution.lattice(periods)
    paths, means = distribution.common_paths(uniforms), distribution.window_mean(periods)
    assert quantiles.shape == (3, len(distribution.dispersion))
    assert paths.shape == (50, len(distribution.dispersion))
    for b in range(len(distribution.dispersion)):
        one = distribution.families[distribution.family_index[b]]
        alone = Distribution(
            (one,),
            np.zeros(1, int),
            distribution.mean[:, b : b + 1],
            distribution.dispersion[b : b + 1],
        )
        np.testing.assert_array_equal(quantiles[:, b], alone.quantile(levels, periods)[:, 0])
        np.testing.assert_array_equal(cdf[:, b], alone.cdf(points)[:, 0])
        np.testing.assert_array_equal(steps[b], alone.lattice(periods)[0][0])
        np.testing.assert_allclose(cumulative[b], alone.lattice(periods)[1][0], atol=1e-14)
        np.testing.assert_array_equal(paths[:, b], alone.common_paths(uniforms)[:, 0])
        assert means[b] == alone.window_mean(periods)[0]


def test_some_rows_of_a_batch_keep_their_laws_and_joined_rows_make_the_batch():
    distribution = mixed(periods=2)
    some = distribution.rows(np.array([3, 0, 11]))
    np.testing.assert_array_equal(
        some.quantile(np.array(0.7), 2), distribution.quantile(np.array(0.7), 2)[[3, 0, 11]]
    )
    again = join(
        [
            distribution.rows(slice(0, 5)),
            distribution.rows(slice(5, 6)),
            distribution.rows(slice(6, None)),
        ]
    )
    assert again.families == distribution.families
    for name in ("family_index", "mean", "dispersion"):
        np.testing.assert_array_equal(getattr(again, name), getattr(distribution, name))


@pytest.mark.parametrize("periods", [1, 4])
def test_a_lattice_is_a_distribution_function_but_for_the_mass_beyond_its_end(periods):
    distribution = mixed()
    step, cumulative = distribution.lattice(periods)
    assert cumulative.shape == (len(step), LATTICE_CELLS)
    assert (step > 0.0).all()
    assert (np.diff(cumulative, axis=1) >= 0.0).all()
    assert (cumulative[:, 0] >= 0.0).all()
    within = distribution.cdf((LATTICE_CELLS - 0.5) * step) ** periods
    np.testing.assert_allclose(cumulative[:, -1], within, atol=1e-12)
    assert (within > 1.0 - 1e-5).all()


@given(uniform=st.floats(1e-9, 1.0 - 1e-9), mean=st.floats(0.1, 60.0))
def test_a_common_path_of_counts_is_their_quantile_at_the_uniform(uniform, mean):
    for name, dispersion in (
        ("poisson", 0.0),
        ("negative_binomial", 0.5),
        ("discrete_uniform", 1.0 / 3.0),
    ):
        distribution = batch(name, mean, dispersion)
        path = distribution.common_paths(np.array([uniform]))
        # the running sum of the lattice rounds in the last digits
        nearby = [
            distribution.quantile(np.array([min(max(uniform + shift, 1e-15), 1.0)]))[0]
            for shift in (-1e-12, 1e-12)
        ]
        assert nearby[0] <= path[0, 0] <= nearby[1]


@given(st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=1, max_size=20))
def test_common_paths_rise_with_the_uniforms_for_every_product_alike(uniforms):
    paths = mixed().common_paths(np.sort(uniforms))
    assert (np.diff(paths, axis=0) >= 0.0).all()
    assert (paths >= 0.0).all()


def test_common_paths_of_amounts_are_their_quantile_to_half_a_cell():
    distribution = batch("gamma", 6.0, 0.4)
    uniforms = np.random.default_rng(0).random(200)
    (step,), _ = distribution.lattice()
    wanted = stats.gamma(2.5, scale=2.4).ppf(uniforms)
    assert (np.abs(distribution.common_paths(uniforms)[:, 0] - wanted) <= step / 2.0 + 1e-9).all()


FAMILIES_OF_TWO = (FAMILIES["poisson"], FAMILIES["gamma"])


@pytest.mark.parametrize(
    ("index", "mean", "dispersion", "error", "message"),
    [
        (
            [0, 2],
            [[1.0, 1.0]],
            [0.0, 0.1],
            ValueError,
            "index must be below 2 and at least 0, got 2",
        ),
        ([-1, 0], [[1.0, 1.0]], [0.0, 0.1], ValueError, "below 2 and at least 0, got -1"),
        ([0.0, 1.0], [[1.0, 1.0]], [0.0, 0.1], TypeError, "must be of whole numbers, got float64"),
        ([0, 1], [1.0, 1.0], [0.0, 0.1], ValueError, r"got \(2,\), \(2,\) and \(2,\)"),
        ([0, 1], [[1.0, 1.0]], [0.1], ValueError, r"got \(2,\), \(1,\) and \(1, 2\)"),
        ([[0, 1]], [[1.0, 1.0]], [[0.0, 0.1]], ValueError, r"got \(1, 2\), \(1, 2\) and"),
        ([0, 1], np.zeros((0, 2)), [0.0, 0.1], ValueError, r"at least one period.* \(0, 2\)"),
        ([0, 1], [[1.0, 1.0], [1.0, -2.0]], [0.0, 0.1], ValueError, r"mean .* -2.0. \(product 1"),
        ([0, 1], [[np.nan, 1.0]], [0.0, 0.1], ValueError, r"mean .* nan. \(product 0"),
        ([0, 1], [[1.0, np.inf]], [0.0, 0.1], ValueError, r"mean .* inf. \(product 1"),
        ([0, 1], [[1.0, 1.0]], [0.0, -0.1], ValueError, r"dispersion .* -0.1. \(product 1"),
        ([0, 1], [[1.0, 1.0]], [np.nan, 0.1], ValueError, r"dispersion .* nan. \(product 0"),
    ],
)
def test_a_distribution_of_nothing_known_is_refused(index, mean, dispersion, error, message):
    with pytest.raises(error, match=message):
        Distribution(FAMILIES_OF_TWO, np.array(index), np.array(mean), np.array(dispersion))


@pytest.mark.parametrize("name", ["poisson", "gamma", "geometric"])
@pytest.mark.parametrize("probability", [1.5, -0.1, np.nan])
def test_what_is_no_probability_has_no_quantile(name, probability):
    message = f"probability must be between 0 and 1, got {probability}"
    with pytest.raises(ValueError, match=message):
        batch(name, 5.0, 0.4).quantile(np.array([probability]))
    if FAMILIES[name].integer:
        with pytest.raises(ValueError, match=message):
            FAMILIES[name].quantile(np.array([probability]), np.array([5.0]), np.array([1.0]))


def test_a_quantile_is_of_one_period_at_least():
    with pytest.raises(ValueError, match="periods must be at least 1, got 0"):
        batch("poisson", 5.0).quantile(np.array([0.5]), 0)


def test_the_search_for_a_whole_number_ends_where_there_is_none():
    with pytest.raises(ValueError, match="no whole number up to .* satisfies the condition"):
        smallest_integer(lambda x, rows: x < 0.0, np.array([5.0]))
    with pytest.raises(ValueError, match="no whole number up to .* satisfies the condition"):
        smallest_integer(lambda x, rows: x < 0.0, np.array([-7.0]))
    with pytest.raises(ValueError, match="start must be finite, got nan"):
        smallest_integer(lambda x, rows: x > 3.0, np.array([np.nan]))


@pytest.mark.parametrize("name", ["poisson", "negative_binomial", "geometric", "rounded_gamma"])
def test_the_quantile_of_a_count_is_the_first_number_that_reaches_the_probability(name):
    rng = np.random.default_rng(3)
    mean, dispersion = 10.0 ** rng.uniform(-2.0, 2.0, 500), 10.0 ** rng.uniform(-3.0, 1.0, 500)
    probability = np.concatenate([[0.0, 1e-9], 1.0 - 10.0 ** rng.uniform(-4.0, 0.0, 498)])
    quantile = FAMILIES[name].quantile(probability, mean, dispersion)
    reached = FAMILIES[name].cdf(quantile, mean, dispersion) >= probability
    before = FAMILIES[name].cdf(np.maximum(quantile - 1.0, 0.0), mean, dispersion) >= probability
    assert reached.all()
    assert not before[quantile > 0.0].any()
    assert quantile[0] == 0.0
