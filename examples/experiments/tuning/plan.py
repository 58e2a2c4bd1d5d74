"""What is searched: the cases, the space of parameters, and the trials that are set by hand."""

from __future__ import annotations

from typing import Any

import optuna

from experiments.campaign import Measurement
from experiments.sample_efficiency.plan import ModelFreeCase, model_free_cases
from experiments.seeds import TUNING_TRIALS

USUAL_PARAMETERS: dict[str, Any] = {
    "policy": "encoder",
    "reach": 6.0,
    "rows": 256,
    "learning_rate": 1e-3,
    "gamma": 0.99,
    "log_std": -1.5,
    "n_epochs": 5,
    "minibatches": 8,
    "gae_lambda": 0.9,
    "ent_coef": 0.0,
    "clip_range": 0.2,
    "normalise_rewards": True,
}
HAND_SET_CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {
        "rows": 64,
        "learning_rate": 4e-3,
        "gamma": 0.995,
        "gae_lambda": 0.95,
        "ent_coef": 2e-4,
        "reach": 12.0,
    },
    {"learning_rate": 3e-3, "n_epochs": 10, "minibatches": 16},
    {"learning_rate": 3e-3, "log_std": -1.0, "gae_lambda": 0.8, "n_epochs": 10},
    {"policy": "plain", "reach": 2.0},
)
"""What the first trials change of the usual parameters."""
VALIDATION_NUMBER = 8
"""Validations of a trial; poor ones stop at one of them."""


def suggest(trial: optuna.Trial, case: ModelFreeCase) -> dict[str, Any]:
    """Fields of a configuration from the search space."""
    policy = trial.suggest_categorical("policy", ["encoder", "plain"])
    rows = trial.suggest_categorical("rows", [64, 256, 1024])
    n_steps = min(case.problem.horizon, 50)
    options = {
        "n_steps": n_steps,
        "batch_size": rows * n_steps // trial.suggest_categorical("minibatches", [4, 8, 16]),
        "n_epochs": trial.suggest_int("n_epochs", 3, 10),
        "gae_lambda": trial.suggest_categorical("gae_lambda", [0.3, 0.6, 0.8, 0.9, 0.95]),
        "ent_coef": trial.suggest_categorical("ent_coef", [0.0, 2e-4, 1e-3]),
        "clip_range": trial.suggest_categorical("clip_range", [0.1, 0.2, 0.4]),
    }
    return {
        "policy": policy,
        "reach": trial.suggest_categorical("reach", [2.0, 4.0, 6.0, 12.0]),
        "normalise_observations": policy == "plain",
        "normalise_rewards": trial.suggest_categorical("normalise_rewards", [True, False]),
        "rows": rows,
        "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
        "gamma": trial.suggest_categorical("gamma", [0.95, 0.98, 0.99, 0.995, 1.0]),
        "log_std": trial.suggest_float("log_std", -2.5, -0.5),
        "options": options,
    }


def plan(trials: int = 20, steps: int = 640_000) -> list[Measurement]:
    """A search for every case: so many trials in all, of so many product-periods each.

    Raises:
        ValueError: The trials or their steps are too few, or the trials too many for their seeds.
    """
    if not 1 <= trials <= TUNING_TRIALS:
        raise ValueError(f"trials must be from 1 to {TUNING_TRIALS}, got {trials}.")
    if steps < VALIDATION_NUMBER:
        raise ValueError(f"steps must be at least {VALIDATION_NUMBER}, got {steps}.")
    return [Measurement(name, (name, trials, steps)) for name in model_free_cases()]
