"""Starting states drawn widely."""

import numpy as np
import pytest
from learning_cases import POPULATION

import inv_gym
from inv_gym import (
    DualSourcing,
    LostSales,
    Perishable,
    Problem,
    ProcurementRemoval,
    Products,
    draw_products,
)
from inv_gym.agents.training.starts import wide_starts
from inv_gym.util.arrays import flatten

PROBLEMS = {
    "lost sales": LostSales(lead_time=3, initial_stock=(1.0, 2.0)),
    "perishable": Perishable(shelf_life=3, lead_time=2, initial_stock=(1.0, 2.0)),
    "backlog": DualSourcing(regular_lead_time=3, initial_stock=(1.0, 2.0)),
    "dual sourcing, lost sales": DualSourcing(
        regular_lead_time=3, backlog=False, initial_stock=(1.0, 2.0)
    ),
    "removal": ProcurementRemoval(),
    "removal with backlog": ProcurementRemoval(backlog=True),
}


def started(problem: Problem, number: int = 2048) -> tuple[Products, Products]:
    """Products of a problem, and the same with wide starts."""
    own = draw_products(POPULATION, problem, number, seed=3)
    return own, wide_starts(own, problem, np.random.default_rng(0))


def columns(products: Products) -> np.ndarray:
    return np.stack(flatten(products.initial_state))


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_about_half_of_the_products_keep_their_start_and_everything_else(problem: Problem) -> None:
    own, wide = started(problem)
    assert type(wide.initial_state) is type(own.initial_state)
    assert columns(wide).shape == columns(own).shape
    kept = (columns(wide) == columns(own)).all(0)
    assert 0.45 < kept.mean() < 0.55
    for field in set(own._fields) - {"initial_state"}:
        assert getattr(wide, field) is getattr(own, field)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_stock_is_negative_only_where_demand_waits_and_only_in_the_first_column(
    problem: Problem,
) -> None:
    drawn = columns(started(problem)[1])
    assert (drawn[1:] >= 0.0).all()
    assert bool((drawn[0] < 0.0).any()) is problem.backlog
    assert (drawn[0] < 0.0).mean() < 0.2


def test_new_starts_are_scattered_over_empty_usual_and_overstocked_states() -> None:
    own, wide = started(PROBLEMS["lost sales"], 4096)
    drawn = columns(wide) / wide.scale
    new = (columns(wide) != columns(own)).any(0)
    for column in drawn[:, new]:
        assert 0.2 < (column == 0.0).mean() < 0.4
        assert 0.03 < (column > 6.0).mean() < 0.3
        assert ((column > 0.0) & (column < 2.0)).mean() > 0.3
    assert np.abs(np.corrcoef(drawn[1:, new])[0, 1]) < 0.5  # columns are not copies of each other


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_starts_are_whole_where_orders_are(env_id: str) -> None:
    problem = inv_gym.make_problem(env_id, integer_orders=True)
    drawn = columns(started(problem)[1])
    assert np.array_equal(drawn, np.rint(drawn))
    assert drawn.max() > 10.0


def test_starts_are_not_whole_elsewhere() -> None:
    drawn = columns(started(LostSales())[1])
    assert not np.array_equal(drawn, np.rint(drawn))


def test_a_state_without_columns_is_left_alone() -> None:
    own, wide = started(Perishable(shelf_life=1), 8)
    assert wide is own


def test_the_generator_decides_alone() -> None:
    problem = LostSales(lead_time=2)
    own = draw_products(POPULATION, problem, 64, seed=1)
    first, again, other = (
        columns(wide_starts(own, problem, np.random.default_rng(s))) for s in (5, 5, 6)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
