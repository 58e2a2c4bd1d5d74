"""Play all rules that know the history, and the networks, on windows of a table's test periods."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import inv_gym
from experiments.results import Results
from experiments.seeds import ZERO_SHOT_TEST_SEED
from experiments.zero_shot.plan import task_of
from inv_gym import Policy, Products, Task, agents, baselines
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.generalists import fine_tuning
from inv_gym.agents.training.progress import TrainingWarning
from inv_gym.products.batch import HISTORY, product_weights

TABLE_WINDOWS = 512
"""Windows of each table, drawn from its test periods."""
LEFT_OUT = (
    "random orders",
    "constant order",
    "searched constant order",
    "capped base-stock",
    "myopic-2",
    "dual-balancing",
    "projected inventory level",
    "low-waste base-stock",
    "projected expedited position",
)
"""Rules that do not play: random and constant orders earn far less than the others, and those after
them take most of the time, minutes where demand is in thousands of units.
"""
MADE_UP_PRODUCTS = 4000
FITTED_TRAININGS = 2
NETWORKS_FILE, RULES_FILE, FACTS_FILE, FITTED_FILE = (
    "networks.npz",
    "rules.npz",
    "facts.npz",
    "fitted.npz",
)


def measure(
    folder: Path,
    table: str,
    case: str,
    told: Mapping[str, Any] | None = None,
    fitted: bool = False,
) -> None:
    """Keep the reward of every policy on every window, and facts of the windows; on made-up
    products those of the networks alone.

    Args:
        folder: Of the results.
        table: Its name.
        case: The problem, or the environment of made-up products.
        told: What is told of the table; None for made-up products.
        fitted: Whether to fit the generalist to the table, and keep what it earns then.
    """
    results, place = Results(folder), f"{table}/{case}"
    if told is None:
        task = inv_gym.task(case)
        products = task.draw(MADE_UP_PRODUCTS, ZERO_SHOT_TEST_SEED)
        results.keep_arrays(f"{place}/{NETWORKS_FILE}", rewards_of(task, networks(task), products))
        return
    task = task_of(case, told)
    products = inv_gym.draw_products(task.source, task.problem, TABLE_WINDOWS, ZERO_SHOT_TEST_SEED)
    results.keep_arrays(f"{place}/{FACTS_FILE}", facts_of(products))
    if fitted:
        results.keep_arrays(f"{place}/{FITTED_FILE}", rewards_of(task, fine_tuned(task), products))
        return
    for file, policies in ((RULES_FILE, rules), (NETWORKS_FILE, networks)):
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
    """Every rule that knows the history alone, but for those that are left out."""
    return {
        name: policy
        for name, policy in baselines.policies(task.problem).items()
        if policy.knows == "history" and name not in LEFT_OUT
    }


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
