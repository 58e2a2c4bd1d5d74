"""Figures and orders that are no real numbers are refused, whatever kind of array they come in."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from inv_gym import LostSales, draw_products, evaluate, make_source, rollout
from inv_gym.baselines import RandomOrders
from inv_gym.products.batch import HISTORY
from inv_gym.structure import violations

PROBLEM = LostSales(horizon=6, lead_time=2)
PRODUCTS = draw_products(make_source("poisson"), PROBLEM, 5)


class Gives:
    """Gives the same orders in every period."""

    knows = "nothing"

    def __init__(self, orders: Any) -> None:
        self.orders = orders

    def __call__(self, observation: Any) -> Any:
        return self.orders


ONES = np.ones((5, 1))
NO_ORDERS = {
    "bool": ONES.astype(bool),
    "complex": ONES.astype(complex),
    "object": ONES.astype(object),
    "masked": np.ma.masked_array(ONES, True),
    "torch bool": torch.ones(5, 1, dtype=torch.bool),
    "torch complex": torch.ones(5, 1, dtype=torch.complex64),
    "text": ONES.astype(str),
}


@pytest.mark.parametrize("name", NO_ORDERS)
@pytest.mark.parametrize(
    "like", [None, torch.empty(0, dtype=torch.float64)], ids=["NumPy", "torch"]
)
def test_orders_that_are_no_real_numbers_are_refused_on_both_kinds(name: str, like: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="policy Gives must return"):
        evaluate(PROBLEM, {"gives": Gives(NO_ORDERS[name])}, PRODUCTS, like=like)


FIGURES = {
    "NaN demand": (PRODUCTS._replace(demand=PRODUCTS.demand * np.nan), "demand .* got nan"),
    "negative demand": (PRODUCTS._replace(demand=PRODUCTS.demand - 99.0), "demand .* got -"),
    "no scale": (PRODUCTS._replace(scale=PRODUCTS.scale * 0.0), "scale .* got 0.0"),
    "NaN stock": (
        PRODUCTS._replace(initial_state=PROBLEM.initial_state(np.full(5, np.nan))),
        "on_hand of the state .* got nan",
    ),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("torch_products", [False, True])
def test_products_that_cannot_be_played_are_refused(name: str, torch_products: bool) -> None:
    products, message = FIGURES[name]
    products = products.torch() if torch_products else products
    with pytest.raises(ValueError, match=message):
        rollout(PROBLEM, Gives(ONES), products)


def test_violations_on_products_of_another_structure_are_refused() -> None:
    others = draw_products(make_source("poisson"), LostSales(horizon=6, lead_time=0), 5)
    with pytest.raises(ValueError, match="draw the products for this problem"):
        violations(PROBLEM, Gives(ONES), others, np.ones((5, 1)), 0)


@pytest.mark.parametrize(
    "trace",
    [[True] * 50, ["3"] * 50, np.ones(50) * 1j, np.ma.masked_array(np.ones(50), True)],
    ids=["bool", "text", "complex", "masked"],
)
def test_a_demand_trace_that_is_no_real_numbers_is_refused(trace: Any) -> None:
    with pytest.raises(ValueError, match="the demand option must hold finite demands"):
        gym.make("InvLostSales-v0").reset(options={"demand": trace})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"windows": np.zeros((3, 2), int)}, "windows must be the series and the first period of"),
        ({"windows": np.full((4, 2), -1)}, "windows must be the series and the first period of"),
        ({"scale": torch.ones(4)}, "demand of the products is NumPy, but not their scale: convert"),
        ({"demand": np.full((HISTORY + 50, 4), 1e300)}, "and below 1e\\+30, got 1e\\+300"),
    ],
)
def test_products_of_mixed_arrays_are_refused(changes: Any, message: str) -> None:
    problem = LostSales()
    products = draw_products(make_source("poisson"), problem, 4)._replace(**changes)
    with pytest.raises(ValueError, match=message):
        rollout(problem, RandomOrders(problem=problem), products)
