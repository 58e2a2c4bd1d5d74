"""Train the networks of an experiment, and compare them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import inv_gym
from experiments.evidence.plan import Experiment, experiments
from experiments.evidence.removal import removal_facts
from experiments.fitted import fitted
from experiments.instances import exact_gap
from experiments.results import Results
from experiments.seeds import EVIDENCE_TEST_SEED
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.progress import TrainingProgress
from inv_gym.baselines.exact.newsvendor_bound import newsvendor_bound
from inv_gym.baselines.fitting.fitting import known_distribution
from inv_gym.problems import ProcurementRemoval

COMPARED_PRODUCTS = 2000
UPPER_BOUND = "upper bound"
"""All demand is seen until an order arrives (`newsvendor_bound`): coarse, but no policy earns more.
"""


def train(experiment: Experiment, seed: int, results: Results) -> None:
    """Train with a seed, unless that is done; keep what it took, and for an instance exact gaps.

    Of several trainings, one for each rounding, the `better` one stays.
    """
    record = f"{experiment.name}/training-{seed}.json"
    if results.has(record):
        return
    configs = {config.rounding: config for config in experiment.configs(seed)}
    problems, source = list(experiment.problems), experiment.source
    watched = experiment.instances[0] if experiment.roundings else None
    trainings = {name: DirectBackprop(problems, source, config) for name, config in configs.items()}
    facts = {name: fit(training, watched) for name, training in trainings.items()}
    kept = better(facts)
    folder = results.folder / experiment.name / f"seed-{seed}"
    trainings[kept].agent.save(folder, {"config": asdict(configs[kept])})
    results.keep(record, {**facts[kept], "by rounding": facts})


def better(facts: Mapping[str, Mapping[str, Any]]) -> str:
    """The name of the training with the best validation score, of those without trouble if there
    are any; one without a score comes last.
    """
    sound = [name for name, told in facts.items() if told["trouble"] is None] or list(facts)
    scores = {name: facts[name]["score"] for name in sound}
    return max(sound, key=lambda name: -math.inf if scores[name] is None else scores[name])


def fit(training: DirectBackprop, instance: str | None) -> dict[str, Any]:
    """Train; the best score, trouble if any, and the seconds that it took. For an instance: the
    steps, seconds and exact gap at each validation, the gap of the best weights, and the seconds
    without working gaps out.
    """
    if instance is None:
        return fitted(training)
    curve: list[tuple[int, float, float]] = []
    spent = 0.0

    def watch(progress: TrainingProgress) -> None:
        nonlocal spent
        begin = time.perf_counter()
        gap = exact_gap(inv_gym.instance(instance), training.agent)
        curve.append((progress.step, progress.seconds - spent, gap))
        spent += time.perf_counter() - begin

    facts = fitted(training, watch)
    seconds = curve[-1][1] if curve else 0.0
    final_gap = exact_gap(inv_gym.instance(instance), training.agent)
    return {**facts, "seconds": seconds, "curve": curve, "gap": final_gap}


def compare(experiment: Experiment, agents: dict[str, InventoryAgent], results: Results) -> None:
    """Keep the discounted reward of every policy on every test product, ``[N]`` each."""
    (problem,) = experiment.problems
    products = inv_gym.draw_products(
        experiment.source, problem, COMPARED_PRODUCTS, EVIDENCE_TEST_SEED
    )
    weight = problem.discounted_periods
    rewards = {
        name: np.asarray(inv_gym.rollout(problem, policy, products).discounted_reward) / weight
        for name, policy in {**experiment.heuristics(), **agents}.items()
    }
    if experiment.bounded:
        distribution = known_distribution("distribution", products)
        stock = products.initial_state.inventory_position
        bound = newsvendor_bound(problem, distribution, products.economics, stock)
        rewards[UPPER_BOUND] = bound / weight
    if isinstance(problem, ProcurementRemoval):
        facts = removal_facts(problem, agents, products)
        results.keep(f"{experiment.name}/removal.json", facts)
    results.keep_arrays(f"{experiment.name}/rewards.npz", rewards)


def measure(folder: Path, name: str, seeds: int) -> None:
    """Do what is missing of an experiment."""
    results = Results(folder)
    experiment = next(e for e in experiments() if e.name == name)
    for seed in range(seeds):
        train(experiment, seed, results)
    agents = {
        f"seed {seed}": InventoryAgent.load(folder / name / f"seed-{seed}") for seed in range(seeds)
    }
    if not experiment.instances:
        compare(experiment, agents, results)
        return
    gaps = {
        instance: [exact_gap(inv_gym.instance(instance), agent) for agent in agents.values()]
        for instance in experiment.instances
    }
    results.keep(f"{name}/gaps.json", gaps)
