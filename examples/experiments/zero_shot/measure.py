"""Play all rules that know the history, and the networks, on windows of a table's test periods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

import inv_gym
from experiments.results import Results
from experiments.seeds import ZERO_SHOT_TEST_SEED
from experiments.zero_shot.auto import rewards_side_by_side
from experiments.zero_shot.plan import (
    CHOSEN,
    FACTS_FILE,
    FITTED,
    FITTED_AUGMENTED,
    FITTED_LIKE,
    PLAYED,
    REMEMBERED,
    RESULT_FILES,
    RULES_FILE,
    SLOW_MOVERS,
    task_of,
)
from experiments.zero_shot.policies import fine_tuned, networks, rewards_of, rules
from experiments.zero_shot.slow_movers import SLOW_RULE, slow_task
from inv_gym import (
    Policy,
    Products,
    ProductSource,
    SyntheticProducts,
    Task,
    agents,
    augmented_table,
    population_like,
)
from inv_gym.products.batch import HISTORY, product_weights
from inv_gym.products.earlier import MEMORY

TABLE_WINDOWS = 512
"""Windows of each table, drawn from its test periods."""
MADE_UP_PRODUCTS = SLOW_PRODUCTS = 20_000
Players: TypeAlias = Callable[[Task], Mapping[str, Policy]]
"""Policies by name for a task."""


def measure(
    folder: Path, table: str, case: str, told: Mapping[str, Any] | None = None, part: str = PLAYED
) -> None:
    """Keep what is measured of a problem on a table, or on made-up products.

    Args:
        folder: Of the results.
        table: Its name.
        case: The problem; of made-up products the environment, or one of `SLOW_MOVERS`.
        told: What is told of the table; None for made-up products.
        part: One of `MEASURED_PARTS`; of made-up products one of `MADE_UP_TASKS`.
    """
    results, place = Results(folder), f"{table}/{case}"
    if told is not None:
        MEASURED_PARTS[part](results, place, task_of(case, told))
        return
    if case in SLOW_MOVERS:
        keep_slow_movers(results, place, slow_task(case))
        return
    task = MADE_UP_TASKS[part](inv_gym.task(case))
    products = task.draw(MADE_UP_PRODUCTS, ZERO_SHOT_TEST_SEED)
    rewards = rewards_of(task, networks(task), products)
    results.keep_arrays(f"{place}/{RESULT_FILES[part]}", rewards)


def as_registered(task: Task) -> Task:
    """The task of the environment as it is."""
    return task


def with_known_past(task: Task) -> Task:
    """The same population, with all periods known that networks remember."""
    assert isinstance(task.source, SyntheticProducts)
    return replace(task, source=replace(task.source, earlier_periods=MEMORY))


def keep_played(results: Results, place: str, task: Task) -> None:
    """Keep facts of the test windows, and the reward of every rule and network on each."""
    keep_rewards(results, place, task, products_of(task), rules, networks)


def keep_slow_movers(results: Results, place: str, task: Task) -> None:
    """Keep facts of made-up slow movers, and what base-stock and the generalist earn on each."""
    keep_rewards(
        results,
        place,
        task,
        task.draw(SLOW_PRODUCTS, ZERO_SHOT_TEST_SEED),
        lambda task: {SLOW_RULE: rules(task)[SLOW_RULE]},
        lambda task: agents.policies(task.problem, for_tables=True),
    )


def keep_rewards(
    results: Results, place: str, task: Task, products: Products, *players: Players
) -> None:
    """Keep facts of products, and the rewards of some rules and then of some networks on each."""
    results.keep_arrays(f"{place}/{FACTS_FILE}", facts_of(products))
    for file, policies in zip((RULES_FILE, RESULT_FILES[PLAYED]), players, strict=True):
        if not results.has(f"{place}/{file}"):
            rewards = rewards_of(task, policies(task), products)
            results.keep_arrays(f"{place}/{file}", rewards)


def keep_fitted(results: Results, place: str, task: Task, part: str) -> None:
    """Fit the generalist to products of one of `TRAINING_SOURCES`, and keep what it earns on the
    test windows then.
    """
    fitted_task = replace(task, training=TRAINING_SOURCES[part](task))
    rewards = rewards_of(task, fine_tuned(fitted_task), products_of(task))
    results.keep_arrays(f"{place}/{RESULT_FILES[part]}", rewards)


def keep_chosen(results: Results, place: str, task: Task) -> None:
    """Keep what the policies that auto compares earn in windows side by side."""
    results.keep_arrays(f"{place}/{RESULT_FILES[CHOSEN]}", rewards_side_by_side(task))


TRAINING_SOURCES: dict[str, Callable[[Task], ProductSource]] = {
    FITTED: lambda task: task.source_for("training"),
    FITTED_LIKE: population_like,
    FITTED_AUGMENTED: augmented_table,
}
"""What the generalist is fitted to in each part: the past of a table, products like it, or both."""
MEASURED_PARTS: dict[str, Callable[[Results, str, Task], None]] = {
    PLAYED: keep_played,
    **{part: partial(keep_fitted, part=part) for part in TRAINING_SOURCES},
    CHOSEN: keep_chosen,
}
MADE_UP_TASKS: dict[str, Callable[[Task], Task]] = {
    PLAYED: as_registered,
    REMEMBERED: with_known_past,
}
"""What is played of made-up products in each part."""


def products_of(task: Task) -> Products:
    """The windows of a table that all policies play."""
    return inv_gym.draw_products(task.source, task.problem, TABLE_WINDOWS, ZERO_SHOT_TEST_SEED)


def facts_of(products: Products) -> dict[str, np.ndarray]:
    """``[N]`` of products: the series of each, what a unit of money counts if all products count
    alike, and the mean demand, units. That is of the episode, or the true one where it is told.
    """
    windows, distribution = products.windows, products.distribution
    return {
        "series": np.arange(products.batch) if windows is None else windows[:, 0],
        "weight": product_weights(products),
        "mean": products.demand[HISTORY:].mean(0) if distribution is None else distribution.mean[0],
    }
