"""PPO and DirectBackprop on the same axes: reward against product-periods and seconds, and what
each reaches.

In examples/experiments:

    python sample_efficiency.py --list
    python sample_efficiency.py --only InvLostSales-v0   # some minutes per seed
    python sample_efficiency.py           # everything: hours; goes on where it was interrupted
    python sample_efficiency.py --write   # docs/ppo.md and its pictures

Both train with several seeds, one torch thread each, PPO with its tuned parameters
(agents/sb3/tuned.json), and are validated on the same held-out products at the same
product-periods. The best weights of each are compared on test products that neither training, nor
tuning, nor validation has seen; on published instances exactly. Results lie in DIR, one folder per
training.
"""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from exact_gaps import exact_gap
from model_free_plan import CASES, Case
from processes import in_processes
from sample_efficiency_page import DIRECT, PPO, REFERENCE, page, pictures

import inv_gym
from inv_gym import baselines
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.sb3.config import ModelFreeConfig
from inv_gym.agents.sb3.training import ModelFree
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.validation import draw_validation
from inv_gym.util.files import write_atomically

SEEDS, PRODUCTS, TEST_SEED = 5, 2000, 60_000
BATCH = 256
CHECK = 10
"""Gradient steps of DirectBackprop between two validations; PPO plays as many product-periods
between its own.
"""
STEPS = 400
"""Gradient steps of DirectBackprop."""


def training_of(case: Case, agent: str, seed: int) -> Any:
    """A training of one of the two agents."""
    shared: dict[str, Any] = {"seed": seed, "network": case.network}
    if agent == PPO:
        return ModelFree(case.problem, case.source, ModelFreeConfig(**case.parameters, **shared))
    config = TrainingConfig(steps=STEPS, batch=BATCH, check_every=CHECK, **shared)
    return DirectBackprop(case.problem, case.source, config)


def measure(name: str, agent: str, seed: int, out: str) -> str:
    """Train, and compare the best weights."""
    torch.set_num_threads(1)
    case, folder = CASES[name], Path(out) / name / f"{agent}-{seed}"
    training = training_of(case, agent, seed)
    policy = training.fit()
    played = 1 if agent == PPO else BATCH * case.problem.horizon
    curve = [(row.step * played, row.seconds, row.reward) for row in training.curve]
    facts: dict[str, Any] = {"curve": curve}
    if case.instance is None:
        facts["test"] = rewards(case, policy)
        if seed == 0 and agent == PPO:
            training.save_model(folder)
    else:
        facts["gap"] = (
            exact_gap(case.instance, policy) if isinstance(policy, InventoryAgent) else float("nan")
        )
    write_atomically(folder / "facts.json", json.dumps(facts))
    return f"{name}, {agent}, seed {seed}"


def rewards(case: Case, policy: inv_gym.Policy) -> list[float]:
    """Discounted mean reward per period of every test product, money."""
    products = inv_gym.draw_products(case.source, case.problem, PRODUCTS, TEST_SEED)
    played = inv_gym.rollout(case.problem, policy, products).discounted_reward
    return (np.asarray(played) / case.problem.discounted_periods).tolist()


def write_reference(case: Case, folder: Path) -> None:
    """Keep what the reference heuristic, which knows the distribution, earns on the validation and
    on the
    test products.
    """
    name = baselines.reference(case.problem)
    policy = baselines.policies(case.problem)[name]
    problem, products = draw_validation(
        case.problem, case.source, TrainingConfig.validation_products
    )
    played = inv_gym.rollout(problem, policy, products).discounted_reward
    facts = {
        "name": name,
        "validation": float(np.mean(played)) / problem.discounted_periods,
        "test": rewards(case, policy),
    }
    write_atomically(folder / REFERENCE, json.dumps(facts))


def main(
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Cases; repeatable.")
    ] = None,
    seeds: int = SEEDS,
    jobs: Annotated[int, typer.Option(help="Trainings at a time.")] = 2,
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("results/sample-efficiency"),
    write: Annotated[
        bool, typer.Option("--write", help="Only write docs/ppo.md and its pictures.")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="Only list the trainings.")] = False,
) -> None:
    """Measure what is not measured yet; the page goes to DIR, and with --write to docs/."""
    names = [name for name in CASES if not only or any(fnmatch(name, pattern) for pattern in only)]
    agents = {name: (PPO, DIRECT) if CASES[name].instance is None else (PPO,) for name in names}
    chosen = [
        (name, agent, seed) for seed in range(seeds) for name in names for agent in agents[name]
    ]
    missing = [
        one for one in chosen if not (out / one[0] / f"{one[1]}-{one[2]}" / "facts.json").exists()
    ]
    if show:
        for one in chosen:
            typer.echo(
                f"{one[0]}, {one[1]}, seed {one[2]}{'' if one in missing else ' (measured)'}"
            )
        return
    if not write:
        in_processes(measure, [(*one, str(out)) for one in missing], jobs)
        for name in names:
            if CASES[name].instance is None and not (out / name / REFERENCE).exists():
                write_reference(CASES[name], out / name)
    docs = Path("docs") if write else out
    written = [write_atomically(docs / "ppo.md", page(out)), *pictures(out, docs / "pictures")]
    typer.echo(f"Wrote {', '.join(map(str, written))}")


if __name__ == "__main__":
    typer.run(main)
