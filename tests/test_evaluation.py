"""The evaluation of policies: figures by hand and by NumPy, chunks, intervals, files, and what is
refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from inv_gym import (
    POPULATIONS,
    DualSourcing,
    InstanceProducts,
    LostSales,
    Perishable,
    ProcurementRemoval,
    Task,
    draw_products,
    evaluate,
    rollout,
)
from inv_gym.baselines import (
    Adaptive,
    BaseStock,
    ConstantOrder,
    DualIndex,
    Fitted,
    RandomOrders,
    VectorBaseStock,
)
from inv_gym.products.batch import DRAW_BLOCK, HISTORY
from inv_gym.testing import Replay
from inv_gym.util.files import write_atomically

PROBLEM = LostSales(lead_time=2, horizon=10, discount=0.9)
SOURCE = POPULATIONS["default"]
POLICIES = {
    "constant": Adaptive(ConstantOrder.closed_form, PROBLEM),
    "base-stock": Adaptive(BaseStock.closed_form, PROBLEM),
    "random": RandomOrders(problem=PROBLEM),
}


def figures(frame: pd.DataFrame) -> pd.DataFrame:
    """All that does not depend on the clock."""
    return frame.drop(columns="seconds")


def by_name(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index("policy")


def test_one_product_over_three_periods_gives_the_figures_computed_by_hand():
    problem = LostSales(horizon=3, discount=0.5, long_run=True)
    costs = {"price": 10.0, "unit_cost": 4.0, "holding_cost": 1.0, "shortage_cost": 2.0}
    products = draw_products(InstanceProducts("poisson", 5.0, costs, stock=2.0), problem, 1)
    path = np.concatenate([products.demand[:HISTORY, 0], [4.0, 8.0, 1.0]])[:, None]
    products = products._replace(demand=path)
    # rewards 17, 20, -19 (see tests/problems/test_lost_sales.py); discounted mean: (17 + 20/2 -
    # 19/4) / (1 + 1/2 + 1/4)
    result = evaluate(
        problem, {"given": Replay(np.array([5.0, 0.0, 6.0]).reshape(3, 1, 1))}, products
    )
    (row,) = result.frame.to_dict("records")
    assert row["reward"] == pytest.approx(22.25 / 1.75, rel=1e-14)
    assert row["fill_rate"] == pytest.approx(8.0 / 13.0, rel=1e-14)  # 4 + 3 + 1 sold of 13
    assert row["cycle_service_level"] == pytest.approx(2.0 / 3.0, rel=1e-14)
    assert row["shortage"] == pytest.approx(5.0 / 3.0, rel=1e-14)
    assert row["on_hand"] == pytest.approx(8.0 / 3.0, rel=1e-14)  # 3 + 0 + 5
    assert row["order_order"] == pytest.approx(11.0 / 3.0, rel=1e-14)
    assert row["knows"] == "nothing"
    assert row["gap"] == 0.0
    assert np.isnan(row["standard_error"])
    assert np.isnan(row["gap_low"])
    assert np.isnan(row["gap_high"])
    assert row["seconds"] > 0.0


@pytest.mark.parametrize("warm_up", [0, 3, 9])
def test_rewards_gaps_and_intervals_equal_a_direct_computation_from_rollouts(warm_up):
    number, seed, reference = 300, 5, "base-stock"
    result = evaluate(
        PROBLEM, POLICIES, SOURCE, number=number, seed=seed, reference=reference, warm_up=warm_up
    )
    products = draw_products(SOURCE, PROBLEM, number, seed)
    weights = 0.9 ** np.arange(10 - warm_up)
    mean = {
        name: (weights[:, None] * rollout(PROBLEM, policy, products).rewards[warm_up:]).sum(0)
        / weights.sum()
        for name, policy in POLICIES.items()
    }
    base = mean[reference]
    for name, row in by_name(result.frame).iterrows():
        gap, percent = mean[name] - base, 100.0 / abs(base.mean())
        assert row["reward"] == pytest.approx(mean[name].mean(), rel=1e-12)
        assert row["standard_error"] == pytest.approx(stats.sem(mean[name]), rel=1e-9)
        assert row["gap"] == pytest.approx(percent * gap.mean(), rel=1e-12)
        if name == reference:
            assert row["gap_low"] == row["gap"] == row["gap_high"] == 0.0
            continue
        # What gaps are beyond their ratio to the reference; products that would share it evenly.
        error = stats.sem(gap - gap.mean() / base.mean() * base)
        freedom = base.sum() ** 2 / (base**2).sum() - 1.0
        low, high = stats.t.interval(0.95, freedom, loc=gap.mean(), scale=error)
        assert row["gap_low"] == pytest.approx(percent * low, rel=1e-9)
        assert row["gap_high"] == pytest.approx(percent * high, rel=1e-9)


def test_flows_are_means_per_period_and_product_after_the_warm_up():
    warm_up = 4
    products = draw_products(SOURCE, PROBLEM, 100)
    row = by_name(
        evaluate(PROBLEM, POLICIES, products, warm_up=warm_up, reference="constant").frame
    ).loc["random"]
    played = rollout(PROBLEM, POLICIES["random"], products)
    for name in ("shortage", "on_hand"):
        assert row[name] == pytest.approx(played.flow(name)[warm_up:].mean(), rel=1e-12)
    demand = products.demand[HISTORY + warm_up :]
    assert row["fill_rate"] == pytest.approx(
        played.flow("sales")[warm_up:].sum() / demand.sum(), rel=1e-12
    )
    assert row["cycle_service_level"] == pytest.approx(
        (played.flow("shortage")[warm_up:] == 0).mean(), rel=1e-12
    )
    assert row["order_order"] == pytest.approx(played.orders[warm_up:].mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("problem", "columns"),
    [
        (LostSales(horizon=3), ["shortage", "on_hand", "order_order"]),
        (Perishable(horizon=3), ["shortage", "on_hand", "outdated", "order_order"]),
        (
            DualSourcing(horizon=3),
            ["shortage", "on_hand", "backlogged", "order_regular", "order_expedited"],
        ),
        (
            ProcurementRemoval(horizon=3),
            ["shortage", "on_hand", "removed", "order_order", "order_removal"],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_problem_has_its_own_flows_in_the_table(problem, columns):
    frame = evaluate(problem, {"random": RandomOrders(problem=problem)}, SOURCE, number=5).frame
    common = [
        "policy",
        "knows",
        "reward",
        "standard_error",
        "gap",
        "gap_low",
        "gap_high",
        "product_gap",
        "product_gap_low",
        "product_gap_high",
        "money_gap",
        "money_gap_low",
        "money_gap_high",
        "fill_rate",
    ]
    assert list(frame.columns) == [*common, "cycle_service_level", *columns, "seconds"]
    assert frame.notna().all(axis=None)


def test_orders_in_the_table_are_those_that_were_accepted():
    problem = LostSales(horizon=4, order_cap=2.0)
    frame = evaluate(
        problem, {"constant": ConstantOrder(problem=problem, quantity=1e6)}, SOURCE, number=50
    ).frame
    assert frame["order_order"][0] == 2.0


@pytest.mark.parametrize(
    "problem", [PROBLEM, DualSourcing(horizon=6), ProcurementRemoval(horizon=6)], ids=str
)
def test_the_figures_do_not_depend_on_the_chunk_size(problem):
    policies: dict[str, Any] = {
        "random": RandomOrders(problem=problem),
        "history": Adaptive(BaseStock.closed_form, problem),
        "distribution": Adaptive(BaseStock.closed_form, problem, "distribution"),
    }
    number = 2 * DRAW_BLOCK + 77
    sizes = (1, DRAW_BLOCK, 2 * DRAW_BLOCK, 3 * DRAW_BLOCK, 10**9)
    tables = [
        figures(
            evaluate(
                problem, policies, SOURCE, number=number, chunk_size=size, reference="random"
            ).frame
        )
        for size in sizes
    ]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], check_exact=True)


@pytest.mark.usefixtures("short_search")
def test_a_batch_plays_whole_so_that_a_rule_may_have_a_parameter_for_each_product():
    products = draw_products(SOURCE, PROBLEM, DRAW_BLOCK + 3)
    rule = BaseStock(problem=PROBLEM, level=2.0 * products.scale)
    assert evaluate(PROBLEM, {"rule": rule}, products).frame["reward"].notna().all()


def test_the_figures_of_fitted_heuristics_do_not_depend_on_the_chunk_size():
    problem = DualSourcing(horizon=4)
    source = POPULATIONS["poisson"]
    policies = {
        name: Fitted(kind.searched, problem)
        for name, kind in (("dual", DualIndex), ("single", BaseStock))
    }
    one, two = (
        evaluate(problem, policies, source, number=DRAW_BLOCK + 3, chunk_size=n, reference="dual")
        for n in (DRAW_BLOCK, 2 * DRAW_BLOCK)
    )
    pd.testing.assert_frame_equal(figures(one.frame), figures(two.frame), check_exact=True)


@pytest.mark.parametrize("chunk_size", [DRAW_BLOCK, 4 * DRAW_BLOCK])
def test_a_batch_and_the_source_that_it_is_drawn_from_give_the_same(chunk_size):
    number = DRAW_BLOCK + 40
    drawn = evaluate(
        PROBLEM, POLICIES, SOURCE, number=number, seed=3, chunk_size=chunk_size, reference="random"
    )
    given = evaluate(
        PROBLEM,
        POLICIES,
        draw_products(SOURCE, PROBLEM, number, 3),
        chunk_size=chunk_size,
        reference="random",
    )
    pd.testing.assert_frame_equal(figures(drawn.frame), figures(given.frame), check_exact=True)
    assert drawn.facts["products"] == given.facts["products"] == number
    assert drawn.facts["source"] == "SyntheticProducts"
    assert given.facts["source"] == "given"


def test_seeds_give_other_products_and_the_same_seed_the_same():
    one, again, other = (
        evaluate(PROBLEM, POLICIES, SOURCE, number=50, seed=seed, reference="random").frame
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(figures(one), figures(again), check_exact=True)
    assert (one["reward"] != other["reward"]).all()


def test_rows_are_sorted_by_reward_and_gaps_are_to_the_reference_wherever_it_stands():
    result = evaluate(PROBLEM, POLICIES, SOURCE, number=200, reference="random")
    rewards = by_name(result.frame)["reward"]
    assert rewards.is_monotonic_decreasing
    assert list(rewards.index) != list(POLICIES)
    gaps = by_name(result.frame)["gap"]
    np.testing.assert_allclose(
        gaps, 100.0 * (rewards - rewards["random"]) / abs(rewards["random"]), rtol=1e-10
    )
    assert result.facts["reference"] == "random"


@pytest.mark.parametrize(
    ("played", "what"), [(PROBLEM, "a problem alone"), (Task(PROBLEM, SOURCE), "the task")]
)
def test_several_policies_without_a_reference_are_refused_whatever_their_order(played, what):
    for names in (POLICIES, reversed(POLICIES)):
        policies = {name: POLICIES[name] for name in names}
        message = f"^{what} has no reference policy .*{', '.join(policies)} with reference="
        with pytest.raises(ValueError, match=message):
            evaluate(played, policies, SOURCE, number=20)


def test_the_only_policy_is_its_own_reference():
    result = evaluate(PROBLEM, {"random": POLICIES["random"]}, SOURCE, number=20)
    assert result.facts["reference"] == "random"
    assert by_name(result.frame).loc["random", "gap"] == 0.0


def test_the_gap_to_a_reference_that_loses_money_is_positive_for_a_better_policy():
    costs = {"shortage_cost": 4.0, "holding_cost": 1.0}
    policies = {
        name: ConstantOrder(problem=PROBLEM, quantity=units)
        for name, units in (("nothing", 0.0), ("some", 4.0))
    }
    table = by_name(
        evaluate(
            PROBLEM,
            policies,
            InstanceProducts("poisson", 5.0, costs),
            number=100,
            reference="nothing",
        ).frame
    )
    assert table.loc["nothing", "reward"] < table.loc["some", "reward"] < 0.0
    assert (
        table.loc["some", "gap_high"]
        > table.loc["some", "gap"]
        > table.loc["some", "gap_low"]
        > 0.0
    )


def test_torch_products_give_the_same_figures():
    policies = {
        **POLICIES,
        "vector": Adaptive(VectorBaseStock.closed_form, PROBLEM, "distribution"),
    }
    arrays = evaluate(PROBLEM, policies, SOURCE, number=100, reference="random").frame
    tensors = evaluate(
        PROBLEM,
        policies,
        SOURCE,
        number=100,
        reference="random",
        like=torch.empty(0, dtype=torch.float64),
    ).frame
    pd.testing.assert_frame_equal(figures(arrays), figures(tensors), rtol=1e-10)


def test_progress_is_told_after_every_policy_of_every_chunk():
    told: list[tuple[str, int, int]] = []
    evaluate(
        PROBLEM,
        POLICIES,
        SOURCE,
        number=DRAW_BLOCK + 10,
        reference="random",
        chunk_size=DRAW_BLOCK,
        progress=lambda *call: told.append(call),
    )
    total = DRAW_BLOCK + 10
    order = ["random", "constant", "base-stock"]
    assert told == [(name, done, total) for done in (DRAW_BLOCK, total) for name in order]


def test_the_facts_say_what_the_figures_rest_on():
    facts = evaluate(
        PROBLEM, POLICIES, SOURCE, number=7, seed=9, warm_up=2, reference="constant"
    ).facts
    assert facts["problem"] == "LostSales"
    assert (
        LostSales(**{**facts["fields"], "initial_stock": tuple(facts["fields"]["initial_stock"])})
        == PROBLEM
    )
    assert (facts["products"], facts["seed"], facts["warm_up"]) == (7, 9, 2)
    assert facts["notes"] == ["prices and costs are drawn from ranges of our choice"]
    assert set(facts["versions"]) == {"python", "inv-gym", "numpy", "gymnasium", "torch", "pandas"}
    assert json.loads(json.dumps(facts))["reference"] == "constant"


def test_the_table_survives_a_round_trip_through_csv(tmp_path):
    result = evaluate(PROBLEM, POLICIES, SOURCE, number=20, reference="constant")
    path = result.to_csv(tmp_path / "made" / "on the way" / "table.csv")
    pd.testing.assert_frame_equal(pd.read_csv(path, comment="#"), result.frame, check_exact=True)
    facts = dict(
        line[2:].split(": ", 1) for line in path.read_text().splitlines() if line.startswith("# ")
    )
    assert {name: json.loads(value) for name, value in facts.items()} == json.loads(
        json.dumps(result.facts)
    )


@pytest.mark.parametrize("number", [20, 1])
def test_the_table_survives_a_round_trip_through_json(tmp_path, number):
    result = evaluate(PROBLEM, POLICIES, SOURCE, number=number, reference="constant")
    read = json.loads(result.to_json(tmp_path / "table.json").read_text())
    assert "NaN" not in (tmp_path / "table.json").read_text()
    frame = pd.DataFrame(read.pop("rows"), columns=result.frame.columns)
    if number == 1:
        assert frame["standard_error"].isna().all()
        frame = frame.astype(result.frame.dtypes)
    pd.testing.assert_frame_equal(frame, result.frame, check_exact=True)
    assert read == json.loads(json.dumps(result.facts))


def test_a_write_that_fails_half_way_leaves_the_old_file_and_no_trace(tmp_path):
    path = tmp_path / "table.csv"
    write_atomically(path, "old")
    text = "new" * 100_000 + "\ud800"  # a lone surrogate cannot be encoded, after much that can
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, text)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_rename_that_fails_leaves_the_old_file_and_no_trace(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    write_atomically(path, "old")

    def full(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="^disk full$"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


@dataclass
class Wrong:
    """Orders 1 of everything, but for one mistake."""

    mistake: Any
    knows: Any = "nothing"

    def __call__(self, observation: Any) -> Any:
        orders = np.ones((len(observation.scale), 1))
        return self.mistake(orders)


def altered(row: int, value: float) -> Any:
    def change(orders: np.ndarray) -> np.ndarray:
        orders[row, 0] = value
        return orders

    return change


SHAPE = "policy Wrong must return orders of shape (5, 1) (products, order channels), got {}."
VALUE = (
    "policy Wrong must return finite orders of at least 0 and below 1e+30, got {} for product {}, "
    "channel 0."
)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (altered(2, float("nan")), VALUE.format("nan", 2)),
        (altered(0, -0.5), VALUE.format("-0.5", 0)),
        (altered(4, float("inf")), VALUE.format("inf", 4)),
        (altered(3, float("-inf")), VALUE.format("-inf", 3)),
        (lambda orders: orders[:, 0], SHAPE.format("(5,)")),
        (lambda orders: orders.T, SHAPE.format("(1, 5)")),
        (lambda orders: orders[:4], SHAPE.format("(4, 1)")),
        (lambda orders: np.ones((5, 2)), SHAPE.format("(5, 2)")),
        (lambda orders: 1.0, SHAPE.format("()")),
        (altered(1, 1e200), VALUE.format("1e+200", 1)),
        (lambda orders: np.ma.masked_equal(orders, 1.0), VALUE.format("nan", 0)),
    ],
)
def test_policies_with_bad_orders_are_refused(mistake, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        evaluate(PROBLEM, {"wrong": Wrong(mistake)}, SOURCE, number=5)


@pytest.mark.parametrize(
    ("orders", "kind"),
    [
        (None, "NoneType of dtype object"),
        (np.ones((5, 1), bool), "ndarray of dtype bool"),
        (np.ones((5, 1), complex), "ndarray of dtype complex128"),
        (np.full((5, 1), "1"), "ndarray of dtype <U1"),
    ],
)
def test_orders_that_are_no_numbers_are_refused(orders, kind):
    message = f"policy Wrong must return orders as real numbers, got {kind}."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        evaluate(PROBLEM, {"wrong": Wrong(lambda _: orders)}, SOURCE, number=5)


@pytest.mark.parametrize(
    "kind",
    [
        lambda orders: orders.astype(np.uint8),
        lambda orders: orders.tolist(),
        lambda orders: torch.as_tensor(orders),
        lambda orders: torch.as_tensor(orders).requires_grad_(),
        lambda orders: pd.DataFrame(orders),
        lambda orders: np.ma.masked_equal(orders, 7.0),
        lambda orders: orders.astype(np.float32),
    ],
)
def test_every_kind_of_number_is_taken_as_an_order(kind):
    many = lambda orders: kind(200.0 * orders)  # noqa: E731 - uint8 would overflow in sums
    problem = replace(PROBLEM, lead_time=5)
    wanted, frame = (
        figures(evaluate(problem, {"wrong": Wrong(order)}, SOURCE, number=5).frame)
        for order in (lambda orders: 200.0 * orders, many)
    )
    pd.testing.assert_frame_equal(frame, wanted, check_exact=True)


def test_a_bad_order_late_in_the_episode_is_refused_too():
    @dataclass
    class Late:
        knows = "nothing"
        name = "tired"

        def __call__(self, observation: Any) -> np.ndarray:
            return np.full((5, 1), 1.0 if observation.period < 9 else -1.0)

    message = (
        "policy tired must return finite orders of at least 0 and below 1e+30, got -1.0 for "
        "product 0, channel 0."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        evaluate(PROBLEM, {"late": Late()}, SOURCE, number=5)


KNOWN = "known: nothing, history, distribution, hindsight."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"policies": {}}, "policies must name at least one policy, got none."),
        (
            {"reference": "base stock"},
            "unknown reference 'base stock'; known: constant, base-stock, random. Did you mean "
            "'base-stock'?",
        ),
        ({"warm_up": 10}, "warm_up must be below the horizon 10, got 10."),
        ({"warm_up": -1}, "warm_up must be at least 0, got -1."),
        ({"number": 0}, "number must be at least 1, got 0."),
        ({"seed": -1}, "seed must be at least 0, got -1."),
        ({"chunk_size": 0}, "chunk_size must be at least 1, got 0."),
        (
            {"policies": {"a": Wrong(None, "magic")}},
            f"unknown knowledge of policy a: 'magic'; {KNOWN}",
        ),
        ({"policies": {"a": Wrong(None, None)}}, f"unknown knowledge of policy a: None; {KNOWN}"),
        (
            {"policies": {"a": lambda observation: None}},
            f"unknown knowledge of policy a: None; {KNOWN}",
        ),
        (
            {"policies": {"a": Wrong(None, "histroy")}},
            f"unknown knowledge of policy a: 'histroy'; {KNOWN} Did you mean 'history'?",
        ),
        (
            {"products": draw_products(SOURCE, replace(PROBLEM, horizon=6), 5)},
            "the products have demand for 6 periods, the horizon is 10: draw the products for this "
            "problem.",
        ),
    ],
)
def test_bad_arguments_are_refused(changes, message):
    arguments = {"policies": POLICIES, "products": SOURCE, "number": 5, "reference": "constant"}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        evaluate(PROBLEM, **(arguments | changes))
