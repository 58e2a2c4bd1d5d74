"""Trainings with stable-baselines3 that order nothing, or fall, say so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from model_free_cases import training
from typer.testing import CliRunner

from inv_gym import DualSourcing, LostSales, Perishable, Problem, rollout
from inv_gym.agents.sb3.training import ModelFree, ModelFreeProgress
from inv_gym.agents.training.progress import TrainingWarning
from inv_gym.commands.app import app


def kill(trained: ModelFree, level: float = 1000.0) -> None:
    """Make the actor order nothing in any state."""
    policy = trained.model.policy
    with torch.no_grad():
        if trained.config.policy == "plain":
            policy.action_net.bias -= level
        else:
            policy.features_extractor.network.head.exogenous.bias[-1] -= level


@pytest.mark.parametrize("algorithm", ["ppo", "a2c"])
@pytest.mark.parametrize("policy", ["encoder", "plain"])
def test_a_training_that_orders_nothing_says_so(algorithm: str, policy: str) -> None:
    trained = training(algorithm, policy, steps=80)
    kill(trained)
    with pytest.warns(TrainingWarning, match="the best weights, of step [48]0, order nothing"):
        trained.fit()
    assert "lower the learning rate" in str(trained.trouble)


def test_a_training_whose_score_falls_says_so() -> None:
    trained = training(steps=120)

    def spoil(progress: ModelFreeProgress) -> None:
        if progress.step == 80:
            kill(trained, -50.0)

    with pytest.warns(TrainingWarning, match="less than the first one and far below the"):
        trained.fit(spoil)


def test_a_training_that_goes_well_is_in_no_trouble() -> None:
    trained = training(steps=80)
    assert trained.trouble is None
    trained.fit()
    assert trained.trouble is None


@pytest.mark.parametrize(
    "problem",
    [
        LostSales(lead_time=2, horizon=5),
        DualSourcing(horizon=5, order_cap=3.0),
        Perishable(horizon=5, integer_orders=True),
    ],
    ids=str,
)
def test_the_share_of_orders_is_that_of_the_shared_rollout(problem: Problem) -> None:
    trained = training(problem=problem)
    kill(trained, 0.8)
    ((longer, products),) = trained.validation
    steps = rollout(longer, trained.agent, products).steps
    share = np.mean([np.stack(step.accepted) > 0.0 for step in steps])
    assert 0.0 < share < 1.0
    assert trained._validate().ordering == pytest.approx(share, abs=0.02)


def test_the_command_and_the_card_tell_of_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = ModelFree._train_part

    def learn_nothing(trained: ModelFree) -> None:
        learn(trained)
        kill(trained)

    monkeypatch.setattr(ModelFree, "_train_part", learn_nothing)
    options = ("rows=8", "n_steps=5", "batch_size=20", "n_epochs=1", "check_every=40")
    more = ("validation_products=16", "policy=encoder", "normalise_observations=false")
    asked = [part for option in (*options, *more) for part in ("--option", option)]
    sizes = ("--field", "horizon=5", "--channels", "4", "--hidden", "8", "--steps", "40")
    command = ["train", "--env", "InvLostSales-v0", "--agent", "ppo", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, [*command, *sizes, *asked])
    assert result.exit_code == 0, result.output
    told = "the best weights, of step 40, order nothing at all"
    assert f"Warning: {told}" in result.output.splitlines()[-1]
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["metrics"]["trouble"].startswith(told)
