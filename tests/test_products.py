"""Products: drawn in blocks, by preset or by instance, and what is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inv_gym import (
    ENVIRONMENTS,
    INSTANCES,
    POPULATIONS,
    DualSourcing,
    InstanceProducts,
    LostSales,
    Perishable,
    ProcurementRemoval,
    SyntheticProducts,
    draw_products,
    instance,
    make_problem,
    make_source,
)
from inv_gym.demand.families import FAMILIES, Empirical
from inv_gym.demand.ranges import LogNormalRange, LogUniform, Uniform, as_range
from inv_gym.products.batch import DRAW_BLOCK, HISTORY, assemble, concatenate
from inv_gym.products.economics import EconomicsRanges
from inv_gym.util.arrays import flatten

PROBLEM = LostSales(lead_time=2, horizon=6)
COSTS = {"price": 10.0, "unit_cost": 4.0, "holding_cost": 1.0, "shortage_cost": 2.0}


def assert_equal_products(left, right):
    exogenous = [
        (*p.economics, p.demand, p.scale, *flatten(p.initial_state)) for p in (left, right)
    ]
    for a, b in zip(*exogenous, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (left.covariates is None) == (right.covariates is None)
    if left.covariates is not None:
        np.testing.assert_array_equal(left.covariates, right.covariates)
    assert left.distribution.families == right.distribution.families
    for name in ("family_index", "mean", "dispersion"):
        np.testing.assert_array_equal(
            getattr(left.distribution, name), getattr(right.distribution, name)
        )


def refused(message: str, error: type[Exception] = ValueError):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("name", ["default", "seasonal"])
def test_a_product_does_not_depend_on_how_many_are_drawn(name):
    source = POPULATIONS[name]
    problem = ProcurementRemoval(horizon=6)
    many = draw_products(source, problem, DRAW_BLOCK + 70, seed=4)
    assert many.batch == DRAW_BLOCK + 70
    assert_equal_products(draw_products(source, problem, 50, seed=4), many.rows(slice(0, 50)))
    assert_equal_products(
        draw_products(source, problem, DRAW_BLOCK + 10, seed=4),
        many.rows(slice(0, DRAW_BLOCK + 10)),
    )


def test_blocks_and_seeds_give_different_products():
    products = draw_products(POPULATIONS["continuous"], PROBLEM, 2 * DRAW_BLOCK, seed=1)
    assert not np.isin(products.demand[:, :DRAW_BLOCK], products.demand[:, DRAW_BLOCK:]).any()
    other = draw_products(POPULATIONS["continuous"], PROBLEM, DRAW_BLOCK, seed=2)
    assert not np.isin(products.demand[:, :DRAW_BLOCK], other.demand).any()


def test_concatenated_rows_make_the_batch():
    products = draw_products(POPULATIONS["seasonal"], PROBLEM, 40)
    parts = [
        products.rows(slice(0, 10)),
        products.rows(slice(10, 11)),
        products.rows(slice(11, 40)),
    ]
    assert_equal_products(concatenate(parts), products)


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
@pytest.mark.parametrize("name", POPULATIONS)
def test_every_preset_serves_every_environment(name, env_id):
    problem = make_problem(env_id, horizon=8)
    source = POPULATIONS[name]
    products = source.sample(np.random.default_rng(0), 100, problem)
    assert products.demand.shape == (HISTORY + 8, 100)
    assert products.batch == 100
    assert products.periods == 8
    assert np.isfinite(products.demand[HISTORY - 1 :]).all()
    demand = products.demand[~np.isnan(products.demand)]
    assert np.isfinite(demand).all()
    assert (demand >= 0.0).all()
    assert (np.nanstd(products.demand, 0) > 0.0).mean() > 0.9
    problem.check_economics(products.economics)
    np.testing.assert_allclose(
        products.scale, np.maximum(np.nanmean(products.demand[:HISTORY], 0), 1.0 / HISTORY)
    )
    if products.distribution is None:  # a mixture does not tell
        return
    assert (products.distribution.mean <= 5.0 * source.largest_scale).all()
    counts = np.array([family.integer for family in products.distribution.families])[
        products.distribution.family_index
    ]
    np.testing.assert_array_equal((products.demand == np.rint(products.demand)).all(0), counts)


def test_presets_have_the_laws_and_ranges_that_they_name():
    drawn = {
        name: draw_products(source, PROBLEM, 400).distribution
        for name, source in POPULATIONS.items()
    }
    assert drawn["poisson"].families == (FAMILIES["poisson"],)
    assert drawn["high_variance"].families == (FAMILIES["geometric"], FAMILIES["negative_binomial"])
    assert drawn["intermittent"].mean.max() <= 1.0
    assert not any(family.integer for family in drawn["continuous"].families)
    assert set(drawn["default"].family_index) == set(range(5))
    assert 1.0 <= drawn["default"].mean.min() < 2.0
    assert 40.0 < drawn["default"].mean.max() <= 50.0
    for name in ("seasonal", "trend", "autocorrelated", "regime_change", "shock"):
        assert not drawn[name].stationary
    for name in ("default", "poisson", "high_variance", "intermittent", "continuous"):
        assert drawn[name].stationary


def test_laws_with_a_dispersion_of_their_own_keep_it():
    drawn = draw_products(POPULATIONS["high_variance"], PROBLEM, 200).distribution
    assert (drawn.dispersion[drawn.family_index == 0] == 1.0).all()
    free = drawn.dispersion[drawn.family_index == 1]
    assert 0.5 <= free.min() < 0.7
    assert 1.8 < free.max() <= 2.0


def test_prices_and_costs_stay_in_their_ranges():
    ranges = EconomicsRanges()
    for problem in (LostSales(), Perishable(), DualSourcing(), ProcurementRemoval()):
        economics = draw_products(SyntheticProducts(), problem, 500).economics
        price, cost = economics.price, economics.unit_cost
        assert 2.0 <= price.min() < 2.2
        assert 18.0 < price.max() <= 20.0
        margin = 1.0 - cost / price
        assert ranges.margin.low <= margin.min() < 0.23
        assert 0.57 < margin.max() <= ranges.margin.high
        holding = economics.holding_cost / cost
        assert 0.01 - 1e-12 <= holding.min() < holding.max() <= 0.1 + 1e-12
        assert (economics.shortage_cost >= 0.1 * price - 1e-12).all()


def test_an_instance_is_one_product_on_many_paths():
    products = draw_products(InstanceProducts("poisson", 5.0, COSTS), PROBLEM, 300)
    assert products.economics == tuple(
        pytest.approx(np.full(300, value)) for value in (10.0, 4.0, 1.0, 2.0, 0.0)
    )
    assert products.distribution.families == (FAMILIES["poisson"],)
    assert set(products.distribution.mean.ravel()) == {5.0}
    assert len({tuple(path) for path in products.demand.T}) == 300
    assert abs(products.demand.mean() - 5.0) < 4.0 * np.sqrt(5.0 / products.demand.size)
    assert products.covariates is None


def test_an_instance_starts_with_its_own_stock_or_with_the_range_of_the_problem():
    problem = ProcurementRemoval(horizon=6, initial_stock=(1.0, 2.0))
    costs = {**COSTS, "removal_value": 2.0}
    own = draw_products(InstanceProducts("poisson", 5.0, costs, stock=80.0), problem, 20)
    assert own.initial_state.net_inventory.tolist() == [80.0] * 20
    ranged = draw_products(InstanceProducts("poisson", 5.0, costs), problem, 20)
    share = ranged.initial_state.net_inventory / ranged.scale
    assert 1.0 <= share.min() < share.max() <= 2.0


def test_an_instance_takes_any_law_and_fixes_the_dispersion_that_the_law_fixes():
    assert InstanceProducts("geometric", 5.0, {}).dispersion == 1.0
    assert InstanceProducts("gamma", 5.0, {}, dispersion=0.3).dispersion == 0.3
    family = Empirical((1.0, 3.0))
    products = draw_products(InstanceProducts(family, 4.0, COSTS), PROBLEM, 10)
    assert set(products.demand.ravel()) == {2.0, 6.0}


@pytest.mark.parametrize("name", INSTANCES)
def test_every_published_instance_can_be_drawn(name):
    found = instance(name)
    products = draw_products(found.source, found.problem, 3)
    assert products.periods == found.problem.horizon
    assert found.known
    assert found.warm_up < found.problem.horizon
    assert make_problem(found.environment, **found.problem.spec()) == found.problem
    assert make_source(name) is found.source


def test_a_censored_history_is_cut_at_its_own_upper_decile_and_the_future_is_not():
    source = POPULATIONS["default"]
    whole = draw_products(source, PROBLEM, 60)
    cut = draw_products(source, replace(PROBLEM, censored=True), 60)
    level = np.quantile(whole.demand[:HISTORY], 0.9, axis=0)
    np.testing.assert_array_equal(cut.demand[:HISTORY], np.minimum(whole.demand[:HISTORY], level))
    np.testing.assert_array_equal(cut.demand[HISTORY:], whole.demand[HISTORY:])
    np.testing.assert_array_equal(
        cut.scale, np.maximum(cut.demand[:HISTORY].mean(0), 1.0 / HISTORY)
    )
    assert (cut.scale < whole.scale).mean() > 0.9


def test_a_product_that_never_sold_is_seen_in_units_of_one_per_history():
    figures = {name: np.full(2, COSTS.get(name, 0.0)) for name in PROBLEM.Economics._fields}
    demand = np.zeros((HISTORY + 6, 2))
    demand[:HISTORY, 1] = 3.0
    products = assemble(PROBLEM, np.random.default_rng(0), figures, demand)
    assert products.scale.tolist() == [1.0 / HISTORY, 3.0]


@given(
    low=st.floats(0.0, 5.0),
    extra=st.floats(0.0, 5.0),
    integer=st.booleans(),
    seed=st.integers(0, 100),
)
def test_the_starting_stock_lies_in_its_range_of_mean_demand(low, extra, integer, seed):
    problem = LostSales(
        lead_time=2, horizon=1, initial_stock=(low, low + extra), integer_orders=integer
    )
    products = POPULATIONS["default"].sample(np.random.default_rng(seed), 64, problem)
    on_hand, tolerance = products.initial_state.on_hand, 0.5 if integer else 1e-9
    assert (on_hand >= low * products.scale - tolerance).all()
    assert (on_hand <= (low + extra) * products.scale + tolerance).all()
    assert not integer or (on_hand == np.rint(on_hand)).all()
    assert all((column == 0.0).all() for column in products.initial_state.pipeline)


def test_the_starting_stock_fills_its_range():
    problem = ProcurementRemoval(horizon=6)
    products = draw_products(POPULATIONS["default"], problem, 500)
    share = products.initial_state.net_inventory / products.scale
    assert share.min() < 0.5
    assert share.max() > 19.5
    assert abs(share.mean() - 10.0) < 4.0 * 20.0 / np.sqrt(12.0 * 500)


def test_a_single_product_is_the_row_as_plain_numbers():
    products = draw_products(POPULATIONS["seasonal"], PROBLEM, 5)
    single = products.single(3)
    assert single.demand == products.demand[:, 3].tolist()
    assert isinstance(single.scale, float)
    assert single.scale == products.scale[3]
    assert [float(column[3]) for column in products.economics] == list(single.economics)
    assert all(isinstance(column, float) for column in flatten(single.initial_state))
    np.testing.assert_array_equal(single.covariates, products.covariates[:, 3])
    np.testing.assert_array_equal(single.distribution.mean, products.distribution.mean[:, 3:4])


def test_products_move_to_torch_and_back_unchanged():
    products = draw_products(POPULATIONS["seasonal"], PROBLEM, 5)
    tensors = products.to(torch.empty(0, dtype=torch.float32))
    assert {column.dtype for column in (*tensors.economics, tensors.demand, tensors.scale)} == {
        torch.float32
    }
    assert tensors.distribution is products.distribution
    back = products.to(torch.empty(0, dtype=torch.float64)).to(np.empty(0))
    assert_equal_products(back, products)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SyntheticProducts(mean=-5.0), "mean must be above 0, got -5.0."),
        (lambda: SyntheticProducts(mean=0.0), "mean must be above 0, got 0.0."),
        (lambda: SyntheticProducts(mean=(-5.0, 10.0)), "mean must be above 0, got -5.0."),
        (lambda: SyntheticProducts(dispersion=-1.0), "dispersion must be above 0, got -1.0."),
        (
            lambda: SyntheticProducts(dispersion=Uniform(0.0, 1.0)),
            "dispersion must be above 0, got 0.0.",
        ),
        (
            lambda: SyntheticProducts(families=()),
            "families must name at least one demand family, got none.",
        ),
        (
            lambda: SyntheticProducts(mean="high"),
            "mean must be a number or a pair (low, high), got 'high'.",
        ),
        (lambda: SyntheticProducts(mean=(3.0, 1.0)), "mean high must be at least 3, got 1.0."),
        (
            lambda: SyntheticProducts(families=("gama",)),
            "unknown demand family 'gama'; known: poisson, geometric, negative_binomial, gamma, "
            "rounded_gamma, "
            "truncated_normal, log_normal, discrete_uniform. Did you mean 'gamma'?",
        ),
        (lambda: InstanceProducts("poisson", 0.0, {}), "mean must be above 0, got 0.0."),
        (lambda: InstanceProducts("poisson", -2.0, {}), "mean must be above 0, got -2.0."),
        (lambda: InstanceProducts("poisson", float("nan"), {}), "mean must be finite, got nan."),
        (
            lambda: InstanceProducts("gamma", 2.0, {}),
            "dispersion must be above 0 for gamma, got 0.0.",
        ),
        (
            lambda: InstanceProducts("gamma", 2.0, {}, -0.5),
            "dispersion must be above 0 for gamma, got -0.5.",
        ),
        (
            lambda: InstanceProducts("poisson", 2.0, {}, stock=-5.0),
            "stock must be at least 0, got -5.0.",
        ),
        (
            lambda: InstanceProducts("poisson", 2.0, {}, stock=float("nan")),
            "stock must be finite, got nan.",
        ),
        (
            lambda: draw_products(InstanceProducts("poisson", 2.0, {"shortage": 4.0}), PROBLEM, 2),
            "unknown figure of LostSales 'shortage'; known: price, unit_cost, holding_cost, "
            "shortage_cost, "
            "salvage_value. Did you mean 'shortage_cost'?",
        ),
        (
            lambda: draw_products(SyntheticProducts(), PROBLEM, 0),
            "number must be at least 1, got 0.",
        ),
        (
            lambda: draw_products(SyntheticProducts(), PROBLEM, 5, seed=-1),
            "seed must be at least 0, got -1.",
        ),
        (lambda: Uniform(2.0, 1.0), "high must be at least 2, got 1.0."),
        (lambda: Uniform(float("nan"), 1.0), "low must be finite, got nan."),
        (lambda: LogUniform(0.0, 1.0), "low must be at least 1e-12, got 0.0."),
        (lambda: LogNormalRange(0.0, 1.0), "median must be at least 1e-12, got 0.0."),
        (lambda: LogNormalRange(1.0, -1.0), "sigma must be at least 0, got -1.0."),
        (
            lambda: make_source("seasonel"),
            "unknown products 'seasonel'; known: "
            + ", ".join([*POPULATIONS, *INSTANCES])
            + ". Did you mean 'seasonal'?",
        ),
        (
            lambda: make_source({"population": "seasonel"}),
            f"unknown population 'seasonel'; known: {', '.join(POPULATIONS)}. Did you mean "
            "'seasonal'?",
        ),
        (
            lambda: make_source({"means": 3.0}),
            "unknown key of products 'means'; known: population, families, mean, dispersion, "
            "economics, known_periods, earlier_periods. "
            "Did you mean 'mean'?",
        ),
        (
            lambda: make_source({"economics": {"prise": (2.0, 3.0)}}),
            "unknown range of economics 'prise'; known: "
            f"{', '.join(EconomicsRanges.__dataclass_fields__)}. "
            "Did you mean 'price'?",
        ),
        (
            lambda: make_source({"economics": {"price": "dear"}}),
            "price must be a number or a pair (low, high), got 'dear'.",
        ),
        (
            lambda: instance("zipkin2008-poisson5-p4-L9"),
            f"unknown instance 'zipkin2008-poisson5-p4-L9'; known: {', '.join(INSTANCES)}. "
            "Did you mean 'zipkin2008-poisson5-p4-L4'?",
        ),
    ],
)
def test_bad_products_are_refused(make, message):
    with refused(message):
        make()


def test_a_source_can_be_changed_by_plain_keys():
    source = make_source(
        {
            "population": "poisson",
            "mean": [3.0, 4.0],
            "families": ["gamma"],
            "economics": {"price": 7.0, "margin": (0.3, 0.4)},
        }
    )
    assert source == replace(
        POPULATIONS["poisson"],
        mean=Uniform(3.0, 4.0),
        families=("gamma",),
        economics=EconomicsRanges(price=7.0, margin=Uniform(0.3, 0.4)),
    )
    assert make_source(source) is source
    assert make_source("poisson") is POPULATIONS["poisson"]


GOOD = {
    LostSales(): COSTS,
    Perishable(): {**COSTS, "outdating_cost": 1.0},
    DualSourcing(): {
        "regular_cost": 4.0,
        "expedited_cost": 6.0,
        "shortage_cost": 9.0,
        "holding_cost": 1.0,
    },
    DualSourcing(backlog=False): {"price": 5.0, "regular_cost": 4.0, "expedited_cost": 6.0},
    ProcurementRemoval(): {**COSTS, "removal_value": 2.0},
    ProcurementRemoval(backlog=True): {"unit_cost": 4.0, "shortage_cost": 1.0},
}
RATIO = (
    "price + shortage_cost must exceed unit_cost, or the critical ratio is not in (0, 1): got {} "
    "+ {} and {}."
)
SALVAGE = "salvage_value must be at most {}, or stock is bought to be salvaged: got {} and {}."
REMOVAL = (
    "removal_value must be below unit_cost, or ordering and removing is a money machine: got {} "
    "and 4.0."
)
EXPEDITED = (
    "expedited_cost must exceed regular_cost, or the regular source is never used: got {} and 4.0."
)
SERVED = "shortage_cost (with the price if sales are lost) must be above {}: got {}."


@pytest.mark.parametrize("problem", GOOD, ids=str)
def test_sound_economics_are_accepted(problem):
    draw_products(InstanceProducts("poisson", 5.0, GOOD[problem]), problem, 2)


@pytest.mark.parametrize(
    ("problem", "changes", "message"),
    [
        (LostSales(), {"price": 2.0}, RATIO.format(2.0, 2.0, 4.0)),
        (LostSales(), {"price": 1.0, "shortage_cost": 0.0}, RATIO.format(1.0, 0.0, 4.0)),
        (LostSales(), {"price": -1.0}, "price must be at least 0, got -1.0."),
        (LostSales(), {"unit_cost": -1.0}, "unit_cost must be at least 0, got -1.0."),
        (LostSales(), {"holding_cost": -0.1}, "holding_cost must be at least 0, got -0.1."),
        (LostSales(), {"shortage_cost": -2.0}, "shortage_cost must be at least 0, got -2.0."),
        (LostSales(), {"price": float("nan")}, "price must be finite, got nan."),
        (LostSales(), {"salvage_value": float("-inf")}, "salvage_value must be finite, got -inf."),
        (LostSales(), {"salvage_value": 4.1}, SALVAGE.format("unit_cost", 4.1, 4.0)),
        (Perishable(), {"price": 2.0}, RATIO.format(2.0, 2.0, 4.0)),
        (Perishable(), {"salvage_value": 5.0}, SALVAGE.format("unit_cost", 5.0, 4.0)),
        (Perishable(), {"outdating_cost": -1.0}, "outdating_cost must be at least 0, got -1.0."),
        (DualSourcing(), {"expedited_cost": 4.0}, EXPEDITED.format(4.0)),
        (DualSourcing(), {"expedited_cost": 3.0}, EXPEDITED.format(3.0)),
        (DualSourcing(), {"salvage_value": 4.5}, SALVAGE.format("regular_cost", 4.5, 4.0)),
        (
            DualSourcing(),
            {"shortage_cost": 0.0},
            SERVED.format("0, or demand is never served", 0.0),
        ),
        (DualSourcing(), {"regular_cost": -1.0}, "regular_cost must be at least 0, got -1.0."),
        (DualSourcing(backlog=False), {"price": 4.0}, SERVED.format("regular_cost", 4.0)),
        (ProcurementRemoval(), {"removal_value": 4.0}, REMOVAL.format(4.0)),
        (ProcurementRemoval(), {"removal_value": 5.0}, REMOVAL.format(5.0)),
        (ProcurementRemoval(), {"price": 1.0}, SERVED.format("unit_cost", 3.0)),
        (
            ProcurementRemoval(backlog=True),
            {"shortage_cost": 0.0},
            SERVED.format("0, or demand is never served", 0.0),
        ),
    ],
)
def test_economics_without_a_meaningful_optimum_are_refused(problem, changes, message):
    figures = {**dict.fromkeys(problem.Economics._fields, 0.0), **GOOD[problem], **changes}
    economics = problem.Economics(
        *(np.full(2, figures[name]) for name in problem.Economics._fields)
    )
    with refused(message + " (product 0)"):
        problem.check_economics(economics)
    if np.isfinite(list(figures.values())).all():
        with refused(message + " (product 0)"):
            draw_products(InstanceProducts("poisson", 5.0, figures), problem, 2)


def test_salvage_at_the_unit_cost_and_a_removal_fee_are_sound():
    draw_products(InstanceProducts("poisson", 5.0, {**COSTS, "salvage_value": 4.0}), LostSales(), 2)
    draw_products(
        InstanceProducts("poisson", 5.0, {**COSTS, "removal_value": -3.0}), ProcurementRemoval(), 2
    )


def test_an_error_names_the_first_bad_product():
    economics = PROBLEM.Economics(
        *(np.array([10.0, 10.0, value]) for value in (1.0, 4.0, 1.0, 2.0, 0.0))
    )
    with refused(RATIO.format(1.0, 2.0, 4.0) + " (product 2)"):
        PROBLEM.check_economics(
            economics._replace(unit_cost=np.full(3, 4.0), shortage_cost=np.full(3, 2.0))
        )


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-1.0, "-1.0"), (float("nan"), "nan"), (float("inf"), "inf"), (float("-inf"), "-inf")],
)
def test_demand_that_is_negative_or_not_finite_is_refused(value, shown):
    figures = {name: np.full(3, COSTS.get(name, 0.0)) for name in PROBLEM.Economics._fields}
    demand = np.ones((HISTORY + 6, 3))
    demand[5, 1] = value
    with pytest.raises(
        ValueError, match=rf"^demand must be .*got {re.escape(shown)}\. \(product 1\)$"
    ):
        assemble(PROBLEM, np.random.default_rng(0), figures, demand)


class RentedEconomics(NamedTuple):
    price: object
    unit_cost: object
    holding_cost: object
    shortage_cost: object
    salvage_value: object
    rent: object


@dataclass(frozen=True, kw_only=True)
class Rented(LostSales):
    """A problem of one's own, with a figure that the five do not have."""

    Economics = RentedEconomics


def test_a_figure_that_a_source_does_not_have_is_asked_for():
    with refused(
        "Rented needs rent: give each as a column of economics or a range "
        "(EconomicsRanges(extra={...}))."
    ):
        draw_products(SyntheticProducts(), Rented(), 2)


def test_a_figure_of_a_problem_of_ones_own_is_drawn_from_an_extra_range():
    source = SyntheticProducts(economics=EconomicsRanges(extra={"rent": Uniform(3.0, 4.0)}))
    rent = draw_products(source, Rented(), 200).economics.rent
    assert 3.0 <= rent.min() < 3.1
    assert 3.9 < rent.max() <= 4.0


def test_ranges_draw_within_their_bounds_and_with_their_centers():
    rng, size = np.random.default_rng(0), 20_000
    even, skewed = Uniform(2.0, 6.0).draw(rng, size), LogUniform(1.0, 100.0).draw(rng, size)
    assert abs(even.mean() - 4.0) < 4.0 * 4.0 / np.sqrt(12.0 * size)
    assert 2.0 <= even.min() < even.max() <= 6.0
    assert abs(np.log10(skewed).mean() - 1.0) < 4.0 * 2.0 / np.sqrt(12.0 * size)
    assert 1.0 <= skewed.min() < skewed.max() <= 100.0
    logs = np.log(LogNormalRange(3.0, 0.5).draw(rng, size) / 3.0)
    assert abs(logs.mean()) < 4.0 * 0.5 / np.sqrt(size)
    assert abs(logs.std() - 0.5) < 4.0 * 0.5 / np.sqrt(2.0 * size)
    assert as_range("x", [1.0, 2.0]) == Uniform(1.0, 2.0)
    assert as_range("x", 3) == 3.0
