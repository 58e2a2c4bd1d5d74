"""The experiment on retail demand: its twin, its tables, and what it says of the claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("matplotlib")
pytest.importorskip("optuna")
pytest.importorskip("lightgbm")
pytest.importorskip("stable_baselines3")
import inv_gym
from experiments.favorita import claims, data, measure, page, paths, players, remembering, twin
from experiments.favorita.averaged import Averaged
from experiments.favorita.plan import plan
from experiments.favorita.remembering import Remembering
from experiments.results import Results
from experiments.runner import app
from inv_gym.agents.forecasting import (
    EmpiricalQuantiles,
    MQForecaster,
    forecast_quantiles,
    forecast_sum,
)
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.baselines.rules.simple import ConstantOrder
from inv_gym.play.episode import Episode
from inv_gym.play.policy import planned

REAL = Path(__file__).parents[3] / "shared" / "data" / "favorita"


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
        (first, middle), (after, last) = table.halves
        assert (first, last) == table.validation and first < middle < after < last


def test_arrays_of_weekly_items_are_read_with_returned_goods(tmp_path: Path) -> None:
    weeks = np.datetime64("2015-01-06") + 7 * np.arange(60)
    sales = np.random.default_rng(0).poisson(5.0, (3, 2, 60)).astype(np.int16)
    sales[1, 1, 7] = -4
    np.savez(tmp_path / "item_weekly_21stores.npz", sales=sales, week_start=weeks)
    panel = data.read_table(tmp_path, "items")
    assert len(panel.series) == 6 and panel.frequency.name == "weekly"
    assert panel.units[:, np.array([0])].sum() == sales[0, 0].sum()
    assert panel.units[7, 3] == 0.0
    assert any("negative units (returned goods)" in note for note in panel.notes)


@pytest.mark.skipif(not REAL.is_dir(), reason="the data are not beside the checkout")
def test_the_real_tables_are_read_and_have_windows_in_every_test_period() -> None:
    series = {"stores": 54, "families": 19, "items": 6048}
    for name, table in data.TABLES.items():
        panel = data.read_table(REAL, name)
        assert len(panel.series) <= series[name]
        for test in table.tests:
            task = players.test_task(panel, table, 0, test, players.SHOWN_RATIO)
            windows = task.source.listing(table.horizon).windows
            assert len(windows) > 0.6 * min(len(panel.series), players.MOST_SERIES)
    assert len(panel.series) == 6048


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


def test_drawn_economics_are_those_of_the_training(folder: Path) -> None:
    panel = data.read_table(folder, "items")
    task = players.test_task(panel, data.TABLES["items"], 0, "Christmas", None)
    ratios = critical_ratio(task.problem, task.draw(20).economics)
    assert len(np.unique(ratios)) == len(task.draw(20).scale)
    assert ratios.min() >= 0.4 - 1e-9 and ratios.max() <= 0.981
    assert players.setting_name(None) == "drawn" and players.setting_name(0.95) == "0.95"


def test_orders_of_several_networks_are_averaged(folder: Path) -> None:
    task = players.test_task(
        data.read_table(folder, "stores"), data.TABLES["stores"], 0, "calm", 0.9
    )
    rules = players.history_rules(task.problem)
    members = (rules[players.HISTORY_RULE], ConstantOrder(problem=task.problem, quantity=40.0))
    both = Averaged(members)
    episode = Episode(task.problem, task.draw(2))
    shown = episode.observe()
    alone = [planned(member, task.problem, task.draw(2))(shown) for member in members]
    mean = planned(both, task.problem, task.draw(2))(shown)
    assert np.allclose(mean, (alone[0] + alone[1]) / 2.0)
    assert inv_gym.evaluate(task, {"both": both}, number=2).frame["reward"].notna().all()


def dates_of(**sales: np.ndarray) -> pd.DataFrame:
    """A row per policy and day from a day before the shock on."""
    parts = []
    for policy, units in sales.items():
        days = pd.date_range("2016-04-01", periods=len(units))
        columns = {"date": days, "sales": units, "demand": 100.0, "shortage": 100.0 - units}
        parts.append(pd.DataFrame({"policy": policy, **columns, "on_hand": 10.0}))
    frame = pd.concat(parts, ignore_index=True)
    names = {"ours": players.SCRATCH, "theirs": players.MQ}
    return frame.assign(policy=frame["policy"].map(names))


def claims_of_shock(ours: np.ndarray, theirs: np.ndarray) -> list[dict[str, Any]]:
    dates = dates_of(ours=ours, theirs=theirs)
    return claims.claims_of(dates, 0.9, "shock", players.SCRATCH, players.MQ)


def test_claims_hold_where_the_interval_says_so() -> None:
    noise = np.random.default_rng(0).normal(size=(2, 60))
    rows = claims_of_shock(ours=90 + noise[0], theirs=80 + noise[1])
    found = {row["claim"]: row for row in rows}
    assert found["higher reward"]["verdict"] == "holds"
    assert found["higher service"]["verdict"] == "holds"
    assert 11.0 < found["higher service"]["difference"] < 14.0
    assert found["lower stock"]["verdict"] == "open" and found["lower stock"]["difference"] == 0.0
    recovered = [row["policy"] for row in rows if row["claim"] == claims.RECOVERY]
    assert recovered == [claims.END, players.MQ]
    turned = claims_of_shock(ours=80 + noise[0], theirs=90 + noise[1])
    assert {row["claim"]: row for row in turned}["higher reward"]["verdict"] == "does not hold"
    equal = claims_of_shock(ours=80 + noise[0], theirs=80 + noise[1])
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


def calibration_row(forecaster: str, **changes: Any) -> dict[str, Any]:
    """A row of a forecaster that is calibrated, but for changes."""
    row = {"forecaster": forecaster, "target": "period", "loss": 1.0, "less": 10.0}
    levels = {"level": [0.1, 0.5, 0.9], "below": [0.1, 0.52, 0.88], "coverage": [0.1, 0.52, 0.88]}
    return row | levels | changes


@pytest.mark.parametrize(
    ("mine", "fault"),
    [
        ({}, []),
        ({"below": [0.1, 0.52, 0.94]}, ["coverage"]),
        ({"below": [0.05, 0.48, 0.88], "coverage": [0.2, 0.6, 0.91]}, []),
        ({"coverage": [0.1, 0.46, 0.88], "below": [0.1, 0.3, 0.88]}, ["coverage"]),
        ({"less": 4.0}, ["loss beside seasonal naive"]),
        ({"loss": 1.03}, ["loss 3.0 % above LightGBM's"]),
    ],
)
def test_a_comparison_with_a_bad_forecaster_is_void(mine: dict, fault: list[str]) -> None:
    rows = [calibration_row(players.TREES), calibration_row(players.MQ, **mine)]
    facts = {"calibration": rows}
    assert page.faults(facts) == fault
    assert page.verdict(facts, {"verdict": "holds"}) == ("void" if fault else "holds")


def test_intervals_of_paths_are_of_series() -> None:
    rng = np.random.default_rng(0)
    demand = rng.gamma(4.0, 5.0, (3, 400))
    sales = demand * rng.uniform(0.6, 1.0, demand.shape)
    value, low, high = np.array(paths._interval(100.0 * sales, demand)).T
    assert np.allclose(value, 100.0 * sales.sum(1) / demand.sum(1))
    ratio = value[:, None] / 100.0
    error = (sales - ratio * demand).std(1) / demand.mean(1) / np.sqrt(demand.shape[1])
    assert np.allclose((high - low) / 2.0, 196.0 * error, rtol=0.25)
    closed = paths._interval(np.zeros((1, 5)), np.zeros((1, 5)))
    assert closed == [[100.0, 100.0, 100.0]]


def test_remembered_forecasts_are_those_of_the_forecaster(folder: Path) -> None:
    task = players.training_task(data.read_table(folder, "stores"), data.TABLES["stores"], 1)
    options = {"steps": 2, "batch": 4, "validation_products": 4}
    network = MQForecaster(horizon=2, **options).fit(task)
    products = task.draw(5)
    history, known = products.demand[:32], products.covariates[:34]
    kept = Remembering(network)
    for forecast in (forecast_quantiles, forecast_sum):
        for levels in ([0.35, 0.5], [0.93]):
            asked = (history, known, levels, 2)
            assert np.allclose(forecast(kept, *asked), forecast(network, *asked))
    network._trained = None  # from now on it cannot forecast
    forecast_sum(kept, history, known, [0.8], 2)
    with pytest.raises(ValueError, match="not trained"):
        forecast_sum(kept, history + 1.0, known, [0.8], 2)


def test_the_oldest_forecasts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST_KEPT", 2)
    kept = Remembering(EmpiricalQuantiles(1))
    for number in range(1, 5):
        forecast_sum(kept, np.full((32, 1), float(number)), None, [0.5], 1)
        assert len(kept._kept) == min(number, 2)


def test_of_many_series_some_are_played(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panel, table = data.read_table(folder, "items"), data.TABLES["items"]
    monkeypatch.setattr(players, "MOST_SERIES", 7)
    tasks = [players.test_task(panel, table, 0, "Christmas", ratio) for ratio in (0.5, 0.9)]
    listed = [task.source.listing(table.horizon).windows for task in tasks]
    assert len(listed[0]) == 7 and np.array_equal(*listed)
    assert len(np.unique(listed[0][:, 0])) == 7


TINY = players.Effort(2, 8, 2, 2, members=2, played=12_800, rounds=2, validation=8)


def test_an_interrupted_measurement_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "QUICK", TINY)
    monkeypatch.setattr(measure, "QUICK_STORES", 2)
    monkeypatch.setattr(measure, "CALIBRATION_PRODUCTS", 20)
    ((*arguments,),) = [part.arguments for part in plan(quick=True) if part.name == "stores"]
    measure.measure(tmp_path, *arguments)
    whole = Results(tmp_path).read("twin-quick/stores/0.json")
    own = tmp_path / "twin-quick/stores/0"
    weights = {path: path.stat().st_mtime_ns for path in own.glob("*/weights.safetensors")}
    assert len(weights) == 7 and set(whole["validation"]) == set(players.END_TO_END)

    # what is missing alone is measured again, and comes out the same
    (own / "shock-0.9.json").unlink()
    (tmp_path / "twin-quick/stores/0.json").unlink()
    measure.measure(tmp_path, *arguments)
    assert Results(tmp_path).read("twin-quick/stores/0.json") == whole
    assert {path: path.stat().st_mtime_ns for path in weights} == weights

    # the page has every policy, and says that no full measurement is there
    page_file, *pictures = page.publish(tmp_path, tmp_path / "docs")
    text = page_file.read_text()
    assert "made-up twin, with short trainings (--quick)" in text
    for policy in (players.SCRATCH, players.FINE_TUNED, players.ZERO_SHOT, players.PPO_PLAYER):
        assert f"| {policy} |" in text
    assert "{" not in text and "void" in text
    for picture in pictures:
        assert np.asarray(Image.open(picture).convert("L")).std() > 10.0


def test_a_page_shows_the_real_tables_first(tmp_path: Path) -> None:
    results = Results(tmp_path)
    assert page.findings(results) == ""
    assert page.measured(results) == [] and "Nothing is measured" in page.origin(results)
    for kind in ("twin-quick", "data"):
        results.keep(f"{kind}/items/0.json", {"kind": kind})
    assert page.measured(results) == [(("items", 0), {"kind": "data"})]
    assert page.origin(results) == "The figures below are of the real tables."
    assert page.findings(results).startswith("What the figures say")
