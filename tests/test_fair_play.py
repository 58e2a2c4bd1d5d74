"""A policy can neither change the game nor look ahead, whatever it writes into or asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from inv_gym import (
    DualSourcing,
    LostSales,
    Observation,
    Perishable,
    Problem,
    agents,
    baselines,
    draw_products,
    evaluate,
    instance,
    make_source,
    rollout,
    task,
)
from inv_gym.baselines import Adaptive, BaseStock, Fitted, RandomOrders
from inv_gym.baselines.exact import follow
from inv_gym.play.episode import Episode
from inv_gym.products.batch import Products
from inv_gym.testing import LawError, check_policy
from inv_gym.util.arrays import flatten

PROBLEM = LostSales(horizon=8)
SOURCE = make_source("poisson")


@dataclass(frozen=True)
class Acts:
    """Orders the scale after it did something to its observation."""

    act: Any
    knows: str = "history"

    def __call__(self, observation: Any) -> Any:
        self.act(observation)
        return observation.scale[:, None] * 1.0


def scale_in_place(column: Any) -> None:
    column *= 100.0


WRITES = {
    "sorts the history": lambda seen: seen.history.sort(axis=0),
    "writes through the base": lambda seen: seen.economics.price.base.__setitem__(0, 1.0),
    "raises the price": lambda seen: scale_in_place(seen.economics.price),
    "adds stock": lambda seen: scale_in_place(seen.state.on_hand),
    "changes the scale": lambda seen: scale_in_place(seen.scale),
    "makes it writable": lambda seen: seen.economics.price.setflags(write=True),
}


def numbers_of(products: Products) -> list[np.ndarray]:
    """The arrays of products that were drawn."""
    played = flatten(products._replace(distribution=None, structure=None))
    return [column for column in played if column is not None]


@pytest.mark.parametrize("name", WRITES)
def test_numpy_products_cannot_be_written_to(name: str) -> None:
    products = draw_products(SOURCE, PROBLEM, 6)
    before = [column.copy() for column in numbers_of(products)]
    with pytest.raises((ValueError, AttributeError)):
        rollout(PROBLEM, Acts(WRITES[name]), products)
    after = numbers_of(products)
    assert all(np.array_equal(a, b) for a, b in zip(after, before, strict=True))


@pytest.mark.parametrize("name", ["raises the price", "adds stock", "changes the scale"])
def test_torch_products_that_were_written_to_are_noticed(name: str) -> None:
    problem = replace(PROBLEM, initial_stock=(1.0, 2.0))
    products = draw_products(SOURCE, problem, 6).torch()
    with pytest.raises(ValueError, match="policy Acts writes into its observation: .*clone"):
        rollout(problem, Acts(WRITES[name]), products)


@pytest.mark.parametrize("name", ["sorts the history", "raises the price", "changes the scale"])
def test_the_law_catches_a_policy_that_writes(name: str) -> None:
    with pytest.raises(LawError, match="the policy writes into its observation"):
        check_policy(Acts(WRITES[name]), PROBLEM, SOURCE)


class PlansAndWrites(Acts):
    def plan(self, problem: Any, products: Any) -> Acts:
        products.demand[:] = 0.0
        return self


def test_the_law_catches_a_plan_that_writes() -> None:
    with pytest.raises(LawError, match="plan writes into the products"):
        check_policy(PlansAndWrites(lambda seen: None), PROBLEM, SOURCE)


def test_an_honest_policy_earns_the_same_beside_one_that_keeps_what_it_saw() -> None:
    kept: list[Any] = []
    honest = {"honest": Acts(lambda seen: None)}
    alone = evaluate(PROBLEM, honest, SOURCE, number=50).frame.reward[0]
    both = evaluate(
        PROBLEM, {"keeps": Acts(kept.append), **honest}, SOURCE, number=50, reference="honest"
    ).frame
    assert both.reward.tolist() == [alone, alone]
    products = draw_products(SOURCE, PROBLEM, 50)
    for period, observation in enumerate(kept):
        np.testing.assert_array_equal(observation.history, products.demand[period : period + 32])


def test_nothing_later_stands_behind_the_history() -> None:
    products = draw_products(SOURCE, PROBLEM, 4)
    episode = Episode(PROBLEM, products)
    for period in range(PROBLEM.horizon):
        memory = episode.observe().history.base
        np.testing.assert_array_equal(memory[: period + 32], products.demand[: period + 32])
        assert np.isnan(memory[period + 32 :]).all()
        episode.step((np.ones(4),))


@dataclass(frozen=True)
class PeeksOnce:
    """Orders the demand of one period, which it took from its plan; the scale in the others."""

    period: int
    demand: Any = None
    knows = "history"

    def plan(self, problem: Any, products: Any) -> PeeksOnce:
        return replace(self, demand=products.demand[32:])

    def __call__(self, observation: Any) -> Any:
        peeks = self.demand is not None and observation.period == self.period
        return (self.demand[self.period] if peeks else observation.scale)[:, None]


@pytest.mark.parametrize("period", range(12))
def test_the_law_catches_a_peek_in_any_period(period: int) -> None:
    message = f"orders up to period {period} change with the demand from period {period} on"
    with pytest.raises(LawError, match=message):
        check_policy(PeeksOnce(period), PROBLEM, SOURCE)


@pytest.mark.parametrize("knows", ["nothing", "history"])
def test_a_plan_of_a_policy_that_does_not_know_the_distribution_gets_none(knows: str) -> None:
    class Asks(Acts):
        def plan(self, problem: Any, products: Any) -> Acts:
            assert products.distribution is None
            return self

    rollout(PROBLEM, Asks(lambda seen: None, knows), SOURCE, number=4)


def test_the_distribution_cannot_be_written_to() -> None:
    class Doubles(Acts):
        def plan(self, problem: Any, products: Any) -> Acts:
            products.distribution.mean[:] *= 2.0
            return self

    with pytest.raises(ValueError, match="read-only"):
        rollout(PROBLEM, Doubles(lambda seen: None, "distribution"), SOURCE, number=4)


class OneBuffer:
    """Writes all its orders into the same memory."""

    knows = "history"

    def __init__(self) -> None:
        self.buffer: Any = None

    def __call__(self, observation: Any) -> Any:
        if self.buffer is None or len(self.buffer) != len(observation.scale):
            self.buffer = observation.scale[:, None] * 0.0
        self.buffer[:] = observation.scale[:, None] * (1.0 + observation.period % 2)
        return self.buffer


@pytest.mark.parametrize("torch_products", [False, True])
def test_a_policy_that_reuses_its_memory_earns_what_it_earns_without(torch_products: bool) -> None:
    class Fresh(OneBuffer):
        def __call__(self, observation: Any) -> Any:
            return super().__call__(observation) * 1.0

    problem = LostSales(lead_time=5, horizon=20)
    products = draw_products(SOURCE, problem, 20)
    products = products.to(torch.empty(0, dtype=torch.float64)) if torch_products else products
    reused, fresh = (rollout(problem, kind(), products).rewards for kind in (OneBuffer, Fresh))
    assert (reused == fresh).all()


TRAINED = next(iter(agents.policies(task("InvLostSalesLeadTime-v0").problem).values()))

STRUCTURES = {
    "lead time": (LostSales(lead_time=5), LostSales(lead_time=0)),
    "source": (DualSourcing(regular_lead_time=4), DualSourcing(regular_lead_time=2)),
    "shelf life": (Perishable(shelf_life=5), Perishable(shelf_life=3)),
    "problem": (Perishable(), LostSales()),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_products_drawn_for_another_structure_are_refused(name: str) -> None:
    problem, other = STRUCTURES[name]
    products = draw_products(make_source("default"), other, 4)
    policy = baselines.RandomOrders(problem=problem)
    with pytest.raises(ValueError, match=r"the products (are for|have) .*: draw the products"):
        evaluate(problem, {"random": policy}, products)
    with pytest.raises(ValueError, match="the state is for|the state are for"):
        rollout(problem, policy, make_source("default"), products.initial_state, number=4)


MISFITS = {
    "heuristic": (BaseStock(problem=LostSales(), level=np.ones(4)), LostSales(lead_time=5)),
    "adaptive": (Adaptive(BaseStock.closed_form, LostSales(lead_time=2)), LostSales(lead_time=5)),
    "fitted": (Fitted(BaseStock.searched, LostSales()), LostSales(lead_time=5)),
    "censored": (Adaptive(BaseStock.closed_form, LostSales()), LostSales(censored=True)),
    "issuing": (
        Adaptive(BaseStock.closed_form, Perishable()),
        Perishable(issuing="newest_first"),
    ),
    "agent": (TRAINED, LostSales(lead_time=2)),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_policy_made_for_another_structure_is_refused(name: str) -> None:
    policy, problem = MISFITS[name]
    with pytest.raises(ValueError, match="was made for .*: make it for this problem"):
        evaluate(problem, {"misfit": policy}, SOURCE, number=4)


def test_a_chain_of_a_policy_for_another_structure_is_refused() -> None:
    rule, problem = MISFITS["heuristic"]
    product = instance("zipkin2008-poisson5-p4-L1").draw(1)
    with pytest.raises(ValueError, match="was made for .*: make it for this problem"):
        follow(problem, rule, product.distribution, product.economics)


@pytest.mark.parametrize("env_id", ["InvLostSales-v0", "InvPerishable-v0", "InvDualSourcing-v0"])
def test_what_a_vector_step_returns_is_no_part_of_its_state(env_id: str) -> None:
    envs = [gym.make_vec(env_id, num_envs=3) for _ in range(2)]
    rewards = []
    for env in envs:
        env.reset(seed=1)
        order = np.asarray(env.action_space.high) / 50.0
        for _ in range(6):
            _, reward, *_, info = env.step(order)
            if env is envs[1]:
                for column in info.values():
                    column[:] = 1e6
        rewards.append(reward)
    assert (rewards[0] == rewards[1]).all()


def test_what_a_vector_environment_observes_cannot_be_written_to() -> None:
    env = gym.make_vec("InvLostSalesLeadTime-v0", num_envs=3)
    env.reset(seed=1)
    env.step(np.ones((3, 1)))
    observation = env.unwrapped.observe()
    for column in (*flatten(observation.state), observation.history):
        with pytest.raises(ValueError, match="read-only"):
            column[:] = 1e6


@pytest.mark.parametrize(
    ("drawn_for", "played"),
    [
        (LostSales(censored=True), LostSales()),
        (DualSourcing(backlog=False), DualSourcing()),
        (Perishable(issuing="newest_first"), Perishable()),
        (LostSales(lead_time=3), LostSales(lead_time=3, censored=True)),
    ],
    ids=str,
)
def test_products_of_another_structure_with_the_same_columns_are_refused(
    drawn_for: Problem, played: Problem
) -> None:
    products = draw_products(SOURCE, drawn_for, 4)
    with pytest.raises(ValueError, match="the products were drawn for .*draw the products for"):
        rollout(played, RandomOrders(problem=played), products)
    longer = replace(drawn_for, horizon=drawn_for.horizon - 1)
    assert rollout(longer, RandomOrders(problem=longer), products) is not None


class ReadsTheHistory:
    """Says that it knows nothing, and orders the demand of the last period."""

    knows = "nothing"

    def __call__(self, observation: Observation) -> Any:
        return observation.history[-1][:, None]


def test_a_policy_that_says_it_knows_nothing_and_reads_the_history_is_caught() -> None:
    with pytest.raises(LawError, match="says that it knows nothing, but reads the history"):
        check_policy(ReadsTheHistory(), PROBLEM, SOURCE)
