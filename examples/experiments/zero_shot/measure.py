"""Play all rules that know the history, and the networks, on windows of a table's test periods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

import inv_gym
from experiments.results import Results
from experiments.seeds import ZERO_SHOT_TEST_SEED
from experiments.zero_shot.plan import task_of
from inv_gym import Policy, Products, Task, agents, baselines
from inv_gym.products.batch import HISTORY, product_weights

WINDOWS = 1024
"""Windows of each table, drawn from its test periods."""
NETWORKS, RULES, FACTS = "networks.npz", "rules.npz", "facts.npz"


def measure(folder: Path, table: str, case: str) -> None:
    """Keep the reward of every policy on every window, and facts of the windows."""
    task, results, place = task_of(table, case), Results(folder), f"{table}/{case}"
    products = inv_gym.draw_products(task.source, task.problem, WINDOWS, ZERO_SHOT_TEST_SEED)
    results.keep_arrays(f"{place}/{FACTS}", facts_of(products))
    for file, policies in ((RULES, rules), (NETWORKS, networks)):
        if not results.has(f"{place}/{file}"):
            rewards = rewards_of(task, policies(task), products)
            results.keep_arrays(f"{place}/{file}", rewards)


def facts_of(products: Products) -> dict[str, np.ndarray]:
    """``[N]`` of windows: the series of each, what a unit of money counts if all products count
    alike, and the mean demand of the episode, units.
    """
    assert products.windows is not None
    return {
        "series": products.windows[:, 0],
        "weight": product_weights(products),
        "mean": products.demand[HISTORY:].mean(0),
    }


def rules(task: Task) -> dict[str, Policy]:
    """Every rule that knows the history alone."""
    return {
        name: policy
        for name, policy in baselines.policies(task.problem).items()
        if policy.knows == "history"
    }


def networks(task: Task) -> dict[str, Policy]:
    """The networks that come with the package."""
    return dict(agents.policies(task.problem))


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
