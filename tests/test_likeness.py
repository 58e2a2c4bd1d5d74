"""A population that is fitted to the training days of a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from panel_cases import stored
from typer.testing import CliRunner

import inv_gym
from inv_gym import LogUniform, LostSales, SyntheticProducts, Task, draw_products, population_like
from inv_gym.agents import DirectBackprop, NetworkConfig, TrainingConfig
from inv_gym.commands.app import app
from inv_gym.demand.processes import (
    AutocorrelatedLevel,
    Process,
    Sometimes,
    Trend,
    WeeklySeason,
)
from inv_gym.leaderboard.remarks import network_remarks
from inv_gym.products.batch import HISTORY
from inv_gym.products.likeness import LikeTable
from inv_gym.products.table_figures import figures_of

ENV = "InvLostSales-v0"
DAYS, SERIES = 400, 100
COUNTS = SyntheticProducts(("negative_binomial",), LogUniform(0.5, 50.0), LogUniform(0.2, 0.8))
TINY = TrainingConfig(
    steps=2, batch=8, check_every=2, validation_products=8, network=NetworkConfig(hidden=(8,))
)


def frame_of(source: SyntheticProducts, number: int = SERIES, days: int = DAYS) -> pd.DataFrame:
    """A table of series that were drawn from a population."""
    units = draw_products(source, LostSales(horizon=days - HISTORY), number).demand
    names = [f"series {k}" for k in range(number)]
    dates = pd.date_range("2015-01-01", periods=days).strftime("%Y-%m-%d")
    columns = {"series": np.repeat(names, days), "date": np.tile(dates, number)}
    return pd.DataFrame({**columns, "units": units.T.ravel()})


def task_of(folder: Path, frame: pd.DataFrame, **options: Any) -> Task:
    return inv_gym.table_task(stored(folder, frame), ENV, **options)


def fitted(folder: Path, source: SyntheticProducts, **options: Any) -> LikeTable:
    return population_like(task_of(folder, frame_of(source), **options))


def weighted(like: LikeTable, figure: Any) -> float:
    """The mean of a figure of the parts, by their weights."""
    weights = [weight for weight, _ in like.parts]
    return float(np.average([figure(part) for _, part in like.parts], weights=weights))


def process_of(population: SyntheticProducts, kind: type[Process]) -> Any:
    """How often a population has a kind of process."""
    for given in population.processes:
        if isinstance(given, Sometimes) and isinstance(given.process, kind):
            return given
    return None


def share_of(like: LikeTable, kind: type[Process]) -> float:
    """The share of products that have a kind of process."""
    found = lambda part: process_of(part, kind)  # noqa: E731
    return weighted(like, lambda part: 0.0 if found(part) is None else found(part).probability)


def centre(what: Any) -> float:
    return (what.low + what.high) / 2.0


def middle(what: Any) -> float:
    return float(np.sqrt(what.low * what.high))


def test_means_and_dispersions_are_near_those_of_the_population(tmp_path: Path) -> None:
    task = task_of(tmp_path, frame_of(COUNTS))
    like = population_like(task)
    lows, highs = ({getattr(part.mean, end) for _, part in like.parts} for end in ("low", "high"))
    assert min(lows) == pytest.approx(0.5, rel=0.4)
    assert max(highs) == pytest.approx(50.0, rel=0.4)
    assert sorted(lows)[1:] == sorted(highs)[:-1]  # the classes lie side by side
    assert len(lows) == 5
    # the mean of what is log-uniform from .2 to .8
    for _, part in like.parts:
        assert middle(part.dispersion) == pytest.approx(0.43, rel=0.25)
        assert part.families == ("negative_binomial",)
    table = draw_products(task.source_for("training"), task.problem, 1024)
    made_up = draw_products(like, task.problem, 1024)
    for level in (0.1, 0.5, 0.9):
        quantiles = [np.quantile(products.scale, level) for products in (table, made_up)]
        assert quantiles[1] == pytest.approx(quantiles[0], rel=0.25)


def test_dispersions_follow_the_mean(tmp_path: Path) -> None:
    slow = frame_of(replace(COUNTS, mean=LogUniform(0.5, 2.0), dispersion=1.5), 60)
    fast = frame_of(replace(COUNTS, mean=LogUniform(20.0, 60.0), dispersion=0.1), 60)
    fast["series"] = "fast " + fast["series"]
    like = population_like(task_of(tmp_path, pd.concat([slow, fast])))
    for _, part in like.parts:
        wanted = 1.5 if part.mean.high < 3.0 else 0.1 if part.mean.low > 10.0 else None
        if wanted is not None:
            assert middle(part.dispersion) == pytest.approx(wanted, rel=0.3)


def test_poisson_counts_and_amounts_are_told_apart(tmp_path: Path) -> None:
    counts = frame_of(SyntheticProducts(("poisson",), LogUniform(0.2, 20.0)), 75)
    amounts = frame_of(SyntheticProducts(("gamma",), LogUniform(5.0, 50.0), 0.2), 25)
    amounts["series"] = "amount of " + amounts["series"]
    like = population_like(task_of(tmp_path, pd.concat([counts, amounts])))
    assert {part.families for _, part in like.parts} == {("poisson",), ("gamma",)}
    amount = weighted(like, lambda part: part.families == ("gamma",))
    assert amount == pytest.approx(0.25, abs=0.04)
    (dispersion,) = {middle(part.dispersion) for _, part in like.parts if "gamma" in part.families}
    assert dispersion == pytest.approx(0.2, rel=0.2)


def test_weekday_profiles_are_found_where_there_are_some(tmp_path: Path) -> None:
    week = Sometimes(WeeklySeason(0.3), 0.6)
    source = SyntheticProducts(("negative_binomial",), LogUniform(5.0, 50.0), 0.2, (week,))
    frame = frame_of(source)
    like = population_like(task_of(tmp_path, frame))
    profiles = {
        name: units.groupby(np.arange(len(units)) % 7).mean().to_numpy()
        for name, units in frame.groupby("series")["units"]
    }
    spreads = np.array([profile.std() / profile.mean() for profile in profiles.values()])
    assert share_of(like, WeeklySeason) == pytest.approx((spreads > 0.12).mean(), abs=0.1)
    assert share_of(like, AutocorrelatedLevel) < 0.05
    spread = weighted(like, lambda part: centre(process_of(part, WeeklySeason).process.spread))
    assert spread == pytest.approx(0.28, abs=0.03)
    for _, part in like.parts:
        assert middle(part.dispersion) == pytest.approx(0.2, rel=0.2)  # the week is no part of it


def test_levels_and_trends_are_found_where_there_are_some(tmp_path: Path) -> None:
    level = AutocorrelatedLevel(0.9, 0.4)
    source = SyntheticProducts(("poisson",), LogUniform(20.0, 60.0), processes=(level,))
    like = fitted(tmp_path, source)
    assert share_of(like, AutocorrelatedLevel) > 0.8
    for _, part in like.parts:
        found: Any = process_of(part, AutocorrelatedLevel)
        assert found.process.correlation == pytest.approx(0.9, abs=0.07)
        assert found.process.spread.low < 0.4 < found.process.spread.high + 0.05
    growing = SyntheticProducts(("poisson",), LogUniform(20.0, 60.0), processes=(Trend(0.003),))
    like = fitted(tmp_path, growing)
    assert share_of(like, Trend) > 0.8
    for _, part in like.parts:
        assert centre(process_of(part, Trend).process.rate) == pytest.approx(0.003, rel=0.2)
    assert share_of(fitted(tmp_path, COUNTS), Trend) < 0.05


def test_histories_are_as_long_as_those_of_the_table(tmp_path: Path) -> None:
    task = task_of(tmp_path, frame_of(COUNTS))
    table: Any = draw_products(task.source_for("training"), task.problem, 1024)
    made_up: Any = draw_products(population_like(task), task.problem, 1024)
    new = [(products.known_periods < HISTORY).mean() for products in (table, made_up)]
    assert new[1] == pytest.approx(new[0], abs=0.05)
    assert made_up.earlier.periods.max() == pytest.approx(table.earlier.periods.max(), abs=10)


def test_later_days_change_nothing(tmp_path: Path) -> None:
    frame = frame_of(COUNTS, 30)
    task = task_of(tmp_path, frame, train_until="2015-09-30")
    like = population_like(task)
    later = frame["date"] > "2015-09-30"
    changed = frame.assign(units=np.where(later, 7.0 * frame["units"] + 3.5, frame["units"]))
    other = population_like(task_of(tmp_path, changed, train_until="2015-09-30"))
    assert other.parts == like.parts
    earlier = frame.assign(units=np.where(later, frame["units"], 2.0 * frame["units"]))
    assert population_like(task_of(tmp_path, earlier, train_until="2015-09-30")).parts != like.parts
    assert like.table["last"] == "2015-09-30"
    assert population_like(task).parts == like.parts


def test_prices_and_costs_that_the_table_gives_are_kept(tmp_path: Path) -> None:
    frame = frame_of(COUNTS, 30)
    imputed = population_like(task_of(tmp_path, frame))
    training: Any = task_of(tmp_path, frame).source_for("training")
    assert all(part.economics == training.ranges for _, part in imputed.parts)
    frame["price"] = 4.0 + frame["series"].str[7:].astype(int) / 10.0
    frame["cost"], frame["holding_cost"] = 0.5 * frame["price"], 0.01 * frame["price"]
    given = population_like(task_of(tmp_path, frame)).parts[0][1].economics
    price, margin, holding = (getattr(given, name) for name in ("price", "margin", "holding_rate"))
    assert (price.low, price.high) == pytest.approx((4.0, 6.9))
    assert (margin.low, margin.high) == pytest.approx((0.5, 0.5))
    assert (holding.low, holding.high) == pytest.approx((0.02, 0.02))
    assert given.shortage_rate == training.ranges.shortage_rate


@pytest.mark.parametrize("days", [60, 90])
def test_small_and_short_tables_are_fitted_too(tmp_path: Path, days: int) -> None:
    frame = frame_of(COUNTS, 1, days)
    task = task_of(tmp_path, frame, horizon=5)
    like = population_like(task)
    assert len(like.parts) <= 2
    products = draw_products(like, task.problem, 64)
    assert np.isfinite(products.demand[HISTORY:]).all()


def test_figures_do_not_mind_periods_that_are_not_known() -> None:
    demand = np.random.default_rng(0).poisson(6.0, (300, 40)).astype(float)
    gaps = demand.copy()
    gaps[:200, ::2] = np.nan
    gaps[6::7, 1::2] = np.nan  # closed on a weekday
    whole, part = figures_of(demand, daily=True), figures_of(gaps, daily=True)
    for figures in (whole, part):
        assert all(np.isfinite(column).all() for column in figures)
        assert figures.whole.all()
        assert (figures.week > 0.0).mean() < 0.1
    np.testing.assert_allclose(part.mean, np.nanmean(gaps, 0))


def test_a_task_without_a_table_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a task of one .* trains on SyntheticProducts"):
        population_like(inv_gym.task(ENV))


def test_a_network_trains_on_it_and_says_of_which_table(tmp_path: Path) -> None:
    task = task_of(tmp_path, frame_of(COUNTS, 30))
    like = population_like(task)
    agent = DirectBackprop(task.problem, like, TINY).fit()
    assert agent.network.sizes.short_histories
    assert agent.network.sizes.earlier
    assert agent.card["table"] == like.table
    remark = network_remarks(task.source, {"mine": agent})["mine"]
    assert remark.startswith("was trained on other days of this table, from 2015-01-01 to")
    assert inv_gym.rollout(task, agent, number=8).orders.max() > 0.0


def test_the_command_trains_on_it(tmp_path: Path) -> None:
    path = stored(tmp_path, frame_of(COUNTS, 10, 200))
    tiny = ["--steps", "2", "--batch", "8", "--hidden", "8"]
    asked = ["train", "--env", ENV, "--products", "like", "--horizon", "5", *tiny]
    out = tmp_path / "run"
    result = CliRunner().invoke(app, [*asked, "--data", str(path), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert '"like table.csv"' in (out / "card.json").read_text()
    result = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "other")])
    assert result.exit_code == 1
    assert "--products like needs a table to be like: give it by --data FILE." in result.output
    asked[4] = "poisson"
    result = CliRunner().invoke(app, [*asked, "--data", str(path), "--out", str(tmp_path / "no")])
    assert "give either --products NAME or --data FILE, got both; with --data, " in result.output
