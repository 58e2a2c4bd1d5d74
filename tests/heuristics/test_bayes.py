"""The Bayes base-stock, against posteriors integrated in plain loops, known families, and what
others earn.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers import COSTS, distribution_of, economics_of, seen
from scipy import optimize, stats

from inv_gym import POPULATIONS, LostSales, SyntheticProducts, draw_products, evaluate
from inv_gym.baselines import BaseStock, bayes, policies
from inv_gym.baselines.bayes import BayesBaseStock
from inv_gym.baselines.likelihoods import LOG_LIKELIHOODS
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.families import FAMILIES, Empirical
from inv_gym.demand.ranges import LogNormalRange, LogUniform, Uniform
from inv_gym.play.episode import Episode
from inv_gym.play.policy import planned
from inv_gym.products.batch import HISTORY
from inv_gym.testing import check_policy

PROBLEM = LostSales(horizon=6)
KNOWN = {type(family): family for family in FAMILIES.values() if type(family) in LOG_LIKELIHOODS}
COUNTS = [
    name for name, family in FAMILIES.items() if family.integer and type(family) in LOG_LIKELIHOODS
]
AMOUNTS = [name for name, family in FAMILIES.items() if not family.integer]


def levels(population, products, problem=PROBLEM):
    """Levels ``[T, B]`` of the periods of a batch."""
    plan = planned(BayesBaseStock(problem, population), problem, products)
    empty = problem.initial_state(np.zeros(products.batch))
    return np.stack(
        [plan(seen(empty, products.economics, t))[:, 0] for t in range(problem.horizon)]
    )


def ratios(products):
    return critical_ratio(PROBLEM, products.economics)


# The posterior predictive distribution


@pytest.mark.parametrize("kind", [Uniform, LogUniform])
def test_a_poisson_level_is_the_quantile_of_a_posterior_integrated_in_plain_loops(kind):
    population = SyntheticProducts(families=("poisson",), mean=kind(2.0, 50.0))
    products = draw_products(population, PROBLEM, 8, seed=1)
    got = levels(population, products)
    points = (np.arange(5000) + 0.5) / 5000
    means = 2.0 + 48.0 * points if kind is Uniform else 2.0 * 25.0**points  # even in probability
    for product, ratio in enumerate(ratios(products)):
        for period in range(PROBLEM.horizon):
            window = products.demand[period : period + HISTORY, product]
            log_weight = (
                window.sum() * np.log(means) - HISTORY * means
            )  # gamma-like, cut off at the ends
            weight = np.exp(log_weight - log_weight.max())
            level, reached = -1, 0.0
            while reached < ratio * weight.sum():
                level += 1
                reached += weight @ stats.poisson.pmf(level, means)
            assert got[period, product] == level


def test_of_a_wide_range_a_poisson_level_is_that_of_the_conjugate_gamma_posterior():
    population = SyntheticProducts(families=("poisson",), mean=LogUniform(0.01, 1000.0))
    problem = LostSales(horizon=1)
    products = draw_products(replace(population, mean=Uniform(5.0, 40.0)), problem, 50, seed=1)
    total = products.demand[:HISTORY].sum(
        0
    )  # a mean even in the logarithm: gamma(total, rate H) after H demands
    wanted = stats.nbinom(total, HISTORY / (HISTORY + 1.0)).ppf(ratios(products))
    assert levels(population, products, problem)[0].tolist() == wanted.tolist()


def fine_grid(low, high, points):
    return low + (high - low) * (np.arange(points) + 0.5) / points


def test_a_level_of_several_laws_with_free_dispersion_is_that_of_a_fine_grid():
    population = SyntheticProducts(
        ("poisson", "negative_binomial", "geometric"), Uniform(2.0, 6.0), Uniform(0.1, 0.6)
    )
    products = draw_products(population, PROBLEM, 6, seed=1)
    got = levels(population, products)[0]
    mean, dispersion = (
        column.ravel() for column in np.meshgrid(fine_grid(2, 6, 100), fine_grid(0.1, 0.6, 60))
    )
    cells = [
        stats.poisson(mean),
        stats.nbinom(1 / dispersion, 1 / (1 + mean * dispersion)),
        stats.nbinom(1, 1 / (1 + mean)),
    ]
    for product, ratio in enumerate(ratios(products)):
        window = products.demand[:HISTORY, product]
        score = np.stack([sum(family.logpmf(x) for x in window) for family in cells])
        weight = np.exp(score - score.max())
        weight /= weight.sum()
        reached = [
            sum(w @ family.cdf(level) for w, family in zip(weight, cells, strict=True))
            for level in range(20)
        ]
        assert got[product] == np.searchsorted(reached, ratio)


@pytest.mark.parametrize("name", AMOUNTS)
def test_a_level_of_amounts_is_that_of_a_fine_grid_even_at_the_ends_of_the_ranges(name):
    ranges = Uniform(4.0, 6.0), Uniform(0.1, 0.3)
    population = SyntheticProducts((name,), *ranges)
    products = draw_products(replace(population, mean=6.0, dispersion=0.3), PROBLEM, 4, seed=1)
    got = levels(population, products)[0]
    mean, dispersion = (
        column.ravel() for column in np.meshgrid(fine_grid(4, 6, 100), fine_grid(0.1, 0.3, 100))
    )
    spread = np.sqrt(np.log1p(dispersion))
    cells = {
        "gamma": lambda: stats.gamma(1 / dispersion, scale=mean * dispersion),
        "log_normal": lambda: stats.lognorm(spread, scale=mean / np.sqrt(1 + dispersion)),
        "truncated_normal": lambda: stats.truncnorm(
            -1 / np.sqrt(dispersion), np.inf, loc=mean, scale=mean * np.sqrt(dispersion)
        ),
    }[name]()
    for product, ratio in enumerate(ratios(products)):
        score = sum(cells.logpdf(x) for x in products.demand[:HISTORY, product])
        weight = np.exp(score - score.max())
        reached = lambda x, weight=weight: weight @ cells.cdf(x) / weight.sum()  # noqa: E731
        wanted = optimize.brentq(
            lambda x, ratio=ratio, reached=reached: reached(x) - ratio, 1.0, 40.0, xtol=1e-7
        )
        assert got[product] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("family", KNOWN.values(), ids=lambda family: type(family).__name__)
@pytest.mark.parametrize("mean", [0.7, 40.0])
def test_a_log_likelihood_is_that_of_the_distribution(family, mean):
    dispersion = np.array(0.4 if family.fixed_dispersion is None else family.fixed_dispersion)
    x = np.arange(0.0, 150.0) if family.integer else np.geomspace(0.01, 4.0, 50) * mean
    got = np.exp(LOG_LIKELIHOODS[type(family)](x, np.array(mean), dispersion))
    if family.integer:
        wanted = np.diff(family.cdf(x, mean, dispersion), prepend=0.0)
    else:
        half = 1e-5 * x
        wanted = (
            family.cdf(x + half, mean, dispersion) - family.cdf(x - half, mean, dispersion)
        ) / (2.0 * half)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-12)


def test_a_rounded_gamma_likelihood_is_precise_in_the_tail_and_finite_beyond_it():
    tail, beyond = LOG_LIKELIHOODS[type(FAMILIES["rounded_gamma"])](
        np.array([60.0, 1e6]), np.array(3.0), np.array(0.1)
    )
    gamma = stats.gamma(10.0, scale=0.3)
    assert (
        tail == pytest.approx(np.log(gamma.sf(59.5) - gamma.sf(60.5)), rel=1e-9) and tail < -140.0
    )
    assert -1e4 < beyond < tail


@pytest.mark.parametrize("name", COUNTS)
def test_with_one_law_and_one_mean_the_level_is_that_of_the_known_distribution(name):
    population = SyntheticProducts(families=(name,), mean=7.3, dispersion=0.4)
    products = draw_products(population, PROBLEM, 40)
    known = BaseStock.closed_form(PROBLEM, products.distribution, products.economics).level
    assert (levels(population, products) == known).all()


@pytest.mark.parametrize("name", AMOUNTS)
def test_with_one_law_and_one_mean_of_amounts_the_level_is_nearly_that_of_the_known_distribution(
    name,
):
    population = SyntheticProducts(families=(name,), mean=7.3, dispersion=Uniform(0.4, 0.4))
    products = draw_products(population, PROBLEM, 40)
    known = BaseStock.closed_form(PROBLEM, products.distribution, products.economics).level
    np.testing.assert_allclose(
        levels(population, products), np.tile(known, (PROBLEM.horizon, 1)), rtol=5e-5
    )


def test_whole_demands_come_of_counts_and_others_of_amounts():
    both = SyntheticProducts(("poisson", "gamma"), LogUniform(3.0, 9.0), 0.4)
    counts, amounts = replace(both, families=("poisson",)), replace(both, families=("gamma",))
    products = draw_products(counts, PROBLEM, 5)
    demand = products.demand.copy()
    demand[2, 1] = 4.5  # seen in the first three periods only
    demand[HISTORY + 2, 3] = 4.5  # seen from the fourth on
    broken = products._replace(demand=demand)
    got, whole, other = levels(both, broken), levels(counts, products), levels(amounts, broken)
    fractional = np.zeros(got.shape, bool)
    fractional[:3, 1] = fractional[3:, 3] = True
    np.testing.assert_allclose(got, np.where(fractional, other, whole), rtol=1e-12)
    assert (
        levels(amounts, products) % 1.0 > 0.0
    ).all()  # whole demands too, if there are no counts
    with pytest.raises(
        ValueError,
        match="demand must be whole: the population of the Bayes base-stock has only cou",
    ):
        levels(counts, broken)


@pytest.mark.parametrize("name", ["poisson", "default", "high_variance"])
def test_a_grid_twice_as_fine_earns_the_same(name, monkeypatch):
    population, problem = POPULATIONS[name], LostSales(horizon=20)
    products = draw_products(population, problem, 24 if name == "default" else 120, seed=2)
    coarse = BayesBaseStock(problem, population)
    monkeypatch.setattr(bayes, "MEAN_STEPS", tuple(step / 2.0 for step in bayes.MEAN_STEPS))
    monkeypatch.setattr(bayes, "DISPERSION_STEP", bayes.DISPERSION_STEP / 2.0)
    fine = BayesBaseStock(problem, population)
    cells = [
        sum(len(part.mean) for mixture in policy._mixtures for part in mixture.grid)
        for policy in (coarse, fine)
    ]
    assert cells[1] > 1.9 * cells[0]
    rows = evaluate(
        problem, {"coarse": coarse, "fine": fine}, products, reference="coarse"
    ).frame.set_index("policy")
    assert abs(rows.gap["fine"]) < 0.01


def test_the_mean_of_poisson_demand_up_to_50_is_resolved_in_steps_of_two_percent():
    ((cells,),) = (
        mixture.grid for mixture in BayesBaseStock(PROBLEM, POPULATIONS["poisson"])._mixtures
    )
    assert np.log(50.0) / len(cells.mean) <= 0.02


# A policy like others


@pytest.mark.parametrize(
    "population",
    [
        replace(POPULATIONS["poisson"], mean=Uniform(1.0, 20.0)),
        SyntheticProducts(tuple(COUNTS), LogUniform(1.0, 8.0), Uniform(0.2, 0.4)),
        SyntheticProducts(("poisson", *AMOUNTS), LogUniform(2.0, 8.0), 0.3),
    ],
    ids=["poisson", "counts", "mixed"],
)
def test_it_keeps_the_laws_of_policies(population):
    problem = LostSales()
    check_policy(BayesBaseStock(problem, population), problem, population)


def test_planned_orders_are_those_of_every_step():
    population = SyntheticProducts(mean=LogUniform(1.0, 9.0), dispersion=Uniform(0.2, 0.6))
    policy, products = BayesBaseStock(PROBLEM, population), draw_products(population, PROBLEM, 16)
    plan, episode = planned(policy, PROBLEM, products), Episode(PROBLEM, products)
    while not episode.done:
        observation = episode.observe()
        order = policy(observation)
        np.testing.assert_allclose(order, plan(observation), rtol=1e-9)
        episode.step((order[:, 0],))


def test_it_earns_more_than_an_estimate_and_no_more_than_the_distribution():
    problem, population = LostSales(), POPULATIONS["poisson"]
    heuristics = policies(problem)
    named = {name: heuristics[name] for name in ("base-stock", "base-stock (knows distribution)")}
    named["Bayes"] = BayesBaseStock(problem, population)
    products = draw_products(population, problem, 1000, seed=5)
    to_estimate = evaluate(problem, named, products, reference="base-stock").frame.set_index(
        "policy"
    )
    to_distribution = evaluate(
        problem, named, products, reference="base-stock (knows distribution)"
    ).frame.set_index("policy")
    assert to_estimate.gap_low["Bayes"] > 0.0
    assert to_distribution.gap_low["Bayes"] <= 0.0
    assert to_distribution.gap["Bayes"] > to_distribution.gap["base-stock"]
    assert to_distribution.knows["Bayes"] == "history"


def test_it_orders_up_to_its_level_and_nothing_above_it():
    population = SyntheticProducts(families=("poisson",), mean=5.0)
    products = draw_products(population, PROBLEM, 2)._replace(
        economics=economics_of(PROBLEM, **{name: [cost] * 2 for name, cost in COSTS.items()})
    )
    level = distribution_of("poisson", 5.0).quantile(ratios(products))[0]
    state = PROBLEM.initial_state(np.array([2.0, level + 1.0]))
    observation = Episode(PROBLEM, products, state).observe()
    assert BayesBaseStock(PROBLEM, population)(observation).tolist() == [[level - 2.0], [0.0]]


# What it refuses


@pytest.mark.parametrize(
    ("problem", "population", "message"),
    [
        ({"lead_time": 2}, {}, "lead_time must be 0 for the Bayes base-stock, got 2."),
        ({"censored": True}, {}, "censored must be False for the Bayes base-stock"),
        (
            {},
            {"processes": POPULATIONS["seasonal"].processes},
            "processes must be none.*got WeeklySeason, YearlySeason",
        ),
        (
            {},
            {"mean": LogNormalRange(5.0, 1.0)},
            "mean must be a number, Uniform or LogUniform .*, got LogNormalRange",
        ),
        (
            {},
            {"dispersion": LogNormalRange(0.5, 1.0)},
            "dispersion must be a number, Uniform or LogUniform",
        ),
        (
            {},
            {"families": ("discrete_uniform",)},
            "families must be of Poisson, .* for the Bayes base-stock, got DiscreteUnif",
        ),
        ({}, {"families": (Empirical((1.0, 2.0)),)}, "got Empirical."),
    ],
)
def test_it_refuses_what_its_posterior_is_not_for(problem, population, message):
    with pytest.raises(ValueError, match=message):
        BayesBaseStock(LostSales(**problem), SyntheticProducts(**population))
