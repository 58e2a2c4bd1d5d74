"""Train one of the two agents for a case, and compare its best weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import inv_gym
from experiments.fitted import without_warnings
from experiments.instances import exact_gap
from experiments.results import Results
from experiments.sample_efficiency.plan import (
    FACTS,
    PPO,
    REFERENCE,
    ModelFreeCase,
    model_free_cases,
)
from experiments.seeds import SAMPLE_EFFICIENCY_TEST_SEED
from inv_gym import baselines
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.sb3.config import ModelFreeConfig
from inv_gym.agents.sb3.training import ModelFree
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.validation import draw_validation

EFFICIENCY_PRODUCTS = 2000
"""Test products."""
STEP_PRODUCTS = 256
"""Products of a gradient step of DirectBackprop."""
VALIDATION_STEPS = 10
"""Gradient steps of DirectBackprop between two validations; PPO plays as many product-periods
between its own.
"""
GRADIENT_STEPS = 400
"""Of DirectBackprop in all."""


def training_of(case: ModelFreeCase, agent: str, seed: int) -> ModelFree | DirectBackprop:
    """A training of one of the two agents."""
    shared: dict[str, Any] = {"seed": seed, "network": case.network}
    if agent == PPO:
        return ModelFree(case.problem, case.source, ModelFreeConfig(**case.parameters, **shared))
    config = TrainingConfig(
        steps=GRADIENT_STEPS, batch=STEP_PRODUCTS, check_every=VALIDATION_STEPS, **shared
    )
    return DirectBackprop(case.problem, case.source, config)


def measure(folder: Path, name: str, agent: str, seed: int) -> None:
    """Train, and compare the best weights; for the reference heuristic only play."""
    case, results = model_free_cases()[name], Results(folder / name)
    if agent == REFERENCE:
        results.keep(f"{REFERENCE}.json", reference_facts(case))
        return
    training = training_of(case, agent, seed)
    with without_warnings():
        policy = training.fit()
    played = 1 if agent == PPO else STEP_PRODUCTS * case.problem.horizon
    curve = [(row.step * played, row.seconds, row.reward) for row in training.curve]
    facts: dict[str, Any] = {"curve": curve, "trouble": training.trouble}
    if case.instance is None:
        facts["test"] = rewards(case, policy)
        if seed == 0 and isinstance(training, ModelFree):
            training.save_model(folder / name / f"{agent}-{seed}")
    else:
        facts["gap"] = float("nan")
        if isinstance(policy, InventoryAgent):
            facts["gap"] = exact_gap(case.instance, policy)
    results.keep(f"{agent}-{seed}/{FACTS}", facts)


def rewards(case: ModelFreeCase, policy: inv_gym.Policy) -> list[float]:
    """Discounted mean reward per period of every test product, money."""
    products = inv_gym.draw_products(
        case.source, case.problem, EFFICIENCY_PRODUCTS, SAMPLE_EFFICIENCY_TEST_SEED
    )
    played = inv_gym.rollout(case.problem, policy, products).discounted_reward
    return (np.asarray(played) / case.problem.discounted_periods).tolist()


def reference_facts(case: ModelFreeCase) -> dict[str, Any]:
    """What the reference heuristic earns on the validation and on the test products."""
    name = baselines.reference(case.problem)
    policy = baselines.policies(case.problem)[name]
    problem, products = draw_validation(
        case.problem, case.source, TrainingConfig.validation_products
    )
    played = inv_gym.rollout(problem, policy, products).discounted_reward
    validation = float(np.mean(played)) / problem.discounted_periods
    return {"name": name, "validation": validation, "test": rewards(case, policy)}
