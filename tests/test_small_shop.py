"""A shop whose three series have 1, 5 and 31 days: every command plays or answers it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import rows_of
from typer.testing import CliRunner

from inv_gym import LostSales, table_task
from inv_gym.advice.today import Today
from inv_gym.commands.app import app
from inv_gym.products.panel import PanelProducts, read_panel

ENV = "InvLostSales-v0"
LENGTHS = {"new": 1, "young": 5, "known": 31}
UNPLAYED = (
    "are not played: no usable day between 2024-04-25 and 2024-05-01 follows directly on a known "
    "history with a sale in its last 32 days"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with two shops and a stock file: in one all series go on to the end of
    the table, in the other they all begin with it.
    """
    monkeypatch.chdir(tmp_path)
    shop(end="2024-05-01").to_csv("shop.csv", index=False)
    shop(start="2024-04-01").to_csv("begun.csv", index=False)
    Path("stock.csv").write_text("series,on_hand\nnew,2\nyoung,1\nknown,3\n")
    return tmp_path


def shop(**end: str) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.concat(
        [
            rows_of(pd.date_range(**end, periods=days), 1 + rng.poisson(4.0, days), series=name)
            for name, days in LENGTHS.items()
        ]
    )


def run(*arguments: str) -> str:
    """The output of a command, its lines joined."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_a_backtest_plays_what_is_long_enough_and_names_the_others() -> None:
    output = run("backtest", "--quick", "--data", "shop.csv")
    assert "3 different windows of 2 series" in output
    assert "1 series ('new') is not played: no usable day between 2024-04-25" in output
    assert "episodes have 3 periods in place of 50" in output
    assert set(pd.read_csv("backtest/products.csv")["series"]) == {"young", "known"}


def test_a_horizon_that_is_given_leaves_out_what_is_shorter() -> None:
    output = run("backtest", "--quick", "--data", "shop.csv", "--horizon", "6")
    assert (
        "1 series ('young') is not played: too short for 6 days between 2024-04-25 and 2024-05-01 "
        "after a known one, a horizon of at most 4 plays more"
    ) in output
    assert "1 series ('new') is not played: no usable day" in output
    assert set(pd.read_csv("backtest/products.csv")["series"]) == {"known"}


def test_series_that_ended_before_the_test_are_named() -> None:
    output = run("backtest", "--quick", "--data", "begun.csv")
    assert f"2 series ('new', 'young') {UNPLAYED}" in output
    assert "1 different window of 1 series" in output


def test_a_leaderboard_plays_what_is_long_enough_and_names_the_others() -> None:
    output = run("leaderboard", "--quick", "--env", ENV, "--data", "shop.csv")
    assert "different windows of 2 series" in output
    assert "1 series ('new') is not played" in output


def test_a_training_plays_what_is_long_enough_and_names_the_others() -> None:
    output = run(
        *("train", "--env", ENV, "--data", "shop.csv", "--out", "run", "--steps", "2"),
        *("--batch", "8", "--channels", "4", "--hidden", "8"),
    )
    assert "2 series ('new', 'young') are not played: no usable day between 2024-04-01" in output
    assert "Wrote run" in output


def test_all_three_series_are_answered() -> None:
    output = run("order", "--data", "shop.csv", "--stock", "stock.csv")
    assert "3 of 3 series are answered" in output
    orders = pd.read_csv("orders.csv", keep_default_na=False)
    assert orders["series"].tolist() == list(LENGTHS)
    assert (orders["order"].astype(float) > 0.0).all()


def test_the_periods_of_a_short_series_that_are_known_are_told() -> None:
    panel = read_panel("shop.csv")
    task = table_task(panel, ENV)
    assert isinstance(task.source, PanelProducts)
    products = task.draw(200)
    young = panel.series.index("young")
    known = products.known_periods[products.windows[:, 0] == young]
    assert set(known) == {1.0, 2.0}  # an episode of 3 of its 5 days begins on the second or third
    today = Today(PanelProducts(panel), {})
    now = today.products(LostSales(horizon=1), np.array([panel.series.index("new")]))
    assert now.known_periods.tolist() == [1.0]
