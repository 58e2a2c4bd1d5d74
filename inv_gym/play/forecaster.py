"""What a forecaster is, and the checks of what it is asked for and of what it gives."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from inv_gym.util.arrays import Array, to_numpy
from inv_gym.util.checks import refuse_outside, refuse_rows, whole

CROSSING = 1e-9
"""What a quantile may lie below that of a lower level for rounding alone, relative to its size."""


@runtime_checkable
class Forecaster(Protocol):
    """Quantiles of the demand to come, for a batch of B products.

    A class with these two methods is a forecaster; there is nothing to inherit. The first period
    ahead is the current one, whose demand is not known yet.

    Args of both:
        history: ``[H, B]`` demand of the last H periods, units, the latest last; NaN where it is
            not known. At least one period of every product is known.
        covariates: ``[H + horizon, B, C]`` of the history's periods and of those ahead, or None.
        levels: ``[Q]`` within (0, 1), ascending.
        horizon: Periods ahead, at least 1.
    """

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """``[B, horizon, Q]`` quantiles of the demand of each period, units."""
        ...

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """``[B, Q]`` quantiles of the demand of all periods ahead together, units."""
        ...


def check_levels(levels: Any) -> np.ndarray:
    """Quantile levels as an array ``[Q]``.

    Raises:
        TypeError: They are no numbers.
        ValueError: There are none, one is outside (0, 1), or they do not ascend.
    """
    try:
        given = np.atleast_1d(np.asarray(levels, dtype=float))
    except (TypeError, ValueError):
        raise TypeError(
            f"levels must be numbers such as [0.1, 0.5, 0.9], got {levels!r}."
        ) from None
    if given.ndim != 1 or not given.size:
        raise ValueError(f"levels must be a list of at least one number, got shape {given.shape}.")
    outside = ~((given > 0.0) & (given < 1.0))
    if outside.any():
        raise ValueError(f"levels must be within (0, 1), got {given[outside.argmax()]}.")
    fall = np.diff(given) <= 0.0
    if fall.any():
        place = int(fall.argmax())
        raise ValueError(
            f"levels must ascend, got {given[place]} before {given[place + 1]}: sort them, each "
            "once."
        )
    return given


def check_inputs(
    history: Any, covariates: Any, horizon: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """History ``[H, B]`` and covariates ``[H + horizon, B, C]`` as NumPy floats.

    Raises:
        TypeError: The horizon is no whole number.
        ValueError: A shape does not fit, demand is negative or infinite, nothing is known of a
            product, or the covariates end before the horizon.
    """
    whole("horizon", horizon, least=1)
    demand = np.asarray(to_numpy(history), dtype=float)
    if demand.ndim != 2 or not demand.size:
        raise ValueError(f"history must be [H, B] with at least one of each, got {demand.shape}.")
    unknown = np.isnan(demand)
    refuse_outside("history must be finite and at least 0", np.where(unknown, 0.0, demand))
    refuse_rows("history must have a known period, got {} known.", unknown.all(0), 0.0)
    if covariates is None:
        return demand, None
    known = np.asarray(to_numpy(covariates), dtype=float)
    periods, batch = demand.shape
    if known.ndim != 3 or known.shape[1] != batch:
        raise ValueError(f"covariates must be [H + horizon, {batch}, C], got {known.shape}.")
    if len(known) < periods + horizon:
        raise ValueError(
            f"covariates must have {periods} periods of history and {horizon} ahead, got "
            f"{len(known)}: give those of all periods, or a shorter horizon."
        )
    return demand, known[: periods + horizon]


def forecast_quantiles(
    forecaster: Forecaster, history: Array, covariates: Array | None, levels: Any, horizon: int
) -> np.ndarray:
    """``[B, horizon, Q]`` quantiles of a forecaster, checked; see `Forecaster`.

    Demand is at least 0, so a quantile below 0 counts as 0.

    Raises:
        TypeError: What is asked for, or what the forecaster gives, are no numbers.
        ValueError: What is asked for is not valid, or the forecaster gives another shape, NaN or
            infinite values, or quantiles that cross.
    """
    wanted = check_levels(levels)
    demand, known = check_inputs(history, covariates, horizon)
    given = forecaster.quantiles(demand, known, wanted, horizon)
    return _checked(forecaster, given, (demand.shape[1], horizon, len(wanted)), wanted)


def forecast_sum(
    forecaster: Forecaster, history: Array, covariates: Array | None, levels: Any, horizon: int
) -> np.ndarray:
    """``[B, Q]`` quantiles of the demand of the periods ahead together, checked as in
    `forecast_quantiles`.
    """
    wanted = check_levels(levels)
    demand, known = check_inputs(history, covariates, horizon)
    given = forecaster.lead_time_quantiles(demand, known, wanted, horizon)
    return _checked(forecaster, given, (demand.shape[1], len(wanted)), wanted)


def _checked(
    forecaster: Forecaster, given: Any, shape: tuple[int, ...], levels: np.ndarray
) -> np.ndarray:
    """What a forecaster gave as NumPy floats of a shape, at least 0, ascending in the levels."""
    name = type(forecaster).__name__
    try:
        values = np.asarray(to_numpy(given), dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must give an array of numbers, got {given!r}.") from None
    if values.shape != shape:
        raise ValueError(f"{name} must give quantiles of shape {shape}, got {values.shape}.")
    _refuse(name, "finite quantiles", ~np.isfinite(values), values)
    fall = np.zeros(shape, dtype=bool)
    room = CROSSING * (1.0 + np.abs(values[..., 1:]))
    fall[..., 1:] = values[..., 1:] < values[..., :-1] - room
    _refuse(name, f"quantiles that ascend with the levels {levels.tolist()}", fall, values)
    return np.maximum.accumulate(np.maximum(values, 0.0), -1)


def _refuse(name: str, wanted: str, bad: np.ndarray, values: np.ndarray) -> None:
    """Raise if any value is bad, with the first and its place."""
    if bad.any():
        place = tuple(int(index) for index in np.argwhere(bad)[0])
        row = values[place[:-1]].tolist()
        raise ValueError(
            f"{name} must give {wanted}, got {row} for product {place[0]}: mend the model, or sort "
            "and fill what it gives."
        )
