"""The laws catch what they are for: each planted fault breaks its law."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from inv_gym import LostSales, Outcome, make_source
from inv_gym.play.policy import Observation
from inv_gym.testing import PROBLEM_LAWS, LawError, check_policy, check_problem
from inv_gym.util.arrays import Array, Columns, is_torch


class DiffersInTorch(LostSales):
    def transition(self, state: Any, order: Columns, demand: Array, economics: Any) -> Outcome:
        outcome = super().transition(state, order, demand, economics)
        return outcome._replace(reward=outcome.reward * (1.0 + 1e-6 * is_torch(demand)))


class LosesUnits(LostSales):
    def transition(self, state: Any, order: Columns, demand: Array, economics: Any) -> Outcome:
        outcome = super().transition(state, order, demand, economics)
        return outcome._replace(state=outcome.state._replace(on_hand=0.99 * outcome.state.on_hand))


class LateByOne(LostSales):
    @property
    def lead_times(self) -> tuple[int, ...]:
        return (self.lead_time - 1,)


class LooksAtTheBatch(LostSales):
    def transition(self, state: Any, order: Columns, demand: Array, economics: Any) -> Outcome:
        outcome = super().transition(state, order, demand, economics)
        return outcome._replace(reward=outcome.reward + demand.mean())


class FixedCost(LostSales):
    def transition(self, state: Any, order: Columns, demand: Array, economics: Any) -> Outcome:
        outcome = super().transition(state, order, demand, economics)
        return outcome._replace(reward=outcome.reward - 1.0)


class WritesIntoItsArguments(LostSales):
    def transition(self, state: Any, order: Columns, demand: Array, economics: Any) -> Outcome:
        outcome = super().transition(state, order, demand, economics)
        if isinstance(order[0], np.ndarray):
            order[0][:] = 0.0
        return outcome


class HidesAGradient(LostSales):
    def transition(self, state: Any, order: Columns, demand: Array, economics: Any) -> Outcome:
        order = (order[0].detach() * 0.5 + order[0] * 0.5,) if is_torch(order[0]) else order
        return super().transition(state, order, demand, economics)


@pytest.mark.parametrize(
    ("kind", "law", "message"),
    [
        (DiffersInTorch, "kinds_agree", "rewards differ"),
        (LosesUnits, "mass_balance", "units appear or vanish"),
        (LateByOne, "lead_times", "should last depend on order"),
        (LooksAtTheBatch, "rows_are_independent", "depend on the batch"),
        (FixedCost, "homogeneity", "four times the units"),
        (WritesIntoItsArguments, "purity", "changes its arguments"),
        (HidesAGradient, "gradients", "differ from finite differences"),
    ],
)
def test_a_faulty_problem_breaks_its_law(kind: type[LostSales], law: str, message: str) -> None:
    with pytest.raises(LawError, match=message):
        check_problem(kind(lead_time=2), make_source("poisson"), skip=set(PROBLEM_LAWS) - {law})


def test_every_law_has_a_planted_fault_and_holds_without_it() -> None:
    check_problem(LostSales(lead_time=2), make_source("poisson"))
    assert len(PROBLEM_LAWS) == 7


def test_a_law_can_be_skipped_by_name() -> None:
    check_problem(FixedCost(), make_source("poisson"), skip=["homogeneity"])
    with pytest.raises(
        ValueError, match="unknown law 'homogenity'; known: .* Did you mean 'homogeneity'"
    ):
        check_problem(FixedCost(), make_source("poisson"), skip=["homogenity"])


@dataclass(frozen=True)
class Peeks:
    """Orders tomorrow's demand."""

    demand: Array = None
    knows = "history"

    def plan(self, problem: Any, products: Any) -> "Peeks":
        return replace(self, demand=products.demand[-problem.horizon :])

    def __call__(self, seen: Observation) -> Array:
        return (seen.scale if self.demand is None else self.demand[seen.period])[:, None]


class UsesTheBatchMean:
    knows = "history"

    def __call__(self, seen: Observation) -> Array:
        return (seen.scale * 0.0 + seen.scale.mean())[:, None]


class PlansSomethingElse:
    knows = "history"

    def plan(self, problem: Any, products: Any) -> "PlansSomethingElse":
        planned = PlansSomethingElse()
        planned.factor = 2.0
        return planned

    factor = 1.0

    def __call__(self, seen: Observation) -> Array:
        return (self.factor * seen.scale)[:, None]


class TurnsTorchIntoNumpy:
    knows = "history"

    def __call__(self, seen: Observation) -> Array:
        return np.asarray(seen.scale)[:, None]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Peeks(), "change with the demand"),
        (UsesTheBatchMean(), "depend on the batch"),
        (PlansSomethingElse(), "step by step and planned orders differ"),
        (TurnsTorchIntoNumpy(), "must give torch tensors"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_faulty_policy_is_caught(policy: Any, message: str) -> None:
    with pytest.raises(LawError, match=message):
        check_policy(policy, LostSales(), make_source("poisson"))
