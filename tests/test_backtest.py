"""The backtest: windows, verdicts, files, page and command."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from panel_cases import long_table, panel_of, stored
from scipy import stats
from typer.testing import CliRunner, Result

import inv_gym
from inv_gym import LostSales, agents, baselines, evaluate, rollout, table_task
from inv_gym import task as task_of
from inv_gym.backtest.charts import lowest_shown, spread_limits
from inv_gym.backtest.entries import every_window, gather, with_windows
from inv_gym.backtest.verdicts import Rewards, series_frame, verdicts
from inv_gym.commands.app import app
from inv_gym.envs.single import InventoryEnv
from inv_gym.leaderboard.remarks import NEEDS_ALL
from inv_gym.products.panel import ListedWindows, PanelProducts

ENV = "InvLostSales-v0"
NAMES = ("tea", "rye", "oat", "figs")


def table(folder: Path, days: int = 200) -> Path:
    rng = np.random.default_rng(0)
    units = {name: rng.poisson(2.0 + place, days) for place, name in enumerate(NAMES)}
    return stored(folder, long_table(**units))


# ---------------------------------------------------------------- windows


def test_every_series_plays_all_windows_of_the_test_days_side_by_side(tmp_path: Path) -> None:
    task = with_windows(table_task(table(tmp_path), ENV), quick=False)
    assert task.problem.horizon == 10  # 40 test days in four
    source: Any = every_window(task, None).source
    starts = source.windows[:, 1]
    assert source.windows[:, 0].tolist() == np.repeat(np.arange(4), 4).tolist()
    assert starts.reshape(4, 4).tolist() == 4 * [[160, 170, 180, 190]]
    latest: Any = every_window(task, 2).source
    assert latest.windows[:, 1].reshape(4, 2).tolist() == 4 * [[180, 190]]


def test_a_series_that_is_on_no_step_of_the_grid_has_its_earliest_window(tmp_path: Path) -> None:
    late = np.r_[np.full(165, np.nan), np.ones(35 + 12)]
    frame = long_table(old=np.ones(212), new=late).dropna()
    panel = import_module("inv_gym.products.panel").read_panel(stored(tmp_path, frame))
    listed = ListedWindows.side_by_side(PanelProducts(panel, first="2015-06-10"), 15)
    of_new = listed.windows[listed.windows[:, 0] == panel.series.index("new")]
    of_old = listed.windows[listed.windows[:, 0] == panel.series.index("old")]
    assert of_new[:, 1].tolist() == [175, 190]
    assert of_old[:, 1].tolist() == [160, 175, 190]


def test_listed_windows_are_eligible_and_their_episodes_disjoint(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    units = {f"item {k}": rng.poisson(rng.choice([0.05, 1.0]), 300) for k in range(60)}
    source = PanelProducts(panel_of(tmp_path, **units), first="2015-05-01")
    for horizon in (1, 7, 40):
        listed = ListedWindows.side_by_side(source, horizon).windows
        runs = source.eligible(horizon).runs
        eligible = {
            (series, first + step)
            for series, first, length in zip(*runs, strict=True)
            for step in range(length)
        }
        assert set(map(tuple, listed.tolist())) <= eligible
        assert set(listed[:, 0]) == set(runs.series)
        for series in set(listed[:, 0]):
            assert (np.diff(listed[listed[:, 0] == series, 1]) >= horizon).all()


def test_listed_windows_are_played_in_their_order(tmp_path: Path) -> None:
    task = every_window(with_windows(table_task(table(tmp_path), ENV), quick=False), None)
    products, source = task.draw(16, seed=5), task.source
    np.testing.assert_array_equal(products.windows, source.windows)  # type: ignore[attr-defined]
    drawn = source.sample(np.random.default_rng(0), 50, task.problem).windows
    assert set(map(tuple, drawn.tolist())) <= set(map(tuple, products.windows.tolist()))


def test_more_products_than_windows_are_refused(tmp_path: Path) -> None:
    task = every_window(with_windows(table_task(table(tmp_path), ENV), quick=False), None)
    with pytest.raises(ValueError, match="the list has 16 windows, got a number of 17 products"):
        task.draw(17)


def test_sums_by_date_are_those_of_the_rollouts(tmp_path: Path) -> None:
    task = every_window(with_windows(table_task(table(tmp_path), ENV), quick=False), None)
    policy = baselines.policies(task.problem, distribution=False)["base-stock"]
    dates = evaluate(task, {"base-stock": policy}, number=16, per_product=True).dates
    assert dates is not None
    played = rollout(task.problem, policy, task.draw(16))
    assert dates["date"].tolist() == list(pd.date_range("2015-06-10", periods=40))
    assert (dates["products"] == 4).all()
    for name in ("sales", "shortage", "on_hand"):
        # series by series, window by window: the periods of all windows in a row are the dates
        in_all_series = played.flow(name).T.reshape(4, 4, 10).sum(0).ravel()
        np.testing.assert_allclose(dates[name], in_all_series, rtol=1e-12)
    np.testing.assert_allclose(dates["demand"], dates["sales"] + dates["shortage"], rtol=1e-12)


def contest_names(task: Any, quick: bool) -> tuple[set[str], list[str], str]:
    contest = gather(every_window(with_windows(task, quick), None), "x.csv", {}, quick)
    left_out = [note for note in contest.notes if note.startswith("--quick leaves out")]
    return set(contest.policies), left_out, contest.reference


@pytest.mark.parametrize(
    ("env", "fields", "quick_rule", "slow_rule"),
    [
        ("InvLostSalesLeadTime-v0", {"lead_time": 3}, "vector base-stock", "dual-balancing"),
        ("InvPerishable-v0", {"shelf_life": 3}, "naive base-stock", "low-waste base-stock"),
    ],
)
def test_a_first_look_leaves_out_rules_that_take_long_and_names_them(
    tmp_path: Path, env: str, fields: dict[str, int], quick_rule: str, slow_rule: str
) -> None:
    task = table_task(table(tmp_path), task_of(env).changed(**fields))
    slow = baselines.slow(task.problem)
    names, notes, reference = contest_names(task, quick=True)
    every, no_notes, same_reference = contest_names(task, quick=False)
    assert slow_rule in slow
    assert quick_rule in names
    assert every - names == set(slow)
    assert notes == [f"--quick leaves out rules that take long: {', '.join(slow)}"]
    assert no_notes == []
    assert reference == same_reference == baselines.reference(task.problem, distribution=False)


@pytest.mark.parametrize("env", inv_gym.ENVIRONMENTS)
def test_the_reference_always_plays(env: str) -> None:
    problem = task_of(env).problem
    assert baselines.reference(problem, distribution=False) not in baselines.slow(problem)
    assert set(baselines.slow(problem)) <= set(baselines.policies(problem, distribution=False))


def test_a_first_look_without_lead_time_leaves_out_nothing(tmp_path: Path) -> None:
    names, notes, _ = contest_names(table_task(table(tmp_path), ENV), quick=True)
    assert "searched base-stock" in names
    assert notes == []


# ---------------------------------------------------------------- verdicts


def rewards_of(values: np.ndarray) -> Rewards:
    """Of ``[S, W, P]`` windows."""
    series, windows, policies = values.shape
    names = tuple(f"policy {k}" for k in range(policies))
    code = np.repeat(np.arange(series), windows)
    return Rewards(names, tuple(map(str, range(series))), code, values.reshape(-1, policies))


def test_a_verdict_is_that_of_paired_tests() -> None:
    values = np.random.default_rng(0).normal([0.0, 1.0, 0.5], size=(30, 5, 3))
    said = verdicts(rewards_of(values))
    for series, windows in enumerate(values):
        order = np.argsort(-windows.mean(0))
        assert said.best[series] == order[0]
        assert said.next[series] == order[1]
        chances = [
            stats.ttest_rel(windows[:, order[0]], windows[:, other], alternative="greater").pvalue
            for other in order[1:]
        ]
        assert said.probability[series] == pytest.approx(max(1.0 - sum(chances), 0.0), abs=1e-12)
        interval = stats.ttest_rel(windows[:, order[0]], windows[:, order[1]]).confidence_interval()
        assert said.difference[series, 1:] == pytest.approx(tuple(interval), rel=1e-9)
        if interval.low <= 0.0 <= interval.high:
            assert not said.sure[series]


@pytest.mark.parametrize("policies", [2, 5])
@pytest.mark.parametrize("windows", [2, 4, 12])
def test_equal_policies_are_called_sure_in_one_of_twenty_series_at_most(
    policies: int, windows: int
) -> None:
    number = 4000
    rng = np.random.default_rng(1)
    shared = rng.normal(size=(number, windows, 1))  # the demand that all of them meet
    values = shared + rng.normal(size=(number, windows, policies))
    wrong = verdicts(rewards_of(values)).sure.mean()
    assert wrong <= 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / number)


def test_a_clear_winner_is_sure_and_the_shared_demand_does_not_hide_it() -> None:
    rng = np.random.default_rng(2)
    shared = 50.0 * rng.normal(size=(200, 8, 1))
    values = shared + rng.normal(size=(200, 8, 3)) + [0.0, 5.0, 0.0]
    said = verdicts(rewards_of(values))
    assert (said.best == 1).all()
    assert said.sure.mean() > 0.95


def test_one_window_and_ties_are_never_sure() -> None:
    alone = verdicts(rewards_of(np.array([[[1.0, 9.0]]])))
    assert not alone.sure[0]
    assert np.isnan(alone.probability[0])
    assert np.isnan(alone.difference[0, 1])
    tied = verdicts(rewards_of(np.ones((1, 6, 2))))
    assert tied.probability[0] == 0.5
    assert not tied.sure[0]
    single = verdicts(rewards_of(np.ones((1, 6, 1))))
    assert single.best[0] == single.next[0] == 0
    steady = verdicts(rewards_of(np.tile([3.0, 2.0], (1, 6, 1))))
    assert steady.sure[0]


def test_the_series_are_means_over_their_windows(tmp_path: Path) -> None:
    task = every_window(with_windows(table_task(table(tmp_path), ENV), quick=False), None)
    ours = baselines.policies(task.problem, distribution=False)
    policies = {name: ours[name] for name in ("base-stock", "random orders")}
    products = evaluate(task, policies, number=16, per_product=True).products
    assert products is not None
    frame = series_frame(products, "base-stock")
    assert frame["series"].tolist() == list(NAMES)
    assert (frame["windows"] == 4).all()
    for row in frame.to_dict("records"):
        own = products[products["series"] == row["series"]]
        means = own.groupby("policy", observed=True)["reward"].mean()
        assert row["best"] == means.idxmax()
        assert row["reward of random orders"] == pytest.approx(means["random orders"])
        assert row["difference"] == pytest.approx(means.max() - means.min())
        best = own[own["policy"] == row["best"]]
        sold = (best["fill_rate"] * best["demand"]).sum()
        assert row["fill_rate"] == pytest.approx(sold / best["demand"].sum())
        assert row["on_hand"] == pytest.approx(best["on_hand"].mean())


# ---------------------------------------------------------------- charts


def test_what_is_far_out_does_not_hide_the_rest() -> None:
    assert lowest_shown(np.array([99.0, 98.0, 97.0, 20.0])) == pytest.approx(87.5)
    assert lowest_shown(np.array([100.0, 100.0])) == 99.5
    low, high = spread_limits(np.array([[-1.0, 0, 0, 0, 1], [-2, 0, 0, 0, 2], [-500, 0, 0, 0, 1]]))
    assert -10.0 < low < -2.0
    assert 2.0 <= high < 3.0
    assert spread_limits(np.zeros((2, 5)))[0] < 0.0


# ---------------------------------------------------------------- command


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two heuristics and a network alone play."""
    ours, networks = baselines.policies, agents.policies
    entries = import_module("inv_gym.backtest.entries")

    def two(problem: Any, distribution: bool = True) -> dict[str, Any]:
        known = ours(problem, distribution)
        return {name: known[name] for name in ("base-stock", "random orders")}

    monkeypatch.setattr(entries.baselines, "policies", two)
    monkeypatch.setattr(
        entries.agents, "policies", lambda problem, for_tables: networks(problem, for_tables)
    )


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["backtest", *arguments])


def test_a_table_is_played_by_one_command(folder: Path) -> None:
    result = run("--data", str(table(folder)), "--quick", "--out", "out")
    assert result.exit_code == 0, result.output
    assert "16 products, 16 different windows of 4 series (table table.csv), 10 periods" in (
        result.output
    )
    out = folder / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "page.html",
        "products.csv",
        "ranking.csv",
        "ranking.json",
    ]
    problem = LostSales(horizon=10)
    networks = agents.policies(problem, for_tables=True)
    everyone = {*baselines.policies(problem, distribution=False), *networks}
    ranking, series = pd.read_csv(out / "ranking.csv"), pd.read_csv(out / "products.csv")
    assert set(ranking["policy"]) == everyone
    assert series["series"].tolist() == list(NAMES)
    assert set(series["best"]) <= everyone
    assert set(series["verdict"]) <= {"sure", "not sure"}
    said = json.loads((out / "ranking.json").read_text())
    assert sum(counts["best"] for counts in said["series_verdicts"].values()) == 4
    assert said["rule"].startswith("sure: with a probability of at least 97.5 %")
    assert [row["policy"] for row in said["rows"]] == ranking["policy"].tolist()
    page = (out / "page.html").read_text(encoding="utf-8")
    assert "http" not in page
    assert page.count("<svg") == 4
    assert all(name in page for name in everyone)
    for words in ("Fill rate against mean stock", "over time", "gains and loses most", "not sure"):
        assert words in page


@pytest.mark.usefixtures("few")
def test_workers_write_the_same_files(folder: Path) -> None:
    data = str(table(folder))
    for out, more in (("here", ()), ("there", ("--workers", "2"))):
        assert run("--data", data, "--quick", "--out", out, *more).exit_code == 0
    here, there = ((folder / out / "products.csv").read_bytes() for out in ("here", "there"))
    assert here == there


@pytest.mark.usefixtures("few")
def test_days_lead_time_and_own_policies_are_taken(folder: Path) -> None:
    (folder / "own.py").write_text(
        "class UpTo:\n"
        "    knows = 'history'\n"
        "    def __init__(self, problem):\n"
        "        pass\n"
        "    def __call__(self, seen):\n"
        "        return seen.scale[:, None]\n"
    )
    days = ("--train-until", "2015-04-10", "--validate-until", "2015-05-10")
    result = run(
        "--data", str(table(folder)), *days, "--lead-time", "2", "--horizon", "7",
        "--policy", "own:UpTo", "--out", "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "episodes lie in 2015-05-11 to 2015-07-19" in result.output
    said = json.loads((folder / "out" / "ranking.json").read_text())
    assert said["environment"] == "InvLostSalesLeadTime-v0"
    assert said["fields"]["lead_time"] == 2
    assert said["fields"]["horizon"] == 7
    assert said["products"] == 4 * 10
    assert "own:UpTo" in {row["policy"] for row in said["rows"]}


@pytest.mark.usefixtures("few")
def test_a_policy_that_fails_is_named_and_the_others_are_ranked(folder: Path) -> None:
    (folder / "bad.py").write_text(
        "class Bad:\n"
        "    knows = 'history'\n"
        "    def __init__(self, problem):\n"
        "        pass\n"
        "    def __call__(self, seen):\n"
        "        return -1.0 - seen.scale[:, None]\n"
    )
    result = run("--data", str(table(folder)), "--quick", "--policy", "bad:Bad", "--out", "out")
    assert result.exit_code == 1
    assert "Error: bad:Bad failed in" in result.output
    assert "bad:Bad" not in set(pd.read_csv(folder / "out" / "ranking.csv")["policy"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--data", "nothing.csv"), "there is no demand table 'nothing.csv'"),
        (("--data", "table.csv", "--env", "InvLostSale-v0"), "unknown environment"),
        (("--data", "table.csv", "--env", "InvDualSourcing-v0", "--lead-time", "2"), "lead_time"),
        (("--data", "table.csv", "--train-until", "2015-07-30"), "2015-07-30"),
        (("--data", "table.csv", "--out", "table.csv"), "table.csv"),
        ((), "--data"),
    ],
)
def test_bad_input_is_one_message(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    table(folder)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("few")
def test_an_interrupt_is_one_line_and_leaves_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("inv_gym.commands.backtesting"), "play", interrupted)
    result = run("--data", str(table(folder)), "--out", "out")
    assert result.exit_code == 130
    assert result.output.strip().endswith("Interrupted: no file is half-written.")
    assert not list((folder / "out").iterdir())


def test_networks_that_need_long_histories_are_marked(tmp_path: Path) -> None:
    task = every_window(with_windows(table_task(table(tmp_path), ENV), True), None)
    networks = agents.policies(task.problem)
    contest = gather(task, "", {"mine": networks["DirectBackprop"]})
    assert contest.remarks == {"mine": NEEDS_ALL}
    assert sum(NEEDS_ALL in note for note in contest.notes) == 1


def test_environments_of_listed_windows_show_what_is_known(tmp_path: Path) -> None:
    task = every_window(with_windows(table_task(table(tmp_path), ENV), True), None)
    names = InventoryEnv(task=task).observation_names
    assert names == InventoryEnv(task=table_task(table(tmp_path), ENV)).observation_names
    assert "known_periods" in names
