"""How far a policy is from the exact optimum of a published instance."""

from __future__ import annotations

import numpy as np

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.baselines.exact import Optimal
from inv_gym.baselines.exact.chain import follow
from inv_gym.baselines.exact.limits import TooLargeError
from inv_gym.play.policy import planned
from inv_gym.problems import Perishable, ProcurementRemoval

OVERSTOCK = 80.0
"""Units at the start of the removal instances, where removal matters."""


def exact_value(one: inv_gym.Task, policy: inv_gym.Policy) -> float:
    """The exact reward of a policy that looks at the state alone: what the instance's figures are
    about.
    """
    products = one.source.sample(np.random.default_rng(0), 1, one.problem)
    stock = OVERSTOCK if isinstance(one.problem, ProcurementRemoval) else 0.0
    products = products._replace(initial_state=one.problem.initial_state(np.array([stock])))
    ready = planned(policy, one.problem, products)
    chain = follow(one.problem, ready, products.distribution, products.economics, stock)
    if one.problem.discount == 1.0:
        return chain.average()
    periods, warm_up = (
        (365, 100) if isinstance(one.problem, Perishable) else (one.problem.horizon, 0)
    )
    return chain.discounted(one.problem.discount, periods, warm_up)


_optima: dict[str, float] = {}


def exact_gap(one: inv_gym.Task, agent: InventoryAgent) -> float:
    """Reward beyond the optimal policy's, % of its size; NaN where the policy reaches too many
    states.
    """
    key = repr(one)
    if key not in _optima:
        _optima[key] = exact_value(one, Optimal(one.problem))
    try:
        value = exact_value(one, InventoryAgent(one.problem, agent.network))
    except (TooLargeError, RuntimeError):
        return float("nan")
    return 100.0 * (value / _optima[key] - 1.0) * np.sign(_optima[key])
