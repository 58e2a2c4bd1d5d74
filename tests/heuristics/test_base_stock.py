"""Base-stock and its kin, against enumeration: vector and capped base-stock, and
constant orders.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import COSTS, distribution_of, economics_of, level_of, masses, reward_of, seen
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inv_gym import (
    POPULATIONS,
    DualSourcing,
    LostSales,
    Perishable,
    draw_products,
    instance,
    rollout,
)
from inv_gym.baselines import (
    Adaptive,
    BaseStock,
    CappedBaseStock,
    ConstantOrder,
    VectorBaseStock,
    policies,
)
from inv_gym.baselines.fitting import search
from inv_gym.baselines.fitting.simulation import (
    SEARCH_PERIODS,
    WARM_UP,
    mean_reward,
    paths,
    simulate,
)
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.play.policy import planned
from inv_gym.products.batch import HISTORY

# Closed forms of the base-stock level


@pytest.mark.parametrize("discount", [0.9, 0.99, 1.0])
@pytest.mark.parametrize(
    ("price", "cost", "holding", "shortage"), [(10, 4, 1, 2), (3, 1, 0.05, 0), (0, 0, 1, 9)]
)
def test_the_newsvendor_level_is_the_quantile_of_karlin_and_veinott(
    discount, price, cost, holding, shortage
):
    problem = LostSales(discount=discount)
    economics = economics_of(
        problem, price=price, unit_cost=cost, holding_cost=holding, shortage_cost=shortage
    )
    ratio = (price + shortage - cost) / (price + shortage + holding - discount * cost)
    assert critical_ratio(problem, economics)[0] == pytest.approx(ratio, rel=1e-14)
    assert level_of(
        BaseStock.closed_form(problem, distribution_of("poisson", 5.0), economics)
    ) == stats.poisson(5.0).ppf(ratio)
    assert level_of(BaseStock.closed_form(problem, distribution_of("gamma", 5.0, 0.4), economics))[
        0
    ] == pytest.approx(stats.gamma(2.5, scale=2.0).ppf(ratio), rel=1e-12)


@pytest.mark.parametrize("name", ["poisson", "geometric", "discrete_uniform", "rounded_gamma"])
def test_the_newsvendor_level_is_the_best_of_all_levels(name):
    problem, distribution = LostSales(discount=1.0), distribution_of(name, 6.0, 0.3)
    economics = economics_of(problem, **COSTS)
    demand = np.arange(400.0)
    # without discounting, what is left saves its unit cost in the next period: a period earns
    # (p + b - c) min(S, D) - h (S - D)^+ - b D
    sold = np.minimum(demand[:, None], demand)
    profit = ((10.0 + 2.0 - 4.0) * sold - 1.0 * (demand[:, None] - sold)) @ masses(
        distribution, 400
    )
    assert level_of(BaseStock.closed_form(problem, distribution, economics)) == profit.argmax()


@pytest.mark.parametrize("lead_time", [1, 2, 5])
def test_with_a_lead_time_the_level_covers_lead_time_and_review_period(lead_time):
    problem = LostSales(lead_time=lead_time, discount=0.95)
    economics = economics_of(problem, **COSTS)
    delay = 0.95**lead_time
    ratio = (delay * 12.0 - 4.0) / (delay * 13.0 - 0.95 * 4.0)
    level = level_of(BaseStock.closed_form(problem, distribution_of("poisson", 5.0), economics))
    assert level == stats.poisson(5.0 * (lead_time + 1)).ppf(ratio)


def test_without_unit_cost_or_discounting_the_ratio_is_that_of_morton():
    problem = LostSales(lead_time=4, discount=1.0)
    assert (
        critical_ratio(problem, economics_of(problem, holding_cost=1.0, shortage_cost=4.0))[0]
        == 0.8
    )


def test_with_backlog_the_ratio_is_that_of_backlog_against_holding():
    problem = DualSourcing(regular_lead_time=2, discount=0.9)
    economics = economics_of(
        problem, regular_cost=4.0, expedited_cost=6.0, holding_cost=1.0, shortage_cost=9.0
    )
    ratio = (9.0 - 0.1 * 4.0 / 0.81) / 10.0
    assert critical_ratio(problem, economics)[0] == pytest.approx(ratio, rel=1e-14)
    orders = BaseStock.closed_form(problem, distribution_of("poisson", 5.0), economics)(
        seen(problem.initial_state(np.array([3.0])))
    )
    assert orders.tolist() == [[stats.poisson(15.0).ppf(ratio) - 3.0, 0.0]]


def test_the_ratio_is_least_where_ordering_never_pays_and_highest_where_holding_is_free():
    problem = LostSales(lead_time=5, discount=0.9)
    # after five periods a sale is worth 10 * 0.9**5 = 5.9, less than the unit cost of 8 of the
    # first product
    economics = economics_of(problem, price=[10.0, 10.0], unit_cost=[8.0, 0.0])
    assert critical_ratio(problem, economics).tolist() == [1e-6, 1.0 - 1e-6]


def test_base_stock_orders_up_to_its_level_and_never_takes_back():
    problem = LostSales(lead_time=3)
    distribution, economics = (
        distribution_of("poisson", [5.0] * 4),
        economics_of(problem, **{k: [v] * 4 for k, v in COSTS.items()}),
    )
    heuristic = BaseStock.closed_form(problem, distribution, economics)
    level = level_of(heuristic)
    position = np.array([0.0, 2.0, level[0], 90.0])
    state = problem.initial_state(position * 0.5)._replace(
        pipeline=(position * 0.25, position * 0.25)
    )
    orders = heuristic(seen(state))
    assert orders.tolist() == [[level[0]], [level[0] - 2.0], [0.0], [0.0]]


# Vector base-stock


def test_the_vector_levels_for_poisson_demand_are_the_quantiles_of_shrinking_windows():
    problem = instance("zipkin2008-poisson5-p4-L4").problem
    economics = economics_of(problem, holding_cost=1.0, shortage_cost=4.0)
    levels = VectorBaseStock.closed_form(problem, distribution_of("poisson", 5.0), economics).levels
    # the .8 quantiles of Poisson demand of 5, 4, 3, 2, 1 periods
    assert [float(level[0]) for level in levels] == [29.0, 24.0, 18.0, 13.0, 7.0]
    assert [float(level[0]) for level in levels] == [
        stats.poisson(5.0 * n).ppf(0.8) for n in (5, 4, 3, 2, 1)
    ]


@given(
    stock=st.lists(st.integers(0, 12), min_size=4, max_size=4),
    lead_time=st.integers(1, 4),
)
def test_the_vector_order_keeps_every_partial_position_at_most_at_its_level(stock, lead_time):
    problem = LostSales(lead_time=lead_time, discount=1.0)
    distribution, economics = (
        distribution_of("poisson", 3.0),
        economics_of(problem, holding_cost=1.0, shortage_cost=4.0),
    )
    x = [float(units) for units in stock[:lead_time]]
    state = problem.initial_state(np.array([x[0]]))._replace(
        pipeline=tuple(np.array([units]) for units in x[1:])
    )
    levels = [stats.poisson(3.0 * (lead_time - l + 1)).ppf(0.8) for l in range(lead_time + 1)]  # noqa: E741
    positions = [sum(x[l:]) for l in range(lead_time + 1)]  # noqa: E741
    wanted = min(
        max(level - position, 0.0) for level, position in zip(levels, positions, strict=True)
    )
    assert VectorBaseStock.closed_form(problem, distribution, economics)(seen(state)).tolist() == [
        [wanted]
    ]


@pytest.mark.parametrize("knows", ["history", "distribution"])
def test_without_lead_time_vector_base_stock_is_base_stock(knows):
    problem = LostSales(horizon=12, initial_stock=(0.0, 3.0))
    products = draw_products(POPULATIONS["default"], problem, 100)
    vector, single = (
        Adaptive(kind.closed_form, problem, knows) for kind in (VectorBaseStock, BaseStock)
    )
    orders = rollout(problem, vector, products).orders
    np.testing.assert_array_equal(orders, rollout(problem, single, products).orders)
    assert (orders > 0.0).any()


def test_the_vector_order_is_at_most_the_base_stock_order():
    problem = LostSales(lead_time=4, horizon=20)
    products = draw_products(POPULATIONS["poisson"], problem, 100)
    policy = planned(
        Adaptive(VectorBaseStock.closed_form, problem, "distribution"), problem, products
    )
    other = planned(Adaptive(BaseStock.closed_form, problem, "distribution"), problem, products)
    smaller = 0
    for step in rollout(problem, policy, products).steps:
        single = other(step.observation)
        assert (step.order <= single).all()
        smaller += (step.order < single).sum()
    assert smaller > 0


# Perishable stock


def test_the_naive_level_is_blind_to_outdating():
    distribution, problem = distribution_of("poisson", 5.0), LostSales()
    level = level_of(BaseStock.closed_form(problem, distribution, economics_of(problem, **COSTS)))
    for shelf_life in (1, 2, 5):
        perishable = Perishable(shelf_life=shelf_life)
        economics = economics_of(perishable, **COSTS, outdating_cost=50.0)
        assert level_of(BaseStock.closed_form(perishable, distribution, economics)) == level


@pytest.mark.parametrize("outdating", [0.0, 3.0, 12.0])
def test_with_shelf_life_one_the_search_finds_the_newsvendor_level(outdating):
    problem = Perishable(shelf_life=1)
    distribution = distribution_of("poisson", 6.0)
    economics = economics_of(problem, price=10.0, unit_cost=4.0, outdating_cost=outdating)
    ratio = (10.0 - 4.0) / (10.0 + outdating)
    naive = level_of(BaseStock.closed_form(problem, distribution, economics))[0]
    found = level_of(BaseStock.searched(problem, distribution, economics))[0]
    demand = paths(distribution, SEARCH_PERIODS)[HISTORY + WARM_UP :]
    # on its own paths exactly: the lower quantile of the demand that it saw, F(S) >= (p - c) / (p +
    # w)
    assert found == np.quantile(demand, ratio, method="inverted_cdf")
    # and in truth to the error of a sample of that size
    error = 4.0 * np.sqrt(ratio * (1.0 - ratio) / len(demand))
    poisson = stats.poisson(6.0)
    assert poisson.cdf(found) > ratio - error
    assert poisson.cdf(found - 1.0) < ratio + error
    assert naive > found


@pytest.mark.usefixtures("short_search")
def test_the_searched_level_falls_with_the_shelf_life_and_meets_the_naive_one_as_it_grows():
    distribution = distribution_of("geometric", 5.0)
    found = []
    for shelf_life in (1, 2, 3, 60):
        problem = Perishable(shelf_life=shelf_life)
        economics = economics_of(problem, price=10.0, unit_cost=5.0, holding_cost=0.2)
        found.append(level_of(BaseStock.searched(problem, distribution, economics))[0])
    assert found == sorted(found)
    assert found[0] < found[1] < found[2] < found[3]
    lost = LostSales()
    economics = economics_of(lost, price=10.0, unit_cost=5.0, holding_cost=0.2)
    same = level_of(BaseStock.searched(lost, distribution, economics))[0]
    assert found[3] == same


@pytest.mark.usefixtures("short_search")
def test_torch_products_get_torch_orders_even_where_no_stock_can_be_held():
    problem = Perishable(shelf_life=1, horizon=3)
    products = draw_products(POPULATIONS["poisson"], problem, 10)
    tensors = products.to(torch.empty(0, dtype=torch.float64))
    for name, policy in policies(problem).items():
        orders = rollout(problem, policy, tensors).orders
        assert isinstance(orders, torch.Tensor), name
        np.testing.assert_array_equal(
            orders.numpy(), rollout(problem, policy, products).orders, err_msg=name
        )


# Capped base-stock


@pytest.mark.parametrize(
    "problem",
    [LostSales(lead_time=3), DualSourcing(regular_lead_time=3)],
    ids=lambda p: type(p).__name__,
)
def test_capped_base_stock_orders_up_to_its_level_but_at_most_the_cap(problem):
    position = np.array([0.0, 4.0, 10.0, 12.0, 90.0])
    rule = CappedBaseStock(
        problem=problem, level=np.full(5, 12.0), cap=np.array([5.0, 9.0, 5.0, 5.0, 5.0])
    )
    first = rule(seen(problem.initial_state(position)))[:, 0]
    assert first.tolist() == [5.0, 8.0, 2.0, 0.0, 0.0]


def test_capped_base_stock_lies_between_base_stock_and_constant_order():
    problem = LostSales(lead_time=2, horizon=20)
    products = draw_products(POPULATIONS["poisson"], problem, 50)
    ends = {
        BaseStock(problem=problem, level=12.0): CappedBaseStock(
            problem=problem, level=12.0, cap=np.inf
        ),
        ConstantOrder(problem=problem, quantity=3.0): CappedBaseStock(
            problem=problem, level=np.inf, cap=3.0
        ),
    }
    for end, capped in ends.items():
        wanted = rollout(problem, end, products).orders
        np.testing.assert_array_equal(rollout(problem, capped, products).orders, wanted)
        assert (wanted > 0.0).any()


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("lead_time", [1, 4])
def test_the_searched_capped_base_stock_is_no_worse_than_what_it_generalises(lead_time):
    problem = LostSales(lead_time=lead_time)
    distribution = distribution_of("poisson", [1.0, 5.0, 5.0, 20.0])
    economics = economics_of(problem, holding_cost=[1.0] * 4, shortage_cost=[9.0, 4.0, 19.0, 9.0])
    demand = paths(distribution, search.SEARCH_PERIODS)
    capped, single, constant = (
        reward_of(kind.searched(problem, distribution, economics), demand, economics)
        for kind in (CappedBaseStock, BaseStock, ConstantOrder)
    )
    assert (capped > single).all()
    assert (capped > constant).all()


# Constant orders


@pytest.mark.parametrize("name", ["poisson", "gamma", "negative_binomial"])
def test_the_constant_order_in_closed_form_is_that_of_heavy_traffic(name):
    problem = LostSales(lead_time=3, discount=1.0)
    distribution = distribution_of(name, [20.0, 20.0], 0.1)
    economics = economics_of(problem, holding_cost=[1.0, 1.0], shortage_cost=[9.0, 99.0])
    variance = 20.0 if name == "poisson" else 40.0 if name == "gamma" else 60.0
    wanted = 20.0 - np.sqrt(variance / (2.0 * np.array([9.0, 99.0])))
    found = ConstantOrder.closed_form(problem, distribution, economics).quantity
    # the variance of amounts comes from a lattice
    np.testing.assert_allclose(found, wanted, rtol=1e-4 if name == "gamma" else 1e-12)


def test_the_constant_order_in_closed_form_is_nothing_where_no_order_pays():
    problem = LostSales(lead_time=5, discount=0.9)
    economics = economics_of(problem, price=10.0, unit_cost=8.0)
    assert ConstantOrder.closed_form(
        problem, distribution_of("poisson", 5.0), economics
    ).quantity.tolist() == [0.0]


def test_the_searched_constant_order_is_the_best_share_of_the_mean_demand():
    problem = LostSales(lead_time=3, discount=1.0)
    distribution = distribution_of("poisson", 10.0)
    economics = economics_of(problem, holding_cost=1.0, shortage_cost=9.0)
    quantities = 0.99 * 10.0 * np.arange(513.0) / 512.0
    rule = ConstantOrder(problem=problem, quantity=quantities)
    reward = mean_reward(
        simulate(problem, rule, paths(distribution, search.SEARCH_PERIODS), economics, 513), 513
    )[:, 0]
    assert ConstantOrder.searched(problem, distribution, economics).quantity[0] == pytest.approx(
        quantities[reward.argmax()]
    )


@pytest.mark.parametrize("quantity", [2.5, np.arange(20.0)], ids=["a number", "one per product"])
def test_a_constant_order_is_the_same_each_period_from_the_first_source(quantity):
    problem = DualSourcing(horizon=6)
    products = draw_products(POPULATIONS["default"], problem, 20)
    orders = rollout(problem, ConstantOrder(problem=problem, quantity=quantity), products).orders
    np.testing.assert_array_equal(orders[..., 0], np.broadcast_to(quantity, (6, 20)))
    assert (orders[..., 1] == 0.0).all()
