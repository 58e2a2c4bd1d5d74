"""Who plays on the tables, and what they earn there."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np

import inv_gym
from inv_gym import Policy, Products, Task, agents, baselines
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.generalists import fine_tuning
from inv_gym.agents.training.progress import TrainingWarning

FITTED_TRAININGS = 2


def rules(task: Task) -> dict[str, Policy]:
    """Every rule that knows the history alone."""
    return baselines.policies(task.problem, distribution=False)


def networks(task: Task) -> dict[str, Policy]:
    """The networks that come with the package."""
    return dict(agents.policies(task.problem))


def fine_tuned(task: Task) -> dict[str, Policy]:
    """The generalist after a training on the table's training periods, for each seed."""
    (start,) = agents.policies(task.problem, for_tables=True).values()
    assert isinstance(start, InventoryAgent)
    fitted: dict[str, Policy] = {}
    for seed in range(FITTED_TRAININGS):
        training = DirectBackprop(task, config=fine_tuning(seed), start=start)
        with warnings.catch_warnings():  # what goes in may be the best
            warnings.simplefilter("ignore", TrainingWarning)
            fitted[f"seed {seed}"] = training.fit()
    return fitted


def rewards_of(
    task: Task, policies: Mapping[str, Policy], products: Products
) -> dict[str, np.ndarray]:
    """The discounted mean reward ``[N]`` of each policy, money per period."""
    play: Callable[[Policy], np.ndarray] = lambda policy: np.asarray(  # noqa: E731
        inv_gym.rollout(task.problem, policy, products).discounted_reward
    )
    return {
        name: play(policy) / task.problem.discounted_periods for name, policy in policies.items()
    }
