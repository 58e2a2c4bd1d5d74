"""What is known of optimal policies, as data, and how far a policy is from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

from inv_gym import (
    ENVIRONMENTS,
    DualSourcing,
    InstanceProducts,
    LostSales,
    Observation,
    Outcome,
    Perishable,
    Problem,
    ProcurementRemoval,
    Products,
    draw_products,
    make_problem,
    make_source,
)
from inv_gym.baselines.catalogue import policies
from inv_gym.baselines.exact import Optimal
from inv_gym.structure import (
    Chain,
    Properties,
    Violations,
    directions,
    inequalities,
    multimodularity_excess,
    properties,
    violations,
    wide_states,
)
from inv_gym.util.arrays import Array, flatten, positive_part, stack, unflatten

NAMES = {
    "InvLostSales-v0": ["d order / d on_hand >= -1", "d order / d on_hand <= 0"],
    "InvLostSalesLeadTime-v0": [
        "d order / d pipeline_4 >= -1",
        "d order / d pipeline_4 <= d order / d pipeline_3",
        "d order / d pipeline_3 <= d order / d pipeline_2",
        "d order / d pipeline_2 <= d order / d pipeline_1",
        "d order / d pipeline_1 <= d order / d on_hand",
        "d order / d on_hand <= 0",
    ],
    "InvPerishable-v0": [
        "d order / d stock_2 >= -1",
        "d order / d stock_2 <= d order / d stock_1",
        "d order / d stock_1 <= 0",
    ],
    "InvDualSourcing-v0": [
        "d expedited / d net_inventory >= -1",
        "d expedited / d net_inventory <= d expedited / d pipeline_1",
        "d expedited / d pipeline_1 <= 0",
        "d regular / d pipeline_1 >= -1",
        "d regular / d pipeline_1 <= d regular / d net_inventory",
        "d regular / d net_inventory <= 0",
        "d regular + expedited / d net_inventory >= -1",
        "d regular + expedited / d pipeline_1 >= -1",
        "d regular + expedited / d net_inventory <= 0",
        "d regular + expedited / d pipeline_1 <= 0",
    ],
    "InvProcurementRemoval-v0": [
        "d order / d net_inventory >= -1",
        "d order / d net_inventory <= 0",
        "d -removal / d net_inventory >= -1",
        "d -removal / d net_inventory <= 0",
        "d order - removal / d net_inventory >= -1",
        "d order - removal / d net_inventory <= 0",
    ],
}
PROBLEMS = [
    *(make_problem(env_id) for env_id in ENVIRONMENTS),
    LostSales(lead_time=1),
    Perishable(shelf_life=1),
    Perishable(shelf_life=1, lead_time=1, issuing="newest_first"),
    Perishable(shelf_life=2, lead_time=2),
    Perishable(shelf_life=2, issuing="newest_first"),
    DualSourcing(regular_lead_time=1, backlog=False),
    DualSourcing(regular_lead_time=3, expedited_lead_time=1),
    ProcurementRemoval(backlog=True),
]


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_the_inequalities_of_each_environment_are_these(env_id):
    rules = inequalities(make_problem(env_id))
    assert list(rules.names) == NAMES[env_id]
    assert (
        rules.weights.shape[0]
        == len(rules.most)
        == len(rules.rounding)
        == len(rules.joint)
        == len(rules.names)
    )
    assert [name for name, joint in zip(rules.names, rules.joint, strict=True) if joint] == [
        name for name in rules.names if " + " in name or " - removal" in name
    ]


def test_columns_due_before_an_expedited_order_displace_alike():
    rules = inequalities(DualSourcing(regular_lead_time=3, expedited_lead_time=1))
    for quantity in ("expedited", "regular", "regular + expedited"):
        one, other = f"d {quantity} / d net_inventory", f"d {quantity} / d pipeline_1"
        assert {f"{one} <= {other}", f"{other} <= {one}"} <= set(rules.names)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_every_property_says_where_it_is_from(problem):
    known = properties(problem)
    assert known.bounds
    sources = [one.source for one in (*known.chains, *known.bounds)] + [known.multimodular] * bool(
        known.multimodular
    )
    assert all(re.match(r"(published: |derived(: |, ))\w", source) for source in sources)
    assert bool(known.chains) == bool(known.multimodular)
    columns = range(len(flatten(problem.initial_state(0.0))))
    for chain in known.chains:
        assert sorted(column for group in chain.columns for column in group) == list(columns)
    assert all(set(bound.columns) <= set(columns) for bound in known.bounds)


def test_the_excess_is_what_slopes_miss_each_inequality_by():
    rules = inequalities(LostSales(lead_time=2))
    assert rules.names == (
        "d order / d pipeline_1 >= -1",
        "d order / d pipeline_1 <= d order / d on_hand",
        "d order / d on_hand <= 0",
    )
    slopes = np.array(
        [[[-0.25, -0.5]], [[-0.75, -0.5]], [[0.25, -1.5]], [[-1.5, -1.75]], [[0.0, 0.0]]]
    )
    assert rules.excess(slopes).tolist() == [
        [0.0, 0.0, 0.0],
        [0.0, 0.25, 0.0],
        [0.5, 0.0, 0.25],
        [0.75, 0.0, 0.0],
        [0.0, 0.0, 0.0],
    ]


def test_a_slope_that_is_not_known_spoils_those_inequalities_alone_that_use_it():
    slopes = np.array([[[np.nan, -1.5]], [[0.25, np.nan]]])
    wanted = [[0.5, np.nan, np.nan], [np.nan, np.nan, 0.25]]
    np.testing.assert_array_equal(inequalities(LostSales(lead_time=2)).excess(slopes), wanted)


# policies that break what they should keep


@dataclass(frozen=True)
class Planted:
    """Orders that are linear in stock until they are cut off at 0."""

    slopes: tuple[tuple[float, ...], ...]
    level: tuple[float, ...] = (1000.0, 1000.0)
    knows = "nothing"

    def linear(self, observation: Observation) -> Array:
        columns = flatten(observation.state)
        return stack(
            [
                sum(
                    (slope * column for slope, column in zip(own, columns, strict=True)),
                    columns[0] * 0.0 + level,
                )
                for level, own in zip(self.level, self.slopes, strict=False)
            ]
        )

    def __call__(self, observation: Observation) -> Array:
        return positive_part(self.linear(observation))


class Differentiable(Planted):
    """The same, before the cut too."""

    def unclipped(self, observation: Observation) -> Array:
        return self.linear(observation)


DUAL = DualSourcing(regular_lead_time=3)
REMOVAL = ProcurementRemoval()
BROKEN: dict[str, tuple[Problem, tuple[tuple[float, ...], ...], dict[str, float]]] = {
    "nothing": (LostSales(lead_time=3), ((-0.2, -0.5, -1.0),), {}),
    "too steep": (
        LostSales(lead_time=3),
        ((-0.2, -0.5, -1.4),),
        {"d order / d pipeline_2 >= -1": 0.4},
    ),
    "wrong sign": (LostSales(lead_time=3), ((0.3, -0.1, -0.2),), {"d order / d on_hand <= 0": 0.3}),
    "wrong order": (
        LostSales(lead_time=3),
        ((-0.6, -0.2, -0.7),),
        {"d order / d pipeline_1 <= d order / d on_hand": 0.4},
    ),
    "old stock first": (
        Perishable(shelf_life=3),
        ((-0.8, -0.3),),
        {"d order / d stock_2 <= d order / d stock_1": 0.5},
    ),
    "expediting heeds what comes later": (
        DUAL,
        ((-0.1, -0.2, -0.3), (-0.2, -0.5, 0.0)),
        {"d expedited / d net_inventory <= d expedited / d pipeline_1": 0.3},
    ),
    "regular orders heed what comes sooner": (
        DUAL,
        ((-0.5, -0.3, -0.3), (-0.1, 0.0, 0.0)),
        {"d regular / d pipeline_1 <= d regular / d net_inventory": 0.2},
    ),
    "both together too steep on hand": (
        DUAL,
        ((-0.5, -0.5, -0.5), (-0.8, 0.0, 0.0)),
        {"d regular + expedited / d net_inventory >= -1": 0.3},
    ),
    "both together too steep on order": (
        DUAL,
        ((-0.2, -0.7, -0.7), (-0.6, -0.6, 0.0)),
        {"d regular + expedited / d pipeline_1 >= -1": 0.3},
    ),
    "a difference between what comes in time alike": (
        DualSourcing(regular_lead_time=2, expedited_lead_time=1),
        ((-0.1, -0.1), (-0.5, -0.3)),
        {
            "d expedited / d pipeline_1 <= d expedited / d net_inventory": 0.2,
            "d regular + expedited / d pipeline_1 <= d regular + expedited / d net_inventory": 0.2,
        },
    ),
    "ordering more the more there is": (
        REMOVAL,
        ((0.3,), (0.5,)),
        {"d order / d net_inventory <= 0": 0.3},
    ),
    "removing less the more there is": (
        REMOVAL,
        ((-0.4,), (-0.2,)),
        {"d -removal / d net_inventory <= 0": 0.2},
    ),
    "removing too much": (
        REMOVAL,
        ((0.0,), (1.5,)),
        {
            "d -removal / d net_inventory >= -1": 0.5,
            "d order - removal / d net_inventory >= -1": 0.5,
        },
    ),
    "order and removal together too steep": (
        REMOVAL,
        ((-0.7,), (0.7,)),
        {"d order - removal / d net_inventory >= -1": 0.4},
    ),
}


def drawn(problem: Problem, batch: int = 12) -> tuple[Products, np.ndarray]:
    """Products, and a wide state for each."""
    products = draw_products(make_source("default"), problem, batch)
    states = wide_states(problem, np.random.default_rng(0), batch) * products.scale[:, None]
    return products, np.rint(states) if problem.integer_orders else states


@pytest.mark.parametrize("kind", [Planted, Differentiable])
@pytest.mark.parametrize("fault", BROKEN)
def test_what_a_policy_breaks_is_found_and_named(fault, kind):
    problem, slopes, wanted = BROKEN[fault]
    found = violations(problem, kind(slopes), *drawn(problem))
    assert found.excess.shape == (12, len(inequalities(problem).names))
    by_name = {
        name: column
        for name, column in zip(found.names, found.excess.T, strict=True)
        if column.max() > 1e-6
    }
    assert set(by_name) == set(wanted)
    for name, excess in wanted.items():
        np.testing.assert_allclose(by_name[name], excess, atol=1e-6)  # in every state
    assert found.share() == float(bool(wanted))


def test_differentiation_sees_a_wrong_slope_where_nothing_is_ordered():
    problem = LostSales()
    policy = Differentiable(((0.5,),), (-1e6,))
    products, states = drawn(problem)
    assert violations(problem, policy, products, states).excess.tolist() == [[0.0, 0.5]] * 12
    assert violations(problem, policy, products, states, given=True).largest == 0.0


def test_channels_are_judged_together_after_the_cut():
    slopes = ((-0.8, -0.8, -0.8), (-0.8, -0.8, -0.8))
    products, states = drawn(DUAL)
    assert violations(DUAL, Differentiable(slopes), products, states).largest == pytest.approx(0.6)
    assert violations(DUAL, Differentiable(slopes, (1e4, -1e4)), products, states).largest == 0.0


def test_orders_that_do_not_heed_stock_break_nothing():
    class Constant(Differentiable):
        def unclipped(self, observation: Observation) -> Array:
            return stack([observation.scale, observation.scale])

    assert violations(DUAL, Constant(((0.0, 0.0, 0.0),) * 2), *drawn(DUAL)).largest == 0.0


def test_whole_orders_may_be_a_unit_off_where_each_is_rounded_by_itself():
    # a unit on order displaces one of each, a unit on hand one of both together
    slopes = ((0.0, -1.0), (-1.0, -1.0))
    for whole, excess in ((False, 1.0), (True, 0.0)):
        problem = DualSourcing(regular_lead_time=2, integer_orders=whole)
        found = violations(problem, Planted(slopes), *drawn(problem))
        assert found.largest == pytest.approx(excess, abs=1e-6)
    # on hand it may not
    found = violations(problem, Planted(((-1.0, -1.0), (-1.0, 0.0))), *drawn(problem))
    assert [row["inequality"] for row in found.rows() if row["largest"] > 1e-6] == [
        "d regular + expedited / d net_inventory >= -1"
    ]


def test_whole_orders_are_judged_by_a_unit_of_stock():
    class Rounded(Planted):
        def __call__(self, observation: Observation) -> Array:
            return np.rint(super().__call__(observation))

    # rounded, a third of a unit less is none or one less for a unit more, but hundreds for a
    # thousandth of it
    policy = Rounded(((-1.0 / 3.0,),))
    whole, free = LostSales(integer_orders=True), LostSales()
    assert violations(whole, policy, *drawn(whole)).largest == 0.0
    states = np.full((12, 1), 1.4999)
    assert violations(free, policy, drawn(free)[0], states).largest > 10.0


def test_a_policy_is_shown_the_states_asked_for_in_the_period_asked_for():
    problem, seen = LostSales(lead_time=2), []

    class Looks(Planted):
        def __call__(self, observation: Observation) -> Array:
            seen.append(observation)
            return super().__call__(observation)

    products, states = drawn(problem)
    violations(problem, Looks(((0.0, 0.0),)), products, states, period=3)
    first, more = seen[:2]
    np.testing.assert_array_equal(np.stack(flatten(first.state), 1), states)
    np.testing.assert_allclose(more.state.on_hand - first.state.on_hand, 1e-3 * products.scale)
    assert more.state.pipeline[0].tolist() == states[:, 1].tolist()
    assert first.period == 3
    np.testing.assert_array_equal(first.history, products.demand[3:35])


def test_violations_are_counted_by_state_and_by_inequality():
    found = Violations(
        ("a", "b"), np.array([[0.0, 0.5], [0.01, np.nan], [np.nan, np.nan], [1.0, 0.25]])
    )
    assert found.worst.tolist() == [0.5, 0.01, 0.0, 1.0]
    assert found.largest == 1.0
    assert found.mean == pytest.approx(1.51 / 4.0)
    assert (found.share(), found.share(0.005), found.share(2.0)) == (0.5, 0.75, 0.0)
    assert found.rows() == [
        {"inequality": "a", "share": 0.25, "largest": 1.0, "mean": pytest.approx(1.01 / 4.0)},
        {"inequality": "b", "share": 0.5, "largest": 0.5, "mean": pytest.approx(0.75 / 4.0)},
    ]


# policies that keep it

NOT_OF_THAT_SHAPE = {
    "low-waste base-stock",  # between its two levels an order may rise with stock
    "dual-balancing",  # its orders come from a bisection, so they move in steps
    "myopic-2",  # its lattice is coarse for products of many units, so orders move in steps
}
ON_A_LATTICE = {"projected inventory level": 0.05}
"""Slack of the rules that project amounts, which lie between the cells of a lattice."""


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_the_heuristics_have_the_structure_of_optimal_policies(env_id, whole):
    fields = {"lead_time": 3} if "LeadTime" in env_id else {}
    problem = make_problem(env_id, integer_orders=whole, **fields)
    products, states = drawn(problem, 40)
    for name, policy in policies(problem, True).items():
        plain = name.removesuffix(" (knows distribution)")
        if plain not in NOT_OF_THAT_SHAPE:
            slack = ON_A_LATTICE.get(plain, 0.01)
            assert violations(problem, policy, products, states).largest < slack, name


@pytest.mark.usefixtures("short_search")
def test_low_waste_base_stock_can_order_more_beside_more_old_stock():
    problem = make_problem("InvPerishable-v0")
    policy = policies(problem, True)["low-waste base-stock (knows distribution)"]
    found = violations(problem, policy, *drawn(problem, 40))
    assert [row["inequality"] for row in found.rows() if row["share"] > 0.0] == [
        "d order / d stock_1 <= 0"
    ]


WHOLE: dict[str, Any] = {"integer_orders": True, "long_run": True, "discount": 0.95}
SMALL: list[tuple[Problem, dict[str, float], list[range]]] = [
    (LostSales(**WHOLE), {"holding_cost": 1.0, "shortage_cost": 4.0}, [range(5)]),
    (
        LostSales(lead_time=2, **WHOLE),
        {"holding_cost": 1.0, "shortage_cost": 9.0},
        [range(5), range(3)],
    ),
    (
        Perishable(shelf_life=3, **WHOLE),
        {"price": 10.0, "unit_cost": 4.0, "holding_cost": 0.1, "outdating_cost": 2.0},
        [range(3), range(3)],
    ),
    (
        DualSourcing(regular_lead_time=2, **WHOLE),
        {"regular_cost": 5.0, "expedited_cost": 6.0, "holding_cost": 1.0, "shortage_cost": 12.0},
        [range(-2, 4), range(3)],
    ),
    (
        ProcurementRemoval(**WHOLE),
        {"price": 10.0, "unit_cost": 5.0, "holding_cost": 0.5, "removal_value": 4.0},
        [range(20)],
    ),
]


@pytest.mark.parametrize(
    ("problem", "figures", "box"), SMALL, ids=lambda value: type(value).__name__
)
def test_exact_optima_break_nothing(problem, figures, box):
    states = np.stack(np.meshgrid(*box, indexing="ij"), -1).reshape(-1, len(box)).astype(float)
    source = InstanceProducts("poisson", 1.5, figures, stock=max(box[0]) + 1.0)
    products = draw_products(source, problem, len(states))
    found = violations(problem, Optimal(problem), products, states)
    assert found.largest == 0.0
    # and something is ordered where something is there already, so that it could break something
    state = unflatten(states.T, products.initial_state)
    seen = Observation(state, products.demand[:32], products.economics, products.scale, None, 0)
    orders = Optimal(problem).plan(problem, products)(seen)
    assert (orders.sum(1)[states.sum(1) > 0.0] > 0.0).any()


# states


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_wide_states_are_stock_and_orders_of_any_size_and_of_none(problem):
    states = wide_states(problem, np.random.default_rng(3), 4000)
    columns, reach = len(flatten(problem.initial_state(0.0))), max(problem.lead_times) + 1.0
    assert states.shape == (4000, columns)
    assert np.isfinite(states).all()
    for number, column in enumerate(states.T):
        assert (column == 0.0).mean() == pytest.approx(0.3, abs=0.04)
        owed = (column < 0.0).mean()
        assert owed == (pytest.approx(0.21, abs=0.03) if problem.backlog and number == 0 else 0.0)
        assert (np.abs(column) > max(2.0, 2.0 * reach)).mean() > 0.01
        assert (np.abs(column) < 2.0).mean() > 0.5


def test_wide_states_depend_on_the_random_stream_alone():
    first, again, other = (wide_states(DUAL, np.random.default_rng(seed), 50) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


# problems of one's own


class Stock(NamedTuple):
    on_hand: Array

    @property
    def inventory_position(self) -> Array:
        return self.on_hand


@dataclass(frozen=True, kw_only=True)
class Own(Problem):
    Economics = LostSales.Economics

    @property
    def lead_times(self) -> tuple[int, ...]:
        return (0,)

    def initial_state(self, stock: Array) -> Stock:
        return Stock(stock)

    def transition(self, state: Any, order: Any, demand: Array, economics: Any) -> Outcome:
        raise NotImplementedError

    def salvage(self, state: Any, economics: Any) -> Array:
        raise NotImplementedError

    def check_economics(self, economics: Any) -> None:
        pass


class Another(Own):
    pass


@pytest.mark.parametrize(
    "problem",
    [
        Own(),
        DualSourcing(regular_lead_time=3, expedited_lead_time=1, backlog=False),
        Perishable(shelf_life=1),
        Perishable(issuing="newest_first"),
    ],
    ids=str,
)
def test_a_problem_of_which_nothing_is_known_is_named(problem):
    message = re.escape(
        f"no structure is known of {problem}: register one with "
        "inv_gym.structure.properties.register, or do without."
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        inequalities(problem)
    assert properties(problem).chains == ()
    assert properties(problem).multimodular == ""


def test_what_is_known_of_a_problem_of_ones_own_can_be_registered():
    chain = Chain("order", (1.0,), ((0,),), "derived: a test")
    properties.register(Another, lambda problem: Properties((chain,), (), ""))
    assert inequalities(Another()).names == (
        "d order / d on_hand >= -1",
        "d order / d on_hand <= 0",
    )
    products, states = drawn(Another())
    found = violations(Another(), Planted(((-1.5,),)), products, states)
    np.testing.assert_allclose(found.excess, [[0.5, 0.0]] * 12, atol=1e-6)
    assert properties(Own()) == ((), (), "")


# values


def test_the_directions_add_up_to_nothing():
    assert directions(3).tolist() == [[1, 0, 0], [-1, 1, 0], [0, -1, 1], [0, 0, -1]]
    assert directions(1).tolist() == [[1], [-1]]


def test_with_one_column_the_excess_is_what_is_missing_to_be_concave():
    states, values = (
        np.array([[3.0], [-1.0], [0.0], [1.0], [2.0]]),
        np.array([3.0, -2.0, 0.0, 1.0, 1.0]),
    )
    excess = multimodularity_excess(states, values)
    np.testing.assert_array_equal(excess, [[np.nan], [np.nan], [0.0], [0.0], [2.0]])


def test_with_two_columns_the_excess_is_that_of_each_two_directions():
    states = np.stack(np.meshgrid(range(3), range(3), indexing="ij"), -1).reshape(-1, 2)
    excess = multimodularity_excess(states, np.prod(states, axis=1))
    # pairs e_1 and e_2 - e_1, e_1 and -e_2, e_2 - e_1 and -e_2
    assert excess.shape == (9, 3)
    assert excess[4].tolist() == [0.0, 1.0, 0.0]
    assert multimodularity_excess(states, -np.prod(states, axis=1))[4].tolist() == [1.0, 0.0, 1.0]
    # a step up in the first column and down in the second stays on the table from these alone
    none = np.nan
    np.testing.assert_array_equal(excess[:, 1], [none, 1.0, 1.0, none, 1.0, 1.0, none, none, none])


def test_the_excess_does_not_depend_on_the_order_of_the_states():
    rng = np.random.default_rng(0)
    states = np.stack(np.meshgrid(range(-2, 2), range(3), range(3), indexing="ij"), -1).reshape(
        -1, 3
    )
    values, order = rng.normal(size=len(states)), rng.permutation(len(states))
    np.testing.assert_array_equal(
        multimodularity_excess(states[order], values[order]),
        multimodularity_excess(states, values)[order],
    )
