"""Order multiples and minimum orders: a rule of the game, applied once and seen by policies."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from panel_cases import PROBLEM, WINDOW, long_table, stored

import inv_gym
from inv_gym import baselines, testing
from inv_gym.problems.lots import Lots
from inv_gym.products.batch import concatenate
from inv_gym.products.panel import PanelProducts, read_panel

DAYS = WINDOW + 40
LOTS = Lots(np.array([0.0, 6.0, 0.0, 6.0, 0.1]), np.array([0.0, 0.0, 4.0, 8.0, 0.0]))
ORDERS = (0.0, 1.0, 6.0, 7.5, 13.0)
TAKEN = {
    0: (0.0, 1.0, 6.0, 7.5, 13.0),
    1: (0.0, 6.0, 6.0, 12.0, 18.0),
    2: (0.0, 4.0, 6.0, 7.5, 13.0),
    3: (0.0, 12.0, 12.0, 12.0, 18.0),
    4: (0.0, 1.0, 6.0, 7.5, 13.0),
}


class Fixed:
    """Orders the same amount of every product, in every period."""

    knows = "nothing"

    def __init__(self, amount: float) -> None:
        self.amount = amount

    def __call__(self, observation: inv_gym.Observation) -> np.ndarray:
        return np.full((len(observation.scale), 1), self.amount)


def table_of(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = long_table(a=rng.poisson(5.0, DAYS), b=rng.poisson(3.0, DAYS))
    frame["order_multiple"] = np.where(frame["series"] == "a", 6.0, np.nan)
    frame["minimum_order"] = np.where(frame["series"] == "b", 4.0, np.nan)
    return stored(folder, frame)


def source(folder: Path) -> PanelProducts:
    return PanelProducts(read_panel(table_of(folder)))


@pytest.mark.parametrize("row", TAKEN)
def test_the_rule_is_the_same_for_floats_arrays_and_tensors(row: int) -> None:
    single = Lots(float(LOTS.multiple[row]), float(LOTS.minimum[row]))
    arrays = Lots(*(np.full(len(ORDERS), x) for x in single))
    assert [single.raised(order) for order in ORDERS] == pytest.approx(TAKEN[row])
    assert arrays.raised(np.array(ORDERS)) == pytest.approx(np.array(TAKEN[row]))
    for dtype in (torch.float32, torch.float64):
        tensors = Lots(*(torch.tensor(x, dtype=dtype) for x in arrays))
        order = torch.tensor(ORDERS, dtype=dtype, requires_grad=True)
        taken = tensors.raised(order)
        assert taken.tolist() == pytest.approx(TAKEN[row])
        taken.sum().backward()
        assert order.grad is not None
        assert order.grad.tolist() == [1.0] * len(ORDERS)


def test_a_multiple_is_not_rounded_to_the_next_one() -> None:
    for step in (0.1, 0.3, 1.1, 7.0):
        number = np.arange(1.0, 200.0)
        for dtype in (np.float32, np.float64):
            lots = Lots(np.full(199, step, dtype), np.zeros(199, dtype))
            order = (number * step).astype(dtype)
            assert lots.raised(order) == pytest.approx(number * step, rel=1e-5)


def test_a_table_gives_lots_and_counts_them(tmp_path: Path) -> None:
    some = source(tmp_path)
    products = some.at(PROBLEM, np.random.default_rng(0), np.array([[0, 3], [1, 4]]))
    assert products.lots is not None
    assert products.lots.multiple.tolist() == [6.0, 0.0]
    assert products.lots.minimum.tolist() == [0.0, 4.0]
    assert not np.any(products.lots.minimum * products.lots.multiple)
    assert "1 series have an order multiple: orders are rounded up to it" in some.notes
    assert "1 series have a minimum order: smaller orders become it" in some.notes


def test_a_table_without_them_has_none(tmp_path: Path) -> None:
    plain = PanelProducts(read_panel(stored(tmp_path, long_table(a=np.ones(DAYS)))))
    assert plain.sample(np.random.default_rng(0), 2, PROBLEM).lots is None
    assert not plain.has_lots


def test_every_view_takes_orders_in_the_same_lots(tmp_path: Path) -> None:
    some = source(tmp_path)
    products = inv_gym.draw_products(some, PROBLEM, 8)
    assert products.lots is not None
    expected = np.where(products.lots.multiple > 0.0, 6.0, 4.0)
    tensors = inv_gym.rollout(PROBLEM, Fixed(2.0), products.torch(torch.float64))
    for step in (*inv_gym.rollout(PROBLEM, Fixed(2.0), products).steps, *tensors.steps):
        assert np.asarray(step.accepted[0]).tolist() == expected.tolist()
    evaluation = inv_gym.evaluate(PROBLEM, {"two": Fixed(2.0)}, some, number=8, reference="two")
    assert evaluation.frame["order_order"].iloc[0] == pytest.approx(expected.mean())


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_environments_take_orders_in_lots_and_show_them(tmp_path: Path, make) -> None:
    env = make("InvLostSales-v0", problem=PROBLEM, products=source(tmp_path))
    inner = env.unwrapped
    observation, _ = env.reset(seed=1)
    at = [inner.observation_names.index(name) for name in ("order_multiple", "minimum_order")]
    multiple, minimum = np.atleast_2d(observation)[0, at]
    assert (multiple, minimum) in {(6.0, 0.0), (0.0, 4.0)}
    shown = inner.observe().lots
    assert (float(shown.multiple[0]), float(shown.minimum[0])) == (multiple, minimum)
    env.step(np.full(env.action_space.shape, 2.0, np.float32))
    assert np.ravel(inner.episode.accepted[0])[0] == max(multiple, minimum)


def test_environments_with_lots_keep_the_laws(tmp_path: Path) -> None:
    file = str(table_of(tmp_path))
    testing.check_environment("InvLostSales-v0", horizon=5, products={"file": file})


def test_policies_keep_the_laws_where_there_are_lots(tmp_path: Path) -> None:
    some = source(tmp_path)
    for policy in baselines.policies(PROBLEM, distribution=False).values():
        testing.check_policy(policy, PROBLEM, some)


def test_products_with_and_without_lots_are_joined() -> None:
    drawn = inv_gym.draw_products(inv_gym.make_source("poisson"), PROBLEM, 2)
    given = drawn._replace(lots=Lots(np.full(2, 6.0), np.zeros(2)))
    joined = concatenate([given, drawn]).lots
    assert joined is not None
    assert joined.multiple.tolist() == [6.0, 6.0, 0.0, 0.0]
    assert concatenate([drawn, drawn]).lots is None


def test_removals_are_of_any_amount() -> None:
    problem = inv_gym.make_problem("InvProcurementRemoval-v0")
    lots = Lots(np.array([6.0]), np.array([0.0]))
    accepted = problem.in_lots((np.array([1.0]), np.array([2.5])), lots)
    assert [column.tolist() for column in accepted] == [[6.0], [2.5]]


def test_an_order_of_a_gradient_reaches_the_reward_through_lots() -> None:
    products = inv_gym.draw_products(inv_gym.make_source("poisson"), PROBLEM, 3).torch(
        torch.float64
    )
    products = products._replace(lots=Lots(torch.full((3,), 6.0), torch.zeros(3)))
    amount = torch.full((3, 1), 7.0, dtype=torch.float64, requires_grad=True)

    class Ours:
        knows = "nothing"

        def __call__(self, observation: inv_gym.Observation) -> torch.Tensor:
            return amount

    inv_gym.rollout(PROBLEM, Ours(), products).discounted_reward.sum().backward()
    assert amount.grad is not None
    assert (amount.grad != 0.0).all()


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
@pytest.mark.parametrize("name", Lots._fields)
def test_lots_that_are_no_quantities_are_refused(name: str, bad: float) -> None:
    drawn = inv_gym.draw_products(inv_gym.make_source("poisson"), PROBLEM, 2)
    lots = Lots(np.zeros(2), np.zeros(2))._replace(**{name: np.array([1.0, bad])})
    with pytest.raises(ValueError, match=f"the {name} of the lots must be finite and at least 0"):
        inv_gym.rollout(PROBLEM, Fixed(1.0), drawn._replace(lots=lots))
