"""How far policies are from the optimum of published instances."""

from __future__ import annotations

import numpy as np

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.baselines.exact import Optimal
from inv_gym.baselines.exact.chain import follow
from inv_gym.baselines.exact.limits import TooLargeError
from inv_gym.baselines.fitting.fitting import known_distribution
from inv_gym.play.policy import planned
from inv_gym.problems import Perishable, ProcurementRemoval

INFORMED_NETWORK = NetworkConfig(knows="distribution")
"""Of networks that are told the distribution."""
REMOVAL_STOCK = 80.0
"""Units at the start of the removal instances, where removal matters."""


def exact_value(task: inv_gym.Task, policy: inv_gym.Policy) -> float:
    """The exact reward of a policy that looks at the state alone: what the instance's figures are
    about.
    """
    products = task.source.sample(np.random.default_rng(0), 1, task.problem)
    stock = REMOVAL_STOCK if isinstance(task.problem, ProcurementRemoval) else 0.0
    products = products._replace(initial_state=task.problem.initial_state(np.array([stock])))
    ready = planned(policy, task.problem, products)
    distribution = known_distribution("distribution", products)
    chain = follow(task.problem, ready, distribution, products.economics, stock)
    if task.problem.discount == 1.0:
        return chain.average()
    windowed = isinstance(task.problem, Perishable)
    periods, warm_up = (365, 100) if windowed else (task.problem.horizon, 0)
    return chain.discounted(task.problem.discount, periods, warm_up)


_optima: dict[str, float] = {}


def exact_gap(task: inv_gym.Task, agent: InventoryAgent) -> float:
    """Reward beyond the optimal policy's, % of its size; NaN where the policy reaches too many
    states.
    """
    key = repr(task)
    if key not in _optima:
        _optima[key] = exact_value(task, Optimal(task.problem))
    try:
        value = exact_value(task, InventoryAgent(task.problem, agent.network))
    except (TooLargeError, RuntimeError):
        return float("nan")
    return 100.0 * (value / _optima[key] - 1.0) * np.sign(_optima[key])
