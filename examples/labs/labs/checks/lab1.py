"""The exercises of lab 1: newsvendor and base-stock."""

from __future__ import annotations

from typing import Any

import numpy as np

import inv_gym
from inv_gym import LostSales, baselines
from inv_gym.baselines import BaseStock
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from labs.answers import chosen, close, expect, number, numbers, value_of
from labs.cases import case

PROBLEM = LostSales(discount=1.0, long_run=True, integer_orders=True)
BAKERY = case(PROBLEM, "poisson", 5.0, holding_cost=1.0, shortage_cost=4.0)
PERCENT = 0.02
"""Percentage points that a gap may be off, if it was read from a table."""


def check_1_1(answer: Any) -> str:
    """The critical ratio."""
    ratio = number(answer)
    right = float(critical_ratio(PROBLEM, BAKERY.economics)[0])
    expect(
        not close(ratio, 1.0 - right, 0.005),
        "this is h / (b + h), the probability of a shortage. Shortages are dear here: should they "
        "be frequent?",
    )
    expect(close(ratio, right, 0.005), "put b over b + h, with b = 4 and h = 1.")
    return "On the best level, four days of five end without a shortage."


def check_1_2(answer: Any) -> str:
    """The best level."""
    level = number(answer)
    right = float(BAKERY.rule(BaseStock.closed_form).level[0])
    expect(level != 5.0, "this is the mean. It would be best if both costs were the same.")
    expect(level > 5.0, "the level is below the mean. Is your ratio upside down?")
    expect(level == np.rint(level), "loaves are whole: take the smallest whole S with F(S) >= .8.")
    expect(
        level == right,
        f"F({level:.0f}) is {BAKERY.distribution.cdf(np.array([level]))[0]:.3f}. You want the "
        "smallest S at which it is 0.8 or more.",
    )
    return "Two loaves more than the mean demand: that is the safety stock."


def check_1_3(answer: Any) -> str:
    """The expected cost of a level."""
    for level in (0.0, 3.0, 7.0, 12.0):
        cost = number(value_of(answer, level), f"the cost of level {level:.0f}")
        right = BAKERY.average_cost(BaseStock(problem=PROBLEM, level=level))
        wrong_way = BAKERY_TURNED.average_cost(BaseStock(problem=PROBLEM, level=level))
        expect(
            not close(cost, wrong_way, 0.01) or close(right, wrong_way, 0.01),
            "h and b are swapped: h is for what is left, b for what is missing.",
        )
        expect(
            close(cost, right, 0.01),
            f"the cost of level {level:.0f} is {right:.3f}, yours is {cost:.3f}. Weigh the cost of "
            "each demand with its probability, and add up.",
        )
    return "Level 7 costs less than its neighbours."


BAKERY_TURNED = case(PROBLEM, "poisson", 5.0, holding_cost=4.0, shortage_cost=1.0)


def check_1_4(answer: Any) -> str:
    """The orders of a base-stock policy."""
    on_hand = np.array([0.0, 3.0, 7.0, 12.0])
    orders = numbers(value_of(answer, on_hand, 7.0), 4, "orders for four products")
    expect(
        (orders >= 0.0).all(),
        f"with 12 on hand and level 7 you order {orders[3]:.0f}: cut orders off at 0.",
    )
    expect(
        close(orders, np.maximum(7.0 - on_hand, 0.0)),
        f"with 0, 3, 7 and 12 on hand and level 7 you order {orders.tolist()}: order what is "
        "missing to the level.",
    )
    return "If nothing is missing, nothing is ordered."


def check_1_5(answer: Any) -> str:
    """The critical ratio of many days."""
    for price, cost, holding, shortage, discount in (
        (10.0, 6.0, 0.3, 0.0, 0.95),
        (3.0, 1.0, 0.1, 1.0, 0.99),
        (0.0, 0.0, 1.0, 4.0, 1.0),
    ):
        ratio = number(value_of(answer, price, cost, holding, shortage, discount), "the ratio")
        problem = LostSales(discount=discount, long_run=True)
        economics = problem.Economics(*map(np.array, ([price], [cost], [holding], [shortage], [0])))
        right = float(critical_ratio(problem, economics)[0])
        one_day = (price + shortage - cost) / (price + shortage + holding)
        expect(
            not close(ratio, one_day, 1e-4) or close(right, one_day, 1e-4),
            "this is the ratio of goods that are worthless tomorrow. A unit that is left saves "
            "discount * unit_cost.",
        )
        expect(
            close(ratio, right, 1e-4),
            f"for price {price}, unit cost {cost}, holding {holding}, shortage {shortage} and "
            f"discount {discount} the ratio is {right:.4f}, yours is {ratio:.4f}.",
        )
    return "With price, unit cost and discount 0, 0 and 1 it is b / (b + h) again."


def check_1_6(answer: Any) -> str:
    """What it costs not to know the distribution."""
    given = number(answer)
    task = inv_gym.task("InvLostSales-v0", products="poisson")
    policies = baselines.policies(task.problem)
    known, estimated = "base-stock (knows distribution)", "base-stock"
    both = {name: policies[name] for name in (known, estimated)}
    frame = inv_gym.evaluate(task, both, number=500, reference=known).frame
    right = -float(frame.set_index("policy")["gap"][estimated])
    expect(
        not close(given, -right, PERCENT),
        "the size is right. A cost is a positive number: turn the sign.",
    )
    expect(
        not close(given, right / 100.0, PERCENT / 100.0),
        "the answer is in percent, as the table is: 1 % is 1, not 0.01.",
    )
    expect(
        close(given, right, PERCENT),
        "read it in the column gap, in the row of the policy that does not know the distribution.",
    )
    return "Little: 32 days say much of the mean, and the cost curve is flat at its lowest point."


def check_1_7(answer: Any) -> str:
    """What a more expensive shortage does to the level."""
    hints = {
        "a": "the level is a quantile of demand. Compute the one at 19 / 20.",
        "b": "the level depends on the ratio b / (b + h), and the ratio changes.",
    }
    chosen(answer, "c", hints)
    product = case(PROBLEM, "poisson", 5.0, holding_cost=1.0, shortage_cost=19.0)
    return f"The level goes from 7 to {product.rule(BaseStock.closed_form).level[0]:.0f}."
