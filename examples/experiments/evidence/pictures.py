"""Pictures of the evidence: how fast networks learn, and what they do when demand changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import inv_gym
from experiments.evidence.plan import Experiment, experiments
from experiments.results import Results
from experiments.seeds import EVIDENCE_TEST_SEED
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.pictures.figures import DOCS_WIDTH, save_compact
from inv_gym.tasks.instances import INSTANCES

PUBLICATIONS = {
    "zipkin": "lost sales, Zipkin (2008)",
    "gijsbrechts": "dual sourcing, Gijsbrechts et al. (2022)",
    "demoor": "perishables, De Moor et al. (2022)",
    "removal": "procurement and removal",
}
"""What the names of instances begin with, and what a picture calls these."""
CHANGING_DEMANDS = {
    "season": "seasons",
    "regime-change": "changes of level",
    "shock": "shocks",
    "censored": "sales are seen",
}
"""Experiments whose paths are drawn, and what a picture calls them."""
SHOWN_PRODUCTS = 500
RIVAL_HEURISTIC = "vector base-stock"
LEAST_GAP = 1e-3
"""Gaps below this share of a percent are drawn there: a logarithmic axis has no 0."""


def draw_learning_curves(results: Path, out: Path) -> Path | None:
    """Exact gap of every validation against steps of training, all seeds, one panel per
    publication.
    """
    measured = Results(results)
    figure = Figure((DOCS_WIDTH, 5.6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    drawn = [
        _draw_publication(measured, begin, axis)
        for begin, axis in zip(PUBLICATIONS, axes.flat, strict=True)
    ]
    for axis in axes[:, 0]:
        axis.set_ylabel("% over the optimal cost")
    for axis in axes[1]:
        axis.set_xlabel("steps of training")
    return save_compact(figure, out / "learning-curves.png") if any(drawn) else None


def _draw_publication(measured: Results, begin: str, axis: Axes) -> bool:
    """Draw the trainings on a publication's instances; whether there is any."""
    for colour, name in enumerate(n for n in INSTANCES if n.startswith(begin)):
        for seed, facts in enumerate(measured.read_all(f"instance-{name}/training-*.json")):
            steps, _, gaps = np.array(facts["curve"]).T
            label = name.split("-", 1)[1] if seed == 0 else None
            shares = np.maximum(-gaps, LEAST_GAP)
            axis.plot(steps, shares, color=f"C{colour}", lw=1, alpha=0.8, label=label)
    has_curves = bool(axis.lines)
    axis.axhline(0.1, color="black", lw=0.6, ls=":")
    axis.set_title(PUBLICATIONS[begin], fontsize=10)
    axis.set_yscale("log")
    if has_curves:
        axis.legend(fontsize=7, frameon=False, ncols=2, loc="upper right")
    return has_curves


def draw_changing_demand(results: Path, out: Path) -> Path | None:
    """Mean demand, orders, stock and lost sales over time, of the agent and of a heuristic that
    knows the history: two panels per experiment.
    """
    changing = [e for e in experiments() if e.name in CHANGING_DEMANDS]
    shown = [e for e in changing if (results / e.name / "seed-0").exists()]
    if not shown:
        return None
    figure = Figure((DOCS_WIDTH, 0.6 + 2.3 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), 2, sharex=True, squeeze=False)
    for (left, right), experiment in zip(axes, shown, strict=True):
        _draw_experiment(experiment, results, left, right)
    for axis in axes[-1]:
        axis.set_xlabel("period")
    figure.supylabel("mean over the products, in mean demands", fontsize=9)
    return save_compact(figure, out / "changing-demand.png")


def _draw_experiment(experiment: Experiment, results: Path, left: Axes, right: Axes) -> None:
    (problem,), source = experiment.problems, experiment.source
    products = inv_gym.draw_products(source, problem, SHOWN_PRODUCTS, EVIDENCE_TEST_SEED)
    heuristics = experiment.heuristics()
    rival = RIVAL_HEURISTIC if RIVAL_HEURISTIC in heuristics else "base-stock"
    players = {
        "network": InventoryAgent.load(results / experiment.name / "seed-0"),
        rival: heuristics[rival],
    }
    demand = products.demand[-problem.horizon :] / products.scale
    left.plot(demand.mean(1), color="black", lw=1, label="demand")
    for number, (name, policy) in enumerate(players.items()):
        played = inv_gym.rollout(problem, policy, products)
        colour: dict[str, Any] = {"color": f"C{number}", "lw": 1}
        left.plot((played.orders[:, :, 0] / products.scale).mean(1), label=name, **colour)
        right.plot((played.flow("on_hand") / products.scale).mean(1), label=name, **colour)
        short = (played.flow("shortage") / products.scale).mean(1)
        right.plot(short, ls="--", **colour)
    title = CHANGING_DEMANDS[experiment.name]
    left.set(ylim=(0.0, 3.0))
    left.set_title(f"{title}: orders", fontsize=10)
    right.set_title(f"{title}: stock, and lost sales (dashed)", fontsize=10)
    left.legend(fontsize=7, frameon=False)
