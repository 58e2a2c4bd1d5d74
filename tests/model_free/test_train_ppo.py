"""The command line of training PPO."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.commands.app import app

SMALL_TRAINING = (
    *("--env", "InvLostSales-v0", "--field", "horizon=5", "--channels", "4", "--hidden", "8"),
    *("--agent", "ppo"),
)
TINY_OPTIONS = tuple(
    part
    for option in (
        *("rows=8", "n_steps=5", "batch_size=20", "n_epochs=1", "check_every=40"),
        *("validation_products=16", "policy=encoder", "normalise_observations=false"),
    )
    for part in ("--option", option)
)


def run(out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["train", *SMALL_TRAINING, "--out", str(out), *arguments])


def test_ppo_trains_from_the_command_line(tmp_path: Path) -> None:
    result = run(tmp_path, "--steps", "120", *TINY_OPTIONS)
    assert result.exit_code == 0, result.output
    names = {"card.json", "metrics.jsonl", "model.zip", "checkpoint.safetensors"}
    assert names | {"weights.safetensors"} <= {path.name for path in tmp_path.iterdir()}
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["name"] == "PPO"
    assert card["config"]["options"]["n_steps"] == 5
    assert "stable-baselines3" in card["versions"]
    metrics = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in metrics] == [40, 80, 120]
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
