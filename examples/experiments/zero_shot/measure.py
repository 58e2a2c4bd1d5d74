"""Play all rules that know the history, and the networks, on windows of a table's test periods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

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
from experiments.zero_shot.slow_movers import keep_slow_movers
from inv_gym import (
    Products,
    ProductSource,
    SyntheticProducts,
    Task,
    augmented_table,
    population_like,
)
from inv_gym.products.batch import HISTORY, product_weights
from inv_gym.products.earlier import MEMORY

TABLE_WINDOWS = 512
"""Windows of each table, drawn from its test periods."""
MADE_UP_PRODUCTS = 20_000


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
        keep_slow_movers(results, case)
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
    products = products_of(task)
    results.keep_arrays(f"{place}/{FACTS_FILE}", facts_of(products))
    for file, policies in ((RULES_FILE, rules), (RESULT_FILES[PLAYED], networks)):
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
    """``[N]`` of windows: the series of each, what a unit of money counts if all products count
    alike, and the mean demand of the episode, units.
    """
    assert products.windows is not None
    return {
        "series": products.windows[:, 0],
        "weight": product_weights(products),
        "mean": products.demand[HISTORY:].mean(0),
    }
