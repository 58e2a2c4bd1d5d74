"""The command lines of training and tuning PPO, and the page of what it reaches."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.commands.app import app

ROOT = Path(__file__).parents[2]
SMALL = (
    "--env",
    "InvLostSales-v0",
    "--field",
    "horizon=5",
    "--channels",
    "4",
    "--hidden",
    "8",
    "--agent",
    "ppo",
)
TINY = (
    "rows=8",
    "n_steps=5",
    "batch_size=20",
    "n_epochs=1",
    "check_every=40",
    "validation_products=16",
)
TINY_OPTIONS = tuple(
    part
    for one in (*TINY, "policy=encoder", "normalise_observations=false")
    for part in ("--option", one)
)


@pytest.fixture(autouse=True)
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "examples" / "experiments"), *sys.path])


def run(out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["train", *SMALL, "--out", str(out), *arguments])


def test_ppo_trains_from_the_command_line(tmp_path: Path) -> None:
    result = run(tmp_path, "--steps", "120", *TINY_OPTIONS)
    assert result.exit_code == 0, result.output
    names = {
        "card.json",
        "checkpoint.safetensors",
        "metrics.jsonl",
        "model.zip",
        "vecnormalize.pkl",
    }
    assert names | {"weights.safetensors"} <= {path.name for path in tmp_path.iterdir()} | {
        "vecnormalize.pkl"
    }
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["name"] == "PPO"
    assert card["config"]["options"]["n_steps"] == 5
    assert "stable-baselines3" in card["versions"]
    assert [
        json.loads(line)["step"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()
    ] == [40, 80, 120]
    assert InventoryAgent.load(tmp_path).knows == "history"
    again = run(tmp_path, "--steps", "120", *TINY_OPTIONS)
    assert again.exit_code == 1
    assert "go on with --resume" in again.output
    assert run(tmp_path, "--steps", "120", *TINY_OPTIONS, "--resume").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--batch", "16"), "--batch is not for ppo: give its parameters as --option"),
        (("--compile",), "--compile is not for ppo"),
        (("--option", "n_steps"), "--option must be name=value"),
        (("--option", "n_step=3"), "n_step"),
        (("--option", "gamma=2"), "gamma must be at most 1, got 2."),
        (("--option", "clip_range=-1"), "clip_range must be above 0, got -1."),
        (("--agent", "constructed", "--option", "rows=3"), "--option is for ppo, a2c, sac, td3"),
        (("--agent", "dqn"), "agent"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = run(tmp_path, *arguments)
    assert result.exit_code == 1
    assert message in result.output


def test_ppo_is_not_for_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "start it without torchrun" in run(tmp_path).output


def test_tuning_goes_on_and_writes_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    tune = import_module("tune_ppo")
    fields = {"rows": 8, "options": {"n_steps": 5, "batch_size": 20}, "validation_products": 16}
    monkeypatch.setattr(
        tune,
        "suggest",
        lambda trial, case: {**fields, "learning_rate": trial.suggest_float("x", 0.0, 1.0)},
    )
    monkeypatch.setattr(tune, "TUNED_FILE", tmp_path / "tuned.json")
    monkeypatch.setattr(tune, "FIRST", ())
    case, storage = "poisson5-p4-L0", tmp_path / "tune.db"
    for trials in (2, 3):
        tune.main(case=case, trials=trials, steps=80, storage=storage, write=False)
        assert len(tune.study_of(case, storage).trials) == trials
    tune.main(case=None, trials=3, steps=80, storage=storage, write=True)
    found = json.loads((tmp_path / "tuned.json").read_text())[case]
    assert found["config"] == {**fields, "learning_rate": found["config"]["learning_rate"]}
    assert found["trials"] == 3
    assert found["score"] == max(found["completed scores"])
    with pytest.raises(ValueError, match="case"):
        tune.main(case="nothing")


def seed_of(folder: Path, rewards: list[float], test: list[float]) -> None:
    folder.mkdir(parents=True)
    curve = [(1000.0 * (n + 1), 2.0 * (n + 1), reward) for n, reward in enumerate(rewards)]
    (folder / "facts.json").write_text(json.dumps({"curve": curve, "test": test, "gap": -0.5}))


@pytest.fixture
def page(tmp_path: Path) -> ModuleType:
    pytest.importorskip("matplotlib")
    case = tmp_path / "InvLostSales-v0"
    for seed, shift in enumerate((0.0, 1.0, -1.0)):
        seed_of(case / f"ppo-{seed}", [1.0, 50.0 + shift, 40.0], [90.0 + shift, 92.0])
        seed_of(case / f"direct-backprop-{seed}", [60.0, 70.0, 99.0], [99.0, 99.0 + shift])
    (case / "reference.json").write_text(
        json.dumps({"name": "base-stock", "validation": 100.0, "test": [100.0, 100.0]})
    )
    seed_of(tmp_path / "zipkin2008-poisson5-p4-L4" / "ppo-0", [1.0], [])
    return import_module("sample_efficiency_page")


def test_the_page_compares_the_kept_weights(page: ModuleType, tmp_path: Path) -> None:
    results = page.Results(tmp_path)
    row = page.factors(results).splitlines()[2]
    # the median seed of PPO reaches 50 at its second validation; DirectBackprop at its first
    cells = [cell.strip() for cell in row.split("|")[2:-1]]
    assert cells == ["-50.00", "0.00", "0.00", "2.0", "4", "2", "2.0"]
    assert "-9.00 ±" in page.compared(results)
    assert "| zipkin2008-poisson5-p4-L4 | 0.50 | 0.50 | 0.50 |" in page.instances(results)
    assert page.first(np.array([[1.0, 2.0, 3.0]]), 4.0, 0) == np.inf


def test_the_pictures_are_drawn(page: ModuleType, tmp_path: Path) -> None:
    (path,) = page.pictures(tmp_path, tmp_path)
    assert path.stat().st_size > 1000
