"""Random orders: uniform, independent and the same in any batch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from inv_gym import POPULATIONS, DualSourcing, LostSales, draw_products, rollout
from inv_gym.baselines import RandomOrders


@pytest.mark.parametrize(
    "problem", [LostSales(horizon=40), DualSourcing(horizon=40)], ids=lambda p: type(p).__name__
)
def test_random_orders_are_uniform_up_to_twice_the_mean_demand_shared_by_the_channels(problem):
    products = draw_products(POPULATIONS["continuous"], problem, 300)
    shares = (
        rollout(problem, RandomOrders(problem=problem), products).orders / products.scale[:, None]
    )
    shares = shares * problem.order_dim / 2.0
    assert shares.min() >= 0.0
    assert shares.max() <= 1.0
    counts = np.histogram(shares, 10, (0.0, 1.0))[0]
    assert stats.chisquare(counts).pvalue > 1e-3
    for a, b in (
        (shares[:-1], shares[1:]),
        (shares[:, :-1], shares[:, 1:]),
        (shares[..., :1], shares[..., -1:]),
    ):
        if a is not b and not np.array_equal(a, b):
            assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4.0 / np.sqrt(a.size)


def test_random_orders_do_not_depend_on_the_batch_and_do_on_the_seed():
    problem = DualSourcing(horizon=6)
    products = draw_products(POPULATIONS["default"], problem, 50)
    together = rollout(problem, RandomOrders(problem=problem), products).orders
    alone = rollout(problem, RandomOrders(problem=problem), products.rows(slice(17, 19))).orders
    np.testing.assert_array_equal(alone, together[:, 17:19])
    other = rollout(problem, RandomOrders(problem=problem, seed=1), products).orders
    assert (other != together).all()


def test_random_orders_change_from_period_to_period_even_where_nothing_is_ever_sold():
    problem = LostSales(horizon=6)
    products = draw_products(POPULATIONS["default"], problem, 3)
    products = products._replace(demand=np.zeros_like(products.demand), scale=np.ones(3))
    orders = rollout(problem, RandomOrders(problem=problem), products).orders[..., 0]
    assert len(np.unique(orders[:, 0])) == 6
    np.testing.assert_array_equal(orders[:, 0], orders[:, 2])
