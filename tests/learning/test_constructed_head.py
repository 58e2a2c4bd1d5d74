"""The heads that have the structure of optimal orders by construction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from learning_cases import POPULATION, exactly, tiny
from torch import Tensor, nn

import inv_gym
from inv_gym import DualSourcing, LostSales, Perishable, Problem, ProcurementRemoval, draw_products
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.network.constructed_head import OneOrder
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network.sizes import Sizes
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.baselines.exact import solve
from inv_gym.structure import inequalities, violations, wide_states
from inv_gym.testing import LAW_PERIODS, check_policy
from inv_gym.util import arrays

CHUNK = 100_000
ROUNDING = 1e-12
REGISTERED = [inv_gym.make_problem(env_id) for env_id in inv_gym.ENVIRONMENTS]
OTHERS = [
    LostSales(lead_time=1),
    LostSales(lead_time=9),
    Perishable(shelf_life=5, lead_time=2),
    Perishable(shelf_life=2),
    DualSourcing(regular_lead_time=1),
    DualSourcing(regular_lead_time=4, expedited_lead_time=1),
    DualSourcing(regular_lead_time=3, backlog=False),
    ProcurementRemoval(backlog=False),
]


def short(problem: Problem) -> str:
    """A name for a report."""
    return f"{type(problem).__name__}{problem.lead_times}"


def wild(problem: Problem, seed: int) -> PolicyNetwork:
    """A network in float64 whose head has weights far from those it begins with."""
    torch.manual_seed(seed)
    network = PolicyNetwork(Sizes.of((problem,)), NetworkConfig(head="constructed")).double()
    with torch.no_grad():
        for parameter in network.head.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    return network


def heads(network: PolicyNetwork, states: Tensor) -> Tensor:
    """Orders before the cut, of random exogenous features."""
    width = network.head.exogenous.in_features
    prepared = network.head.prepare([2.0 * torch.randn(1, len(states), width, dtype=states.dtype)])[
        0
    ]
    return network.unclipped(prepared, states)


def slopes_of(network: PolicyNetwork, states: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """``[N, K, n]`` slopes before the cut and after it."""
    states = states.requires_grad_()
    orders = heads(network, states)
    own = torch.stack(
        [torch.autograd.grad(x.sum(), states, retain_graph=True)[0] for x in orders.unbind(-1)], 1
    )
    return own.numpy(), (own * (orders > 0.0)[..., None]).numpy()


def worst_of(problem: Problem, chunks: int) -> tuple[float, float]:
    """The largest excess of any inequality over states with features of their own each, and the
    steepest slope.
    """
    network, rules, rng = wild(problem, 1), inequalities(problem), np.random.default_rng(2)
    largest, steepest = 0.0, 0.0
    for _ in range(chunks):
        own, cut = slopes_of(network, torch.as_tensor(wide_states(problem, rng, CHUNK)))
        excess = np.where(rules.joint, rules.excess(cut), rules.excess(own))
        largest, steepest = (
            max(largest, float(excess.max())),
            max(steepest, float(np.abs(own).max())),
        )
    return largest, steepest


@pytest.mark.parametrize("problem", REGISTERED, ids=inv_gym.ENVIRONMENTS)
def test_no_state_in_a_million_breaks_the_structure(problem: Problem) -> None:
    largest, steepest = worst_of(problem, 10)
    assert largest <= ROUNDING
    assert steepest > 0.5  # the slopes are not trivially kept


@pytest.mark.parametrize("problem", OTHERS, ids=short)
def test_other_lead_times_and_lives_keep_the_structure_too(problem: Problem) -> None:
    largest, steepest = worst_of(problem, 1)
    assert largest <= ROUNDING
    assert steepest > 0.5


@pytest.mark.parametrize("problem", REGISTERED, ids=inv_gym.ENVIRONMENTS)
def test_the_slopes_differ_from_state_to_state(problem: Problem) -> None:
    states = torch.as_tensor(wide_states(problem, np.random.default_rng(3), 2000))
    own, _ = slopes_of(wild(problem, 1), states)
    assert (own.max(0) - own.min(0)).max() > 0.1


@pytest.mark.parametrize(
    "problem", [LostSales(lead_time=5), Perishable(shelf_life=4), ProcurementRemoval()], ids=short
)
def test_nothing_is_ordered_however_far_out(problem: Problem) -> None:
    network, columns = wild(problem, 4), len(arrays.flatten(problem.initial_state(0.0)))
    for size in (1e3, 1e6):
        orders = heads(network, torch.full((500, columns), size, dtype=torch.float64))
        assert orders[:, 0].max() < 0.0


def test_both_sources_stop_far_out() -> None:
    network = wild(DualSourcing(regular_lead_time=3), 5)
    assert heads(network, torch.full((500, 3), 1e4, dtype=torch.float64)).max() < 0.0


def test_order_and_removal_never_meet() -> None:
    orders = heads(
        wild(ProcurementRemoval(), 6),
        torch.linspace(-5.0, 50.0, 20_000, dtype=torch.float64)[:, None],
    )
    assert not (orders > 0.0).all(-1).any()
    assert (orders > 0.0).any(0).all()


def fit(head: nn.Module, states: Tensor, wanted: Tensor, steps: int) -> Tensor:
    """Orders after fitting the head to wanted ones by least squares."""
    optimiser = torch.optim.Adam(head.parameters(), lr=0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    nothing = torch.zeros(1, len(states), 1)
    for _ in range(steps):
        orders = head(head.prepare([nothing])[0], states)[:, 0].clamp(min=0.0)
        loss = (orders - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return orders.detach()


def test_the_optimal_policy_of_a_small_case_is_within_reach() -> None:
    lead_time = 2
    one = inv_gym.instance(f"zipkin2008-poisson5-p4-L{lead_time}")
    product = one.source.sample(np.random.default_rng(0), 1, one.problem)
    solution = solve(one.problem, product.distribution, product.economics)
    states, wanted = (
        torch.tensor(solution.states).float(),
        torch.tensor(solution.orders[0][:, 0]).float(),
    )
    torch.manual_seed(0)
    orders = fit(OneOrder(1, (8,), lead_time, lead_time), states / 5.0, wanted / 5.0, 500)
    off = (5.0 * orders - wanted).abs()
    # an optimal order of whole units is a staircase, and the best smooth one within half a unit of
    # it
    assert off.mean() < 0.3
    assert (off < 1.0).float().mean() > 0.98


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_an_agent_with_such_a_head_trains_keeps_the_laws_and_has_no_violation(
    env_id: str, tmp_path
) -> None:
    problem = replace(inv_gym.make_problem(env_id), horizon=LAW_PERIODS)
    config = tiny(network=NetworkConfig(channels=4, hidden=(8, 8), head="constructed"))
    training = DirectBackprop(problem, POPULATION, config)
    agent = training.fit()
    check_policy(agent, problem, POPULATION)
    products = draw_products(POPULATION, problem, 200, 3)
    states = wide_states(problem, np.random.default_rng(1), 200) * products.scale[:, None]
    assert violations(problem, agent, products, states, 2).largest <= ROUNDING
    agent.save(tmp_path)
    loaded = type(agent).load(tmp_path)
    orders, wanted = (inv_gym.rollout(problem, one, products).orders for one in (loaded, agent))
    assert np.array_equal(orders, wanted)


def test_all_parts_of_a_head_get_a_gradient() -> None:
    for problem in REGISTERED:
        network = wild(problem, 7)
        states = torch.as_tensor(wide_states(problem, np.random.default_rng(3), 500))
        heads(network, states).square().sum().backward()
        assert all(
            p.grad is not None and p.grad.abs().sum() > 0.0 for p in network.head.parameters()
        )


def test_a_structure_that_is_not_known_is_refused() -> None:
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=1, backlog=False)
    config = tiny(network=NetworkConfig(head="constructed"))
    with pytest.raises(ValueError, match="^no structure is known of DualSourcing"):
        DirectBackprop(problem, POPULATION, config)


def test_sources_of_other_lead_times_do_not_share_a_head() -> None:
    problems = [DualSourcing(regular_lead_time=3, expedited_lead_time=n) for n in (0, 1)]
    message = (
        "problems that share a structure must have one expedited_lead_time: train one for each."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        DirectBackprop(problems, POPULATION, tiny(network=NetworkConfig(head="constructed")))
