"""What is given to trainings is checked before they begin."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from learning_cases import POPULATION, tiny

from inv_gym import LostSales, Products, Task, task
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.sb3.config import ModelFreeConfig
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.device import usable_device
from inv_gym.agents.training.direct_backprop import DirectBackprop


class Real:
    """Products as of a table: nobody knows their distribution."""

    notes = covariate_names = ()
    largest_scale = 50.0

    def sample(self, rng: np.random.Generator, batch: int, problem: LostSales) -> Products:
        return POPULATION.sample(rng, batch, problem)._replace(distribution=None)


@pytest.mark.parametrize(
    ("network", "got"),
    [(3, "3"), ({"channels": 4}, "{'channels': 4}"), (None, "None")],
)
@pytest.mark.parametrize("config", [TrainingConfig, ModelFreeConfig])
def test_a_network_is_one(config: type, network: object, got: str) -> None:
    expected = f"network must be a NetworkConfig, such as NetworkConfig(channels=8), got {got}."
    with pytest.raises(TypeError, match=f"^{re.escape(expected)}$"):
        config(network=network)


@pytest.mark.parametrize("hidden", [5, "32", None])
def test_hidden_layers_are_a_sequence(hidden: object) -> None:
    message = f"hidden must be a sequence of whole numbers, got {hidden!r}."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        NetworkConfig(hidden=hidden)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"gamma": 2.0}, "gamma must be at most 1, got 2.0."),
        ({"gamma": 0.0}, "gamma must be above 0, got 0.0."),
        ({"reach": -1.0}, "reach must be above 0, got -1.0."),
        ({"learning_rate": "fast"}, "learning_rate must be a number, got 'fast'."),
        ({"learning_rate": None}, "learning_rate must be a number, got None."),
        ({"options": [1]}, "options must be a mapping of arguments, got [1]."),
        ({"options": {"gae_lambda": 1.5}}, "gae_lambda must be between 0 and 1, got 1.5."),
        ({"options": {"clip_range": -0.2}}, "clip_range must be above 0, got -0.2."),
        ({"options": {"clip_range": "abc"}}, "clip_range must be a number, got 'abc'."),
        ({"options": {"n_steps": 0}}, "n_steps must be at least 1, got 0."),
        ({"options": {"n_steps": 2.5}}, "n_steps must be a whole number, got 2.5."),
        ({"options": {"batch_size": 1}}, "batch_size must be at least 2, got 1."),
        ({"options": {"n_epochs": -1}}, "n_epochs must be at least 1, got -1."),
        ({"options": {"ent_coef": -1.0}}, "ent_coef must be at least 0, got -1.0."),
        ({"options": {"max_grad_norm": 0.0}}, "max_grad_norm must be above 0, got 0.0."),
        ({"options": {"vf_coef": float("nan")}}, "vf_coef must be finite, got nan."),
        ({"options": {"target_kl": 0.0}}, "target_kl must be above 0, got 0.0."),
        ({"options": {"use_sde": "yes"}}, "use_sde must be True or False, got 'yes'."),
        ({"algorithm": "sac", "options": {"tau": 2.0}}, "tau must be between 0 and 1, got 2.0."),
        (
            {"options": {"rollout_buffer_class": "dict"}},
            "rollout_buffer_class must be a buffer's class or None, got 'dict'.",
        ),
        (
            {"options": {"rollout_buffer_kwargs": 3}},
            "rollout_buffer_kwargs must be a dict or None, got 3.",
        ),
        (
            {"options": {"gae_lambda": abs}},
            "gae_lambda must be a number, got <built-in function abs>.",
        ),
        (
            {"algorithm": "sac", "options": {"train_freq": (0, "step")}},
            "train_freq must be a whole number of at least 1, or a pair such as (4, 'step'), got "
            "(0, 'step').",
        ),
        (
            {"algorithm": "td3", "options": {"action_noise": 0.1}},
            "action_noise must be an ActionNoise or None, got 0.1.",
        ),
        (
            {"algorithm": "td3", "options": {"policy_delay": 0}},
            "policy_delay must be at least 1, got 0.",
        ),
    ],
)
def test_an_option_out_of_range_is_refused(fields: dict, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}$"):
        ModelFreeConfig(**fields)


def test_what_a_training_sets_itself_is_no_option() -> None:
    with pytest.raises(ValueError, match="^unknown option of ppo '_init_setup_model'"):
        ModelFreeConfig(options={"_init_setup_model": False})


def test_an_option_may_stand_for_something_else() -> None:
    assert ModelFreeConfig(options={"target_kl": None, "clip_range_vf": None}).options
    assert ModelFreeConfig("sac", options={"ent_coef": "auto", "target_entropy": "auto"}).options


@pytest.mark.parametrize(
    "device",
    [
        "nonsense",
        "meta",
        pytest.param(
            "cuda", marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
        ),
    ],
)
def test_a_device_that_cannot_be_used_is_refused(device: str) -> None:
    with pytest.raises(ValueError, match=f"^device '{device}' cannot be used here "):
        usable_device(device)
    with pytest.raises(ValueError, match=f"^device '{device}' cannot be used here "):
        DirectBackprop(LostSales(), POPULATION, tiny(), device)


def test_a_network_that_knows_the_distribution_is_not_trained_on_products_without_one() -> None:
    config = tiny(network=NetworkConfig(knows="distribution"))
    with pytest.raises(ValueError, match="these products have no known demand distribution"):
        DirectBackprop(LostSales(), Real(), config)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            [task("InvLostSales-v0"), task("InvLostSalesLeadTime-v0")],
            "must hold problems, got the task 'InvLostSales-v0': several tasks cannot be trained",
        ),
        ([LostSales(), Task(LostSales(), "poisson")], "must hold problems, got the task ''"),
        ([], "must be a Task, a Problem or a sequence of problems of one class, got []."),
        (
            "InvLostSales-v0",
            "must be a Task, a Problem or a sequence of problems of one class, got 'Inv",
        ),
        (None, "must be a Task, a Problem or a sequence of problems of one class, got None."),
        ([LostSales(), 3], "must hold problems, got 3."),
    ],
)
def test_what_cannot_be_trained_for_is_refused(given: object, message: str) -> None:
    with pytest.raises(TypeError, match=f"^task {re.escape(message)}"):
        DirectBackprop(given, POPULATION, tiny())  # type: ignore[arg-type]


def test_a_configuration_is_one() -> None:
    with pytest.raises(TypeError, match="^config must be a TrainingConfig, got {'steps': 3}.$"):
        DirectBackprop(LostSales(), POPULATION, {"steps": 3})  # type: ignore[arg-type]
