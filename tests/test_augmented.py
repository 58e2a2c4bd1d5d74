"""Windows of a table, and as many made-up products like them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import long_table, stored

import inv_gym
from inv_gym import Products, Task, augmented_table, draw_products
from inv_gym.agents import DirectBackprop, NetworkConfig, TrainingConfig
from inv_gym.products.augmented import AugmentedTable

ENV = "InvLostSales-v0"
DAYS = 300
TINY = TrainingConfig(
    steps=2, batch=8, check_every=2, validation_products=8, network=NetworkConfig(hidden=(8,))
)


def task_of(folder: Path, env_id: str = ENV, **columns: object) -> Task:
    """The task of a table that sells four units on each day."""
    frame = long_table(**{f"s{k}": np.full(DAYS, 4) for k in range(3)})
    return inv_gym.table_task(stored(folder, frame.assign(**columns)), env_id)


def sampled(task: Task, batch: int) -> Products:
    return augmented_table(task).sample(np.random.default_rng(0), batch, task.problem)


def windows_of(products: Products) -> np.ndarray:
    """Which of the products are windows of a table that sells four units on each day."""
    known = ~np.isnan(products.demand)
    return ((products.demand == 4.0) | ~known).all(0)


@pytest.mark.parametrize(("batch", "windows"), [(1, 1), (2, 1), (9, 5), (512, 256)])
def test_half_the_products_are_windows_and_half_are_made_up(
    tmp_path: Path, batch: int, windows: int
) -> None:
    products = sampled(task_of(tmp_path), batch)
    assert products.batch == batch
    assert windows_of(products).sum() == windows
    assert products.windows is None
    assert products.distribution is None
    made_up = products.demand[-20:, ~windows_of(products)]
    assert made_up.size == 0 or abs(made_up.mean() - 4.0) < 1.5


def test_the_same_random_numbers_give_the_same_products(tmp_path: Path) -> None:
    task = task_of(tmp_path)
    first, again = sampled(task, 64), sampled(task, 64)
    assert np.array_equal(first.demand, again.demand, equal_nan=True)
    assert np.array_equal(first.economics.price, again.economics.price)


def test_days_after_those_of_training_have_no_part_in_it(tmp_path: Path) -> None:
    task = task_of(tmp_path)
    frame = pd.read_csv(tmp_path / "table.csv")
    later = pd.to_datetime(frame["date"]) > pd.Timestamp(str(task.source_for("training").last))
    assert later.any()
    frame.loc[later, "units"] = 1000
    changed = inv_gym.table_task(stored(tmp_path, frame), ENV)
    expected, products = sampled(task, 64), sampled(changed, 64)
    assert np.array_equal(expected.demand, products.demand, equal_nan=True)


@pytest.mark.parametrize("env_id", ["InvLostSales-v0", "InvPerishable-v0", "InvDualSourcing-v0"])
def test_made_up_products_have_the_columns_of_the_table(tmp_path: Path, env_id: str) -> None:
    told = {
        "promotion": np.arange(3 * DAYS) % 2,
        "price": np.linspace(10.0, 11.0, 3 * DAYS),
        "closing_stock": np.arange(3 * DAYS) % 3,
        "order_multiple": 6,
    }
    task = task_of(tmp_path, env_id, **told)
    products, own = sampled(task, 64), draw_products(task.source, task.problem, 64)
    made_up = ~windows_of(products)
    for name in ("covariates", "sold_out", "prices"):
        ours, theirs = getattr(products, name), getattr(own, name)
        assert (ours is None) == (theirs is None), name
        assert ours is None or ours.shape == theirs.shape, name
    assert products.covariate_names == own.covariate_names
    assert (products.covariates[:, made_up] == 0.0).all()
    assert (products.covariates[:, ~made_up] != 0.0).any()
    assert (products.sold_out[:, made_up] == 0.0).all()
    assert (products.lots.multiple[made_up] == 0.0).all()
    assert (products.lots.multiple[~made_up] == 6.0).all()


def test_it_says_what_it_is(tmp_path: Path) -> None:
    task = task_of(tmp_path)
    augmented, windows = augmented_table(task), task.source_for("training")
    assert augmented.notes[:-1] == windows.notes
    assert augmented.notes[-1] == "half of the products are made up like those of the table"
    assert augmented.table == windows.table
    assert augmented.covariate_names == windows.covariate_names
    assert augmented.largest_scale >= windows.largest_scale
    assert augmented.extras.short_histories
    assert augmented.extras.earlier


def test_a_network_learns_from_it_and_is_validated_on_the_table(tmp_path: Path) -> None:
    task = task_of(tmp_path)
    training = DirectBackprop(replace(task, training=augmented_table(task)), config=TINY)
    assert isinstance(training.source, AugmentedTable)
    assert training.validation_source is task.source_for("validation")
    agent = training.fit()
    assert agent.card["table"]["file"] == "table.csv"


def test_a_task_without_a_table_is_refused() -> None:
    with pytest.raises(TypeError, match="a population like a table needs a task of one"):
        augmented_table(inv_gym.task(ENV))
