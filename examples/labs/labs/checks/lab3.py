"""The exercises of lab 3: perishables."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from inv_gym import Perishable
from inv_gym.baselines import BaseStock
from inv_gym.problems.perishable import PerishableState
from labs.answers import chosen, close, expect, number, numbers, value_of
from labs.cases import Case, case

PERCENT = 0.1
"""Percentage points that an answer may be off."""
IN_PERCENT = "the answer is in percent: 1 % is 1, not 0.01."


@cache
def shop(
    shelf_life: int, family: str, issuing: str = "oldest_first", outdating: float = 0.0
) -> Case:
    """The product of the lab."""
    problem = Perishable(
        shelf_life=shelf_life, issuing=issuing, discount=1.0, long_run=True, integer_orders=True
    )
    figures = {"price": 10.0, "unit_cost": 5.0, "holding_cost": 0.2, "outdating_cost": outdating}
    return case(problem, family, 5.0, **figures)


def _check_left(answer: Any, issuing: str, other: str, turned: str) -> None:
    """Compare what is left with the library, for two ages."""
    for old, fresh, demand in ((4.0, 5.0, 6.0), (4.0, 5.0, 2.0), (4.0, 5.0, 12.0)):
        left = numbers(value_of(answer, old, fresh, demand), 2, "what is left of old and fresh")
        right, opposite = (_left(old, fresh, demand, name) for name in (issuing, other))
        where = f"with {old:.0f} old, {fresh:.0f} fresh and demand {demand:.0f}"
        expect(
            (left >= 0.0).all(), f"{where} less than nothing is left: sell at most what is there."
        )
        expect(not close(left, opposite) or close(right, opposite), turned)
        expect(close(left, right), f"{where}, {right} are left; you have {left.tolist()}.")


def _left(old: float, fresh: float, demand: float, issuing: str) -> list[float]:
    """What the problem itself leaves: of lead time 1, so that both ages are on hand."""
    problem = Perishable(shelf_life=2, lead_time=1, issuing=issuing)
    free = problem.Economics(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    outcome = problem.transition(PerishableState((old, fresh), ()), (0.0,), demand, free)
    return [outcome.flows.outdated, outcome.state.stock[0]]


def check_3_1(answer: Any) -> str:
    """Oldest first."""
    turned = "you sell the fresh units first. Let the old ones meet demand, then the fresh ones."
    _check_left(answer, "oldest_first", "newest_first", turned)
    return "What is left of the old units outdates tonight."


def check_3_2(answer: Any) -> str:
    """Newest first."""
    turned = "you still sell the old units first, or return the two in the wrong order."
    _check_left(answer, "newest_first", "oldest_first", turned)
    return "Old units are sold only where demand takes all fresh ones."


def check_3_3(answer: Any) -> str:
    """The levels of shelf life 1 and of lasting goods."""
    expect(isinstance(answer, tuple) and len(answer) == 2, "give two levels, as the cell does.")
    one_day = number(answer[0], "the level of one day")
    lasting = number(answer[1], "the level of lasting goods")
    right = float(shop(1, "geometric").best(BaseStock).level[0])
    naive = float(shop(2, "geometric").rule(BaseStock.closed_form).level[0])
    expect(
        one_day != naive,
        "shelf life 1: what is left is worth nothing, so the ratio is (p - c) / (p + w).",
    )
    expect(
        one_day == right,
        f"shelf life 1: the ratio (p - c) / (p + w) is 0.5, and your level is {one_day:.0f}. Take "
        "the quantile at the ratio.",
    )
    expect(
        lasting == naive,
        f"lasting goods: the ratio (p - c) / (p + h - c) is 0.96, and your level is {lasting:.0f}.",
    )
    return "Between the two levels lies all that a shelf life can do."


@cache
def _profit(level: float) -> float:
    product = shop(2, "geometric")
    return -product.average_cost(BaseStock(problem=product.problem, level=level))


def _best_level() -> float:
    return float(max(np.arange(21.0), key=_profit))


def check_3_4(answer: Any) -> str:
    """The best level of shelf life 2."""
    level = number(answer)
    best = _best_level()
    worst = float(min(np.arange(21.0), key=_profit))
    expect(level != worst, "this level has the lowest profit. You want the highest one.")
    expect(
        level == best,
        f"another level among 0, 1, ..., 20 earns more: {_profit(best):.3f} per day. Try all.",
    )
    return f"It earns {_profit(best):.2f} per day."


def check_3_5(answer: Any) -> str:
    """What the naive level loses."""
    loss = number(answer)
    naive = float(shop(2, "geometric").rule(BaseStock.closed_form).level[0])
    right = 100.0 * (1.0 - _profit(naive) / _profit(_best_level()))
    expect(not close(loss, right / 100.0, PERCENT / 100.0), IN_PERCENT)
    expect(
        not close(loss, 100.0 - right, PERCENT),
        "this is the share that it keeps. How much does it lose?",
    )
    expect(
        close(loss, right, PERCENT),
        "divide the profit of the naive level by that of the best one; what is missing to 1, times "
        "100.",
    )
    return "Most of what it buys outdates."


def check_3_6(answer: Any) -> str:
    """Which unit displaces more."""
    hints = {
        "a": "go along a row, then along a column: where do the orders fall faster?",
        "c": "compare the order for x_1 = 3, x_2 = 0 with the one for x_1 = 0, x_2 = 3.",
    }
    chosen(answer, "b", hints)
    return "An old unit helps today alone; tomorrow's demand needs a fresh one in any case."


def check_3_7(answer: Any) -> str:
    """What newest first costs."""
    fall = number(answer)
    gains = [
        shop(2, "poisson", issuing, 1.0).optimum().gain
        for issuing in ("oldest_first", "newest_first")
    ]
    oldest, newest = (gain for gain in gains if gain is not None)
    right = 100.0 * (1.0 - newest / oldest)
    expect(not close(fall, right / 100.0, PERCENT / 100.0), IN_PERCENT)
    expect(not close(fall, -right, PERCENT), "the size is right. A fall is a positive number.")
    expect(
        not close(fall, 100.0 * (oldest / newest - 1.0), PERCENT),
        "divide by the profit of oldest first: it is what you compare with.",
    )
    expect(
        close(fall, right, PERCENT),
        f"the profits per day are {oldest:.3f} and {newest:.3f}.",
    )
    return "No order is to blame: it is who picks the unit."
