"""What exact solutions refuse, and what they say then."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from exact_cases import AVERAGE, ENDLESS, distribution_of, economics_of

from inv_gym import (
    DualSourcing,
    LostSales,
    Observation,
    Perishable,
    Problem,
    ProcurementRemoval,
    SyntheticProducts,
    draw_products,
    make_source,
)
from inv_gym.baselines import Adaptive, BaseStock, ConstantOrder, RandomOrders
from inv_gym.baselines.exact import (
    GrowingStockError,
    Optimal,
    OutOfReachError,
    TooLargeError,
    follow,
    newsvendor_bound,
    solve,
    upper_bound,
)
from inv_gym.demand.distribution import Distribution, join

LOST = LostSales(lead_time=2, **AVERAGE)
COSTS = {"price": 10.0, "unit_cost": 4.0, "holding_cost": 1.0}
LAW = distribution_of("poisson", 2.0)


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


@pytest.mark.parametrize(
    ("distribution", "kind"),
    [("gamma", "Gamma"), ("log_normal", "LogNormal"), ("truncated_normal", "TruncatedNormal")],
)
def test_amounts_are_refused(distribution, kind):
    message = (
        f"exact dynamic programs need demand in whole numbers, got a distribution of amounts "
        f"({kind}): "
        "use a count distribution, or inv_gym.baselines.exact.upper_bound."
    )
    demand, economics = (
        distribution_of(distribution, 3.0, dispersion=0.3),
        economics_of(LOST, **COSTS),
    )
    with pytest.raises(ValueError, match=exactly(message)):
        solve(LOST, demand, economics)
    with pytest.raises(ValueError, match=exactly(message)):
        follow(LOST, BaseStock(problem=LOST, level=3.0), demand, economics)


def test_a_state_space_beyond_the_limit_is_refused_with_its_size():
    problem = Perishable(shelf_life=9, **AVERAGE)
    message = (
        "the exact solution needs up to 815,730,721 states and 937,274,598,429 transitions, more "
        "than the limit of "
        "120,000,000: take shorter lead times or a smaller mean, or use "
        "inv_gym.baselines.exact.upper_bound."
    )
    with pytest.raises(ValueError, match="^the exact solution needs up to") as caught:
        solve(problem, distribution_of("poisson", 10.0), economics_of(problem, **COSTS))
    pattern = re.sub(r"[\d,]*\d", "#", message)
    assert re.sub(r"[\d,]*\d", "#", str(caught.value)) == pattern
    states, transitions, limit = (
        int(figure.replace(",", "")) for figure in re.findall(r"[\d,]*\d", str(caught.value))
    )
    assert limit == 120_000_000 < transitions
    base = round(states ** (1.0 / 8.0))
    assert states == base**8  # eight ages, 0 .. base - 1 of each
    # each state takes base orders and 0 .. 9 * (base - 1) + 1 units of demand at most
    assert transitions % (states * base) == 0
    assert transitions // (states * base) <= 9 * (base - 1) + 2


def test_the_limit_is_what_the_caller_sets():
    economics = economics_of(LOST, **COSTS)
    with pytest.raises(ValueError, match=r"more than the limit of 100: take shorter lead times"):
        solve(LOST, LAW, economics, limit=100)
    assert solve(LOST, LAW, economics, limit=100_000).gain is not None
    with pytest.raises(ValueError, match=exactly("limit must be at least 1, got 0.")):
        solve(LOST, LAW, economics, limit=0)
    with pytest.raises(TypeError, match=exactly("limit must be a whole number, got 1.5.")):
        solve(LOST, LAW, economics, limit=1.5)  # type: ignore[arg-type]


REFUSED: list[tuple[Any, dict[str, float], str]] = [
    (
        ProcurementRemoval(**ENDLESS),
        {"price": 10.0, "unit_cost": 5.0, "removal_value": 5.5},
        "removal_value must be below unit_cost, or ordering and removing is a money machine: got "
        "5.5 and 5.0.",
    ),
    (
        LOST,
        {"price": 3.0, "shortage_cost": 1.0, "unit_cost": 4.0},
        "price + shortage_cost must exceed unit_cost, or the critical ratio is not in (0, 1): got "
        "3.0 + 1.0 and 4.0.",
    ),
    (
        Perishable(**ENDLESS),
        {"price": 3.0, "unit_cost": 4.0},
        "price + shortage_cost must exceed unit_cost, or the critical ratio is not in (0, 1): got "
        "3.0 + 0.0 and 4.0.",
    ),
    (
        Perishable(**ENDLESS),
        {**COSTS, "outdating_cost": -1.0},
        "outdating_cost must be at least 0, got -1.0.",
    ),
    (
        LOST,
        {**COSTS, "salvage_value": 4.5},
        "salvage_value must be at most unit_cost, or stock is bought to be salvaged: got 4.5 and "
        "4.0.",
    ),
    (LOST, {**COSTS, "holding_cost": np.nan}, "holding_cost must be finite, got nan."),
    (LOST, {**COSTS, "holding_cost": -1.0}, "holding_cost must be at least 0, got -1.0."),
    (
        DualSourcing(**ENDLESS),
        {"regular_cost": 5.0, "expedited_cost": 5.0, "shortage_cost": 9.0},
        "expedited_cost must exceed regular_cost, or the regular source is never used: got 5.0 and "
        "5.0.",
    ),
    (
        DualSourcing(**ENDLESS),
        {"regular_cost": 5.0, "expedited_cost": 6.0, "shortage_cost": 0.0},
        "shortage_cost (with the price if sales are lost) must be above 0, or demand is never "
        "served: got 0.0.",
    ),
    (
        ProcurementRemoval(**ENDLESS),
        {"price": 4.0, "unit_cost": 5.0, "removal_value": 1.0},
        "shortage_cost (with the price if sales are lost) must be above unit_cost: got 4.0.",
    ),
]


@pytest.mark.parametrize(("problem", "figures", "message"), REFUSED)
def test_economics_without_an_optimum_are_refused(problem, figures, message):
    with pytest.raises(ValueError, match=exactly(message)):
        solve(problem, LAW, economics_of(problem, **figures))


@pytest.mark.parametrize("lead_times", [(2, 2), (1, 3)])
def test_a_fast_source_that_is_not_faster_is_refused(lead_times):
    regular, expedited = lead_times
    message = (
        f"expedited_lead_time must be below regular_lead_time, got {expedited} and {regular}; "
        "swap them or use InvLostSalesLeadTime-v0."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        DualSourcing(regular_lead_time=regular, expedited_lead_time=expedited)


def test_several_products_at_once_are_refused():
    with pytest.raises(
        ValueError, match=exactly("solve takes one product, got 2: use Optimal for a batch.")
    ):
        solve(LOST, join([LAW, distribution_of("poisson", 3.0)]), economics_of(LOST, **COSTS))


@dataclass(frozen=True, kw_only=True)
class Named(LostSales):
    """A problem of one's own that is played like lost sales."""

    title: str = "mine"


@dataclass(frozen=True, kw_only=True)
class FixedCost(LostSales):
    """A problem of one's own with other rewards."""

    def transition(self, state, order, demand, economics):
        outcome = super().transition(state, order, demand, economics)
        return outcome._replace(reward=outcome.reward - 5.0 * (order[0] > 0.0))


class Unknown(Problem):
    """A problem that descends from none of the five."""

    Economics = LostSales.Economics
    lead_times = (1,)
    initial_state = transition = salvage = check_economics = lambda self, *_: None


def test_a_subclass_that_is_played_like_its_parent_is_solved():
    problem = Named(lead_time=2, **AVERAGE)
    economics = economics_of(problem, **COSTS)
    assert solve(problem, LAW, economics).gain == solve(LOST, LAW, economics).gain
    assert upper_bound(problem, LAW, economics) == upper_bound(LOST, LAW, economics)


@pytest.mark.parametrize("solution", [solve, upper_bound, newsvendor_bound])
def test_a_subclass_that_is_played_differently_is_refused(solution):
    problem = FixedCost(lead_time=2, **AVERAGE)
    # Another test may have registered a class of its own behind the known ones.
    message = (
        "^no exact solution is known for FixedCost; known: LostSales, Perishable, DualSourcing, "
        r"ProcurementRemoval.*Register its states with .*state_space.register. "
        r"\(Its transition differs from that of LostSales.\)$"
    )
    with pytest.raises(ValueError, match=message):
        solution(problem, LAW, economics_of(problem, **COSTS), 0.0)


@pytest.mark.parametrize("solution", [solve, upper_bound, newsvendor_bound])
def test_a_problem_of_another_kind_is_refused(solution):
    with pytest.raises(ValueError, match="^no exact solution is known for Unknown; known: Lost"):
        solution(Unknown(), LAW, economics_of(LOST, **COSTS), 0.0)


@pytest.mark.parametrize("solution", [solve, upper_bound, newsvendor_bound, follow])
@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({**COSTS, "holding_cost": -1.0}, "holding_cost must be at least 0, got -1.0."),
        (
            {**COSTS, "unit_cost": 11.0},
            "price + shortage_cost must exceed unit_cost, or the critical ratio is not in (0, 1): "
            "got 10.0 + 0.0 and 11.0.",
        ),
    ],
)
def test_economics_without_an_optimum_get_no_figure_of_any_kind(solution, figures, message):
    economics = economics_of(LOST, **figures)
    rule = BaseStock(problem=LOST, level=9.0)
    given = (LOST, rule, LAW, economics) if solution is follow else (LOST, LAW, economics, 0.0)
    with pytest.raises(ValueError, match=exactly(message)):
        solution(*given)


def test_economics_of_two_products_are_refused():
    two = economics_of(LOST, **COSTS)._replace(price=np.array([10.0, 20.0]))
    rule = BaseStock(problem=LOST, level=9.0)
    for name, call in {
        "solve": lambda: solve(LOST, LAW, two),
        "upper_bound": lambda: upper_bound(LOST, LAW, two),
        "follow": lambda: follow(LOST, rule, LAW, two),
    }.items():
        with pytest.raises(ValueError, match=f"^{name} takes one product, got 2: use "):
            call()
    with pytest.raises(ValueError, match=r"as many products as the distribution has \(1\), got 2"):
        newsvendor_bound(LOST, LAW, two, np.zeros(1))


def test_two_products_get_no_bound_of_one():
    both = join([LAW, distribution_of("poisson", 3.0)])
    with pytest.raises(ValueError, match="^upper_bound takes one product, got 2: use newsvendor"):
        upper_bound(LOST, both, economics_of(LOST, **COSTS))
    rule = BaseStock(problem=LOST, level=9.0)
    with pytest.raises(ValueError, match="^follow takes one product, got 2: use evaluate for a"):
        follow(LOST, rule, both, economics_of(LOST, **COSTS))


@pytest.mark.parametrize("solution", [upper_bound, newsvendor_bound])
@pytest.mark.parametrize("stock", [-1.0, np.nan])
def test_no_bound_holds_from_less_than_nothing(solution, stock):
    with pytest.raises(ValueError, match=r"^stock must be (finite|at least 0)"):
        solution(LOST, LAW, economics_of(LOST, **COSTS), stock)


def test_only_what_is_too_large_or_comes_in_amounts_falls_through_to_the_newsvendor():
    economics = economics_of(LOST, **COSTS)
    for distribution in (
        distribution_of("poisson", 1e9),
        distribution_of("gamma", 3.0, dispersion=0.3),
    ):
        with pytest.raises(OutOfReachError):
            solve(LOST, distribution, economics)
        assert upper_bound(LOST, distribution, economics).lead_times == (0,)


@pytest.mark.parametrize(
    "problem", [LOST, DualSourcing(regular_lead_time=3, expedited_lead_time=1, **AVERAGE)]
)
@pytest.mark.parametrize("mean", [1e5, 1e9])
def test_a_mean_beyond_all_tables_is_refused_at_once(problem, mean):
    figures = {**COSTS, "regular_cost": 4.0, "expedited_cost": 5.0, "shortage_cost": 9.0}
    economics = economics_of(
        problem, **{name: figures[name] for name in problem.Economics._fields if name in figures}
    )
    with pytest.raises(TooLargeError, match="take a smaller mean|smaller mean, or use"):
        solve(problem, distribution_of("poisson", mean), economics)


def following(rule: Any, distribution: Distribution = LAW, stock: float = 0.0) -> Any:
    """The chain of a policy on the problem and costs of this file."""
    return follow(LOST, rule, distribution, economics_of(LOST, **COSTS), stock)


def test_a_law_that_changes_is_not_followed():
    with pytest.raises(ValueError, match="^follow takes a distribution that is the same in all pe"):
        following(BaseStock(problem=LOST, level=9.0), distribution_of("poisson", 2.0, 3.0))


@pytest.mark.parametrize(
    "policy",
    [
        RandomOrders(problem=LOST),
        Adaptive(BaseStock.closed_form, LOST, "history"),
        lambda observation: np.rint(observation.history[-1]),
        lambda observation: np.rint(np.asarray(observation.history).mean(0)),
    ],
)
def test_a_policy_that_looks_at_the_history_is_not_followed(policy):
    with pytest.raises(ValueError, match="^exact evaluation shows a policy the state and no hist"):
        following(policy)


def test_a_policy_that_orders_by_the_period_is_not_followed():
    def policy(observation: Observation) -> np.ndarray:
        return np.ones((len(observation.scale), 1)) * (observation.period % 2)

    with pytest.raises(ValueError, match="^exact evaluation follows a policy whose orders do not"):
        following(policy)


@pytest.mark.parametrize("quantity", [2.0, 3.0])
def test_stock_that_grows_without_end_is_refused(quantity):
    with pytest.raises(GrowingStockError, match="grows without end .*: order less than the mean"):
        following(ConstantOrder(problem=LOST, quantity=quantity))
    assert following(ConstantOrder(problem=LOST, quantity=1.0)).average() < 10.0


def test_slow_movers_are_not_cut_off():
    distribution = distribution_of("poisson", 0.01)
    rule = BaseStock(problem=LOST, level=6.0)
    held = -following(rule, distribution).average()
    # six units are held but for what is on its way, and the little that is sold earns
    assert held == pytest.approx(6.0 - 0.01 * 3.0 - 0.01 * 6.0, abs=0.01)


@pytest.mark.parametrize("stock", [-1.0, 2.5, np.nan, np.inf])
def test_a_stock_that_is_none_is_not_followed(stock):
    with pytest.raises(ValueError, match="^stock must be "):
        following(BaseStock(problem=LOST, level=9.0), stock=stock)


def test_discounts_and_numbers_of_periods_are_checked():
    chain = following(BaseStock(problem=LOST, level=9.0))
    for discount in (0.0, -0.5, 2.0, np.nan):
        with pytest.raises(ValueError, match="^discount must be "):
            chain.discounted(discount, 10)
    with pytest.raises(ValueError, match="^periods must be at least 0, got -1.$"):
        chain.discounted(0.9, -1)
    with pytest.raises(ValueError, match="^warm_up must be at least 0, got -1.$"):
        chain.discounted(0.9, 1, -1)


def test_a_solution_has_no_value_where_it_has_no_states():
    solution = solve(LOST, LAW, economics_of(LOST, **COSTS))
    with pytest.raises(ValueError, match=r"^state \[-1.0, -0.0\] lies below the states"):
        solution.value(-1.0)
    with pytest.raises(ValueError, match=r"^state \[-1.0, 0.0\] is negative.$"):
        solution.place(np.array([[-1.0], [0.0]]))
    with pytest.raises(ValueError, match="^period must be at least 0, got -1.$"):
        solution.value(0.0, -1)
    two = DualSourcing(regular_lead_time=2, long_run=True)
    costs = {"regular_cost": 5.0, "expedited_cost": 6.0, "shortage_cost": 9.0, "holding_cost": 1.0}
    backlogged = solve(two, LAW, economics_of(two, **costs))
    assert backlogged.value(-3.0) < backlogged.value(0.0)
    with pytest.raises(ValueError, match="lies below the states solved for"):
        backlogged.value(-1e4)


@pytest.mark.parametrize(
    ("stock", "error", "message"),
    [
        (-1.0, ValueError, "stock must be at least 0, got -1.0."),
        (np.nan, ValueError, "stock must be finite, got nan."),
        (np.inf, ValueError, "stock must be finite, got inf."),
        ("3", TypeError, "stock must be a number, got '3'."),
        (True, TypeError, "stock must be a number, got True."),
    ],
)
def test_a_stock_that_is_none_is_refused(stock, error, message):
    with pytest.raises(error, match=exactly(message)):
        solve(LOST, LAW, economics_of(LOST, **COSTS), stock=stock)


@pytest.mark.parametrize(
    ("tolerance", "error", "message"),
    [
        (0.0, ValueError, "tolerance must be between 0 and 1, got 0.0."),
        (1.0, ValueError, "tolerance must be between 0 and 1, got 1.0."),
        (-1e-9, ValueError, "tolerance must be between 0 and 1, got -1e-09."),
        (np.nan, ValueError, "tolerance must be finite, got nan."),
        (None, TypeError, "tolerance must be a number, got None."),
    ],
)
def test_a_tolerance_that_is_none_is_refused(tolerance, error, message):
    with pytest.raises(error, match=exactly(message)):
        solve(LOST, LAW, economics_of(LOST, **COSTS), tolerance=tolerance)


def test_states_outside_the_table_are_refused_by_name():
    solution = solve(LOST, LAW, economics_of(LOST, **COSTS), stock=9.0)
    assert solution.value(9.0) > solution.value(0.0)
    outside = "lies outside the states solved for: solve with a larger stock."
    with pytest.raises(ValueError, match=exactly(f"state [40.0, 0.0] {outside}")):
        solution.value(40.0)
    with pytest.raises(ValueError, match=exactly(f"state [0.0, 30.0] {outside}")):
        solution.place(np.array([[1.0, 0.0], [0.0, 30.0]]))
    with pytest.raises(ValueError, match=exactly("state [2.5, 0.0] is not in whole units.")):
        solution.value(2.5)


def test_stock_that_does_not_divide_into_its_ages_is_refused():
    problem = Perishable(shelf_life=3, **ENDLESS)
    solution = solve(problem, LAW, economics_of(problem, **COSTS), stock=6.0)
    assert np.isfinite(solution.value(6.0))
    with pytest.raises(ValueError, match=exactly("state [2.5, 2.5] is not in whole units.")):
        solution.value(5.0)


def test_the_policy_refuses_states_outside_its_table():
    source = SyntheticProducts(families=("poisson",), mean=2.0)
    policy: Any = Optimal(LOST).plan(LOST, draw_products(source, LOST, 1))
    state = LOST.initial_state(np.array([90.0]))
    message = "state [90.0, 0.0] lies outside the states solved for: solve with a larger stock."
    with pytest.raises(ValueError, match=exactly(message)):
        policy(Observation(state, None, None, np.ones(1), None, 0))


def test_the_policy_needs_a_known_law():
    products = draw_products(make_source("poisson"), LOST, 2)._replace(distribution=None)
    message = "these products have no known demand distribution, which the optimal policy needs."
    with pytest.raises(ValueError, match=exactly(message)):
        Optimal(LOST).plan(LOST, products)


def test_the_policy_plans_before_it_orders():
    state = LOST.initial_state(np.zeros(1))
    message = "Optimal knows the distribution: call plan(problem, products) first."
    with pytest.raises(RuntimeError, match=exactly(message)):
        Optimal(LOST)(Observation(state, None, None, np.ones(1), None, 0))


def test_the_policy_names_what_it_cannot_solve():
    problem = replace(LOST, lead_time=0)
    products = draw_products(SyntheticProducts(families=("poisson", "gamma")), problem, 8)
    with pytest.raises(
        ValueError,
        match=r"^exact dynamic programs need demand in whole numbers, got a distribution",
    ):
        Optimal(problem).plan(problem, products)


def test_a_chain_of_orders_that_are_not_whole_is_refused():
    problem = LostSales(lead_time=1, long_run=True, discount=1.0)
    rule = ConstantOrder(problem=problem, quantity=1.5)
    with pytest.raises(
        ValueError,
        match=exactly("exact evaluation needs orders in whole units of at least 0, got 1.5."),
    ):
        follow(problem, rule, LAW, economics_of(problem, **COSTS))


def test_a_chain_of_too_many_states_or_columns_is_refused(monkeypatch):
    monkeypatch.setattr("inv_gym.baselines.exact.chain.STATE_LIMIT", 20)
    rule, economics = BaseStock(problem=LOST, level=9.0), economics_of(LOST, **COSTS)
    message = "the policy reaches more than 20 states: use evaluate, which simulates."
    with pytest.raises(ValueError, match=exactly(message)):
        follow(LOST, rule, LAW, economics)
    long = LostSales(lead_time=9, **AVERAGE)
    with pytest.raises(
        ValueError, match=exactly("exact evaluation follows at most 6 columns of state, got 9.")
    ):
        follow(long, BaseStock(problem=long, level=9.0), LAW, economics_of(long, **COSTS))
