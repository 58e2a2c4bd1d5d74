"""Demand families: samples, distribution functions and quantiles agree with each other and with
what is promised.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from inv_gym.demand.families import FAMILIES, Empirical, Family, family

EMPIRICAL = Empirical((0.0, 1.0, 1.0, 4.0, 9.0))
EVERY_LAW = {**FAMILIES, "empirical": EMPIRICAL}
CASES = [
    ("poisson", 0.3, 0.0),
    ("poisson", 40.0, 0.0),
    ("geometric", 0.3, 1.0),
    ("geometric", 5.0, 1.0),
    ("negative_binomial", 0.3, 2.0),
    ("negative_binomial", 40.0, 0.2),
    ("gamma", 0.3, 1.5),
    ("gamma", 40.0, 0.1),
    ("rounded_gamma", 0.8, 1.0),
    ("rounded_gamma", 4.0, 0.25),
    ("truncated_normal", 5.0, 0.05),
    ("truncated_normal", 5.0, 1.5),
    ("log_normal", 0.3, 0.3),
    ("log_normal", 40.0, 0.05),
    ("discrete_uniform", 2.0, 1.0 / 3.0),
    ("discrete_uniform", 20.3, 1.0 / 3.0),
    ("empirical", 3.0, EMPIRICAL.fixed_dispersion),
    ("empirical", 50.0, EMPIRICAL.fixed_dispersion),
]


def moments(one: Family, mean: float, dispersion: float) -> tuple[float, float, float]:
    """Mean, variance and fourth central moment, from the distribution function alone."""
    m, d = np.array(mean), np.array(dispersion)
    if one.integer:
        points = np.arange(float(one.quantile(np.array(1.0 - 1e-13), m, d)) + 2.0)
        weights = np.diff(one.cdf(points, m, d), prepend=0.0)
    elif isinstance(one, Empirical):
        count = len(one.values)
        points, weights = (
            one.quantile((np.arange(count) + 0.5) / count, m, d),
            np.full(count, 1.0 / count),
        )
    # the mean over the quantiles at all probabilities, by quadrature on pieces that close in on
    # both ends
    else:
        nodes, weights = np.polynomial.legendre.leggauss(40)
        ends = 10.0 ** -np.linspace(1.0, 13.0, 49)
        cuts = np.sort(np.concatenate([ends, np.linspace(0.1, 0.9, 41)[1:-1], 1.0 - ends]))
        half = np.diff(cuts)[:, None] / 2.0
        levels = cuts[:-1, None] + half * (1.0 + nodes)
        points, weights = one.quantile(levels.ravel(), m, d), (half * weights).ravel()
    center = float((weights * points).sum())
    return (
        center,
        float((weights * (points - center) ** 2).sum()),
        float((weights * (points - center) ** 4).sum()),
    )


@pytest.mark.parametrize(("name", "mean", "dispersion"), CASES)
def test_samples_have_the_mean_and_variance_of_the_distribution_function(name, mean, dispersion):
    one, size = EVERY_LAW[name], 40_000
    draws = one.sample(np.random.default_rng(7), np.full(size, mean), np.full(size, dispersion))
    center, variance, fourth = moments(one, mean, dispersion)
    assert abs(draws.mean() - center) < 4.0 * np.sqrt(variance / size)
    assert abs(draws.var() - variance) < 4.0 * np.sqrt((fourth - variance**2) / size)
    assert draws.min() >= 0.0
    assert one.integer == bool((draws == np.rint(draws)).all()) or name == "empirical"


@pytest.mark.parametrize(("name", "mean", "dispersion"), CASES)
def test_samples_follow_the_distribution_function(name, mean, dispersion):
    one, size = EVERY_LAW[name], 40_000
    draws = one.sample(np.random.default_rng(8), np.full(size, mean), np.full(size, dispersion))
    for level in (0.05, 0.3, 0.5, 0.8, 0.98):
        point = one.quantile(np.array(level), np.array(mean), np.array(dispersion)) * (1.0 + 1e-9)
        share = float(one.cdf(point, np.array(mean), np.array(dispersion)))
        assert (
            abs((draws <= point).mean() - share)
            < 4.0 * np.sqrt(share * (1.0 - share) / size) + 1e-12
        )


@pytest.mark.parametrize(
    ("name", "mean", "dispersion", "variance"),
    [
        ("poisson", 5.0, 0.0, 5.0),
        ("geometric", 5.0, 1.0, 5.0 + 25.0),
        ("negative_binomial", 5.0, 0.4, 5.0 + 0.4 * 25.0),
        ("gamma", 5.0, 0.4, 0.4 * 25.0),
        ("log_normal", 5.0, 0.4, 0.4 * 25.0),
        ("discrete_uniform", 2.0, 1.0 / 3.0, 2.0),  # on 0..4
        ("empirical", 6.0, 0.0, 4.0 * 10.8),  # twice the values 0, 1, 1, 4, 9
    ],
)
def test_mean_and_dispersion_mean_what_they_say(name, mean, dispersion, variance):
    center, spread, _ = moments(EVERY_LAW[name], mean, dispersion)
    assert center == pytest.approx(mean, rel=1e-8)
    assert spread == pytest.approx(
        variance, rel=1e-6
    )  # quadrature leaves a trace of the log-normal's tail


def test_a_fixed_dispersion_is_the_one_that_the_law_has():
    assert FAMILIES["poisson"].fixed_dispersion == 0.0
    assert FAMILIES["geometric"].fixed_dispersion == 1.0
    assert all(
        FAMILIES[name].fixed_dispersion is None
        for name in ("negative_binomial", "gamma", "rounded_gamma")
    )


def test_a_truncated_normal_law_is_the_one_of_scipy():
    x = np.linspace(0.0, 20.0, 50)
    wanted = stats.truncnorm(-1.0 / 0.5, np.inf, loc=5.0, scale=2.5)
    np.testing.assert_allclose(
        FAMILIES["truncated_normal"].cdf(x, np.array(5.0), np.array(0.25)),
        wanted.cdf(x),
        atol=1e-13,
    )


def test_a_rounded_gamma_law_rounds_to_the_nearest_whole_number():
    gamma = stats.gamma(4.0, scale=1.0)  # mean 4, coefficient of variation .5
    x = np.arange(20.0)
    np.testing.assert_allclose(
        FAMILIES["rounded_gamma"].cdf(x, np.array(4.0), np.array(0.25)),
        gamma.cdf(x + 0.5),
        rtol=1e-12,
    )


def test_a_discrete_uniform_law_of_mean_two_is_uniform_on_zero_to_four():
    cdf = FAMILIES["discrete_uniform"].cdf(np.arange(6.0), np.array(2.0), np.array(1.0 / 3.0))
    np.testing.assert_allclose(cdf, [0.2, 0.4, 0.6, 0.8, 1.0, 1.0], rtol=1e-14)


@given(
    name=st.sampled_from(sorted(EVERY_LAW)),
    probability=st.floats(1e-6, 1.0 - 1e-6),
    mean=st.floats(0.05, 300.0),
    dispersion=st.floats(0.02, 3.0),
)
def test_a_quantile_is_the_smallest_demand_that_reaches_the_probability(
    name, probability, mean, dispersion
):
    one = EVERY_LAW[name]
    m = np.array(mean)
    d = np.array(dispersion if one.fixed_dispersion is None else one.fixed_dispersion)
    x = one.quantile(np.array(probability), m, d)
    if one.integer:
        assert x == np.rint(x)
        assert x >= 0.0
        assert one.cdf(x, m, d) >= probability
        assert x == 0.0 or one.cdf(x - 1.0, m, d) < probability
    elif name == "empirical":
        assert one.cdf(x, m, d) >= probability - 1e-9
        assert x == 0.0 or one.cdf(x * (1.0 - 1e-9), m, d) < probability
    else:
        assert one.cdf(x, m, d) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize("name", EVERY_LAW)
def test_many_products_and_levels_at_once_give_what_each_gives_alone(name):
    one = EVERY_LAW[name]
    mean = np.array([0.2, 3.0, 60.0, 1000.0])
    dispersion = (
        np.array([0.3, 0.1, 2.0, 0.5])
        if one.fixed_dispersion is None
        else np.full(4, one.fixed_dispersion)
    )
    levels = np.array([[0.02] * 4, [0.5] * 4, [0.9, 0.1, 0.99, 0.7]])
    points = np.array([0.0, 1.0, 5.0, 70.0, 1200.0])[:, None]
    quantiles, cdf = one.quantile(levels, mean, dispersion), one.cdf(points, mean, dispersion)
    assert quantiles.shape == (3, 4)
    assert cdf.shape == (5, 4)
    for b in range(4):
        alone = mean[b : b + 1], dispersion[b : b + 1]
        for c in range(3):
            np.testing.assert_allclose(
                quantiles[c, b], one.quantile(levels[c, b : b + 1], *alone)[0], rtol=1e-13
            )
        np.testing.assert_allclose(cdf[:, b], one.cdf(points[:, 0], *alone), rtol=1e-13)


@pytest.mark.parametrize("name", EVERY_LAW)
def test_a_table_of_means_gives_a_table_of_demands(name):
    one = EVERY_LAW[name]
    mean = np.full((500, 3), [2.0, 20.0, 200.0])
    dispersion = np.full(3, 0.2 if one.fixed_dispersion is None else one.fixed_dispersion)
    draws = one.sample(np.random.default_rng(1), mean, dispersion)
    assert draws.shape == (500, 3)
    assert draws.dtype == np.float64
    assert (np.diff(draws.mean(0)) > 0.0).all()
    assert len(np.unique(draws[:, 2])) > 3


@pytest.mark.parametrize("name", ["poisson", "geometric", "negative_binomial"])
@pytest.mark.parametrize("periods", [2, 5])
def test_sums_of_counts_that_stay_in_the_law_agree_with_convolution(name, periods):
    one, mean = FAMILIES[name], np.array(3.0)
    dispersion = np.array(0.4 if one.fixed_dispersion is None else one.fixed_dispersion)
    mass = np.diff(one.cdf(np.arange(400.0), mean, dispersion), prepend=0.0)
    convolved = mass
    for _ in range(periods - 1):
        convolved = np.convolve(convolved, mass)[:400]
    closed = one.cdf(np.arange(400.0), periods * mean, dispersion / periods)
    np.testing.assert_allclose(np.cumsum(convolved), closed, atol=1e-12)


def test_sums_of_gamma_amounts_agree_with_convolution():
    one, mean, dispersion = FAMILIES["gamma"], np.array(3.0), np.array(0.4)
    for x in (1.0, 5.0, 12.0):
        # P(X + Y <= x), over the quantile of Y
        value, _ = integrate.quad(
            lambda y, x=x: (
                float(one.cdf(np.array(x - y), mean, dispersion))
                * stats.gamma.pdf(y, 1.0 / 0.4, scale=3.0 * 0.4)
            ),
            0.0,
            x,
        )
        assert float(one.cdf(np.array(x), 2.0 * mean, dispersion / 2.0)) == pytest.approx(
            value, abs=1e-8
        )


def test_exactly_the_laws_that_say_so_are_closed_under_sums():
    assert {name for name, one in EVERY_LAW.items() if one.closed_under_sums} == {
        "poisson",
        "geometric",
        "negative_binomial",
        "gamma",
    }


def test_an_empirical_law_draws_the_observed_values_scaled_to_the_wanted_mean():
    draws = EMPIRICAL.sample(np.random.default_rng(0), np.full(1000, 6.0), np.array(0.0))
    np.testing.assert_allclose(
        np.unique(draws), [0.0, 2.0, 8.0, 18.0], rtol=1e-14
    )  # the values' own mean is 3
    np.testing.assert_allclose(
        EMPIRICAL.cdf(np.array([0.0, 1.9, 2.0, 8.0, 17.0, 18.0]), np.array(6.0), np.array(0.0)),
        [0.2, 0.2, 0.6, 0.8, 0.8, 1.0],
        rtol=1e-14,
    )
    assert EMPIRICAL.quantile(
        np.array([0.1, 0.2, 0.21, 0.6, 0.61, 1.0]), np.array(6.0), np.array(0.0)
    ).tolist() == [
        0.0,
        0.0,
        2.0,
        2.0,
        8.0,
        18.0,
    ]


def test_an_empirical_law_keeps_its_values_sorted_and_knows_its_dispersion():
    one = Empirical((3.0, 1.0, 2.0))
    assert one.values == (1.0, 2.0, 3.0)
    assert one.fixed_dispersion == pytest.approx((2.0 / 3.0) / 4.0, rel=1e-14)
    assert one == Empirical((1.0, 2.0, 3.0))


@pytest.mark.parametrize(
    "values", [(), (0.0, 0.0), (1.0, -1.0), (1.0, float("nan")), (1.0, float("inf"))], ids=str
)
def test_an_empirical_law_refuses_values_that_are_no_demand(values):
    message = f"values must be finite demands of at least 0, some positive, got {values}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Empirical(values)


def test_a_law_is_found_by_name_and_a_law_is_returned_as_it_is():
    assert family("gamma") is FAMILIES["gamma"]
    assert family(EMPIRICAL) is EMPIRICAL


def test_an_unknown_law_is_refused_with_the_names_that_are_known():
    message = (
        "unknown demand family 'poison'; known: poisson, geometric, negative_binomial, gamma, "
        "rounded_gamma, "
        "truncated_normal, log_normal, discrete_uniform. Did you mean 'poisson'?"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        family("poison")
