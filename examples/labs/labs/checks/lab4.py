"""The exercises of lab 4: two sources."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy import stats

from inv_gym import DualSourcing
from inv_gym.baselines import CappedDualIndex, DualIndex
from inv_gym.problems.dual_sourcing import DualSourcingState
from labs.answers import chosen, close, expect, number, numbers, value_of
from labs.cases import Case, case

EXPEDITED_LEVEL = 4.0
LEVELS = range(5, 11)
CAPS = (1.0, 2.0, 3.0, 4.0)


@cache
def published() -> Case:
    """The product of Gijsbrechts et al. with expedited cost 110."""
    problem = DualSourcing(
        regular_lead_time=2, expedited_lead_time=0, discount=1.0, long_run=True, integer_orders=True
    )
    costs = {
        "regular_cost": 100.0,
        "expedited_cost": 110.0,
        "holding_cost": 5.0,
        "shortage_cost": 495.0,
    }
    return case(problem, "discrete_uniform", 2.0, **costs)


@cache
def two_base_stocks() -> DualIndex:
    """The optimal levels of the consecutive lead times of the lab."""
    problem = DualSourcing(regular_lead_time=1, discount=0.99, long_run=True, integer_orders=True)
    costs = {
        "regular_cost": 10.0,
        "expedited_cost": 12.0,
        "holding_cost": 1.0,
        "shortage_cost": 9.0,
    }
    rule: DualIndex = case(problem, "poisson", 5.0, **costs).rule(DualIndex.closed_form)
    return rule


def check_4_1(answer: Any) -> str:
    """The two positions."""
    for fast, pipeline in ((1, (2.0, 7.0)), (0, (3.0, 1.0)), (2, (4.0, 5.0))):
        given = numbers(value_of(answer, -1.0, pipeline, fast), 2, "the two positions")
        problem = DualSourcing(regular_lead_time=3, expedited_lead_time=fast)
        state = DualSourcingState(-1.0, pipeline)
        due, all_of_it = problem.expedited_position(state), state.inventory_position
        where = f"for net inventory -1, pipeline {pipeline} and l_e = {fast}"
        expect(
            given[1] == all_of_it,
            f"{where} the inventory position, the second number, is {all_of_it:.0f}: add "
            "everything on order.",
        )
        expect(
            given[0] == due,
            f"{where} the expedited position, the first number, is {due:.0f}: add only what "
            "arrives in l_e days or earlier.",
        )
    return "A regular order that arrives after l_e days does not help a fast one."


def check_4_2(answer: Any) -> str:
    """The expedited level."""
    level = number(answer)
    right = float(two_base_stocks().expedited_level[0])
    expect(
        level != stats.poisson.ppf(0.9, 5.0),
        "this is the level without a premium: the fast unit costs 2 more than the slow one.",
    )
    expect(level == right, "take the quantile of a day's demand at (b - premium) / (b + h) = 0.7.")
    return "The more expensive the fast source, the lower its level."


def check_4_3(answer: Any) -> str:
    """What a regular unit saves."""
    demand = np.arange(80)
    probability = stats.poisson.pmf(demand, 5.0)
    for level in (4.0, 9.0, 14.0):
        saved = number(value_of(answer, level), f"what is saved at y = {level:.0f}")
        each = 9.0 - 10.0 * stats.poisson.cdf(level - demand, 5.0)
        right, uncapped = probability @ np.minimum(2.0, each), probability @ each
        late = min(2.0, float(uncapped))
        expect(
            not close(saved, uncapped, 1e-3) or close(right, uncapped, 1e-3),
            "limit what is saved to the premium: one can still expedite tomorrow.",
        )
        expect(
            not close(saved, late, 1e-3) or close(right, late, 1e-3),
            "limit it to the premium for each demand, before you take the mean.",
        )
        expect(
            close(saved, right, 1e-3),
            f"at y = {level:.0f} it is {right:.4f}, yours is {saved:.4f}.",
        )
    return f"The level S_r that follows is {two_base_stocks().regular_level[0]:.0f}."


def check_4_4(answer: Any) -> str:
    """The orders of the dual index."""
    for due, position in ((9.0, 15.0), (0.0, 3.0), (6.0, 7.0), (-2.0, 1.0)):
        given = numbers(value_of(answer, due, position, 4.0, 8.0), 2, "the two orders")
        expedited = max(4.0 - due, 0.0)
        regular = max(8.0 - position - expedited, 0.0)
        where = f"for positions {due:.0f} and {position:.0f} and levels 4 and 8"
        expect((given >= 0.0).all(), f"{where} you order less than nothing: cut off at 0.")
        expect(
            not close(given, [expedited, regular]) or regular == expedited,
            "the two orders are swapped: return the regular one first.",
        )
        forgotten = [max(8.0 - position, 0.0), expedited]
        expect(
            not close(given, forgotten) or close(forgotten, [regular, expedited]),
            "the expedited order is on order too: take it off what the regular order has to fill.",
        )
        expect(
            close(given, [regular, expedited]),
            f"{where} the orders are {[regular, expedited]}; yours are {given.tolist()}.",
        )
    return "Both orders together fill the inventory position up to S_r."


@cache
def _cost_of_dual_index(level: float) -> float:
    product = published()
    rule = DualIndex(problem=product.problem, expedited_level=EXPEDITED_LEVEL, regular_level=level)
    return product.average_cost(rule)


@cache
def _cost_of_cap(cap: float) -> float:
    product = published()
    level = _best_level()
    rule = CappedDualIndex(
        problem=product.problem, expedited_level=EXPEDITED_LEVEL, regular_level=level, cap=cap
    )
    return product.average_cost(rule)


def _best_level() -> float:
    return min(map(float, LEVELS), key=_cost_of_dual_index)


def check_4_5(answer: Any) -> str:
    """The best regular level."""
    level = number(answer)
    best = _best_level()
    expect(
        level != max(map(float, LEVELS), key=_cost_of_dual_index),
        "this level costs most. You want the one that costs least.",
    )
    expect(
        level == best,
        f"another level costs less: {_cost_of_dual_index(best):.4f} per day. Try 5 to 10.",
    )
    return f"It costs {_cost_of_dual_index(best):.3f} per day, 0.18 % above the optimum."


def check_4_6(answer: Any) -> str:
    """The best cap."""
    expect(
        isinstance(answer, tuple) and len(answer) == 2,
        "give the cap and the percentage, as the cell does.",
    )
    cap, above = number(answer[0], "the cap"), number(answer[1], "the percentage")
    best, gain = min(CAPS, key=_cost_of_cap), published().optimum().gain
    assert gain is not None
    right = 100.0 * (_cost_of_cap(best) / -gain - 1.0)
    expect(
        cap == best,
        f"another cap costs less: {_cost_of_cap(best):.4f} per day, with S_e = 4 and S_r = "
        f"{_best_level():.0f}.",
    )
    expect(
        close(above, right, 0.005),
        f"the cap is right. The optimum costs {-gain:.4f}, this rule {_cost_of_cap(best):.4f}: by "
        "how many percent is that more?",
    )
    return "Gijsbrechts et al. print 0.03 %; smoothing is most of what the dual index lacks."


def check_4_7(answer: Any) -> str:
    """What a premium does."""
    hints = {
        "a": "look at the curve of both sources: has it a kink from one line to the other?",
        "c": "at premium 80 the cost would be far above that of the regular source alone then.",
    }
    chosen(answer, "b", hints)
    return "The second source is an insurance: the more it costs, the less of it is bought."
