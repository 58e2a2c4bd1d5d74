"""Train on the past, play the test periods, and keep what the policies did."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

import inv_gym
from experiments.favorita.claims import claims_of
from experiments.favorita.data import TABLES, FavoritaTable, read_table
from experiments.favorita.players import (
    NAIVE,
    QUICK,
    RATIOS,
    SHOWN_RATIO,
    Effort,
    end_to_end,
    forecast_players,
    forecasters,
    history_rules,
    test_task,
    training_task,
)
from experiments.favorita.twin import write_twin
from experiments.results import Results
from inv_gym import Policy
from inv_gym.agents.forecasting import Forecaster, calibration
from inv_gym.products.panel import Panel, PanelProducts

QUICK_STORES = 6
"""Stores of the twin in a quick measurement."""
CALIBRATION_PRODUCTS = 1000
CALIBRATION_SEED = 95_000
CALM = ("calm", "Christmas")
"""The first of these test periods that a table has is the one that calibration looks at."""


def measure(folder: Path, name: str, lead_time: int, data: Path | None, quick: bool) -> None:
    """One table and lead time; the data are those of a folder, or the twin's."""
    with tempfile.TemporaryDirectory() as scratch:
        number = QUICK_STORES if quick else 40
        panel = read_table(data or write_twin(Path(scratch), number), name)
    table, effort = TABLES[name], QUICK if quick else Effort()
    start = time.perf_counter()
    task = training_task(panel, table, lead_time)
    models = forecasters(task, table, lead_time, effort)
    players = history_rules(task.problem) | forecast_players(task.problem, models)  # type: ignore[arg-type]
    players |= end_to_end(task, effort)
    seconds = time.perf_counter() - start
    facts: dict[str, Any] = {
        "twin": data is None,
        "quick": quick,
        "series": len(panel.series),
        "notes": list(panel.notes),
        "training seconds": seconds,
        "calibration": calibrated(models, panel, table, lead_time),
        "rows": [],
        "claims": [],
    }
    for test in table.tests:
        for ratio in (SHOWN_RATIO,) if quick else RATIOS:
            rows, claims = played(players, panel, table, lead_time, test, ratio)
            facts["rows"] += rows
            facts["claims"] += claims
    Results(folder).keep(f"{name}/{lead_time}.json", facts)


def played(
    players: dict[str, Policy],
    panel: Panel,
    table: FavoritaTable,
    lead_time: int,
    test: str,
    ratio: float,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What every policy did in a test period, and what that says of the claims."""
    task = test_task(panel, table, lead_time, test, ratio)
    number = len(task.source.listing(table.horizon).windows)  # type: ignore[attr-defined]
    result = inv_gym.evaluate(
        task, players, number=number, reference=next(iter(players)), per_product=True
    )
    about = {"test": test, "ratio": ratio}
    figures = ["policy", "reward", "gap", "gap_low", "gap_high", "on_hand", "fill_rate"]
    rows = [about | row for row in records(result.frame[figures])]
    assert result.dates is not None
    return rows, [about | claim for claim in claims_of(result.dates, ratio, test)]


def calibrated(
    models: dict[str, Forecaster], panel: Panel, table: FavoritaTable, lead_time: int
) -> list[dict[str, Any]]:
    """Coverage and loss in a period without a shock, on windows drawn from it."""
    test = next(name for name in CALM if name in table.tests)
    first, last = table.tests[test]
    shorter = FavoritaTable(
        table.files, table.season, lead_time + 1, table.training, table.validation, {}
    )
    task = training_task(panel, shorter, lead_time)
    source = PanelProducts(panel, first, last, task.source.economics)  # type: ignore[attr-defined]
    report = calibration(
        models,
        task.changed(products=source),
        naive=NAIVE,
        levels=(0.1, 0.5, 0.9),
        horizon=lead_time + 1,
        number=CALIBRATION_PRODUCTS,
        seed=CALIBRATION_SEED,
    )
    coverage = report.coverage()
    titles = [f"coverage {level:g}" for level in coverage["level"]]
    keys = ["forecaster", "target"]
    wide = coverage.assign(title=titles).pivot(index=keys, columns="title", values="coverage")
    return records(report.losses().merge(wide.reset_index(), on=keys))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain data."""
    columns = [str(name) for name in frame.columns]
    return [dict(zip(columns, row, strict=True)) for row in frame.to_numpy(object).tolist()]
