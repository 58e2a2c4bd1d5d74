"""The exercises of lab 5: procurement and removal."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy import stats

from inv_gym import ProcurementRemoval
from inv_gym.baselines import BaseStock, IntervalStock
from inv_gym.baselines.exact import Solution
from labs.answers import chosen, close, expect, number, numbers, value_of
from labs.cases import Case, case

COSTS = {"unit_cost": 10.0, "removal_value": 6.0, "holding_cost": 1.0, "shortage_cost": 20.0}
START = 80.0
LONG = 1000
PERIOD, STOCK = 10, 40.0


@cache
def shop() -> Case:
    """The product of the lab."""
    problem = ProcurementRemoval(discount=0.95, long_run=True, integer_orders=True)
    return case(problem, "poisson", 5.0, **COSTS)


@cache
def levels() -> tuple[float, float]:
    """The optimal interval."""
    rule = shop().rule(IntervalStock.optimal)
    return float(rule.lower[0]), float(rule.upper[0])


def check_5_1(answer: Any) -> str:
    """The lower level."""
    level = number(answer)
    right = levels()[0]
    without_discount = stats.poisson.ppf(10.0 / 21.0, 5.0)
    expect(
        level != without_discount,
        "the ratio forgets that a unit that is left saves the cost of buying it tomorrow: take "
        "discount * c off the denominator.",
    )
    expect(
        level == right,
        "the ratio is (20 - 10) / (20 + 1 - 0.95 * 10) = 0.87; take that quantile of demand.",
    )
    return "The right to remove does not change when to order."


def check_5_2(answer: Any) -> str:
    """The orders of an interval."""
    for stock in (3.0, 12.0, 26.0):
        given = numbers(value_of(answer, stock, 8.0, 20.0), 2, "order and removal")
        right = [max(8.0 - stock, 0.0), max(stock - 20.0, 0.0)]
        where = f"with {stock:.0f} on hand and the interval from 8 to 20"
        expect(
            (given >= 0.0).all(), f"{where} you order or remove less than nothing: cut off at 0."
        )
        expect(
            not close(given, right[::-1]) or right[0] == right[1],
            "the two are swapped: the order comes first.",
        )
        expect(close(given, right), f"{where} it is {right}, yours is {given.tolist()}.")
    return "Order and removal never happen together."


def check_5_3(answer: Any) -> str:
    """The upper level."""
    level = number(answer)
    lower, right = levels()
    expect(level != lower, "this is the lower level. At which stock does removal begin?")
    expect(level != right + 1.0, "here one unit is removed already: one less.")
    expect(level == right, "go through the stocks and find the last one at which removal is 0.")
    return f"Between {lower:.0f} and {right:.0f} the best thing to do is nothing."


def check_5_4(answer: Any) -> str:
    """What the right to remove is worth."""
    saved = number(answer)
    product, lower = shop(), levels()[0]
    never = product.discounted_cost(BaseStock(problem=product.problem, level=lower), LONG, START)
    best = -product.optimum(START).value(START)
    expect(
        not close(saved, best - never, 0.1), "the size is right. Money that is saved is positive."
    )
    expect(
        not close(saved, best, 0.1) and not close(saved, never, 0.1),
        "this is one of the two costs. What is the difference?",
    )
    expect(
        close(saved, never - best, 0.1),
        f"never to remove costs {never:.1f}, the optimum {best:.1f}.",
    )
    return "Sixty units that nobody will need for weeks."


def check_5_5(answer: Any) -> str:
    """When removal happens."""
    hints = {
        "b": "above the lower level there is a range where nothing is done.",
        "c": "after the first period the stock is at most the upper level. Can demand raise it?",
    }
    chosen(answer, "a", hints)
    return "Without a change in demand, stock never rises above the upper level again."


@cache
def _season() -> Solution:
    problem = ProcurementRemoval(discount=0.95, horizon=20, integer_orders=True)
    means = np.linspace(10.0, 1.0, 20).tolist()
    return case(problem, "poisson", means, **COSTS).optimum(START)


def check_5_6(answer: Any) -> str:
    """What is removed within a season."""
    removed = number(answer)
    season = _season()
    place = season.place(np.array([[STOCK]]))[0]
    right = float(season.orders[PERIOD, place, 1])
    before = float(season.orders[PERIOD - 1, place, 1])
    expect(removed != STOCK - right, "this is what stays. How many of the 40 units are removed?")
    expect(
        removed == right or removed != before,
        "this is for another period: they are counted from 0.",
    )
    expect(
        removed == right,
        "read the second number of season_orders(10, 40): the first is the order.",
    )
    return "As demand falls, the interval falls with it: removal now happens in many periods."
