"""What forecasters are asked for and what they give is checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inv_gym.play.forecaster import check_levels, forecast_quantiles, forecast_sum

HISTORY_OF_TWO = np.ones((32, 2))
LEVELS = [0.1, 0.5, 0.9]


class Given:
    """Gives what it is told to."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def quantiles(self, *asked: Any) -> Any:
        return self.values

    def lead_time_quantiles(self, *asked: Any) -> Any:
        return self.values


class Model:
    """A user's own model in ten lines: the largest demand, times twice the level."""

    def quantiles(
        self, history: np.ndarray, covariates: Any, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        return np.tile(2.0 * np.nanmax(history, 0)[:, None, None] * levels, (1, horizon, 1))

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: Any, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        return horizon * self.quantiles(history, covariates, levels, 1)[:, 0]


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([0.5, 1.0], r"within \(0, 1\), got 1.0"),
        ([0.0], r"within \(0, 1\), got 0.0"),
        ([float("nan")], r"within \(0, 1\), got nan"),
        ([0.9, 0.1], "must ascend, got 0.9 before 0.1: sort them"),
        ([0.5, 0.5], "must ascend, got 0.5 before 0.5"),
        ([], "at least one number"),
        ([[0.1, 0.2]], "a list of at least one number"),
    ],
)
def test_levels_that_are_none_are_refused(levels: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_levels(levels)


def test_levels_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(TypeError, match="levels must be numbers"):
        check_levels(["half"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((2, 3)), r"Given must give quantiles of shape \(2, 4, 3\), got \(2, 3\)"),
        (np.full((2, 4, 3), np.nan), "finite quantiles, got .nan, nan, nan. for product 0"),
        (np.tile([1.0, 3.0, 2.0], (2, 4, 1)), r"ascend with the levels .* got \[1.0, 3.0, 2.0\]"),
        (np.tile([1.0, 3.0, np.inf], (2, 4, 1)), "finite quantiles, got"),
    ],
)
def test_what_a_forecaster_gives_is_checked(values: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        forecast_quantiles(Given(values), HISTORY_OF_TWO, None, LEVELS, 4)


def test_sums_are_checked_too() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 3\), got \(2, 4, 3\)"):
        forecast_sum(Given(np.ones((2, 4, 3))), HISTORY_OF_TWO, None, LEVELS, 4)
    with pytest.raises(TypeError, match="Given must give an array of numbers"):
        forecast_sum(Given("many"), HISTORY_OF_TWO, None, LEVELS, 4)


def test_quantiles_below_0_count_as_0_and_rounding_is_no_crossing() -> None:
    values = np.tile([-2.0, 5.0, 5.0 - 1e-12], (2, 1, 1))
    given = forecast_quantiles(Given(values), HISTORY_OF_TWO, None, LEVELS, 1)
    assert given[0, 0].tolist() == [0.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("history", "covariates", "message"),
    [
        (np.ones(32), None, r"history must be \[H, B\]"),
        (-HISTORY_OF_TWO, None, "history must be finite and at least 0"),
        (np.full((32, 2), np.nan), None, "history must have a known period"),
        (HISTORY_OF_TWO, np.ones((35, 2, 1)), "32 periods of history and 4 ahead, got 35"),
        (HISTORY_OF_TWO, np.ones((36, 3, 1)), r"covariates must be \[H \+ horizon, 2, C\]"),
    ],
)
def test_what_a_forecaster_is_asked_for_is_checked(
    history: np.ndarray, covariates: np.ndarray | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        forecast_quantiles(Model(), history, covariates, LEVELS, 4)


def test_horizons_are_whole_numbers_of_at_least_1() -> None:
    for horizon, kind in ((0, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(kind, match="horizon must be"):
            forecast_quantiles(Model(), HISTORY_OF_TWO, None, LEVELS, horizon)


def test_a_model_of_ten_lines_is_a_forecaster() -> None:
    assert forecast_quantiles(Model(), HISTORY_OF_TWO, None, LEVELS, 4).shape == (2, 4, 3)
    total = forecast_sum(Model(), HISTORY_OF_TWO, None, LEVELS, 4)
    assert np.allclose(total, 4.0 * 2.0 * np.array(LEVELS))
