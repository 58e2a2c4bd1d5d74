"""Tables whose series differ in their lead times and shelf lives: a task for each structure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from panel_cases import long_table, stored
from typer.testing import CliRunner, Result

import inv_gym
from inv_gym.commands.app import app
from inv_gym.products.panel import PanelProducts
from inv_gym.products.panel.eligible import Openings

LOST, PERISHABLE = "InvLostSales-v0", "InvPerishable-v0"
FIGURES = {"a": (1, 2), "b": (3, 2), "c": (3, 5), "d": (np.nan, np.nan)}


def table(folder: Path, days: int = 200) -> Path:
    rng = np.random.default_rng(0)
    frame = long_table(**{name: rng.poisson(3.0, days) for name in FIGURES})
    columns = zip(*(FIGURES[name] for name in frame["series"]), strict=True)
    frame["lead_time"], frame["shelf_life"] = columns
    return stored(folder, frame)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def played_series(task: inv_gym.Task) -> set[int]:
    windows = task.draw(200).windows
    assert windows is not None
    return set(windows[:, 0].tolist())


def test_lost_sales_have_a_task_for_each_lead_time(tmp_path: Path) -> None:
    tasks = inv_gym.table_tasks(table(tmp_path), LOST, horizon=5)
    assert list(tasks) == ["lead_time 0", "lead_time 1", "lead_time 3"]
    assert [task.problem.lead_time for task in tasks.values()] == [0, 1, 3]
    assert [played_series(task) for task in tasks.values()] == [{3}, {0}, {1, 2}]
    assert "2 series of 4 have lead_time 3" in tasks["lead_time 3"].source.notes


def test_perishable_stock_has_one_for_each_pair(tmp_path: Path) -> None:
    tasks = inv_gym.table_tasks(table(tmp_path), PERISHABLE, horizon=5)
    pairs = [(task.problem.lead_time, task.problem.shelf_life) for task in tasks.values()]
    assert pairs == [(0, 3), (1, 2), (3, 2), (3, 5)]
    assert list(tasks)[1] == "lead_time 1, shelf_life 2"


def test_columns_that_the_problem_has_no_field_for_have_no_part(tmp_path: Path) -> None:
    tasks = inv_gym.table_tasks(table(tmp_path), "InvProcurementRemoval-v0", horizon=5)
    assert list(tasks) == [""]
    assert played_series(tasks[""]) == {0, 1, 2, 3}


def test_one_task_of_several_structures_is_refused(tmp_path: Path) -> None:
    message = r"several structures \(lead_time 0 of 1 series, .*: inv_gym.table_tasks gives"
    with pytest.raises(ValueError, match=message):
        inv_gym.table_task(table(tmp_path), LOST, horizon=5)


def test_one_structure_is_played_with_its_lead_time(tmp_path: Path) -> None:
    frame = long_table(a=np.ones(200), b=np.ones(200)).assign(lead_time=4)
    task = inv_gym.table_task(stored(tmp_path, frame), LOST, horizon=5)
    assert task.problem.lead_time == 4
    assert played_series(task) == {0, 1}


def test_a_structure_that_is_too_short_is_left_out_and_told(tmp_path: Path) -> None:
    long, short = np.ones(200), np.r_[np.full(185, np.nan), np.ones(15)]
    frame = long_table(a=long, b=short).dropna()
    frame["lead_time"] = np.where(frame["series"] == "a", 1, 2)
    tasks = inv_gym.table_tasks(stored(tmp_path, frame), LOST, horizon=5)
    assert list(tasks) == ["lead_time 1"]
    notes = tasks["lead_time 1"].source.notes
    assert any(note.startswith("1 series with lead_time 2 cannot be played: the") for note in notes)


def test_the_leaderboard_plays_each(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = command(
        "leaderboard", "--data", str(table(tmp_path)), "--env", LOST, "--horizon", "5",
        "--products", "4", "--out", str(out),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    frame = pd.read_csv(out / "leaderboard.csv")
    played = frame[frame["section"] == "data"]["environment"].unique().tolist()
    assert played == [f"{LOST} with lead_time {time}" for time in (0, 1, 3)]
    assert "2 series of 4 in the table" in result.output


def test_the_backtest_writes_a_folder_for_each(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = command("backtest", "--data", str(table(tmp_path)), "--quick", "--out", str(out))
    assert result.exit_code == 0, result.output
    for time, series in ((0, "d"), (1, "a"), (3, "b")):
        products = pd.read_csv(out / f"lead_time-{time}" / "products.csv")
        assert series in products["series"].tolist()
    assert "3 structures: lead_time 0; lead_time 1; lead_time 3" in result.output


def test_training_writes_a_folder_for_each(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = command(
        "train", "--data", str(table(tmp_path)), "--env", LOST, "--horizon", "5",
        "--steps", "2", "--batch", "4", "--out", str(out),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert {path.parent.name for path in out.rglob("weights.safetensors")} == {
        "lead_time-0",
        "lead_time-1",
        "lead_time-3",
    }


def test_a_lead_time_beside_those_of_the_table_is_refused(tmp_path: Path) -> None:
    result = command("backtest", "--data", str(table(tmp_path)), "--lead-time", "2")
    assert result.exit_code == 2
    assert "drop the column" in " ".join(result.output.split())


def test_windows_are_searched_once_for_all_structures_and_horizons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = []

    def counted(*arguments: Any) -> Openings:
        searched.append(arguments)
        return search(*arguments)

    search = Openings.of
    monkeypatch.setattr(Openings, "of", counted)
    tasks = inv_gym.table_tasks(table(tmp_path), PERISHABLE)
    for task in tasks.values():
        assert isinstance(task.source, PanelProducts)
        task.source.eligible(3)
    assert len(tasks) == 4
    assert len(searched) == 3  # one for each role


def test_many_structures_that_cannot_be_played_are_counted(tmp_path: Path) -> None:
    long, short = np.full(200, 2.0), np.full(20, 2.0)
    frame = long_table(long=long, **{f"short {number}": short for number in range(6)})
    frame["lead_time"] = pd.factorize(frame["series"])[0]
    tasks = inv_gym.table_tasks(stored(tmp_path, frame), LOST, horizon=10)
    notes = tasks["lead_time 0"].source.notes
    assert len([note for note in notes if "cannot be played" in note]) == 3
    assert "3 series with 3 other structures cannot, either" in notes
