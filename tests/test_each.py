"""Every series once, from a day on, instead of drawn windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import PROBLEM, long_table, stored
from typer.testing import CliRunner, Result

import inv_gym
from inv_gym import baselines
from inv_gym.commands.app import app
from inv_gym.products.panel import PanelProducts, read_panel

ENV = "InvLostSales-v0"
NAMES = ("d", "a", "late", "c")
DAY = "2015-06-29"  # position 179 of 200


def table(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    units = {name: rng.poisson(3.0, 200) + 1.0 for name in NAMES}
    units["late"][:180] = np.nan  # its first window begins after DAY
    return stored(folder, long_table(**units).dropna())


def source(folder: Path, **options: object) -> PanelProducts:
    return PanelProducts(read_panel(table(folder)), **options)  # type: ignore[arg-type]


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def test_all_episodes_begin_on_the_day(tmp_path: Path) -> None:
    some = source(tmp_path, each=DAY)
    windows = some.listing(PROBLEM.horizon).windows
    assert windows.tolist() == [[0, 179], [1, 179], [3, 179]]
    products = inv_gym.draw_products(some, PROBLEM, 3)
    assert products.windows is not None
    assert products.windows.tolist() == windows.tolist()
    notes = some.listing(PROBLEM.horizon).notes
    assert any("each of 3 series is played once" in note and "1 series" in note for note in notes)


def test_the_earliest_window_of_each_series(tmp_path: Path) -> None:
    windows = source(tmp_path, each=True, first="2015-04-11").listing(5).windows
    eligible = source(tmp_path, first="2015-04-11").eligible(5).runs
    earliest = [int(eligible.first[eligible.series == number].min()) for number in range(4)]
    assert windows.tolist() == [[number, earliest[number]] for number in range(4)]
    assert windows[[0, 1, 3], 1].tolist() == [100] * 3


def test_listed_and_drawn_windows_are_the_same_products(tmp_path: Path) -> None:
    some = source(tmp_path, each=DAY)
    listed = inv_gym.draw_products(some, PROBLEM, 3)
    drawn = some.sample(np.random.default_rng(0), 50, PROBLEM)
    assert drawn.windows is not None
    assert set(map(tuple, drawn.windows.tolist())) == set(map(tuple, listed.windows.tolist()))


@pytest.mark.parametrize(
    ("each", "message"),
    [
        ("2015-01-02", "each must be within the days that are played"),
        ("2016-01-02", "each must be within the table's"),
        ("yesterday", "each must be a day written as YYYY-MM-DD"),
        ("2015-07-18", "no series has a window of 5 usable days that begins on 2015-07-18"),
    ],
)
def test_days_on_which_nothing_begins_are_refused(tmp_path: Path, each: str, message: str) -> None:
    some = source(tmp_path, each=each, first="2015-04-11")
    with pytest.raises(ValueError, match=message):
        some.listing(5)


def test_each_is_a_day_or_true(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="each must be a day or True, got False"):
        source(tmp_path, each=False)


def test_more_products_than_series_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the list has 3 windows, got a number of 4"):
        inv_gym.draw_products(source(tmp_path, each=DAY), PROBLEM, 4)


def test_a_task_plays_every_series_once(tmp_path: Path) -> None:
    task = inv_gym.table_task(table(tmp_path), ENV, horizon=5, each=DAY)
    policies = {"base-stock": baselines.policies(task.problem, distribution=False)["base-stock"]}
    played = inv_gym.evaluate(
        task, policies, number=3, reference="base-stock", per_product=True
    ).products
    assert played is not None
    assert played["series"].tolist() == ["d", "a", "c"]
    assert task.draw(50, role="training").windows is not None


def test_the_leaderboard_plays_every_series_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = command(
        "leaderboard", "--data", str(table(tmp_path)), "--env", ENV, "--horizon", "5",
        "--each", DAY, "--products", "20", "--out", str(out),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "3 different windows of 3 series" in " ".join(result.output.split())


@pytest.mark.parametrize(("each", "number"), [(DAY, 3), ("earliest", 4)])
def test_the_backtest_plays_every_series_once(tmp_path: Path, each: str, number: int) -> None:
    out = tmp_path / "out"
    result = command(
        "backtest", "--data", str(table(tmp_path)), "--horizon", "5", "--each", each,
        "--out", str(out),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    products = pd.read_csv(out / "products.csv")
    assert len(products) == number
    assert (products["windows"] == 1).all()
