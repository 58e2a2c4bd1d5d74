"""Holidays beside a table: dates that networks and forecasters know ahead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pandas as pd
import pytest
from learning_cases import untrained
from panel_cases import long_table, stored
from typer.testing import CliRunner

import inv_gym
from experiments.favorita.data import national_holidays
from inv_gym import LostSales, draw_products, rollout
from inv_gym.advice.today import Today
from inv_gym.agents import catalogue
from inv_gym.commands.app import app
from inv_gym.demand.processes import CALENDAR
from inv_gym.products.batch import HISTORY
from inv_gym.products.panel import PanelProducts, read_panel
from inv_gym.products.panel.holidays import HOLIDAY_NAMES, holiday_covariates, read_holidays

PROBLEM = LostSales(horizon=6, lead_time=1)
DAYS = np.arange("2015-01-01", "2015-09-18", dtype="datetime64[D]")
FREE = ("2015-05-01", "2015-08-15", "2015-09-18")
PLACES = slice(len(CALENDAR), len(CALENDAR) + len(HOLIDAY_NAMES))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Daily sales with promotions."""
    rng = np.random.default_rng(0)
    frame = long_table(**{name: rng.poisson(5.0, len(DAYS)) for name in ("tea", "rye")})
    frame["promotion"] = rng.integers(0, 2, len(frame))
    return stored(tmp_path_factory.mktemp("table"), frame)


def test_covariates_tell_holidays_and_the_week_before_them() -> None:
    holidays = np.array(["2015-05-01", "2015-05-03"], "datetime64[D]")
    days = np.arange("2015-04-22", "2015-05-06", dtype="datetime64[D]")
    holiday, before = holiday_covariates(holidays, days).T
    assert holiday.tolist() == [0.0] * 9 + [1.0, 0.0, 1.0, 0.0, 0.0]
    wanted = [0, 0, 1, 2, 3, 4, 5, 6, 7, 6, 7, 0, 0, 0]
    assert np.allclose(before, np.array(wanted) / 7.0)


def test_a_file_and_a_list_of_days_say_the_same(table: Path, tmp_path: Path) -> None:
    file = tmp_path / "free.csv"
    file.write_text("name,date\n" + "\n".join(f"some day,{day}" for day in reversed(FREE)))
    told = [read_panel(table, holidays=holidays) for holidays in (file, str(file), list(FREE))]
    assert all((panel.holidays == np.array(FREE, "datetime64[D]")).all() for panel in told)
    assert len({panel.fingerprint for panel in told}) == 1
    assert told[0].fingerprint != read_panel(table).fingerprint


def test_windows_hold_the_holidays_of_their_days(table: Path) -> None:
    source = PanelProducts(read_panel(table, holidays=FREE))
    assert source.covariate_names == (*CALENDAR, *HOLIDAY_NAMES, "promotion")
    products = draw_products(source, PROBLEM, 20)
    assert products.covariates is not None and products.windows is not None
    start = products.windows[:, 1]
    days = start + np.arange(-HISTORY, PROBLEM.horizon)[:, None]
    wanted = holiday_covariates(np.array(FREE, "datetime64[D]"), DAYS[np.maximum(days, 0)])
    wanted[np.isnan(products.demand)] = np.nan
    np.testing.assert_array_equal(products.covariates[..., PLACES], wanted)


def test_environments_show_holidays_of_today_and_of_the_past(table: Path) -> None:
    source = PanelProducts(read_panel(table, holidays=FREE))
    env = gym.make_vec("InvLostSales-v0", num_envs=2, horizon=6, products=source).unwrapped
    wanted = {"holiday", "before_holiday", "holiday_32_ago", "holiday_1_ago"}
    assert wanted <= {*env.observation_names}  # type: ignore[attr-defined]


def test_a_network_of_the_table_sees_them_and_a_generalist_does_not(table: Path) -> None:
    with_them, without = (
        PanelProducts(read_panel(table, holidays=holidays)) for holidays in (FREE, None)
    )
    products, plain = (draw_products(source, PROBLEM, 20) for source in (with_them, without))
    agent = untrained(PROBLEM, with_them)
    assert products.covariates is not None
    other = products.covariates.copy()
    other[..., PLACES] = 0.0
    hidden = products._replace(covariates=other)
    seen, unseen = (rollout(PROBLEM, agent, each).orders for each in (products, hidden))
    assert (seen != unseen).any()
    (generalist,) = catalogue.policies(PROBLEM, for_tables=True).values()
    told, untold = (rollout(PROBLEM, generalist, each).orders for each in (products, plain))
    np.testing.assert_array_equal(told, untold)


def test_an_order_of_today_knows_whether_today_is_a_holiday(table: Path) -> None:
    """The table ends on 17 September, so today is the 18th."""
    source = PanelProducts(read_panel(table, holidays=FREE))
    problem = LostSales(horizon=1)
    covariates = Today(source, {}).products(problem, np.arange(2)).covariates
    assert covariates is not None
    assert (covariates[-1, :, PLACES] == [1.0, 0.0]).all()
    assert (covariates[-2, :, PLACES] == [0.0, 1.0]).all()


@pytest.mark.parametrize(
    ("holidays", "error", "message"),
    [
        ([], ValueError, "holidays must have at least one day, got none"),
        (["1 May 2015"], ValueError, "days written as YYYY-MM-DD, got '1 May 2015' in place 1"),
        (["2015-05-01", "2015-02-30"], ValueError, "got '2015-02-30' in place 2"),
        (["2013-05-01"], ValueError, "from 2013-05-01 to 2013-05-01 for a table from 2015-01-01"),
        (7, TypeError, "holidays must be a file or a list of days, got 7"),
        ("nowhere.csv", FileNotFoundError, "there is no file of holidays 'nowhere.csv'"),
    ],
)
def test_what_is_no_holiday_is_refused(holidays: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_holidays(holidays, DAYS)


def test_a_file_without_dates_and_a_table_of_weeks_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "free.csv"
    file.write_text("day,name\n2015-05-01,Labour Day\n")
    with pytest.raises(ValueError, match="must have a column 'date', got the columns 'day', 'na"):
        read_holidays(file, DAYS)
    file.write_text("")
    with pytest.raises(ValueError, match="cannot be read"):
        read_holidays(file, DAYS)
    weeks = pd.date_range("2015-01-05", periods=60, freq="7D")
    weekly = pd.DataFrame({"series": "tea", "date": weeks, "units": 3})
    with pytest.raises(ValueError, match="must be left out of a weekly table"):
        read_panel(stored(tmp_path, weekly), holidays=FREE)


def run(arguments: Sequence[str]) -> str:
    return CliRunner().invoke(app, arguments).output


def test_the_command_line_takes_a_file_of_holidays(table: Path, tmp_path: Path) -> None:
    file = tmp_path / "free.csv"
    file.write_text("date\n" + "\n".join(FREE))
    train = ["train", "--env", "InvLostSales-v0", "--data", str(table), "--steps", "1"]
    short = ["--batch", "4", "--horizon", "5"]
    out = tmp_path / "run"
    output = run([*train, *short, "--holidays", str(file), "--out", str(out)])
    agent = inv_gym.agents.inventory_agent.InventoryAgent.load(out)
    assert agent.network.sizes.covariates == (*CALENDAR, *HOLIDAY_NAMES, "promotion"), output
    file.write_text("date\ntoday")
    assert "got 'today' in place 1" in run([*train, "--holidays", str(file), "--out", "else"])


def test_what_a_generalist_does_not_see_is_told(table: Path, tmp_path: Path) -> None:
    said = "does not see the covariates holiday, before_holiday, promotion of the products"
    file = tmp_path / "free.csv"
    file.write_text("date\n" + "\n".join(FREE))
    told = ["--data", str(table), "--holidays", str(file), "--horizon", "5"]
    small = ["--steps", "1", "--batch", "4", "--out", str(tmp_path / "run")]
    lost_sales = ["--env", "InvLostSales-v0"]
    output = run(["train", *lost_sales, *told, "--from-pretrained", *small])
    assert f"Note: the generalist {said}." in output
    stock = pd.DataFrame({"series": ["tea", "rye"], "on_hand": [0.0, 0.0]})
    (name,) = catalogue.policies(PROBLEM, for_tables=True)
    panel = read_panel(table, holidays=FREE)
    advice = inv_gym.advise(panel, stock, lead_time=1, policy=name)
    assert f"policy {name} {said} (2 series)" in advice.notes


def test_holidays_of_the_competition_are_those_of_the_whole_country(tmp_path: Path) -> None:
    events = tmp_path / "holidays_events.csv"
    assert national_holidays(tmp_path) is None
    events.write_text(
        "date,type,locale,locale_name,description,transferred\n"
        "2015-05-01,Holiday,National,Ecuador,Labour Day,False\n"
        "2015-05-02,Holiday,Local,Quito,a town,False\n"
        "2015-05-03,Event,National,Ecuador,a game,False\n"
        "2015-05-04,Holiday,National,Ecuador,moved,True\n"
        "2015-05-05,Transfer,National,Ecuador,to here,False\n"
    )
    assert national_holidays(tmp_path) == ["2015-05-01", "2015-05-05"]
    events.write_text("date,type,locale\n")
    with pytest.raises(ValueError, match="it lacks transferred"):
        national_holidays(tmp_path)
