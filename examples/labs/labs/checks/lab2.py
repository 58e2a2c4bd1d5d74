"""The exercises of lab 2: lead times."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from inv_gym import LostSales, Observation
from inv_gym.baselines import ProjectedLevel, VectorBaseStock
from inv_gym.problems.lost_sales import LostSalesState
from labs.answers import chosen, close, expect, number, numbers, value_of
from labs.cases import Case, case

TOLERANCE = 0.01


@cache
def poisson_case(lead_time: int) -> Case:
    """Zipkin's product with p = 4."""
    problem = LostSales(lead_time=lead_time, discount=1.0, long_run=True, integer_orders=True)
    return case(problem, "poisson", 5.0, holding_cost=1.0, shortage_cost=4.0)


def seen(on_hand: float, arriving: float) -> Observation:
    """What a rule of the state sees in a state of lead time 2."""
    state = LostSalesState(np.array([on_hand]), (np.array([arriving]),))
    return Observation(state, np.ones((32, 1)), poisson_case(2).economics, np.ones(1), None, 0)


def check_2_1(answer: Any) -> str:
    """Tomorrow's state."""
    problem = LostSales(lead_time=3)
    free = problem.Economics(0.0, 0.0, 0.0, 0.0, 0.0)
    for on_hand, pipeline, order, demand in (
        (9.0, (2.0, 4.0), 5.0, 6.0),
        (3.0, (1.0, 0.0), 7.0, 8.0),
    ):
        given = value_of(answer, on_hand, pipeline, order, demand)
        expect(
            isinstance(given, (tuple, list)) and len(given) == 2,
            "return two things: the stock on hand, and the pipeline of two numbers.",
        )
        stock = number(given[0], "the stock on hand")
        coming = numbers(given[1], 2, "the pipeline")
        state = problem.transition(LostSalesState(on_hand, pipeline), (order,), demand, free).state
        expect(stock >= pipeline[0], "lost sales do not wait: stock is never below 0.")
        expect(
            stock != state.on_hand - pipeline[0],
            "what arrives tomorrow, x_1, is on hand tomorrow.",
        )
        expect(
            stock == state.on_hand,
            f"from {on_hand} on hand with x_1 = {pipeline[0]} and demand {demand}, {state.on_hand} "
            f"are on hand tomorrow; you have {stock}.",
        )
        expect(
            close(coming, state.pipeline),
            "everything on order moves on by one place: x_2 comes first, today's order last.",
        )
    return "Nothing is copied but the names: that is all that a lead time does."


def check_2_2(answer: Any) -> str:
    """Morton's levels."""
    levels = numbers(answer, 3, "the levels")
    right = np.array(poisson_case(2).rule(VectorBaseStock.closed_form).levels)[:, 0]
    turned = poisson_case(2).distribution
    low = [turned.quantile(np.array([0.2]), days)[0] for days in (3, 2, 1)]
    expect(
        not close(levels, low), "you took the quantile at h / (p + h); take that at p / (p + h)."
    )
    expect(
        not close(levels, right[::-1]),
        "the order is reversed: S_0 limits all of the state, so it is for the demand of 3 days.",
    )
    expect(
        close(levels, right),
        "S_0, S_1 and S_2 are the 0.8 quantiles of the demand of 3, 2 and 1 days.",
    )
    return "The order alone, S_2, is at most a generous demand of one day."


def check_2_3(answer: Any) -> str:
    """The order of the vector base-stock policy."""
    rule = poisson_case(2).rule(VectorBaseStock.closed_form)
    levels = [float(level[0]) for level in rule.levels]
    for on_hand, arriving in ((0.0, 0.0), (6.0, 5.0), (2.0, 9.0), (20.0, 3.0)):
        order = number(value_of(answer, on_hand, arriving, levels), "the order")
        right = float(rule(seen(on_hand, arriving))[0, 0])
        where = f"for x_0 = {on_hand:.0f} and x_1 = {arriving:.0f}"
        expect(order >= 0.0, f"{where} your order is {order:.0f}: cut it off at 0.")
        expect(
            order <= right,
            f"{where} you order {order:.0f}, more than one of S_l - v_l leaves room for.",
        )
        expect(order == right, f"{where} the order is {right:.0f}, yours is {order:.0f}.")
    return "It is a base-stock policy on three sums at once."


def check_2_4(answer: Any) -> str:
    """The mean stock at arrival."""
    product = poisson_case(2)
    level = np.array([1000.0])
    rule = ProjectedLevel(problem=product.problem, level=level, distribution=product.distribution)
    for on_hand, arriving in ((8.0, 5.0), (3.0, 9.0), (0.0, 4.0)):
        mean = number(value_of(answer, on_hand, arriving), "the mean stock")
        right = 1000.0 - float(rule(seen(on_hand, arriving))[0, 0])
        certain = max(max(on_hand - 5.0, 0.0) + arriving - 5.0, 0.0)
        expect(
            not close(mean, certain, TOLERANCE),
            "this is the stock if demand were always 5. The mean of (x - D)^+ is more than "
            "(x - 5)^+.",
        )
        expect(
            close(mean, right, TOLERANCE),
            f"for x_0 = {on_hand:.0f} and x_1 = {arriving:.0f} the mean is {right:.3f}, yours is "
            f"{mean:.3f}. Cut off at 0 after each day, then weigh each pair of demands.",
        )
    return "The rule that orders up to a level on this mean is within 0.5 % of the optimum here."


def check_2_5(answer: Any) -> str:
    """Which unit displaces more."""
    hints = {
        "a": "count along a row, and then along a column, where the order is above 0.",
        "c": "in the left picture a step up often takes more off than a step to the right.",
    }
    chosen(answer, "b", hints)
    return "A unit on hand may be sold before the order arrives; a later one will still be there."


def check_2_6(answer: Any) -> str:
    """Morton's policy with lead time 4."""
    given = number(answer)
    product = poisson_case(4)
    cost = product.average_cost(product.rule(VectorBaseStock.closed_form))
    gain = product.optimum().gain
    assert gain is not None
    right = 100.0 * (cost / -gain - 1.0)
    expect(
        not close(given, right / 100.0, 0.005),
        "the answer is in percent: 1 % is 1, not 0.01.",
    )
    expect(not close(given, cost, 0.01), "this is the cost. By how many percent is it too high?")
    expect(
        close(given, right, 0.1),
        "divide the cost of the rule by the optimal cost, less 1, times 100. The optimal cost is "
        f"{-gain:.4f}: mind that gain is a profit, so its sign is turned.",
    )
    return "Zipkin (2008) prints 23.4 %."


def check_2_7(answer: Any) -> str:
    """The rule for very long lead times."""
    hints = {
        "a": "Morton's policy was 23 % above the optimum for L = 4, and it got worse with L.",
        "c": "customers do not wait here, and the best base-stock policy gets worse with L.",
    }
    chosen(answer, "b", hints)
    return "Goldberg et al. (2016) prove it. Such a rule needs no data of the stock at all."
