"""Train on the past, play the test periods, and keep what the policies did."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

import inv_gym
from experiments.favorita.claims import claims_of
from experiments.favorita.data import TABLES, FavoritaTable, read_table
from experiments.favorita.paths import paths_of
from experiments.favorita.plan import kind_of
from experiments.favorita.players import (
    HISTORY_RULE,
    NAIVE,
    PLAYED_RATIOS,
    QUICK,
    RIVALS,
    SHOWN_RATIO,
    Effort,
    forecast_players,
    forecast_task,
    forecasters,
    history_rules,
    networks,
    setting_name,
    test_task,
    training_task,
    validation_scores,
)
from experiments.favorita.twin import write_twin
from experiments.results import Results
from inv_gym import Policy
from inv_gym.agents.forecasting import Forecaster, Recalibrated, calibration
from inv_gym.products.panel import Panel, PanelProducts

QUICK_STORES = 6
"""Stores of the twin in a quick measurement."""
CALIBRATION_PRODUCTS = 4000
CALIBRATION_SEED = 95_000
CALIBRATION_LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
CALM = ("calm", "Christmas")
"""The first of these test periods that a table has is the one that calibration looks at."""
CALIBRATION_FILE = "calibration.json"


def measure(folder: Path, name: str, lead_time: int, data: Path | None, quick: bool) -> None:
    """One table and lead time; the data are those of a folder, or the twin's.

    Each training, test period and critical ratio is kept as it is done: an interrupted measurement
    goes on there.
    """
    with tempfile.TemporaryDirectory() as scratch:
        number = QUICK_STORES if quick else 40
        panel = read_table(data or write_twin(Path(scratch), number), name)
    table, effort = TABLES[name], QUICK if quick else Effort()
    kind = kind_of(data, quick)
    own = folder / kind / name / str(lead_time)
    parts = Results(own)

    # what learns
    task = training_task(panel, table, lead_time)
    models = forecasters(panel, table, lead_time, effort, own)
    players: dict[str, Policy] = history_rules(task.problem)  # type: ignore[arg-type]
    players |= forecast_players(task.problem, models)  # type: ignore[arg-type]
    players |= networks(task, effort, own)
    scores = validation_scores(own, effort)
    chosen = max(scores, key=scores.__getitem__)

    # what is played
    if not parts.has(CALIBRATION_FILE):
        parts.keep(CALIBRATION_FILE, calibrated(models, panel, table, lead_time))
    facts: dict[str, Any] = {
        "series": len(panel.series),
        "notes": list(panel.notes),
        "validation": scores,
        "chosen": chosen,
        "recalibrated": [name for name, model in models.items() if isinstance(model, Recalibrated)],
        "calibration": parts.read(CALIBRATION_FILE),
        "played": [],
    }
    for test in table.tests:
        for ratio in (SHOWN_RATIO,) if quick else PLAYED_RATIOS:
            file = f"{test}-{setting_name(ratio)}.json"
            if not parts.has(file):
                task = test_task(panel, table, lead_time, test, ratio)
                about = {"test": test, "ratio": ratio}
                parts.keep(file, about | played(task, players, test, ratio, chosen))
            facts["played"].append(parts.read(file))
    Results(folder).keep(f"{kind}/{name}/{lead_time}.json", facts)


def played(
    task: inv_gym.Task, players: Mapping[str, Policy], test: str, ratio: float | None, chosen: str
) -> dict[str, Any]:
    """What every policy did in a test period, and what that says of the claims; sums over series
    tell nothing of them where each has a critical ratio of its own.
    """
    number = len(task.source.listing(task.problem.horizon).windows)  # type: ignore[attr-defined]
    result = inv_gym.evaluate(
        task, players, number=number, reference=HISTORY_RULE, per_product=True
    )
    figures = ["policy", "reward", "gap", "gap_low", "gap_high", "on_hand", "fill_rate"]
    assert result.dates is not None
    rival = RIVALS[max(task.problem.lead_times) > 0]
    facts: dict[str, Any] = {
        "rows": records(result.frame[figures]),
        "claims": [] if ratio is None else claims_of(result.dates, ratio, test, chosen, rival),
        "paths": None,
    }
    if ratio == SHOWN_RATIO:
        shown = {name: players[name] for name in (chosen, rival, HISTORY_RULE)}
        facts["paths"] = paths_of(task, shown, number)
    return facts


def calibrated(
    models: dict[str, Forecaster], panel: Panel, table: FavoritaTable, lead_time: int
) -> list[dict[str, Any]]:
    """Coverage and loss in a period without a shock, on windows drawn from it."""
    test = next(name for name in CALM if name in table.tests)
    first, last = table.tests[test]
    task = forecast_task(panel, table, lead_time)
    source = PanelProducts(panel, first, last, task.source.economics)  # type: ignore[attr-defined]
    report = calibration(
        models,
        task.changed(products=source),
        naive=NAIVE,
        levels=CALIBRATION_LEVELS,
        horizon=lead_time + 1,
        number=CALIBRATION_PRODUCTS,
        seed=CALIBRATION_SEED,
    )
    keys = ["forecaster", "target"]
    covered = report.coverage()
    rows = []
    for row in records(report.losses()):
        mine = covered[(covered[keys] == [row[key] for key in keys]).all(axis=1)]
        rows.append(row | {name: mine[name].tolist() for name in ("level", "below", "coverage")})
    return rows


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain data."""
    columns = [str(name) for name in frame.columns]
    return [dict(zip(columns, row, strict=True)) for row in frame.to_numpy(object).tolist()]
