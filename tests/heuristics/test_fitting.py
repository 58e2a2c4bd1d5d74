"""Fitting: what each policy knows and when it is fitted; parameters that are refused; the
catalogue.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from inv_gym import (
    ENVIRONMENTS,
    POPULATIONS,
    DualSourcing,
    LostSales,
    Problem,
    ProcurementRemoval,
    draw_products,
    make_problem,
    rollout,
)
from inv_gym.baselines import (
    Adaptive,
    BaseStock,
    CappedBaseStock,
    CappedDualIndex,
    ConstantOrder,
    DualIndex,
    Fitted,
    IntervalStock,
    RandomOrders,
    TailoredBaseSurge,
    VectorBaseStock,
    policies,
    reference,
)
from inv_gym.baselines.fitting.estimation import estimate
from inv_gym.baselines.fitting.heuristic import join
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.distribution import Distribution
from inv_gym.demand.processes import WeeklySeason
from inv_gym.play.episode import Episode
from inv_gym.play.policy import planned
from inv_gym.products.batch import HISTORY
from inv_gym.util.arrays import unstack


def first_orders(policy: Any, problem: Problem, products: Any) -> np.ndarray:
    return planned(policy, problem, products)(Episode(problem, products).observe())


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_orders_follow_the_history_if_and_only_if_the_policy_knows_it(env_id):
    problem = make_problem(env_id, horizon=4, initial_stock=(0.0, 0.0))
    products = draw_products(POPULATIONS["poisson"], problem, 40)
    busier = products._replace(
        demand=np.concatenate([3.0 * products.demand[:HISTORY] + 1.0, products.demand[HISTORY:]]),
        scale=3.0 * products.scale + 1.0,
    )
    for name, policy in policies(problem).items():
        before, after = (
            first_orders(policy, problem, products),
            first_orders(policy, problem, busier),
        )
        assert (policy.knows == "distribution") == name.endswith(" (knows distribution)"), name
        if policy.knows == "distribution":
            np.testing.assert_array_equal(before, after, err_msg=name)
        else:
            assert (before != after).any(1).all(), name
            assert after.sum() > before.sum(), name


@pytest.mark.parametrize(
    ("lead_time", "kind"),
    [(0, BaseStock), (2, BaseStock), (3, VectorBaseStock), (2, ConstantOrder)],
)
def test_a_closed_form_is_fitted_anew_to_each_period_s_history(lead_time, kind):
    problem = LostSales(lead_time=lead_time, horizon=10)
    products = draw_products(POPULATIONS["default"], problem, 30)
    policy = Adaptive(kind.closed_form, problem)
    played = rollout(problem, policy, products)
    episode = Episode(problem, products)
    for period in range(problem.horizon):
        observation = episode.observe()
        order = policy(observation)
        np.testing.assert_array_equal(order, played.orders[period])
        window = estimate(products.demand[period : period + HISTORY])
        np.testing.assert_array_equal(
            order, kind.closed_form(problem, window, products.economics)(observation)
        )
        episode.step(unstack(order))
    assert (played.orders[..., 0].sum(0) > 0.0).all()


@pytest.mark.parametrize(
    "fit", [BaseStock.closed_form, VectorBaseStock.closed_form, BaseStock.searched]
)
@pytest.mark.parametrize("knows", ["history", "distribution"])
@pytest.mark.usefixtures("short_search")
def test_a_fitted_heuristic_keeps_the_parameters_that_it_found_at_the_start(fit, knows):
    problem = LostSales(lead_time=2, horizon=8)
    products = draw_products(POPULATIONS["poisson"], problem, 30)
    distribution = (
        estimate(products.demand[:HISTORY]) if knows == "history" else products.distribution
    )
    rule = fit(problem, distribution, products.economics)
    policy = planned(Fitted(fit, problem, knows), problem, products)
    assert (rule.knows, policy.knows) == ("nothing", knows)
    for name, parameter in rule.parameters.items():
        np.testing.assert_array_equal(policy.parameters[name], parameter)
    orders = rollout(problem, Fitted(fit, problem, knows), products).orders
    np.testing.assert_array_equal(orders, rollout(problem, rule, products).orders)
    adaptive = rollout(problem, Adaptive(fit, problem, knows), products).orders
    np.testing.assert_array_equal(adaptive[0], orders[0])
    assert (adaptive == orders).all() == (knows == "distribution")


def test_a_fit_sees_the_problem_the_law_and_the_economics_as_numpy_arrays():
    problem = LostSales(horizon=4)
    products = draw_products(POPULATIONS["poisson"], problem, 6)
    tensors = products.to(torch.empty(0, dtype=torch.float64))
    seen = []

    def fit(problem: Problem, distribution: Distribution, economics: Any) -> BaseStock:
        seen.append((problem, distribution, economics))
        return BaseStock(problem=problem, level=distribution.quantile(np.full(6, 0.9)))

    for policy in (
        Fitted(fit, problem),
        Fitted(fit, problem, "distribution"),
        Adaptive(fit, problem),
    ):
        assert isinstance(rollout(problem, policy, tensors).orders, torch.Tensor)
    assert len(seen) == 1 + 1 + problem.horizon
    for given, distribution, economics in seen:
        assert given == problem
        assert isinstance(distribution, Distribution)
        assert all(isinstance(column, np.ndarray) for column in economics)


def test_under_a_season_a_fit_at_the_start_sees_all_periods_and_a_later_one_those_ahead():
    problem = LostSales(horizon=21)
    population = replace(POPULATIONS["poisson"], mean=20.0, processes=(WeeklySeason(spread=0.4),))
    products = draw_products(population, problem, 3)
    seen = []

    def fit(problem: Problem, distribution: Distribution, economics: Any) -> BaseStock:
        seen.append(distribution.mean)
        return BaseStock(problem=problem, level=np.full(3, 20.0))

    rollout(problem, Fitted(fit, problem, "distribution"), products)
    rollout(problem, Adaptive(fit, problem, "distribution"), products)
    mean = products.distribution.mean
    assert len(seen) == 1 + 21
    np.testing.assert_array_equal(seen[0], mean)
    for period, later in enumerate(seen[1:]):
        np.testing.assert_array_equal(later[0], mean[period])


def test_under_censored_demand_a_policy_sees_its_own_sales():
    problem = LostSales(horizon=6, censored=True)
    products = draw_products(POPULATIONS["poisson"], problem, 30)
    played = rollout(problem, Adaptive(BaseStock.closed_form, problem), products)
    lost = played.flow("shortage")
    assert (lost > 0.0).any()
    for step in played.steps[1:]:
        np.testing.assert_array_equal(
            step.observation.history[-step.period :], played.flow("sales")[: step.period]
        )


@pytest.mark.parametrize("lead_time", [0, 2])
def test_under_a_season_the_level_is_that_of_the_days_ahead(lead_time):
    problem = LostSales(lead_time=lead_time, horizon=21)
    population = replace(POPULATIONS["poisson"], mean=20.0, processes=(WeeklySeason(spread=0.4),))
    products = draw_products(population, problem, 10)
    ratio = critical_ratio(problem, products.economics)
    means = products.distribution.mean
    played = rollout(problem, Adaptive(BaseStock.closed_form, problem, "distribution"), products)
    levels = []
    for step in played.steps:
        ahead = [means[min(step.period + k, 20)] for k in range(lead_time + 1)]
        levels.append(stats.poisson(np.sum(ahead, 0)).ppf(ratio))
        wanted = np.maximum(levels[-1] - step.observation.state.inventory_position, 0.0)
        np.testing.assert_array_equal(step.order[:, 0], wanted)
    assert (np.ptp(levels, axis=0) > 5.0).all()
    np.testing.assert_array_equal(levels[:7], levels[7:14])


DISTRIBUTION_WANTED = "these products have no known demand distribution: use knows='history'."


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_heuristics_that_need_the_law_say_so_on_products_without_one(env_id):
    problem = make_problem(env_id, horizon=4)
    real = draw_products(POPULATIONS["poisson"], problem, 5)._replace(distribution=None)
    everything, without = policies(problem), policies(problem, distribution=False)
    assert without.keys() == {
        name for name in everything if not name.endswith(" (knows distribution)")
    }
    assert len(everything) > len(without)
    for name in everything.keys() - without.keys():
        with pytest.raises(ValueError, match=f"^{re.escape(DISTRIBUTION_WANTED)}$"):
            rollout(problem, everything[name], real)
    for policy in without.values():
        assert rollout(problem, policy, real).orders.shape == (4, 5, problem.order_dim)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            Adaptive(BaseStock.closed_form, LostSales(), "distribution"),
            "BaseStock.closed_form knows the distribution: call plan(problem, products) first.",
        ),
        (
            Fitted(CappedDualIndex.closed_form, DualSourcing()),
            "CappedDualIndex.closed_form is fitted at the start: call plan(problem, products) "
            "first.",
        ),
        (
            Fitted(DualIndex.searched, DualSourcing()),
            "DualIndex.searched is fitted at the start: call plan(problem, products) first.",
        ),
        (
            Fitted(IntervalStock.optimal, ProcurementRemoval()),
            "IntervalStock.optimal is fitted at the start: call plan(problem, products) first.",
        ),
        (
            Fitted(BaseStock.searched, LostSales(), "distribution"),
            "BaseStock.searched is fitted at the start: call plan(problem, products) first.",
        ),
    ],
)
def test_what_must_be_planned_says_so_when_it_is_called_at_once(policy, message):
    episode = Episode(policy.problem, draw_products(POPULATIONS["poisson"], policy.problem, 2))
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        policy(episode.observe())


SIMPLE, DOUBLE, REMOVAL = LostSales(), DualSourcing(), ProcurementRemoval()
UNKNOWN = "unknown knows 'everything'; known: distribution, history."
NAN = np.array([3.0, np.nan])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Fitted(BaseStock.searched, SIMPLE, "everything"), ValueError, UNKNOWN),
        (lambda: Adaptive(BaseStock.closed_form, SIMPLE, "everything"), ValueError, UNKNOWN),
        (
            lambda: ConstantOrder(problem=SIMPLE, quantity=-0.1),
            ValueError,
            "quantity must be at least 0, got -0.1.",
        ),
        (
            lambda: ConstantOrder(problem=SIMPLE, quantity="all"),
            TypeError,
            "quantity must be a number, got 'all'.",
        ),
        (
            lambda: BaseStock(problem=SIMPLE, level=float("nan")),
            ValueError,
            "level must be a number, got nan.",
        ),
        (
            lambda: BaseStock(problem=SIMPLE, level=NAN),
            ValueError,
            "level must be a number, got nan. (product 1)",
        ),
        (
            lambda: VectorBaseStock(problem=SIMPLE, levels=(np.ones(2), NAN)),
            ValueError,
            "levels must be a number, got nan. (product 1)",
        ),
        (
            lambda: CappedBaseStock(problem=SIMPLE, level=3.0, cap=np.array([1.0, 0.0, -1.0])),
            ValueError,
            "cap must be at least 0, got -1.0. (product 2)",
        ),
        (
            lambda: CappedBaseStock(problem=SIMPLE, level=torch.tensor([3.0, torch.nan]), cap=1.0),
            ValueError,
            "level must be a number, got nan. (product 1)",
        ),
        (
            lambda: CappedDualIndex(
                problem=DOUBLE, expedited_level=1.0, regular_level=2.0, cap=-0.5
            ),
            ValueError,
            "cap must be at least 0, got -0.5.",
        ),
        (
            lambda: DualIndex(problem=DOUBLE, expedited_level=1.0, regular_level=float("nan")),
            ValueError,
            "regular_level must be a number, got nan.",
        ),
        (
            lambda: TailoredBaseSurge(problem=DOUBLE, expedited_level=1.0, quantity=-2.0),
            ValueError,
            "quantity must be at least 0, got -2.0.",
        ),
        (
            lambda: IntervalStock(problem=REMOVAL, lower=1.0, upper=float("nan")),
            ValueError,
            "upper must be a number, got nan.",
        ),
        (
            lambda: RandomOrders(problem=SIMPLE, seed=-1),
            ValueError,
            "seed must be at least 0, got -1.",
        ),
        (
            lambda: RandomOrders(problem=SIMPLE, seed=0.5),
            TypeError,
            "seed must be a whole number, got 0.5.",
        ),
    ],
)
def test_bad_parameters_of_heuristics_are_refused(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize(
    "rule",
    [
        BaseStock(problem=DOUBLE, level=-4.0),
        DualIndex(problem=DOUBLE, expedited_level=-3.0, regular_level=np.inf),
        IntervalStock(problem=REMOVAL, lower=-1.0, upper=np.inf),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_levels_may_be_negative_and_infinite(rule):
    assert rule.knows == "nothing"


@pytest.mark.parametrize(
    "parts",
    [
        [BaseStock(problem=SIMPLE, level=np.arange(n)) for n in (1.0, 3.0)],
        [
            CappedBaseStock(problem=SIMPLE, level=np.arange(n), cap=2.0 * np.arange(n))
            for n in (4.0, 2.0, 1.0)
        ],
        [
            VectorBaseStock(problem=SIMPLE, levels=(np.arange(n), np.arange(n) + 9.0))
            for n in (2.0, 3.0)
        ],
    ],
    ids=lambda parts: type(parts[0]).__name__,
)
def test_joined_rules_have_the_parameters_of_all_products_in_turn(parts):
    whole = join(parts)
    assert type(whole) is type(parts[0])
    assert whole.problem == SIMPLE
    for name, parameter in whole.parameters.items():
        columns = [np.atleast_2d(part.parameters[name]) for part in parts]
        np.testing.assert_array_equal(np.atleast_2d(parameter), np.concatenate(columns, 1))


def test_the_parameters_of_a_rule_are_its_fields_by_name():
    rule = CappedDualIndex(problem=DOUBLE, expedited_level=1.0, regular_level=2.0, cap=3.0)
    assert rule.parameters == {"expedited_level": 1.0, "regular_level": 2.0, "cap": 3.0}


@pytest.mark.parametrize("distribution", [True, False])
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_the_reference_is_one_of_the_policies(env_id, distribution):
    problem = make_problem(env_id)
    found = policies(problem, distribution)
    name = reference(problem, distribution)
    assert found[name].knows == ("distribution" if distribution else "history")


def test_the_two_base_stocks_are_listed_only_where_they_apply():
    assert "two base-stocks" in policies(DualSourcing(regular_lead_time=1))
    assert "two base-stocks" in policies(DualSourcing(regular_lead_time=3, expedited_lead_time=2))
    assert "two base-stocks" not in policies(DualSourcing(regular_lead_time=2))
    assert "two base-stocks" not in policies(DualSourcing(regular_lead_time=1, backlog=False))
