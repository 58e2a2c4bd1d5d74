"""A table of sales as a task: training, validation and test on days of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import long_table, stored

import inv_gym
from inv_gym import LostSales, Task, make_problem, table_task
from inv_gym.products.panel import read_panel

ENV = "InvLostSales-v0"
ROLES = ("training", "validation", "test")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Five series of 200 days."""
    return sales_of(tmp_path, 200)


def sales_of(folder: Path, days: int) -> Path:
    rng = np.random.default_rng(0)
    names = [f"item {series}" for series in range(5)]
    return stored(folder, long_table(**{name: rng.poisson(4.0, days) for name in names}))


def episode_days(task: Task, role: str) -> np.ndarray:
    """The positions of all days of episodes that a role plays."""
    windows = task.draw(400, role=role).windows
    assert windows is not None
    starts = np.unique(windows[:, 1])
    return np.unique(starts[:, None] + np.arange(task.problem.horizon))


def test_the_roles_share_no_day_of_an_episode(table):
    played = table_task(table, ENV, horizon=5)
    training, validation, test = (episode_days(played, role) for role in ROLES)
    assert (training.min(), training.max()) == (1, 119)
    assert (validation.min(), validation.max()) == (120, 159)
    assert (test.min(), test.max()) == (160, 199)


def test_the_days_of_the_roles_can_be_given(table):
    played = table_task(
        table, ENV, horizon=5, train_until="2015-04-10", validate_until="2015-05-10"
    )
    training, validation, test = (episode_days(played, role) for role in ROLES)
    assert (training.max(), validation.min()) == (99, 100)
    assert (validation.max(), test.min()) == (129, 130)


def test_days_after_the_training_are_shared_half_and_half(table):
    played = table_task(table, ENV, horizon=5, train_until="2015-04-10")
    validation, test = (episode_days(played, role) for role in ROLES[1:])
    assert (validation.min(), validation.max(), test.min(), test.max()) == (100, 149, 150, 199)


def test_the_first_and_the_last_day_bound_all_roles(table):
    played = table_task(table, ENV, horizon=5, first="2015-02-20", last="2015-05-30")
    training, validation, test = (episode_days(played, role) for role in ROLES)
    assert (training.min(), training.max()) == (50, 109)
    assert (validation.min(), validation.max()) == (110, 129)
    assert (test.min(), test.max()) == (130, 149)


def test_training_and_validation_do_not_depend_on_later_days(table):
    frame = pd.read_csv(table)
    later = frame["date"] >= "2015-06-10"  # day 160: the test begins
    frame.loc[later, "units"] = 7 * frame.loc[later, "units"] + 3
    changed = stored(table.parent, frame, ".parquet")
    before, after = (table_task(path, ENV, horizon=5) for path in (table, changed))
    for role in ("training", "validation"):
        one, other = before.draw(200, role=role), after.draw(200, role=role)
        np.testing.assert_array_equal(one.demand, other.demand)
        for column, same in zip(one.economics, other.economics, strict=True):
            np.testing.assert_array_equal(column, same)
    assert (before.draw(200).demand != after.draw(200).demand).any()


def test_a_table_task_keeps_what_belongs_to_the_environment(table):
    played = table_task(table, ENV)
    assert (played.name, played.title) == (ENV, inv_gym.task(ENV).title)
    assert played.reference == "base-stock"
    assert not played.known


def test_an_environments_horizon_is_cut_to_the_shortest_role(tmp_path):
    assert table_task(sales_of(tmp_path, 200), ENV).problem.horizon == 40
    assert table_task(sales_of(tmp_path, 400), ENV).problem.horizon == 50


def test_a_problem_is_played_as_it_is(table):
    problem = LostSales(lead_time=2, horizon=9)
    assert table_task(table, problem).problem == problem
    assert table_task(table, problem, horizon=7).problem.horizon == 7
    with pytest.raises(ValueError, match="the validation days 2015-05-01 to 2015-06-09 cannot be"):
        table_task(table, make_problem(ENV))  # 50 periods, of which a role has 40


def test_a_panel_that_was_read_serves_several_tasks(table):
    panel = read_panel(table)
    tasks = [table_task(panel, problem) for problem in (ENV, LostSales(horizon=4, lead_time=2))]
    assert all(played.source.panel is panel for played in tasks)
    with pytest.raises(ValueError, match="missing says how to read a file, but data is a panel"):
        table_task(panel, ENV, missing="zero")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"train_until": "2015-05-10", "validate_until": "2015-04-10"},
            "got training to end 2015-05-10, validation to end 2015-04-10, test to end "
            "2015-07-19, from 2015-01-01 on, which leaves no day for validation: move train_until",
        ),
        (
            {"train_until": "2015-05-10", "validate_until": "2015-05-10"},
            "which leaves no day for validation: move",
        ),
        ({"validate_until": "2015-07-19"}, "which leaves no day for test: move"),
        ({"train_until": "2015-07-19"}, "leaves no day for validation and test: move"),
        (
            {"train_until": "2014-05-10"},
            "train_until must be within the table's 2015-01-01 to 2015-07-19, got 2014-05-10.",
        ),
        (
            {"validate_until": "2016-05-10"},
            "validate_until must be within the table's 2015-01-01 to 2015-07-19, got 2016-05-10.",
        ),
        (
            {"train_until": "May"},
            "train_until must be a day written as YYYY-MM-DD, got 'May'.",
        ),
        (
            {"train_until": "2015-01-05", "horizon": 5},
            "the training days 2015-01-01 to 2015-01-05 cannot be played: .*train_until",
        ),
        (
            {"validate_until": "2015-07-17", "horizon": 5},
            "the test days 2015-07-18 to 2015-07-19 cannot be played: .*no window of.*horizon",
        ),
        ({"train_til": "2015-05-10"}, "unknown option of the table 'train_til'; known: .*"),
        ({"horizon": 0}, "horizon must be at least 1, got 0."),
        ({"file": "sales.csv"}, "unknown option of the table 'file'"),
    ],
)
def test_splits_and_options_that_cannot_be_are_refused(table, given, message):
    with pytest.raises(ValueError, match=message):
        table_task(table, ENV, **given)


def test_a_table_with_too_few_periods_for_three_roles_is_refused(tmp_path):
    path = stored(tmp_path, long_table(a=np.ones(1)))
    with pytest.raises(ValueError, match="leaves no day for training and validation"):
        table_task(path, ENV)
