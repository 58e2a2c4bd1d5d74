"""A single product in a line: `exact.case`."""

from typing import Any

import numpy as np
import pytest

import inv_gym
from inv_gym.baselines import VectorBaseStock, exact

AVERAGE: dict[str, Any] = {"long_run": True, "discount": 1.0, "integer_orders": True}
ZIPKIN = inv_gym.LostSales(lead_time=2, **AVERAGE)


def test_a_case_is_what_the_published_instance_is() -> None:
    case = exact.case(ZIPKIN, "poisson", mean=5, holding_cost=1, shortage_cost=4)
    product = inv_gym.task("zipkin2008-poisson5-p4-L2").draw(1)
    assert product.distribution is not None
    published = exact.solve(ZIPKIN, product.distribution, product.economics)
    assert case.solve().gain == published.gain
    rule = case.rule(VectorBaseStock.closed_form)
    assert case.follow(rule).average() < case.solve().gain
    assert case.economics == product.economics


def test_a_case_plays_as_a_task() -> None:
    case = exact.case(inv_gym.Perishable(shelf_life=2), "gamma", 3.0, 0.5, price=2)
    products = case.task.draw(7)
    assert products.batch == 7
    np.testing.assert_array_equal(products.economics.price, np.full(7, 2.0))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((ZIPKIN, "poison"), ValueError, "unknown demand family 'poison'.* Did you mean"),
        (("lost_sales",), TypeError, "problem must be a Problem .* got 'lost_sales'"),
        ((ZIPKIN, "poisson", -1.0), ValueError, "mean must be above 0, got -1.0"),
    ],
)
def test_a_bad_case_is_refused(
    arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        exact.case(*arguments, holding_cost=1, shortage_cost=4)


def test_a_cost_that_the_problem_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown price or cost of LostSales 'outdating_cost'"):
        exact.case(ZIPKIN, outdating_cost=1)
    with pytest.raises(ValueError, match="holding_cost must be"):
        exact.case(ZIPKIN, holding_cost=-1, shortage_cost=4)
