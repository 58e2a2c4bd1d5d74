"""Train the networks of an experiment, and compare them."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import inv_gym
from experiments.evidence.plan import Experiment, experiments
from experiments.evidence.removal import removal_facts
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

    Of several trainings, one for each rounding, the best in validation stays.
    """
    record = f"{experiment.name}/training-{seed}.json"
    if results.has(record):
        return
    configs = experiment.configs(seed)
    problems, source = list(experiment.problems), experiment.source
    trainings = [DirectBackprop(problems, source, config) for config in configs]
    watched = experiment.instances[0] if experiment.roundings else None
    facts = [fit(training, watched) for training in trainings]
    best = max(range(len(trainings)), key=lambda index: trainings[index].best)
    folder = results.folder / experiment.name / f"seed-{seed}"
    trainings[best].agent.save(folder, {"config": asdict(configs[best])})
    by_rounding = {config.rounding: part for config, part in zip(configs, facts, strict=True)}
    results.keep(record, {**facts[best], "by rounding": by_rounding})


def fit(training: DirectBackprop, instance: str | None) -> dict[str, Any]:
    """Train. For an instance: the exact gap at each validation and of the best weights, and the
    seconds without that.
    """
    if instance is None:
        training.fit()
        return {"seconds": training.curve[-1].seconds}
    curve: list[tuple[float, float]] = []
    spent = 0.0

    def watch(progress: TrainingProgress) -> None:
        nonlocal spent
        begin = time.perf_counter()
        gap = exact_gap(inv_gym.instance(instance), training.agent)
        curve.append((progress.seconds - spent, gap))
        spent += time.perf_counter() - begin

    agent = training.fit(watch)
    final_gap = exact_gap(inv_gym.instance(instance), agent)
    return {"seconds": curve[-1][0], "curve": curve, "gap": final_gap}


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
