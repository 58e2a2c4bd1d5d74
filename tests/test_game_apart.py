"""The game is played apart from what policies get: no way into the memory of what they see, and no
field of the problem that they change, reaches a reward.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from inv_gym import LostSales, Products, draw_products, evaluate, make_source
from inv_gym.baselines import Adaptive, BaseStock
from inv_gym.util.arrays import flatten

PROBLEM = LostSales(horizon=8, lead_time=1, initial_stock=(0.5, 2.0))
TORCH = torch.empty(0, dtype=torch.float64)


def nothing(_: Any) -> None:
    """Leaves the game alone."""


@dataclass(frozen=True)
class OrdersFive:
    """Orders 5 units, after it did something to what it observes or plans for."""

    act: Any = nothing
    plan_act: Any = nothing
    knows: str = "history"

    def plan(self, problem: Any, products: Any) -> OrdersFive:
        self.plan_act((problem, products))
        return self

    def __call__(self, observation: Any) -> Any:
        batch = len(observation.scale)
        self.act(observation)
        return np.full((batch, 1), 5.0)


def rewards(policy: OrdersFive, like: Any) -> list[float]:
    """What the policy earns, an honest one after it, and the products played once more."""
    products = draw_products(make_source("poisson"), PROBLEM, 20)
    policies = {"first": policy, "honest": OrdersFive()}
    frame = evaluate(PROBLEM, policies, products, reference="first", like=like).frame
    earned = frame.set_index("policy").reward
    again = evaluate(PROBLEM, {"honest": OrdersFive()}, products, like=like).frame.reward[0]
    return [earned["first"], earned["honest"], again]


def by_interface(column: Any) -> Any:
    """A writable array on the memory of another, by the address that it tells."""
    described = dict(column.__array_interface__)
    described["data"] = (described["data"][0], False)
    return np.asarray(type("Described", (), {"__array_interface__": described})())


def set_state(column: np.ndarray) -> None:
    column.__setstate__((1, column.shape, column.dtype, False, bytes(column.nbytes)))


NUMPY_WRITES = {
    "interface": lambda column: by_interface(column).fill(3.0),
    "as_tensor": lambda column: torch.as_tensor(column).fill_(3.0),
    "from_numpy": lambda column: torch.from_numpy(column).fill_(3.0),
    "dlpack": lambda column: torch.from_dlpack(column).fill_(3.0),
    "dtype": lambda column: setattr(column, "dtype", np.int64),
    "pickled state": set_state,
}
TORCH_WRITES = {
    "data": lambda column: column.data.fill_(3.0),
    "other data": lambda column: setattr(column, "data", column + 3.0),
    "numpy": lambda column: column.numpy().fill(3.0),
    "detached": lambda column: column.detach().numpy().fill(3.0),
    "storage": lambda column: column.untyped_storage().fill_(64),
    "base": lambda column: (column if column._base is None else column._base).data.fill_(3.0),
}
WRITES = [
    *((write, None) for write in NUMPY_WRITES.values()),
    *((write, TORCH) for write in TORCH_WRITES.values()),
]
WAYS = [*(f"NumPy {name}" for name in NUMPY_WRITES), *(f"torch {name}" for name in TORCH_WRITES)]


def columns_of(observation: Any) -> list[Any]:
    return [
        *flatten((observation.state, observation.economics, observation.scale)),
        observation.history,
    ]


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable", "ignore:Setting the")
@pytest.mark.parametrize(("write", "like"), WRITES, ids=WAYS)
def test_no_way_into_an_observation_reaches_the_game(write: Any, like: Any) -> None:
    def overwrites(observation: Any) -> None:
        for column in columns_of(observation):
            write(column)

    alone = rewards(OrdersFive(), like)
    assert alone[0] == alone[1] == alone[2]
    assert rewards(OrdersFive(overwrites), like) == alone


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable", "ignore:Setting the")
@pytest.mark.parametrize(("write", "like"), WRITES, ids=WAYS)
def test_no_way_into_the_products_of_a_plan_reaches_the_game(write: Any, like: Any) -> None:
    def overwrites(given: tuple[Any, Products]) -> None:
        products = given[1]
        for column in flatten((products.economics, products.initial_state)):
            write(column)
        write(products.demand)

    assert rewards(OrdersFive(plan_act=overwrites), like) == rewards(OrdersFive(), like)


@pytest.mark.parametrize(("field", "value"), [("discount", 0.5), ("horizon", 2), ("lead_time", 0)])
def test_a_problem_that_a_policy_changes_is_its_own(field: str, value: Any) -> None:
    def changes(given: tuple[Any, Products]) -> None:
        object.__setattr__(given[0], field, value)

    wanted = rewards(OrdersFive(), None)
    assert rewards(OrdersFive(plan_act=changes), None) == wanted
    assert getattr(PROBLEM, field) != value


def test_a_distribution_that_a_policy_changes_is_its_own() -> None:
    def changes(given: tuple[Any, Products]) -> None:
        distribution: Any = given[1].distribution
        object.__setattr__(distribution, "mean", distribution.mean * 0.0 + 1.0)
        distribution.lattice()[1][:] = 0.0

    products = draw_products(make_source("poisson"), PROBLEM, 20)
    honest = Adaptive(BaseStock.closed_form, PROBLEM, "distribution")
    changer = OrdersFive(plan_act=changes, knows="distribution")
    alone = evaluate(PROBLEM, {"honest": honest}, products).frame.reward[0]
    both = evaluate(PROBLEM, {"first": changer, "honest": honest}, products, reference="first")
    assert both.frame.set_index("policy").reward["honest"] == alone


def test_a_policy_cannot_read_on_behind_the_history_of_torch() -> None:
    lengths = []

    def looks(observation: Any) -> None:
        history = observation.history
        lengths.append(history.untyped_storage().size() // history.element_size())

    rewards(OrdersFive(looks), TORCH)
    assert set(lengths) == {32 * 20}


def test_what_a_vector_environment_observes_is_no_part_of_its_episode() -> None:
    envs = [gym.make_vec("InvLostSalesLeadTime-v0", num_envs=3) for _ in range(2)]
    earned = []
    for env in envs:
        env.reset(seed=1)
        order = np.asarray(env.action_space.high) / 50.0
        for _ in range(6):
            reward = env.step(order)[1]
            earned.append(reward)
            if env is envs[1]:
                for column in columns_of(env.unwrapped.observe()):
                    by_interface(column).fill(1e6)
    np.testing.assert_array_equal(earned[:6], earned[6:])
