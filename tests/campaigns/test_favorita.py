"""The experiment on retail demand: its twin, its tables, and what it says of the claims."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

pytest.importorskip("matplotlib")
pytest.importorskip("optuna")
from experiments.favorita import claims, data, page, players, twin
from experiments.favorita.plan import plan
from experiments.runner import app
from inv_gym.baselines.rules.critical_ratio import critical_ratio


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return twin.write_twin(tmp_path_factory.mktemp("twin"), 2)


def test_the_twin_has_the_seasons_holidays_and_shock_of_the_data() -> None:
    days = pd.date_range(twin.FIRST, twin.LAST)
    factors = pd.Series(twin.day_factors(days), days)
    assert (factors[(days.month == 12) & (days.day == 25)] == 0.0).all()
    december = factors[(days.month == 12) & (days.day >= 15) & (days.day <= 24)].mean()
    assert 1.25 < december / factors[days.month == 11].mean() < 1.5
    shock = factors["2016-04-17":"2016-04-22"].to_numpy()
    usual = factors["2016-04-10":"2016-04-15"].to_numpy()
    same_weekdays = factors["2016-04-24":"2016-04-29"].to_numpy()
    assert len(usual) == len(shock)
    assert np.allclose(shock / same_weekdays, twin.SHOCK_FACTORS, rtol=0.02)


def test_the_twin_is_read_as_the_data_are(folder: Path) -> None:
    panels = {name: data.read_table(folder, name) for name in data.TABLES}
    assert len(panels["stores"].series) == 2 and len(panels["items"].series) == 20
    assert panels["families"].promotion is not None
    assert str(panels["stores"].dates[0]) == twin.FIRST
    again = twin.write_twin(folder.parent / "again", 2)
    assert data.read_table(again, "stores").fingerprint == panels["stores"].fingerprint


def test_time_goes_from_training_to_validation_to_test() -> None:
    for table in data.TABLES.values():
        assert table.training < table.validation[0] < table.validation[1]
        assert all(first > table.validation[1] for first, _ in table.tests.values())


def test_arrays_of_weekly_items_are_read(tmp_path: Path) -> None:
    weeks = np.datetime64("2015-01-06") + 7 * np.arange(60)
    sales = np.random.default_rng(0).poisson(5.0, (3, 2, 60)).astype(np.int16)
    file = tmp_path / "item_weekly_21stores.npz"
    np.savez(file, sales=sales, week_start=weeks)
    panel = data.read_table(tmp_path, "items")
    assert len(panel.series) == 6 and panel.frequency.name == "weekly"
    assert panel.units[:, np.array([0])].sum() == sales[0, 0].sum()
    np.savez(file, sales=sales)
    with pytest.raises(ValueError, match="it lacks week_start and has sales"):
        data.read_table(tmp_path, "items")
    np.savez(file, sales=-sales, week_start=weeks)
    with pytest.raises(ValueError, match="must be at least 0, got -"):
        data.read_table(tmp_path, "items")
    np.savez(file, sales=sales[0], week_start=weeks)
    with pytest.raises(ValueError, match=r"must be \[items, stores, 60 weeks\], got \(2, 60\)"):
        data.read_table(tmp_path, "items")


def test_missing_folders_and_tables_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        data.read_table(tmp_path / "none", "stores")
    with pytest.raises(FileNotFoundError, match=r"must be one of store_daily.parquet, store_dail"):
        data.read_table(tmp_path, "stores")


@pytest.mark.parametrize("ratio", players.RATIOS)
def test_economics_give_the_critical_ratio(folder: Path, ratio: float) -> None:
    panel = data.read_table(folder, "stores")
    task = players.test_task(panel, data.TABLES["stores"], 0, "calm", ratio)
    products = task.draw(2)
    assert np.allclose(critical_ratio(task.problem, products.economics), ratio)


def dates_of(**sales: np.ndarray) -> pd.DataFrame:
    """A row per policy and day from a day before the shock on."""
    parts = []
    for policy, units in sales.items():
        days = pd.date_range("2016-04-01", periods=len(units))
        columns = {"date": days, "sales": units, "demand": 100.0, "shortage": 100.0 - units}
        parts.append(pd.DataFrame({"policy": policy, **columns, "on_hand": 10.0}))
    frame = pd.concat(parts, ignore_index=True)
    names = {"ours": players.END_TO_END, "theirs": players.MQ}
    return frame.assign(policy=frame["policy"].map(names))


def test_claims_hold_where_the_interval_says_so() -> None:
    noise = np.random.default_rng(0).normal(size=(2, 60))
    rows = claims.claims_of(dates_of(ours=90 + noise[0], theirs=80 + noise[1]), 0.9, "shock")
    found = {row["claim"]: row for row in rows}
    assert found["higher reward"]["verdict"] == "holds"
    assert found["higher service"]["verdict"] == "holds"
    assert 11.0 < found["higher service"]["difference"] < 14.0
    assert found["lower stock"]["verdict"] == "open" and found["lower stock"]["difference"] == 0.0
    turned = claims.claims_of(dates_of(ours=80 + noise[0], theirs=90 + noise[1]), 0.9, "shock")
    assert {row["claim"]: row for row in turned}["higher reward"]["verdict"] == "does not hold"
    equal = claims.claims_of(dates_of(ours=80 + noise[0], theirs=80 + noise[1]), 0.9, "shock")
    assert {row["claim"]: row for row in equal}["higher service"]["verdict"] == "open"


def test_recovery_is_when_no_more_is_lost_than_before() -> None:
    sales = np.full(60, 95.0)
    sales[16:36] = 60.0  # from 17 April on, for 20 days
    frame = dates_of(ours=sales, theirs=sales)
    mine = frame[frame["policy"] == players.MQ].set_index("date")
    assert claims.recovery_days(mine) == 27


def test_intervals_cover_what_they_should() -> None:
    """Differences that are alike for a week are no seven independent ones."""
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(200):
        weekly = np.repeat(rng.normal(size=20), 7)
        low, high = claims.ratio_interval(100.0 + weekly, np.full(140, 100.0))[1:]
        inside.append(low <= 0.0 <= high)
    assert np.mean(inside) > 0.85


def test_quick_measures_less_and_other_campaigns_have_no_such_option(tmp_path: Path) -> None:
    assert len(list(plan(quick=True))) == 3 and len(list(plan())) == 6
    shown = CliRunner().invoke(app(), ["favorita", "--quick", "--list", "--out", str(tmp_path)])
    assert shown.exit_code == 0 and shown.output.count("lead time 0") == 3
    other = CliRunner().invoke(app(), ["trainings", "--quick", "--list"])
    assert other.exit_code == 2 and "this campaign has no --quick" in other.output
    given = CliRunner().invoke(app(), ["favorita", "--set", "quick=1", "--list"])
    assert given.exit_code == 2 and "it is an option of its own, --quick" in given.output


@pytest.mark.parametrize(
    ("mine", "void"),
    [
        ({}, False),
        ({"coverage 0.9": 0.94}, True),
        ({"less": 4.0}, True),
        ({"loss": 1.03}, True),
    ],
)
def test_a_comparison_with_a_bad_forecaster_is_void(mine: dict, void: bool) -> None:
    good = {"target": "period", "loss": 1.0, "less": 10.0}
    good |= {"coverage 0.1": 0.1, "coverage 0.5": 0.52, "coverage 0.9": 0.88}
    rows = [good | {"forecaster": players.TREES}, good | {"forecaster": players.MQ} | mine]
    assert page.is_void({"calibration": rows}) is void
