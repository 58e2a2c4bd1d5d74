"""Trainings with stable-baselines3 that order nothing, or fall, say so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from model_free_cases import equal, training, weights
from typer.testing import CliRunner

from inv_gym import DualSourcing, LostSales, Perishable, Problem, rollout
from inv_gym.agents.sb3.progress import ModelFreeProgress
from inv_gym.agents.sb3.training import ModelFree
from inv_gym.agents.training.progress import DivergedError, TrainingWarning
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


def spoil_parts(monkeypatch: pytest.MonkeyPatch, *parts: int) -> list[float]:
    """Make the weights no numbers after parts with these numbers, from 1; gives the learning rate
    of each part.
    """
    learn, rates = ModelFree._train_part, list[float]()

    def learn_and_spoil(trained: ModelFree) -> None:
        learn(trained)
        rates.append(trained.model.learning_rate)
        if len(rates) in parts:
            with torch.no_grad():
                next(trained.model.policy.parameters()).fill_(torch.nan)

    monkeypatch.setattr(ModelFree, "_train_part", learn_and_spoil)
    return rates


@pytest.mark.parametrize("algorithm", ["ppo", "a2c"])
def test_a_part_that_is_not_finite_takes_the_training_back_to_its_best_weights(
    monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    rates = spoil_parts(monkeypatch, 2)
    trained = training(algorithm)
    with pytest.warns(TrainingWarning, match="back to its best weights once, since weights, acti"):
        agent = trained.fit()
    assert trained.step == 160
    assert [row.step for row in trained.curve] == [40, 120, 160]
    usual = trained.config.learning_rate
    assert rates == pytest.approx([usual, usual * 0.75, usual * 0.25, usual * 0.125])
    assert all(torch.isfinite(value).all() for value in weights(trained).values())
    assert np.isfinite(rollout(trained.problem, agent, trained.validation[0][1]).rewards).all()


def test_a_training_that_is_spoiled_again_and_again_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_parts(monkeypatch, 2, 3, 4, 5)
    with pytest.raises(DivergedError, match="not finite after 200 product-periods"):
        training(steps=240).fit()


def test_a_training_without_a_part_that_is_finite_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_parts(monkeypatch, 1, 2)
    with pytest.raises(DivergedError, match="not finite after 80 product-periods"):
        training(steps=80).fit()


def test_a_last_part_that_is_not_finite_leaves_the_best_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil_parts(monkeypatch, 2)
    trained, once = training(steps=80), training(steps=80)
    best = list[dict[str, torch.Tensor]]()
    with pytest.warns(TrainingWarning, match="went back to its best weights once"):
        trained.fit(lambda progress: best.append(weights(trained)))
    assert equal(best[0], weights(trained))
    assert len(best) == 1
    assert trained.best > once.best


def test_a_training_that_went_back_resumes_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_rates = spoil_parts(monkeypatch, 2)
    whole, path = training(), tmp_path / "checkpoint.safetensors"

    def keep(progress: ModelFreeProgress) -> None:
        if progress.step == 120:
            whole.save(path)

    with pytest.warns(TrainingWarning, match="went back"):
        whole.fit(keep)
    monkeypatch.undo()
    rest = training()
    rest.resume(path)
    with pytest.warns(TrainingWarning, match="went back"):
        rest.fit()
    assert rest.model.learning_rate == whole_rates[-1]
    assert equal(weights(whole), weights(rest))
    assert [row[:-1] for row in whole.curve] == [row[:-1] for row in rest.curve]


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
