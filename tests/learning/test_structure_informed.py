"""The structure of optimal orders as a penalty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from learning_cases import POPULATION, equal, exactly, stir, tiny, weights
from torch import Tensor, nn

import inv_gym
from inv_gym import DualSourcing, LostSales, Problem, ProcurementRemoval, draw_products
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network.sizes import Sizes
from inv_gym.agents.training.config import PENALTY, TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.structure_informed import (
    BOUND_SLACK,
    SLOPE_MARGIN,
    VISITED_SHARE,
    StructurePenalty,
    draw_probes,
    largest_demand,
)
from inv_gym.structure import properties, violations, wide_states

SMALL = LostSales(lead_time=3, horizon=8)


class Linear(nn.Module):
    """Stands in for a network: orders are a level and slopes times the state."""

    def __init__(self, problem: Problem, slopes: list[list[float]], level: float = 0.0) -> None:
        super().__init__()
        self.sizes, self.slopes, self.level = (
            Sizes.of((problem,)),
            torch.tensor(slopes).double(),
            level,
        )

    @property
    def like(self) -> Tensor:
        return self.slopes

    def unclipped(self, prepared: Tensor, state: Tensor) -> Tensor:
        return prepared + self.level + state @ self.slopes.T


def penalty_of(
    problem: Problem, slopes: list[list[float]], level: float = -100.0, demand: float = 1.0
) -> float:
    """Of linear orders, in states of about a period's demand; by default far below 0, where no
    bound matters.
    """
    network = Linear(problem, slopes, level)
    state = torch.ones(5, len(slopes[0]), dtype=torch.float64)
    prepared = torch.zeros(5, len(slopes), dtype=torch.float64)
    path = torch.full((40, 5), demand, dtype=torch.float64)
    # type: ignore[arg-type]
    return float(StructurePenalty(problem, network)(prepared, state, path).detach())


def test_slopes_that_keep_the_chain_by_the_margin_cost_nothing() -> None:
    assert penalty_of(SMALL, [[-0.1, -0.4, -0.9]]) == 0.0
    assert penalty_of(ProcurementRemoval(), [[-0.5], [0.5]]) == 0.0
    assert penalty_of(DualSourcing(regular_lead_time=2), [[-0.2, -0.5], [-0.5, -0.2]]) == 0.0


@pytest.mark.parametrize(
    ("slopes", "broken"),
    [
        ([0.3, -0.4, -0.9], [0.3]),  # rises
        ([-0.1, -0.6, -0.5], [0.1]),  # wrong order
        ([-0.1, -0.4, -1.2], [0.2]),  # too steep
        ([0.2, 0.3, -1.5], [0.1, 0.2, 0.5]),  # all of it
    ],
)
def test_every_broken_inequality_costs_the_square_of_what_it_is_off(
    slopes: list[float], broken: list[float]
) -> None:
    assert penalty_of(SMALL, [slopes]) == pytest.approx(
        sum((b + SLOPE_MARGIN) ** 2 for b in broken)
    )


def test_joint_inequalities_count_only_orders_that_are_given() -> None:
    problem, slopes = DualSourcing(regular_lead_time=2), [[-0.6, -0.7], [-0.7, -0.6]]
    joint = 2.0 * 0.3**2  # both together fall by 1.3 in either column
    assert penalty_of(problem, slopes, -100.0) == 0.0
    assert penalty_of(problem, slopes, 3.0, demand=100.0) == pytest.approx(joint)


def test_orders_past_a_bound_cost_their_share_of_all_stock() -> None:
    problem = LostSales(lead_time=1, horizon=8)
    # an order of 2 beside 1 on hand; all stock is past its bound where 1.5 times two periods'
    # demand is below 1
    assert penalty_of(problem, [[-0.5]], 2.5, demand=0.2) == pytest.approx((2.0 / 2.0) ** 2)
    assert penalty_of(problem, [[-0.5]], 2.5, demand=0.34) == 0.0
    assert BOUND_SLACK == 1.5


def test_the_largest_demand_of_some_periods_on_end() -> None:
    demand = torch.tensor([[1.0, 0.0], [5.0, 2.0], [2.0, 9.0], [4.0, 1.0]])
    assert largest_demand(demand, 1).tolist() == [5.0, 9.0]
    assert largest_demand(demand, 2).tolist() == [7.0, 11.0]
    assert largest_demand(demand, 4).tolist() == [12.0, 12.0]


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_a_penalty_reaches_all_weights_that_slopes_depend_on(env_id: str) -> None:
    problem = inv_gym.make_problem(env_id)
    torch.manual_seed(0)
    network = PolicyNetwork(Sizes.of((problem,)))
    with torch.no_grad():
        for parameter in network.head.parameters():
            parameter.mul_(4.0)
    state = torch.as_tensor(wide_states(problem, np.random.default_rng(1), 256)).float()
    prepared = network.head.exogenous.bias.expand(256, -1)
    StructurePenalty(problem, network)(prepared, state, torch.ones(60, 256)).backward()
    for weight in (network.head.state.weight, *(layer.weight for layer in network.head.layers)):
        assert weight.grad is not None
        assert weight.grad.abs().sum() > 0.0


def test_a_third_of_the_probes_is_visited() -> None:
    probes = draw_probes(SMALL, np.random.default_rng(2), 30_000)
    assert probes.visited.mean() == pytest.approx(VISITED_SHARE, abs=0.01)
    assert set(probes.period) == set(range(SMALL.horizon))
    assert probes.state.shape == (30_000, 3)


def test_a_step_without_a_penalty_probes_nothing() -> None:
    assert DirectBackprop(SMALL, POPULATION, tiny()).batch(0).probes is None
    batch = DirectBackprop(SMALL, POPULATION, tiny(penalty=2.0)).batch(0)
    assert batch.probes is not None
    assert batch.penalty == 2.0


def test_the_products_of_a_step_are_the_same_with_a_penalty() -> None:
    plain, penalised = (
        DirectBackprop(SMALL, POPULATION, tiny(penalty=p)).batch(3).products for p in (0.0, 1.0)
    )
    assert np.array_equal(plain.demand, penalised.demand)


def test_a_rising_penalty_ends_at_its_weight() -> None:
    rising = TrainingConfig(steps=4, penalty=2.0, penalty_schedule="rising")
    assert [rising.penalty_weight(step) for step in range(4)] == [0.5, 1.0, 1.5, 2.0]
    assert TrainingConfig(steps=4, penalty=2.0).penalty_weight(0) == 2.0


@pytest.mark.parametrize(
    "problem", [SMALL, LostSales(horizon=8, censored=True), DualSourcing(horizon=8)], ids=repr
)
def test_a_penalised_training_breaks_less_of_the_structure(problem: Problem) -> None:
    products = draw_products(POPULATION, problem, 500, 5)
    states = wide_states(problem, np.random.default_rng(6), 500) * products.scale[:, None]
    means = {}
    for penalty in (0.0, 3.0):
        training = DirectBackprop(
            problem, POPULATION, tiny(steps=60, batch=64, check_every=60, penalty=penalty)
        )
        stir(training)
        for _ in range(60):
            training.train_step()
        means[penalty] = violations(problem, training.agent, products, states, 4).mean
    assert means[3.0] < 0.5 * means[0.0]


def test_an_interrupted_penalised_training_resumes_to_the_same_weights(tmp_path) -> None:
    config = tiny(penalty=1.0, penalty_schedule="rising")
    whole = DirectBackprop(SMALL, POPULATION, config)
    whole.fit()
    first = DirectBackprop(SMALL, POPULATION, config)
    for _ in range(2):
        first.train_step()
    first.save(tmp_path / "half.safetensors")
    second = DirectBackprop(SMALL, POPULATION, config)
    second.resume(tmp_path / "half.safetensors")
    while not second.finished:
        second.train_step()
    first = DirectBackprop(SMALL, POPULATION, config)
    for _ in range(4):
        first.train_step()
    assert equal(weights(first), weights(second))


def test_one_network_for_many_lead_times_is_penalised_in_the_columns_of_each() -> None:
    problems = [LostSales(lead_time=n, horizon=6) for n in (1, 3)]
    training = DirectBackprop(problems, POPULATION, tiny(penalty=1.0))
    assert [training.train_step() < 10.0 for _ in range(4)] == [True] * 4
    assert StructurePenalty(problems[0], training.network).places == [0]
    assert StructurePenalty(problems[1], training.network).places == [0, 1, 2]


def test_kinds_differ_in_penalty_and_head_alone() -> None:
    base = TrainingConfig(steps=7, network=NetworkConfig(channels=4))
    assert base.of_kind("direct-backprop") == base
    assert base.of_kind("penalised") == replace(base, penalty=PENALTY)
    assert base.of_kind("constructed") == replace(
        base, network=NetworkConfig(channels=4, head="constructed")
    )
    with pytest.raises(
        ValueError, match="^unknown kind 'both'; known: direct-backprop, penalised, constructed"
    ):
        base.of_kind("both")


def test_what_cannot_be_penalised_is_refused() -> None:
    unknown = DualSourcing(regular_lead_time=3, expedited_lead_time=1, backlog=False)
    assert properties(unknown).chains == ()
    with pytest.raises(ValueError, match="^no structure is known of DualSourcing"):
        DirectBackprop(unknown, POPULATION, tiny(penalty=1.0))
    message = "a penalty needs second derivatives, which do not compile: set compiled=False."
    with pytest.raises(ValueError, match=exactly(message)):
        DirectBackprop(SMALL, POPULATION, tiny(penalty=1.0), compiled=True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"penalty": -1.0}, "penalty must be at least 0, got -1.0."),
        ({"penalty_schedule": "late"}, "unknown penalty_schedule 'late'; known: constant, rising."),
        (
            {"network": NetworkConfig, "head": "square"},
            "unknown head 'square'; known: plain, constructed.",
        ),
    ],
)
def test_a_bad_penalty_is_refused(fields: dict, message: str) -> None:
    kind = fields.pop("network", TrainingConfig)
    with pytest.raises(ValueError, match=exactly(message)):
        kind(**fields)
