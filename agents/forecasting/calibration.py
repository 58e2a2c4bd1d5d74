"""How far forecasts can be trusted: coverage of their quantiles, and pinball loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inv_gym.agents.forecasting.grid import pinball_loss
from inv_gym.agents.forecasting.origins import Origins, drawn
from inv_gym.play.forecaster import Forecaster, check_levels, forecast_quantiles, forecast_sum
from inv_gym.tasks.task import Task
from inv_gym.util.checks import one_of, whole

if TYPE_CHECKING:
    import pandas as pd

CLASS_EDGES = (1.0, 10.0, 100.0)
"""Mean demands of a period, units, that part the classes."""
CLASS_NAMES = ("below 1", "1 to 10", "10 to 100", "100 and more")
"""Of mean demand."""
CALIBRATION_PERIODS, TOTAL = "period", "all periods together"
"""What is forecast."""


@dataclass(frozen=True)
class Calibration:
    """The result of `calibration`.

    Attributes:
        frame: A row per forecaster, ``target`` (a period, or all periods together), period
            ``ahead`` (from 1 on), ``class`` of mean demand and ``level``: how many ``forecasts``;
            ``below`` and ``coverage``, the shares of demands below the quantile and at most the
            quantile (demand in whole units may meet it: then the level should lie between them);
            ``loss``, the mean pinball loss in units of the mean of each history.
        naive: Name of the forecaster that losses are compared with.
    """

    frame: pd.DataFrame
    naive: str

    def coverage(self, by: Sequence[str] = ()) -> pd.DataFrame:
        """A row per forecaster, target, what else is named (``ahead``, ``class``), and level, with
        ``below`` and ``coverage``.
        """
        return self._mean([*by, "level"], ["below", "coverage"])

    def losses(self, by: Sequence[str] = ()) -> pd.DataFrame:
        """A row per forecaster, target and what else is named, with ``loss`` and ``less``: by how
        many % it is below that of the naive forecaster.
        """
        table = self._mean(list(by), ["loss"])
        keys = [name for name in table.columns if name not in ("forecaster", "loss")]
        naive = table[table["forecaster"] == self.naive].set_index(keys)["loss"]
        base = naive.reindex(table.set_index(keys).index).to_numpy()
        return table.assign(less=100.0 * (1.0 - table["loss"].to_numpy() / base))

    def _mean(self, by: list[str], figures: list[str]) -> pd.DataFrame:
        """Means of figures over what is not named, every forecast counting alike."""
        keys = ["forecaster", "target", *by]
        weight = self.frame["forecasts"]
        weighted = self.frame[figures].mul(weight, axis=0).assign(forecasts=weight)
        columns = weighted.join(self.frame[keys])
        sums = columns.groupby(keys, sort=False, observed=True).sum()
        return sums[figures].div(sums["forecasts"], axis=0).reset_index()


def calibration(
    forecasters: Mapping[str, Forecaster],
    task: Task,
    *,
    naive: str,
    levels: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9),
    horizon: int = 1,
    number: int = 1000,
    seed: int = 0,
) -> Calibration:
    """Have forecasters forecast the first periods of a task's products.

    Args:
        forecasters: By name.
        task: Its source draws what is forecast; its episodes have at least the horizon.
        naive: Name of the one that losses are compared with.
        levels: Of quantiles, within (0, 1), ascending.
        horizon: Periods ahead.
        number: Of products.
        seed: Of the products.

    Raises:
        ValueError: An argument is out of bounds, or a forecaster gives what it must not.
    """
    import pandas as pd

    one_of("forecaster", naive, forecasters)
    wanted = check_levels(levels)
    origins = drawn(task, whole("number", number, least=1), seed, "test", horizon)
    parts = []
    for name, forecaster in forecasters.items():
        asked = (origins.history(0), origins.window(0), wanted, horizon)
        periods = forecast_quantiles(forecaster, *asked)
        rows = _rows(origins, periods, origins.targets[0, :, :, 0], CALIBRATION_PERIODS, wanted)
        if horizon > 1:
            total = forecast_sum(forecaster, *asked)[:, None]
            demand = origins.targets[0, :, -1:, 1]
            rows += _rows(origins, total / horizon, demand / horizon, TOTAL, wanted)
        parts.append(pd.DataFrame(rows).assign(forecaster=name))
    return Calibration(pd.concat(parts, ignore_index=True), naive)


def _rows(
    origins: Origins, given: np.ndarray, demand: np.ndarray, target: str, levels: np.ndarray
) -> list[dict[str, Any]]:
    """A row per period ahead, class and level, from quantiles ``[B, K, Q]`` and demand ``[B, K]``,
    units.
    """
    scale = origins.scale[0]
    group = np.searchsorted(CLASS_EDGES, scale, side="right")
    miss = demand[..., None] - given
    loss = pinball_loss(miss, levels) / scale[:, None, None]
    rows = []
    for number, name in enumerate(CLASS_NAMES):
        mine = group == number
        if not mine.any():
            continue
        for ahead in range(demand.shape[1]):
            for place, level in enumerate(levels):
                rows.append(
                    {
                        "target": target,
                        "ahead": ahead + 1,
                        "class": name,
                        "level": float(level),
                        "forecasts": int(mine.sum()),
                        "below": float((miss[mine, ahead, place] < 0.0).mean()),
                        "coverage": float((miss[mine, ahead, place] <= 0.0).mean()),
                        "loss": float(loss[mine, ahead, place].mean()),
                    }
                )
    return rows
