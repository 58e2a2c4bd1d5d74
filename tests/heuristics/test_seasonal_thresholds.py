"""Intervals by period, against a dynamic program over every stock and every action of the problem's
own transition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from helpers import distribution_of, economics_of, masses

from inv_gym import (
    POPULATIONS,
    Observation,
    ProcurementRemoval,
    draw_products,
    evaluate,
    instance,
    make_problem,
)
from inv_gym.baselines import Fitted, IntervalStock, SeasonalIntervalStock
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.distribution import Distribution
from inv_gym.problems.procurement_removal import ProcurementRemovalState

FIGURES = {
    "price": 10.0,
    "unit_cost": 5.1,
    "holding_cost": 0.83,
    "shortage_cost": 4.2,
    "removal_value": 2.3,
}
SEASON = [2.0, 4.0, 0.5, 3.0, 1.0]


def season(means: list[float]) -> Distribution:
    """One product with Poisson demand."""
    return replace(distribution_of("poisson", 1.0), mean=np.array(means)[:, None])


def brute_force(
    problem: Any, figures: dict[str, float], means: list[float], periods: int
) -> list[Any]:
    """The optimal interval of each period: the stocks that the best orders from nothing and
    removals from much reach.

    Stocks run from -24 (0 with lost sales) to 60 units, actions to every stock up to there.
    """
    low, top, demand = (-24 if problem.backlog else 0), 60, np.arange(26)
    stocks = np.arange(low, top + 1.0)
    economics = problem.Economics(*(figures.get(name, 0.0) for name in problem.Economics._fields))
    end = problem.salvage(ProcurementRemovalState(stocks), economics)
    value = end * (not problem.long_run)
    after, number = (
        grid.ravel() for grid in np.meshgrid(stocks, demand.astype(float), indexing="ij")
    )
    intervals = []
    for period in reversed(range(periods)):
        mass = masses(season([means[min(period, len(means) - 1)]]), 26)
        outcome = problem.transition(
            ProcurementRemovalState(after), (0.0 * after, 0.0 * after), number, economics
        )
        landed = np.maximum(outcome.state.net_inventory - low, 0.0).astype(
            int
        )  # below -24 as at -24
        worth = (outcome.reward + problem.discount * value[landed]).reshape(len(stocks), -1) @ mass
        bought = worth - economics.unit_cost * stocks
        removed = worth - economics.removal_value * stocks
        reachable = stocks >= 0.0
        lower, upper = (stocks[reachable][np.argmax(gain[reachable])] for gain in (bought, removed))
        intervals.append((lower, upper))
        keep = np.where(stocks < lower, lower, np.where(stocks > upper, upper, stocks))
        flow = np.maximum(keep - stocks, 0.0) * economics.unit_cost
        gain = np.maximum(stocks - keep, 0.0) * economics.removal_value
        value = worth[(keep - low).astype(int)] - flow + gain
    return intervals[::-1]


def intervals_of(rule: SeasonalIntervalStock) -> list[tuple[float, float]]:
    return [
        (float(low[0]), float(high[0])) for low, high in zip(rule.lower, rule.upper, strict=True)
    ]


@pytest.mark.parametrize("discount", [0.9, 1.0])
@pytest.mark.parametrize("backlog", [False, True])
def test_intervals_of_a_season_with_an_end_are_those_of_brute_force(backlog, discount):
    problem = ProcurementRemoval(horizon=8, discount=discount, backlog=backlog)
    rule = SeasonalIntervalStock.optimal(problem, season(SEASON), economics_of(problem, **FIGURES))
    wanted = brute_force(problem, FIGURES, SEASON, 8)
    assert intervals_of(rule) == wanted
    assert len(set(wanted)) > 4


@pytest.mark.parametrize("backlog", [False, True])
def test_intervals_of_a_season_without_end_are_those_of_brute_force_over_many_periods(backlog):
    problem = ProcurementRemoval(discount=0.9, backlog=backlog, long_run=True)
    rule = SeasonalIntervalStock.optimal(problem, season(SEASON), economics_of(problem, **FIGURES))
    assert intervals_of(rule) == brute_force(problem, FIGURES, SEASON, 150)[: len(SEASON)]


@pytest.mark.parametrize(
    ("name", "interval"), [("removal-cost-form", (8.0, 20.0)), ("removal-profit-form", (8.0, 37.0))]
)
def test_intervals_of_the_known_instances(name, interval):
    found = instance(name)
    products = draw_products(found.source, found.problem, 2)
    without_end = SeasonalIntervalStock.optimal(
        found.problem, products.distribution, products.economics
    )
    assert intervals_of(without_end) == [interval]
    with_end = replace(found.problem, long_run=False)
    rule = SeasonalIntervalStock.optimal(with_end, products.distribution, products.economics)
    assert len(rule.lower) == found.problem.horizon
    assert intervals_of(rule)[:300] == [interval] * 300
    assert (rule.upper[-1] < interval[1]).all()


def test_the_known_instance_from_a_stock_of_eighty_costs_what_dynamic_programming_finds():
    found = instance("removal-cost-form")
    policies = {"by period": Fitted(SeasonalIntervalStock.optimal, found.problem, "distribution")}
    row = evaluate(found.problem, policies, found.source, number=4000, seed=5).frame.iloc[0]
    weight = sum(found.problem.discount**period for period in range(found.problem.horizon))
    cost = found.known["optimal discounted cost from stock 80"]
    assert abs(-row.reward * weight - cost) < 4.0 * row.standard_error * weight


@pytest.mark.parametrize("fields", [{}, {"long_run": True}, {"backlog": True}], ids=str)
@pytest.mark.parametrize("population", ["default", "seasonal"])
def test_intervals_by_period_earn_at_least_what_one_interval_does(population, fields):
    problem = make_problem("InvProcurementRemoval-v0", **fields)
    policies = {
        "one": Fitted(IntervalStock.optimal, problem, "distribution"),
        "by period": Fitted(SeasonalIntervalStock.optimal, problem, "distribution"),
    }
    frame = evaluate(
        problem, policies, POPULATIONS[population], number=128, reference="one"
    ).frame.set_index("policy")
    assert frame.gap["by period"] > (
        -0.02 if population == "default" and fields.get("long_run") else 0.3
    )


def test_the_interval_of_stationary_amounts_is_the_newsvendors_level_and_scales_with_demand():
    problem = ProcurementRemoval(long_run=True, discount=0.95)
    distribution = distribution_of("gamma", [4.0, 400.0], 0.3)
    economics = economics_of(
        problem, **{name: np.full(2, value) for name, value in FIGURES.items()}
    )
    rule = SeasonalIntervalStock.optimal(problem, distribution, economics)
    np.testing.assert_allclose(
        rule.lower[0], distribution.quantile(critical_ratio(problem, economics)), rtol=2e-3
    )
    np.testing.assert_allclose(rule.lower[0][1], 100.0 * rule.lower[0][0], rtol=1e-9)
    np.testing.assert_allclose(
        rule.upper[0], IntervalStock.optimal(problem, distribution, economics).upper, rtol=1e-9
    )


def test_stock_is_kept_where_removal_costs_more_than_holding_it_for_ever():
    problem = ProcurementRemoval(long_run=True)
    economics = economics_of(
        problem, price=10.0, unit_cost=5.0, holding_cost=0.01, removal_value=-100.0
    )
    rule = SeasonalIntervalStock.optimal(problem, distribution_of("poisson", 5.0), economics)
    assert rule.upper[0] == np.inf
    seen = Observation(
        ProcurementRemovalState(np.array([1e6])), None, economics, np.ones(1), None, 0
    )
    assert rule(seen).tolist() == [[0.0, 0.0]]


def test_orders_follow_the_period_the_last_interval_holds_on_and_torch_agrees():
    problem = ProcurementRemoval(horizon=9)
    lower, upper = (
        (np.array([3.0, 1.0]), np.array([5.0, 2.0])),
        (np.array([9.0, 4.0]), np.array([7.0, np.inf])),
    )
    rule = SeasonalIntervalStock(problem=problem, lower=lower, upper=upper)
    wanted = {
        0: [[1.0, 0.0], [0.0, 16.0]],
        1: [[3.0, 0.0], [0.0, 0.0]],
        8: [[3.0, 0.0], [0.0, 0.0]],
    }
    for period, orders in wanted.items():
        for stock in (np.array([2.0, 20.0]), torch.tensor([2.0, 20.0])):
            seen = Observation(
                ProcurementRemovalState(stock), None, None, stock * 0.0 + 1.0, None, period
            )
            got = rule(seen)
            assert type(got) is type(stock)
            assert got.tolist() == orders


def test_all_products_at_once_have_the_intervals_that_each_has_alone():
    problem = ProcurementRemoval(horizon=5)
    products = draw_products(POPULATIONS["seasonal"], problem, 150)
    together = SeasonalIntervalStock.optimal(problem, products.distribution, products.economics)
    for row in (0, 127, 128, 149):
        alone = products.rows(slice(row, row + 1))
        rule = SeasonalIntervalStock.optimal(problem, alone.distribution, alone.economics)
        for name in ("lower", "upper"):
            for one, column in zip(getattr(rule, name), getattr(together, name), strict=True):
                np.testing.assert_allclose(one, column[row : row + 1], rtol=1e-9)


@dataclass(frozen=True, kw_only=True)
class Clearance(ProcurementRemoval):
    """What is left after the last period brings a share of the removal value."""

    share: float = 0.5

    def salvage(self, state: Any, economics: Any) -> Any:
        left = np.maximum(state.net_inventory, 0.0)
        return self.share * economics.removal_value * left


@pytest.mark.parametrize("share", [0.0, 0.5, 2.0])
def test_what_is_left_counts_at_what_the_problem_salvages_it_for(share):
    problem = Clearance(horizon=6, share=share)
    figures = {**FIGURES, "removal_value": 1.9}
    economics = economics_of(problem, **figures)
    rule = SeasonalIntervalStock.optimal(problem, season(SEASON), economics)
    found = [
        (float(low[0]), float(high[0])) for low, high in zip(rule.lower, rule.upper, strict=True)
    ]
    wanted = brute_force(problem, figures, SEASON, 6)
    # a stock that is not removed at all is above all stocks that the enumeration has
    assert [(low, min(high, 60.0)) for low, high in found] == wanted
    assert found != [
        (float(low[0]), float(high[0]))
        for low, high in zip(
            *SeasonalIntervalStock.optimal(
                ProcurementRemoval(horizon=6), season(SEASON), economics
            ).parameters.values(),
            strict=True,
        )
    ]
