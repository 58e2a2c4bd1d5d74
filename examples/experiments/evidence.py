"""Measure the claims about DirectBackprop, and write a page of them.

In examples/experiments:

    python evidence.py --list
    python evidence.py --only lead-time-5   # train and compare, some minutes
    python evidence.py           # everything: hours; goes on where it was interrupted
    python evidence.py --write   # docs/evidence.md from what has been measured

Every experiment trains with several seeds (one torch thread each) and compares on products that no
training or validation has seen. Results lie in DIR, one folder per experiment.
"""

from __future__ import annotations

import io
import json
import time
from dataclasses import asdict, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from evidence_page import BOUND, page
from evidence_pictures import changing_demand, learning_curves
from evidence_plan import Experiment, Generalist, InstanceExperiment, experiments
from evidence_removal import removal_facts
from exact_gaps import exact_gap
from processes import in_processes

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.progress import TrainingProgress
from inv_gym.baselines.exact.bounds import newsvendor_bound
from inv_gym.problems import ProcurementRemoval
from inv_gym.util.files import write_atomically

SEEDS, PRODUCTS, TEST_SEED = 3, 2000, 20_000


def train(experiment: Any, seed: int, folder: Path) -> dict[str, Any]:
    """Train with a seed, unless that is done; what it took, and for an instance the exact gaps."""
    record = folder / f"training-{seed}.json"
    if record.exists():
        return json.loads(record.read_text())
    problem = experiment.problems if isinstance(experiment, Generalist) else experiment.problem
    single = isinstance(experiment, InstanceExperiment)
    roundings = experiment.roundings if single else (experiment.config.rounding,)
    configs = [replace(experiment.config, seed=seed, rounding=rounding) for rounding in roundings]
    trainings = [DirectBackprop(problem, experiment.source, config) for config in configs]
    if single:
        found = [fit_watched(training, experiment.instance) for training in trainings]
    else:
        trainings[0].fit()
        found = [{"seconds": trainings[0].curve[-1].seconds}]
    best = max(range(len(trainings)), key=lambda index: trainings[index].best)
    trainings[best].agent.save(folder / f"seed-{seed}", {"config": asdict(configs[best])})
    facts = {**found[best], "by rounding": dict(zip(roundings, found, strict=True))}
    write_atomically(record, json.dumps(facts))
    return facts


def fit_watched(training: DirectBackprop, instance: str) -> dict[str, Any]:
    """Train for an instance: the exact gap at each validation and of the best weights, and the
    seconds without that.
    """
    curve: list[tuple[float, float]] = []
    spent = 0.0

    def watch(progress: TrainingProgress) -> None:
        nonlocal spent
        begin = time.perf_counter()
        curve.append(
            (progress.seconds - spent, exact_gap(inv_gym.instance(instance), training.agent))
        )
        spent += time.perf_counter() - begin

    agent = training.fit(watch)
    return {
        "seconds": curve[-1][0],
        "curve": curve,
        "gap": exact_gap(inv_gym.instance(instance), agent),
    }


def compare(experiment: Experiment, agents: dict[str, InventoryAgent], folder: Path) -> None:
    """Keep the discounted reward of every policy on every test product, ``[N]`` each."""
    products = inv_gym.draw_products(experiment.source, experiment.problem, PRODUCTS, TEST_SEED)
    weight = experiment.problem.discounted_periods
    rewards = {
        name: inv_gym.rollout(experiment.problem, policy, products).discounted_reward / weight
        for name, policy in {**experiment.heuristics(), **agents}.items()
    }
    if experiment.bounded:
        distribution, stock = products.distribution, products.initial_state.inventory_position
        rewards[BOUND] = (
            newsvendor_bound(experiment.problem, distribution, products.economics, stock) / weight
        )
    if isinstance(experiment.problem, ProcurementRemoval):
        facts = removal_facts(experiment.problem, agents, products)
        write_atomically(folder / "removal.json", json.dumps(facts))
    buffer = io.BytesIO()
    np.savez(buffer, **rewards)
    write_atomically(folder / "rewards.npz", buffer.getvalue())


def measure(name: str, seeds: int, out: str) -> str:
    """Do what is missing of an experiment."""
    torch.set_num_threads(1)
    experiment = next(one for one in experiments() if one.name == name)
    folder = Path(out) / name
    for seed in range(seeds):
        train(experiment, seed, folder)
    agents = {f"seed {seed}": InventoryAgent.load(folder / f"seed-{seed}") for seed in range(seeds)}
    if isinstance(experiment, Experiment):
        compare(experiment, agents, folder)
    else:
        instances = (
            [experiment.instance]
            if isinstance(experiment, InstanceExperiment)
            else experiment.instances
        )
        gaps = {
            instance: [exact_gap(inv_gym.instance(instance), agent) for agent in agents.values()]
            for instance in instances
        }
        write_atomically(folder / "gaps.json", json.dumps(gaps))
    return name


def done(name: str, out: Path) -> bool:
    """Whether an experiment is measured."""
    return (out / name / "rewards.npz").exists() or (out / name / "gaps.json").exists()


def main(
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Experiments; repeatable.")
    ] = None,
    seeds: int = SEEDS,
    jobs: Annotated[int, typer.Option(help="Experiments at a time.")] = 2,
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("results/evidence"),
    write: Annotated[
        bool, typer.Option("--write", help="Only write docs/evidence.md and its pictures.")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="Only list the experiments.")] = False,
) -> None:
    """Measure what is not measured yet; the page goes to DIR, and with --write to docs/."""
    names = [one.name for one in experiments()]
    chosen = [name for name in names if not only or any(fnmatch(name, pattern) for pattern in only)]
    missing = [name for name in chosen if not done(name, out)]
    if show:
        typer.echo(
            "\n".join(f"{name}{'' if name in missing else ' (measured)'}" for name in chosen)
        )
        return
    if not write:
        in_processes(measure, [(name, seeds, str(out)) for name in missing], jobs)
    docs = Path("docs") if write else out
    written = [
        write_atomically(
            docs / "evidence.md", page(out, [name for name in names if not done(name, out)])
        )
    ]
    written += filter(
        None, (draw(out, docs / "pictures") for draw in (learning_curves, changing_demand))
    )
    typer.echo(f"Wrote {', '.join(map(str, written))}")


if __name__ == "__main__":
    typer.run(main)
