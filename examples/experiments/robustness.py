"""Measure what the structure of optimal policies brings to networks, and write a page of it.

In examples/experiments:

    python robustness.py --list
    python robustness.py --only 'InvDualSourcing-v0*'   # train and test some
    python robustness.py           # everything: hours; goes on where it was interrupted
    python robustness.py --write   # docs/structure.md from what has been measured

Networks of three kinds (plain, penalised, constructed) are trained on stationary demand with
several seeds, one torch thread each, and tested on demand and starting stock that they have not
seen. Results lie in DIR, one folder per setting and one per kind and seed in it.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from processes import in_processes
from robustness_page import page, pictures
from robustness_plan import TESTS, settings, trainings

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.config import STRUCTURE_KINDS
from inv_gym.products.batch import Products
from inv_gym.structure import Violations, violations, wide_states
from inv_gym.util.arrays import flatten
from inv_gym.util.files import write_atomically

SEEDS, PRODUCTS, TEST_SEED = 5, 1000, 40_000
PERIOD = 15
"""Period of the episode in which structure is looked at."""


def measure(name: str, kind: str, seed: int, out: str) -> str:
    """Train a network, unless that is done, and test it."""
    torch.set_num_threads(1)
    setting = next(one for one in settings() if one.name == name)
    folder = Path(out) / name / f"{kind}-{seed}"
    if not (folder / "seconds.json").exists():
        training = setting.training(kind, seed)
        training.fit().save(
            folder, {"name": STRUCTURE_KINDS[kind], "config": asdict(training.config)}
        )
        write_atomically(folder / "seconds.json", json.dumps(training.curve[-1].seconds))
    rewards, found = {}, {}
    for test, problem, products in setting.tests(PRODUCTS, TEST_SEED):
        agent = InventoryAgent.load(folder, problem)
        played = inv_gym.rollout(problem, agent, products)
        rewards[test] = played.discounted_reward / problem.discounted_periods
        if test == TESTS[0].name or setting.lead_times:
            found[test] = structure(problem, agent, products, played)
    write_atomically(folder / "violations.json", json.dumps(found))
    buffer = io.BytesIO()
    np.savez(buffer, **rewards)
    write_atomically(folder / "rewards.npz", buffer.getvalue())
    return f"{name}, {kind}, seed {seed}"


def structure(
    problem: inv_gym.Problem, agent: InventoryAgent, products: Products, played: inv_gym.Rollout
) -> dict[str, dict[str, Any]]:
    """What the agent breaks of the structure in wide states, before the cut at 0 and after, and in
    visited ones.
    """
    wide = (
        wide_states(problem, np.random.default_rng(TEST_SEED), PRODUCTS) * products.scale[:, None]
    )
    visited = np.stack(flatten(played.steps[PERIOD].observation.state), -1)
    found = {
        "wide": violations(problem, agent, products, wide, PERIOD),
        "wide, as ordered": violations(problem, agent, products, wide, PERIOD, given=True),
        "visited": violations(problem, agent, products, visited, PERIOD),
    }
    return {where: facts(one) for where, one in found.items()}


def facts(found: Violations) -> dict[str, Any]:
    """Plain data."""
    return {
        "share": found.share(),
        "largest": found.largest,
        "mean": found.mean,
        "rows": found.rows(),
    }


def done(name: str, kind: str, seed: int, out: Path) -> bool:
    """Whether it is measured."""
    return (out / name / f"{kind}-{seed}" / "rewards.npz").exists()


def main(
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Settings; repeatable.")
    ] = None,
    seeds: int = SEEDS,
    jobs: Annotated[int, typer.Option(help="Trainings at a time.")] = 2,
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("results/robustness"),
    write: Annotated[
        bool, typer.Option("--write", help="Only write docs/structure.md and its pictures.")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="Only list the trainings.")] = False,
) -> None:
    """Measure what is not measured yet; the page goes to DIR, and with --write to docs/."""
    chosen = [
        one
        for one in trainings(seeds)
        if not only or any(fnmatch(one[0].name, pattern) for pattern in only)
    ]
    missing = [
        (s.name, kind, seed) for s, kind, seed in chosen if not done(s.name, kind, seed, out)
    ]
    if show:
        for setting, kind, seed in chosen:
            mark = "" if (setting.name, kind, seed) in missing else " (measured)"
            typer.echo(f"{setting.name}, {kind}, seed {seed}{mark}")
        return
    if not write:
        in_processes(measure, [(*one, str(out)) for one in missing], jobs)
    docs = Path("docs") if write else out
    written = [
        write_atomically(docs / "structure.md", page(out)),
        *pictures(out, docs / "pictures"),
    ]
    typer.echo(f"Wrote {', '.join(map(str, written))}")


if __name__ == "__main__":
    typer.run(main)
