"""What is computed on a GPU is what is computed on the CPU; without a GPU, torch's CPU is compared
with NumPy alone.
"""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
import torch

import inv_gym
from inv_gym import LostSales, baselines, evaluate, task
from inv_gym.agents import catalogue
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
PRODUCTS = 40
SMALL = LostSales(lead_time=2, horizon=8)


def training(device: str, compiled: bool = False, steps: int = 4) -> DirectBackprop:
    """A short training on a device."""
    config = TrainingConfig(steps=steps, batch=64, check_every=2, validation_products=32)
    return DirectBackprop(SMALL, inv_gym.make_source("default"), config, device, compiled)


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_every_policy_earns_the_same_on_every_device(env_id: str, device: str) -> None:
    game = task(env_id, horizon=8)
    policies = {**baselines.policies(game.problem), **catalogue.policies(game.problem)}
    like = torch.empty(0, dtype=torch.float64, device=device)
    frames = [
        evaluate(
            game, policies, number=PRODUCTS, seed=5, reference="random orders", like=kind
        ).frame.reward
        for kind in (None, like)
    ]
    pd.testing.assert_series_equal(*frames, rtol=1e-7)


@pytest.mark.parametrize("device", DEVICES)
def test_a_training_takes_the_same_steps_on_every_device(device: str) -> None:
    ours, reference = training(device), training("cpu")
    losses = [(ours.train_step(), reference.train_step()) for _ in range(4)]
    assert losses == [pytest.approx((loss, loss), rel=1e-4) for _, loss in losses]
    assert {parameter.device.type for parameter in ours.network.parameters()} == {device}


@pytest.mark.parametrize("device", DEVICES)
def test_a_training_goes_on_where_another_device_left_it(device: str, tmp_path: Path) -> None:
    begun, whole = training(device), training("cpu")
    for _ in range(2):
        begun.train_step()
    resumed = training("cpu")
    resumed.resume(begun.save(tmp_path / "checkpoint.safetensors"))
    resumed.fit()
    whole.fit()
    assert math.isclose(resumed.best, whole.best, rel_tol=1e-3)


@pytest.mark.skipif(len(DEVICES) == 1, reason="a compiler may be missing without a GPU")
def test_a_compiled_training_takes_the_same_steps() -> None:
    ours, reference = training("cuda", compiled=True), training("cpu")
    losses = [(ours.train_step(), reference.train_step()) for _ in range(4)]
    assert losses == [pytest.approx((loss, loss), rel=1e-4) for _, loss in losses]
