"""Pictures of the evidence: how fast networks learn, and what they do when demand changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import inv_gym
from experiments.evidence.plan import Experiment, experiments
from experiments.results import Results
from experiments.seeds import EVIDENCE_TEST_SEED
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.pictures.figures import save_compact
from inv_gym.tasks.instances import INSTANCES

PUBLICATIONS = ("zipkin", "gijsbrechts", "demoor", "removal")
CHANGING_DEMANDS = ("season", "regime-change", "shock", "censored")
DRAWN_PRODUCTS = 500
RIVAL_HEURISTIC = "vector base-stock"
LEAST_GAP = 1e-3
"""Gaps below this share of a percent are drawn there: a logarithmic axis has no 0."""


def draw_learning_curves(results: Path, out: Path) -> Path | None:
    """Exact gap of every validation against seconds of training, all seeds, one panel per kind of
    instance.
    """
    kinds = {kind: [n for n in INSTANCES if n.startswith(kind)] for kind in PUBLICATIONS}
    figure = Figure((14, 3.6), layout="constrained")
    axes = figure.subplots(1, len(kinds), sharey=True)
    drawn, measured = False, Results(results)
    for axis, (kind, names) in zip(axes, kinds.items(), strict=True):
        for colour, name in enumerate(names):
            for seed, facts in enumerate(measured.read_all(f"instance-{name}/training-*.json")):
                seconds, gaps = np.array(facts["curve"]).T
                label = name.split("-", 1)[1] if seed == 0 else None
                shares = np.maximum(-gaps, LEAST_GAP)
                axis.plot(seconds, shares, color=f"C{colour}", lw=1, alpha=0.8, label=label)
                drawn = True
        axis.axhline(0.1, color="black", lw=0.6, ls=":")
        axis.set(title=kind, xlabel="seconds of training", yscale="log")
        if axis.lines[1:]:
            axis.legend(fontsize=7, frameon=False)
    axes[0].set_ylabel("% over the optimal cost")
    return save_compact(figure, out / "learning-curves.png") if drawn else None


def draw_changing_demand(results: Path, out: Path) -> Path | None:
    """Mean demand, orders and stock over time, agent and a history-based heuristic, in units of the
    mean demand.
    """
    changing = [e for e in experiments() if e.name in CHANGING_DEMANDS]
    shown = [e for e in changing if (results / e.name / "seed-0").exists()]
    if not shown:
        return None
    figure = Figure((4.2 * len(shown), 5.6), layout="constrained")
    axes = figure.subplots(2, len(shown), squeeze=False)
    for (top, bottom), experiment in zip(axes.T, shown, strict=True):
        _draw(experiment, results, top, bottom)
    return save_compact(figure, out / "changing-demand.png")


def _draw(experiment: Experiment, results: Path, top: Axes, bottom: Axes) -> None:
    (problem,), source = experiment.problems, experiment.source
    products = inv_gym.draw_products(source, problem, DRAWN_PRODUCTS, EVIDENCE_TEST_SEED)
    heuristics = experiment.heuristics()
    rival = RIVAL_HEURISTIC if RIVAL_HEURISTIC in heuristics else "base-stock"
    players = {
        "agent": InventoryAgent.load(results / experiment.name / "seed-0"),
        rival: heuristics[rival],
    }
    demand = products.demand[-problem.horizon :] / products.scale
    top.plot(demand.mean(1), color="black", lw=1, label="demand")
    for name, policy in players.items():
        played = inv_gym.rollout(problem, policy, products)
        top.plot((played.orders[:, :, 0] / products.scale).mean(1), lw=1, label=f"order, {name}")
        bottom.plot((played.flow("on_hand") / products.scale).mean(1), lw=1, label=f"stock, {name}")
        short = (played.flow("shortage") / products.scale).mean(1)
        bottom.plot(short, lw=1, ls="--", label=f"lost sales, {name}")
    top.set(title=experiment.name, ylim=(0, 3))
    bottom.set(xlabel="period")
    for axis in (top, bottom):
        axis.legend(fontsize=7, frameon=False)
