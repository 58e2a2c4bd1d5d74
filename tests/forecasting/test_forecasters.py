"""The forecasters that come with the package, on made-up demand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from panel_cases import stored
from scipy import stats

import inv_gym
from inv_gym import Task
from inv_gym.agents.catalogue import TRAINED_FOLDER
from inv_gym.agents.forecasting import (
    BoostedQuantiles,
    EmpiricalQuantiles,
    ExponentialSmoothing,
    IntermittentSmoothing,
    MQConfig,
    MQForecaster,
    SeasonalNaive,
    forecast_quantiles,
    forecast_sum,
)
from inv_gym.agents.forecasting.grid import LEVELS, at_levels, sample_quantiles
from inv_gym.agents.forecasting.mq_network import BINS, binned, points_of
from inv_gym.agents.forecasting.origins import drawn
from inv_gym.products.batch import HISTORY
from inv_gym.products.panel import PanelProducts, read_panel

ASKED = np.array([0.1, 0.5, 0.9])
UNTRAINED = {
    "empirical": EmpiricalQuantiles(),
    "naive": SeasonalNaive(),
    "intermittent": IntermittentSmoothing(),
}


@pytest.fixture(scope="module")
def task() -> Task:
    return inv_gym.task("InvLostSales-v0", horizon=16)


@pytest.fixture(scope="module")
def trained(task: Task) -> dict[str, Any]:
    pytest.importorskip("lightgbm")
    return {
        "lstm": MQForecaster(horizon=3, steps=60, batch=64, learning_rate=1e-2).fit(task),
        "causal": MQForecaster(
            horizon=3, network=MQConfig("causal", 8, 16), steps=60, batch=64, learning_rate=1e-2
        ).fit(task),
        "boosted": BoostedQuantiles(horizon=3, rounds=30, products=200, rows=8000).fit(task),
    }


def weekly(noise: float = 0.0) -> np.ndarray:
    """Demand ``[32, 2]`` of a weekly season that ends before a day of much demand."""
    season = np.array([30.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0])
    periods = np.arange(-HISTORY, 0)
    demand = np.stack([season[periods % 7], 5.0 * season[periods % 7]], 1)
    return np.maximum(demand + noise * np.random.default_rng(0).normal(size=demand.shape), 0.0)


def poisson(mean: float, products: int = 400, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, (HISTORY, products)).astype(float)


def test_between_levels_quantiles_are_those_of_a_normal_distribution() -> None:
    known, asked = np.array(LEVELS), np.array([0.003, 0.33, 0.5, 0.97, 0.999])
    values = stats.norm.ppf(known, 50.0, 4.0)[None]
    assert np.allclose(at_levels(values, known, asked), stats.norm.ppf(asked, 50.0, 4.0))


def test_sample_quantiles_leave_out_what_is_not_known() -> None:
    values = np.array([[1.0, np.nan], [2.0, 8.0], [3.0, np.nan]])
    given = sample_quantiles(values, np.array([0.25, 0.5, 0.75]))
    assert given.tolist() == [[1.0, 2.0, 3.0], [8.0, 8.0, 8.0]]


def test_sample_quantiles_cover_a_further_value() -> None:
    demand = np.random.default_rng(1).gamma(2.0, size=(HISTORY + 1, 20_000))
    given = sample_quantiles(demand[:-1], ASKED)
    assert np.allclose((demand[-1][:, None] <= given).mean(0), ASKED, atol=0.01)


@pytest.mark.parametrize("kind", ["empirical", "naive"])
def test_a_weekly_season_is_forecast_without_error(kind: str) -> None:
    given = forecast_quantiles(UNTRAINED[kind], weekly(), None, [0.5], 8)[..., 0]
    wanted = np.array([30.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 30.0])
    # the factors of days are drawn towards 1 by one mean day
    assert np.allclose(given[0], wanted, rtol=0.0 if kind == "naive" else 0.25)
    assert np.allclose(given[1], 5.0 * given[0])


@pytest.mark.parametrize("kind", UNTRAINED)
def test_quantiles_do_not_cross_and_sums_are_wider_than_a_period(kind: str) -> None:
    history = poisson(6.0)
    given = forecast_quantiles(UNTRAINED[kind], history, None, LEVELS, 4)
    assert (np.diff(given, axis=-1) >= 0.0).all() and (given >= 0.0).all()
    total = forecast_sum(UNTRAINED[kind], history, None, [0.1, 0.5, 0.9], 4)
    assert 0.85 < total[:, 1].mean() / 24.0 < 1.15
    assert (total[:, 2] < given[:, :, 10].sum(1) + 1e-9).all()


@pytest.mark.parametrize("kind", UNTRAINED)
def test_five_known_periods_are_enough(kind: str) -> None:
    history = poisson(6.0, products=20)
    history[:-5] = np.nan
    given = forecast_quantiles(UNTRAINED[kind], history, None, ASKED, 3)
    assert 2.0 < given[..., 1].mean() < 9.0
    history[:-1] = np.nan
    assert np.isfinite(forecast_sum(UNTRAINED[kind], history, None, ASKED, 3)).all()


def test_smoothing_gives_intermittent_demand_its_chance_of_no_sale() -> None:
    rng = np.random.default_rng(2)
    demand = np.where(rng.random((HISTORY, 4000)) < 0.2, 5.0, 0.0)
    given = forecast_quantiles(IntermittentSmoothing(), demand, None, [0.5, 0.9, 0.95], 1)[:, 0]
    assert (given[:, 0] == 0.0).mean() > 0.95
    assert 4.0 < given[:, 1].mean() < 6.5


def test_nothing_sold_is_forecast_as_little() -> None:
    for forecaster in UNTRAINED.values():
        given = forecast_quantiles(forecaster, np.zeros((HISTORY, 3)), None, ASKED, 2)
        assert (given <= 1.0).all()


def test_exponential_smoothing_follows_the_season() -> None:
    pytest.importorskip("statsmodels")
    forecaster = ExponentialSmoothing()
    given = forecast_quantiles(forecaster, weekly(noise=1.0), None, [0.05, 0.5, 0.95], 7)
    assert np.allclose(given[0, :, 1], [30.0, *[10.0] * 6], atol=2.0)
    total = forecast_sum(forecaster, weekly(noise=1.0), None, [0.05, 0.5, 0.95], 7)
    assert abs(total[0, 1] - 90.0) < 6.0
    assert total[0, 2] - total[0, 0] < (given[0, :, 2] - given[0, :, 0]).sum()
    assert np.allclose(forecast_quantiles(forecaster, np.full((32, 1), 3.0), None, [0.5], 2), 3.0)


@pytest.mark.parametrize("kind", ["lstm", "causal", "boosted"])
def test_trained_models_do_better_than_the_last_demands(
    kind: str, task: Task, trained: dict[str, Any]
) -> None:
    origins = drawn(task, 400, 5, "test", 3)
    targets, history = origins.targets[0], origins.history(0)
    levels = np.array(LEVELS)

    def loss(forecaster: Any) -> tuple[float, float]:
        scale = origins.scale[0]
        periods = forecast_quantiles(forecaster, history, None, levels, 3)
        total = forecast_sum(forecaster, history, None, levels, 3)
        misses = (targets[..., 0, None] - periods, targets[:, -1, 1, None] - total)
        losses = [np.maximum(levels * m, (levels - 1.0) * m).mean(-1) for m in misses]
        return (losses[0].mean(1) / scale).mean(), (losses[1] / scale).mean()

    mine, naive = loss(trained[kind]), loss(SeasonalNaive(season=1))
    assert mine[0] < 0.95 * naive[0] and mine[1] < naive[1]


@pytest.mark.parametrize("kind", ["lstm", "causal", "boosted"])
def test_trained_models_do_not_cross_and_follow_units(kind: str, trained: dict[str, Any]) -> None:
    history = poisson(20.0, 50)
    given = forecast_quantiles(trained[kind], history, None, LEVELS, 3)
    assert (np.diff(given, axis=-1) >= 0.0).all()
    alone = forecast_quantiles(trained[kind], history[:, 3:5], None, LEVELS, 3)
    assert np.allclose(alone, given[3:5])


def test_a_shorter_horizon_gives_the_same_first_periods(trained: dict[str, Any]) -> None:
    history = poisson(20.0, 5)
    for kind in ("lstm", "causal", "boosted"):
        long, short = (forecast_quantiles(trained[kind], history, None, ASKED, n) for n in (3, 1))
        assert np.allclose(long[:, :1], short)


@pytest.mark.parametrize("kind", ["lstm", "boosted"])
def test_what_a_model_was_not_trained_for_is_refused(kind: str, trained: dict[str, Any]) -> None:
    history = poisson(20.0, 5)
    with pytest.raises(ValueError, match="horizon must be at most the 3 periods"):
        forecast_quantiles(trained[kind], history, None, ASKED, 4)
    with pytest.raises(ValueError, match="covariates must be the 0 that it was trained with"):
        forecast_quantiles(trained[kind], history, np.ones((34, 5, 2)), ASKED, 2)


def test_models_that_are_not_trained_say_so() -> None:
    pytest.importorskip("lightgbm")
    for forecaster in (MQForecaster(), BoostedQuantiles()):
        with pytest.raises(ValueError, match="not trained: call fit"):
            forecast_quantiles(forecaster, poisson(3.0, 2), None, ASKED, 1)


@pytest.mark.parametrize("kind", ["causal", "boosted"])
def test_a_saved_forecaster_is_read_as_it_was(
    kind: str, tmp_path: Path, trained: dict[str, Any]
) -> None:
    path = trained[kind].save(tmp_path / "model")
    read = type(trained[kind]).load(path)
    history = poisson(20.0, 5)
    for forecast in (forecast_quantiles, forecast_sum):
        given = [forecast(model, history, None, ASKED, 3) for model in (trained[kind], read)]
        assert np.array_equal(*given)
    assert read.horizon == 3
    if kind == "causal":
        assert read.loss == trained[kind].loss


def test_damaged_trees_are_refused(tmp_path: Path, trained: dict[str, Any]) -> None:
    path = trained["boosted"].save(tmp_path / "trees.json")
    content = path.read_text()
    damages = {
        "cut off": content[: len(content) // 2],
        "empty": "",
        "other levels": content.replace('"levels": [0.01', '"levels": [0.02'),
        "of another kind": content.replace('"trees"', '"mq"'),
        "a list": "[1]",
        "without models": json.dumps({**json.loads(content), "models": {}}),
    }
    for damage in damages.values():
        path.write_text(damage)
        with pytest.raises(ValueError, match="holds no forecaster of trees"):
            BoostedQuantiles.load(path)
    with pytest.raises(FileNotFoundError):
        BoostedQuantiles.load(tmp_path / "none.json")
    with pytest.raises(ValueError, match="not trained"):
        BoostedQuantiles().save(path)


def test_members_forecast_their_mean(tmp_path: Path, task: Task) -> None:
    options = {"horizon": 2, "steps": 3, "batch": 8, "validation_products": 8}
    both = MQForecaster(**options, members=2, seed=1).fit(task)
    alone = [MQForecaster(**options, seed=seed).fit(task) for seed in (2, 3)]
    history = poisson(20.0, 5)
    mean = sum(forecast_quantiles(model, history, None, LEVELS, 2) for model in alone) / 2.0
    given = forecast_quantiles(both, history, None, LEVELS, 2)
    assert np.allclose(given, mean)
    assert both.loss == pytest.approx(np.mean([model.loss for model in alone]))
    read = MQForecaster.load(both.save(tmp_path / "mq.safetensors"))
    assert read.members == 2
    assert np.allclose(forecast_quantiles(read, history, None, LEVELS, 2), given)
    with pytest.raises(ValueError, match="members must be at least 1, got 0"):
        MQForecaster(members=0)


def test_points_are_of_the_targets_place_in_the_season() -> None:
    """Each period ahead sees the latest periods of its weekday, and the last periods of all."""
    demand = torch.arange(float(HISTORY + 2))[:, None]
    scale = torch.ones(3, 1)
    points = points_of(demand, scale, horizon=9)
    for origin in range(3):
        for ahead in range(9):
            first = ahead % 7 - 7 + HISTORY + origin  # the latest of its weekday
            seasonal = [first - 7.0 * back for back in range(4)]
            mine = points[origin, 0, ahead, 0].tolist()
            assert mine[:4] == seasonal and mine[4] == np.mean(seasonal)
            last = float(HISTORY - 1 + origin)
            assert mine[5:8] == [last - 2.0, last - 1.0, last]
            assert mine[8:] == [last - (window - 1) / 2.0 for window in (4, 7, 14, 28, 32)]
    total = points[:, :, :, 1]
    means = points[:, :, :, 0].cumsum(2) / torch.arange(1.0, 10.0)[:, None]
    assert torch.allclose(total, means)
    demand[3] = np.nan
    assert torch.isfinite(points_of(demand, scale, horizon=9)).all()


def test_binned_covariates_are_any_piecewise_linear_function() -> None:
    values = torch.linspace(-1.0, 1.0, 50)[:, None]
    given = binned(values)
    assert given.shape == (50, BINS) and given.min() == 0.0 and given.max() == 1.0
    assert torch.allclose(given.sum(-1), (values[:, 0] + 1.0) * BINS / 2.0, atol=1e-5)
    assert (given.diff(dim=0) >= 0.0).all()


def test_files_that_hold_no_forecaster_are_refused(tmp_path: Path, task: Task) -> None:
    other = next(TRAINED_FOLDER.glob("*.safetensors"))
    with pytest.raises(ValueError, match="holds no forecaster"):
        MQForecaster.load(other)
    with pytest.raises(FileNotFoundError):
        MQForecaster.load(tmp_path / "none.safetensors")
    with pytest.raises(ValueError, match="not trained"):
        MQForecaster().save(tmp_path / "mq.safetensors")


def test_a_training_follows_from_its_seed(task: Task) -> None:
    losses = [
        MQForecaster(horizon=2, steps=3, batch=8, validation_products=8, seed=seed).fit(task).loss
        for seed in (0, 0, 1)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_trainings_need_seen_demand_and_long_episodes(task: Task) -> None:
    with pytest.raises(ValueError, match="censored must be False to train a forecaster"):
        MQForecaster(horizon=2, steps=1).fit(task.changed(censored=True))
    with pytest.raises(ValueError, match="at least the 20 periods of the horizon, got 16"):
        MQForecaster(horizon=20, steps=1).fit(task)


def promoted_task(folder: Path) -> Task:
    """Demand that is tripled by promotions on days drawn by chance."""
    rng = np.random.default_rng(0)
    tables = []
    for number in range(20):
        promotion = (rng.random(200) < 0.3).astype(int)
        units = rng.poisson(20.0 * (1 + 2 * promotion))
        dates = pd.date_range("2015-01-01", periods=200)
        columns = {"date": dates, "units": units, "promotion": promotion}
        tables.append(pd.DataFrame({"series": f"s{number}", **columns}))
    panel = read_panel(stored(folder, pd.concat(tables)))
    return Task(inv_gym.make_problem("InvLostSales-v0", horizon=32), PanelProducts(panel))


@pytest.mark.parametrize("kind", ["network", "trees"])
def test_known_covariates_tell_what_history_cannot(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    task = promoted_task(tmp_path)
    model = {
        "network": MQForecaster(horizon=1, steps=80, batch=32, learning_rate=1e-2),
        "trees": BoostedQuantiles(horizon=1, rounds=30, products=50, rows=3000),
    }[kind].fit(task)
    products = task.draw(64, seed=3)
    place = task.source.covariate_names.index("promotion")
    covariates = np.array(products.covariates[: HISTORY + 1])  # type: ignore[index]
    given = []
    for promotion in (0.0, 1.0):
        covariates[-1, :, place] = promotion
        history = products.demand[:HISTORY]
        given.append(forecast_quantiles(model, history, covariates, [0.5], 1).mean())
    assert 2.0 < given[1] / given[0] < 4.0
