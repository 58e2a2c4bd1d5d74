"""The page of what PPO reaches beside DirectBackprop, and the search for its parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("optuna")
import optuna

from experiments.results import Results
from experiments.sample_efficiency import page
from experiments.tuning import CAMPAIGN, measure
from experiments.tuning import page as tuned_page


def test_tuning_goes_on_and_writes_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"rows": 8, "options": {"n_steps": 5, "batch_size": 20}, "validation_products": 16}

    def suggest(trial: optuna.Trial, case: object) -> dict[str, Any]:
        return {**fields, "learning_rate": trial.suggest_float("x", 0.0, 1.0)}

    monkeypatch.setattr(measure, "suggest", suggest)
    monkeypatch.setattr(measure, "HAND_SET_CHANGES", ())
    monkeypatch.setattr(tuned_page, "TUNED_FILE", tmp_path / "tuned.json")
    case, storage = "poisson5-p4-L0", tmp_path / measure.STUDIES_FILE
    for trials in (2, 3):
        (measurement,) = [m for m in CAMPAIGN.plan(trials=trials, steps=80) if m.name == case]
        CAMPAIGN.measure(tmp_path, *measurement.arguments)
        assert len(measure.study_of(case, storage).trials) == trials
    (path,) = CAMPAIGN.publish(tmp_path, tmp_path)
    tuned = json.loads(path.read_text())[case]
    assert tuned["config"] == {**fields, "learning_rate": tuned["config"]["learning_rate"]}
    assert tuned["trials"] == 3
    assert tuned["score"] == max(tuned["completed scores"])
    assert tuned["command"].endswith(f"tuning --only {case} --set steps=80 --set trials=3")


@pytest.mark.parametrize(
    ("trials", "steps", "message"),
    [(0, 80, "trials must be from 1 to 1000, got 0"), (3, 7, "steps must be at least 8, got 7")],
)
def test_a_search_without_trials_or_validations_is_refused(
    trials: int, steps: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        CAMPAIGN.plan(trials=trials, steps=steps)


def seed_of(folder: Path, rewards: list[float], test: list[float]) -> None:
    folder.mkdir(parents=True)
    curve = [(1000.0 * (n + 1), 2.0 * (n + 1), reward) for n, reward in enumerate(rewards)]
    (folder / "facts.json").write_text(json.dumps({"curve": curve, "test": test, "gap": -0.5}))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    case = tmp_path / "InvLostSales-v0"
    for seed, shift in enumerate((0.0, 1.0, -1.0)):
        seed_of(case / f"ppo-{seed}", [1.0, 50.0 + shift, 40.0], [90.0 + shift, 92.0])
        seed_of(case / f"direct-backprop-{seed}", [60.0, 70.0, 99.0], [99.0, 99.0 + shift])
    (case / "reference.json").write_text(
        json.dumps({"name": "base-stock", "validation": 100.0, "test": [100.0, 100.0]})
    )
    seed_of(tmp_path / "zipkin2008-poisson5-p4-L4" / "ppo-0", [1.0], [])
    return Results(tmp_path)


def test_the_page_compares_the_kept_weights(results: Results) -> None:
    row = page.factors(results).splitlines()[2]
    # the median seed of PPO reaches 50 at its second validation; DirectBackprop at its first
    cells = [cell.strip() for cell in row.split("|")[2:-1]]
    assert cells == ["-50.00", "0.00", "0.00", "2.0", "4", "2", "2.0"]
    assert "-9.00 ±" in page.compared(results)
    assert "| zipkin2008-poisson5-p4-L4 | 0.50 | 0.50 | 0.50 |" in page.instances(results)
    assert page.first_reached(np.array([[1.0, 2.0, 3.0]]), 4.0, 0) == np.inf


@pytest.mark.usefixtures("results")
def test_the_page_and_its_picture_are_written(tmp_path: Path) -> None:
    written, picture = page.publish(tmp_path, tmp_path / "docs")
    assert written.name == "ppo.md"
    assert not any(f"{{{name}}}" in written.read_text() for name in page.EFFICIENCY_TABLES)
    assert picture.stat().st_size > 1000
