"""The exercises of lab 7: structure-informed networks."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

import inv_gym
from inv_gym import Task, agents
from inv_gym.products.batch import product_weights
from inv_gym.structure import inequalities, violations, wide_states
from inv_gym.structure.violations import observation_of
from labs.answers import chosen, close, expect, number, numbers, value_of

TOLERANCE = 1e-4
PERCENT = 0.1
"""Percentage points that an answer may be off."""


@cache
def task() -> Task:
    """Lead time 2, as in the lab, with short episodes."""
    return inv_gym.task("InvLostSalesLeadTime-v0", lead_time=2, horizon=30, products="poisson")


def curved(states: Tensor) -> Tensor:
    """Orders [N] whose slopes change with the state."""
    return states[:, 0] ** 2 - 3.0 * states[:, 1]


def check_7_1(answer: Any) -> str:
    """Slopes by automatic differentiation."""
    states = torch.tensor([[1.0, 2.0], [3.0, 0.5], [0.0, 1.0]])
    given = value_of(answer, curved, states)
    values = numbers(given, (3, 2), "the slopes")
    right = np.column_stack([2.0 * states[:, 0].numpy(), np.full(3, -3.0)])
    expect(
        not close(values, np.tile(right.mean(0), (3, 1)), TOLERANCE),
        "each state has slopes of its own: differentiate the sum of the orders, not their mean.",
    )
    expect(
        close(values, right, TOLERANCE),
        f"for the order x_0^2 - 3 x_1 the slopes are {right.tolist()}, yours are "
        f"{values.tolist()}.",
    )
    expect(
        isinstance(given, Tensor) and given.requires_grad,
        "the slopes are right, but they cannot be trained on: set create_graph=True.",
    )
    return "Two lines of calculus for a network of any size."


def right_penalty(slopes: Tensor) -> float:
    """The penalty, from the library's list of inequalities (lead time = number of columns)."""
    problem = inv_gym.LostSales(lead_time=slopes.shape[1])
    excess = inequalities(problem).excess(slopes.numpy()[:, None, :])
    return float((excess**2).sum(1).mean())


def check_7_2(answer: Any) -> str:
    """The penalty."""
    coherent = torch.tensor([[-0.2, -0.5, -0.9], [0.0, 0.0, -1.0]])
    expect(
        close(number(value_of(answer, coherent), "the penalty"), 0.0, TOLERANCE),
        "slopes such as -0.2, -0.5, -0.9 keep the chain: their penalty must be 0. Cut off at 0 "
        "with relu().",
    )
    cases = {
        "a positive slope g_0 must cost its square": [[0.5, -0.2, -0.6]],
        "neighbours in the wrong order must cost the square of g_{l+1} - g_l": [[-0.7, -0.2, -0.9]],
        "a last slope below -1 must cost the square of what it is below": [[-0.1, -0.5, -1.4]],
        "take the mean over states, and the sum over inequalities": [
            [0.5, 0.9, -1.5],
            [-0.2, -0.5, -0.9],
        ],
    }
    for hint, rows in cases.items():
        slopes = torch.tensor(rows)
        cost = number(value_of(answer, slopes), "the penalty")
        right = right_penalty(slopes)
        expect(
            close(cost, right, TOLERANCE),
            f"{hint}: for {rows} the penalty is {right:.4f}, yours is {cost:.4f}.",
        )
    return "It is 0 exactly where the chain holds."


def check_7_3(answer: Any) -> str:
    """Slopes by construction."""
    z = 3.0 * torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    given = value_of(answer, z.clone().requires_grad_())
    g = numbers(given, (200, 4), "the slopes")
    expect((g <= 0.0).all(), "some slopes are above 0: all must be negative or 0.")
    expect((g >= -1.0).all(), "some slopes are below -1.")
    expect(
        (np.diff(g, axis=1) <= 1e-6).all(),
        "some row rises from g_0 to g_1 and on: the first slope must be nearest to 0. Reverse the "
        "columns?",
    )
    expect(
        g.std(0).min() > 1e-3,
        "some column hardly changes with z: then the network has nothing to say there.",
    )
    expect(
        isinstance(given, Tensor) and given.requires_grad,
        "no gradient flows from the slopes to z.",
    )
    return "No penalty is needed, and no state can break the chain."


@cache
def _share_of_plain() -> float:
    """Percent of wide states in which the shipped plain network breaks the chain."""
    task5 = inv_gym.task("InvLostSalesLeadTime-v0")
    products = task5.draw(500, seed=1)
    states = wide_states(task5.problem, np.random.default_rng(2), 500) * products.scale[:, None]
    plain = agents.policies(task5.problem)["DirectBackprop"]
    return 100.0 * violations(task5.problem, plain, products, states).share()


def check_7_4(answer: Any) -> str:
    """How often the plain network breaks the chain."""
    share, right = number(answer), _share_of_plain()
    expect(
        not close(share, right / 100.0, PERCENT / 100.0), "the answer is in percent, from 0 to 100."
    )
    expect(
        not close(share, 100.0 - right, PERCENT),
        "this is the share of states in which the chain holds.",
    )
    expect(
        close(share, right, PERCENT),
        'use violations(task5.problem, trained["DirectBackprop"], products5, states5).share().',
    )
    return "Most of these states are rare in play; there the network has never been corrected."


def check_7_5(answer: Any) -> str:
    """What structure does for the mean reward."""
    hints = {
        "a": "read the column gap: it is in percent of the plain network's reward.",
        "c": "read the column gap: how many percent are lost at most?",
    }
    chosen(answer, "b", hints)
    return "With enough data, a plain network finds good orders where it plays."


def check_7_6(answer: Any) -> str:
    """The loss with a penalty."""
    expect(
        isinstance(answer, tuple) and len(answer) == 2,
        "give the loss and the class of the policy, as the cell does.",
    )
    loss_of, kind = answer
    policy, problem = value_of(kind, 0), task().problem
    products = task().draw(16, seed=1).torch()
    wide = torch.tensor(wide_states(problem, np.random.default_rng(0), 16), dtype=torch.float32)
    states = wide * products.scale[:, None]
    # weights that break the chain, so that there is something to punish
    with torch.no_grad():
        torch.manual_seed(2)
        policy.network[-1].weight.normal_()
    reward = inv_gym.rollout(problem, policy, products).discounted_reward
    earned = (product_weights(products) * reward).mean().item()
    cost = _penalty_of(policy, states)
    without = number(value_of(loss_of, policy, products, states, 0.0), "the loss")
    expect(
        not close(without, earned, TOLERANCE),
        "with weight 0 the loss is minus the weighted reward: yours has the other sign.",
    )
    expect(
        close(without, -earned, TOLERANCE),
        f"with weight 0 the loss must be {-earned:.4f}, as in lab 6; yours is {without:.4f}.",
    )
    given = value_of(loss_of, policy, products, states, 2.0)
    loss = number(given, "the loss")
    expect(
        not close(loss, -earned - 2.0 * cost, TOLERANCE),
        "the penalty lowers the loss: it must be added.",
    )
    expect(
        close(loss, -earned + 2.0 * cost, 10.0 * TOLERANCE),
        f"with weight 2 and a penalty of {cost:.4f} the loss must be {-earned + 2.0 * cost:.4f}, "
        f"yours is {loss:.4f}.",
    )
    expect(isinstance(given, Tensor) and given.requires_grad, "no gradient flows from the loss.")
    return "The reward decides where the policy plays, the penalty everywhere else."


def _penalty_of(policy: Any, states: Tensor) -> float:
    """The penalty of a policy of lead time 2 in states [N, 2], from the library's inequalities."""
    products = task().draw(len(states), seed=1).torch()
    at = states.detach().requires_grad_()
    orders = policy.unclipped(observation_of(task().problem, products, at, 0))
    return right_penalty(torch.autograd.grad(orders.sum(), at)[0])
