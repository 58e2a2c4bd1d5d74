"""Trainings that die or blow up say so, and dead ones come back to life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inv_gym import LostSales, Perishable, draw_products, make_source, rollout
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.progress import TrainingProgress, TrainingWarning, trouble

SOURCE = make_source("poisson")


def test_the_gradient_passes_where_orders_are_cut_off_only_while_reviving() -> None:
    trained = training(LostSales(horizon=12), 10)
    kill(trained, 6.0)
    batch = trained.to_device(trained.batch(0))
    loss = trained._learner._loss

    def gradient() -> tuple[float, float]:
        value, _ = loss(trained.problems[0], batch)
        slopes = torch.autograd.grad(value, list(trained.network.parameters()), allow_unused=True)
        return float(value.detach()), sum(
            float(slope.abs().sum()) for slope in slopes if slope is not None
        )

    value, size = gradient()
    assert size == 0.0
    with trained.network.reviving():
        revived, size = gradient()
    assert revived == value
    assert size > 0.0
    assert gradient()[1] == 0.0


def training(problem: LostSales | Perishable, steps: int, **changes: Any) -> DirectBackprop:
    config = TrainingConfig(
        steps=steps,
        batch=64,
        check_every=10,
        validation_products=64,
        warm_up=0,
        wide=False,
    )
    return DirectBackprop(problem, SOURCE, replace(config, **changes))


def kill(trained: DirectBackprop, level: float) -> None:
    """Make the network order nothing in any state."""
    with torch.no_grad():
        trained.network.head.exogenous.bias[-1] -= level


@pytest.mark.parametrize(
    "problem",
    [
        LostSales(horizon=12),
        LostSales(horizon=12, lead_time=2),
        Perishable(horizon=12, issuing="newest_first", integer_orders=True),
    ],
    ids=str,
)
def test_a_network_that_orders_nothing_learns_to_order(problem: LostSales | Perishable) -> None:
    trained = training(problem, 150)
    kill(trained, 6.0)
    assert trained._validate().ordering == 0.0
    trained.fit()
    assert trained.curve[-1].ordering > 0.2
    assert trained.trouble is None


@pytest.mark.parametrize("penalty", [1.0, 5.0])
@pytest.mark.parametrize("lead_time", [1, 2])
def test_a_penalty_does_not_hide_that_a_network_orders_nothing(
    penalty: float, lead_time: int
) -> None:
    trained = training(LostSales(horizon=12, lead_time=lead_time), 100, penalty=penalty)
    with torch.no_grad():  # a bent network breaks the structure: the penalty has a gradient
        for parameter in trained.network.head.layers[-1].parameters():
            parameter.mul_(10.0)
    kill(trained, 30.0)
    assert trained._validate().ordering == 0.0
    trained.train_step()
    level = trained.network.head.exogenous.bias.grad[-1]  # no slope depends on it
    assert level < 0.0
    trained.fit()
    assert trained.curve[0].ordering > 0.2
    assert trained.trouble is None


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_network_whose_orders_are_all_cut_off_at_the_most_learns_to_order_less(
    penalty: float,
) -> None:
    config = NetworkConfig(most=2.0)
    trained = training(LostSales(horizon=12), 40, penalty=penalty, network=config)
    kill(trained, -30.0)
    trained.fit()
    last = trained.agent
    drawn = draw_products(SOURCE, last.problem, 64)
    orders = rollout(last.problem, last, drawn).orders
    assert (orders < 1.99 * drawn.scale[:, None]).mean() > 0.2


def test_a_training_that_stays_dead_says_so() -> None:
    trained = training(LostSales(horizon=12), 10)
    kill(trained, 1000.0)
    with pytest.warns(TrainingWarning, match="the best weights, of step 10, order nothing at all"):
        trained.fit()
    assert trained.trouble is not None


def curve(*scores: float) -> list[TrainingProgress]:
    best = np.maximum.accumulate(scores).tolist()
    return [
        TrainingProgress(step, 0.0, score, score, 1.0, top, 0.0)
        for step, (score, top) in enumerate(zip(scores, best, strict=True), 1)
    ]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ((1.0, 2.0, 0.5), "scores 0.5, less than the first one and far below the 2 of step 2"),
        ((-2.0, -1.0, -9.0), "scores -9, less than the first one and far below the -1 of step 2"),
        ((1.0, 2.0, 1.99), None),
        ((1.0, 2.0, 1.5), None),
        ((1.0, 0.99), None),
    ],
)
def test_a_training_that_blew_up_says_so(scores: tuple[float, ...], message: str | None) -> None:
    told = trouble(curve(*scores))
    assert (told is None) if message is None else (message in str(told))


def spoil_at(trained: DirectBackprop, step: int) -> Callable[[TrainingProgress], None]:
    """A callback after which the network orders far too much from a step on."""

    def spoil(progress: TrainingProgress) -> None:
        if progress.step == step:
            kill(trained, -50.0)

    return spoil


def test_a_training_that_blows_up_goes_on_from_its_best_weights(tmp_path: Path) -> None:
    trained = training(LostSales(horizon=12), 40)
    trained.fit(spoil_at(trained, 20), tmp_path / "checkpoint.safetensors")
    first, second, spoilt, last = (row.score for row in trained.curve)
    assert spoilt < first < second
    assert last > first
    assert trained.trouble is None
    resumed = training(LostSales(horizon=12), 40)
    resumed.resume(tmp_path / "checkpoint.safetensors")
    assert resumed.curve == trained.curve
