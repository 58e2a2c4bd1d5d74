"""Train a network and test it: its rewards, and what it breaks of the structure."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import inv_gym
from experiments.results import Results
from experiments.seeds import STRUCTURE_TEST_SEED
from experiments.structure.plan import UNSEEN_TESTS, settings
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.config import STRUCTURE_KINDS
from inv_gym.products.batch import Products
from inv_gym.structure import Violations, violations, wide_states
from inv_gym.util.arrays import flatten

TESTED_PRODUCTS = 1000
MEASURED_PERIOD = 15
"""Period of the episode in which structure is looked at."""


def measure(folder: Path, name: str, kind: str, seed: int) -> None:
    """Train a network, unless that is done, and test it."""
    setting = next(s for s in settings() if s.name == name)
    results = Results(folder / name / f"{kind}-{seed}")
    if not results.has("seconds.json"):
        training = setting.training(kind, seed)
        card = {"name": STRUCTURE_KINDS[kind], "config": asdict(training.config)}
        training.fit().save(results.folder, card)
        results.keep("seconds.json", training.curve[-1].seconds)
    rewards, broken = {}, {}
    for test, problem, products in setting.tests(TESTED_PRODUCTS, STRUCTURE_TEST_SEED):
        agent = InventoryAgent.load(results.folder, problem)
        played = inv_gym.rollout(problem, agent, products)
        rewards[test] = np.asarray(played.discounted_reward) / problem.discounted_periods
        if test == UNSEEN_TESTS[0].name or setting.lead_times:
            broken[test] = broken_structure(problem, agent, products, played)
    results.keep("violations.json", broken)
    results.keep_arrays("rewards.npz", rewards)


def broken_structure(
    problem: inv_gym.Problem, agent: InventoryAgent, products: Products, played: inv_gym.Rollout
) -> dict[str, dict[str, Any]]:
    """What the agent breaks of the structure in wide states, before the cut at 0 and after, and in
    visited ones.
    """
    rng = np.random.default_rng(STRUCTURE_TEST_SEED)
    wide = wide_states(problem, rng, TESTED_PRODUCTS) * products.scale[:, None]
    visited = np.stack(flatten(played.steps[MEASURED_PERIOD].observation.state), -1)

    def broken(states: np.ndarray, given: bool = False) -> dict[str, Any]:
        return facts(violations(problem, agent, products, states, MEASURED_PERIOD, given=given))

    return {
        "wide": broken(wide),
        "wide, as ordered": broken(wide, given=True),
        "visited": broken(visited),
    }


def facts(broken: Violations) -> dict[str, Any]:
    """Plain data."""
    return {
        "share": broken.share(),
        "largest": broken.largest,
        "mean": broken.mean,
        "rows": broken.rows(),
    }
