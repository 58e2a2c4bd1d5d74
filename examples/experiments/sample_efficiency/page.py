"""The page of PPO beside DirectBackprop: tables and pictures from what has been measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.results import Results, page_of, table
from experiments.sample_efficiency.plan import (
    COMPARED_AGENTS,
    DIRECT_BACKPROP,
    FACTS,
    PPO,
    REFERENCE,
    agents_of,
    model_free_cases,
)
from inv_gym.agents.sb3.config import TUNED_FILE
from inv_gym.pictures.figures import save_compact
from inv_gym.play.statistics import gap_text, paired_gap
from inv_gym.util.files import write_atomically

TRAINED_TITLES = {PPO: "PPO", DIRECT_BACKPROP: "DirectBackprop"}
EFFICIENCY_TEXT = Path(__file__).with_name("page.md")
"""What is said around the tables, with {name} where one goes."""
AXIS_UNITS = {"million product-periods": 1e6, "seconds": 1.0}
"""What training is measured in."""
Curve = np.ndarray
"""``[N, 3]``: product-periods, seconds, reward (money per period, validation products)."""


def seeds_of(results: Results, name: str) -> list[int]:
    """Those that are measured of every agent that plays a case."""
    return results.seeds(name, agents_of(model_free_cases()[name]), FACTS)


def facts_of(results: Results, name: str, agent: str) -> list[dict[str, Any]]:
    """What every seed's training gave."""
    seeds = seeds_of(results, name)
    return [results.read(f"{name}/{agent}-{seed}/{FACTS}") for seed in seeds]


def curves_of(results: Results, name: str, agent: str) -> list[Curve]:
    """Of every seed, the best reward so far in place of the present one: that of the weights that
    are kept.
    """
    curves = [np.array(facts["curve"]) for facts in facts_of(results, name, agent)]
    return [np.c_[curve[:, :2], np.maximum.accumulate(curve[:, 2])] for curve in curves]


def reference_of(results: Results, name: str) -> dict[str, Any]:
    """What the reference heuristic earns."""
    return results.read(f"{name}/{REFERENCE}.json")


def measured_environments(results: Results) -> list[str]:
    """The environments with at least a seed and the reference."""
    return [
        name
        for name, case in model_free_cases().items()
        if case.instance is None and seeds_of(results, name)
        if results.has(f"{name}/{REFERENCE}.json")
    ]


def first_reached(curve: Curve, reward: float, axis: int) -> float:
    """Where on an axis a curve reaches a reward; infinite if nowhere."""
    reached = np.flatnonzero(curve[:, 2] >= reward)
    return float(curve[reached[0], axis]) if len(reached) else float("inf")


def spread(values: np.ndarray) -> str:
    """Least and most."""
    return f"{values.min():+.2f} to {values.max():+.2f}"


def compared(results: Results) -> str:
    """The best weights on test products, and what they took."""
    rows = []
    for name in measured_environments(results):
        reference = reference_of(results, name)
        base = np.array(reference["test"])
        unit = abs(float(base.mean()))
        tests = {
            agent: np.array([facts["test"] for facts in facts_of(results, name, agent)])
            for agent in COMPARED_AGENTS
        }
        ends = [
            np.median([curve[-1, :2] for curve in curves_of(results, name, agent)], 0)
            for agent in COMPARED_AGENTS
        ]
        rows.append(
            [
                name,
                reference["name"],
                *(gap_text(paired_gap(tests[agent], base, unit)) for agent in COMPARED_AGENTS),
                gap_text(paired_gap(tests[PPO], tests[DIRECT_BACKPROP], unit)),
                spread(100.0 * (tests[PPO].mean(1) / base.mean() - 1.0)),
                *(f"{periods / 1e6:.1f} M, {seconds:.0f} s" for periods, seconds in ends),
                str(len(tests[PPO])),
            ]
        )
    header = ["environment", "reference", "PPO to it, %", "DirectBackprop to it, %"]
    header += ["PPO to DirectBackprop, %", "PPO to the reference, its seeds"]
    return table([*header, "PPO trained", "DirectBackprop trained", "seeds"], rows)


def factors(results: Results) -> str:
    """How much more PPO takes to the best reward that its median seed reaches."""
    rows = []
    for name in measured_environments(results):
        ends = [curve[-1, 2] for curve in curves_of(results, name, PPO)]
        goal = float(np.quantile(ends, 0.5, method="lower"))  # at least half of the seeds get there
        reference = reference_of(results, name)["validation"]
        row = [name, f"{100.0 * (goal - reference) / abs(reference):+.2f}"]
        for axis, unit in enumerate(AXIS_UNITS.values()):
            took = [
                float(np.median([first_reached(c, goal, axis) for c in curves]))
                for curves in (curves_of(results, name, agent) for agent in COMPARED_AGENTS)
            ]
            row += [f"{amount / unit:.{2 - 2 * axis}f}" for amount in took]
            row.append(f"{took[0] / took[1]:.1f}")
        rows.append(row)
    header = ["environment", "reward, % to the reference"]
    for label in AXIS_UNITS:
        header += [f"{label}, PPO", f"{label}, DirectBackprop", "factor"]
    return table(header, rows)


def instances(results: Results) -> str:
    """Exact gaps on single instances."""
    rows = []
    for name, case in model_free_cases().items():
        facts = facts_of(results, name, PPO) if case.instance is not None else []
        if case.instance is not None and facts:
            gaps = [-seed["gap"] for seed in facts]
            published = [v for figure, v in case.instance.known.items() if figure.startswith("A3C")]
            a3c = f"{published[0]:.2f}" if published else ""
            seconds = np.median([seed["curve"][-1][1] for seed in facts])
            each = ", ".join(f"{gap:.2f}" for gap in gaps)
            best = f"{min(gaps):.2f}"
            rows.append([name, f"{np.median(gaps):.2f}", best, each, a3c, f"{seconds:.0f} s"])
    header = ["instance", "% over optimal, median", "best", "seeds", "A3C as published", "training"]
    return table(header, rows)


def tuning(results: Results) -> str:
    """What the search found, and how far it moved."""
    rows = []
    for name, tuned in json.loads(TUNED_FILE.read_text()).items():
        config, scores = tuned["config"], tuned["completed scores"]
        rate = f"learning rate {config['learning_rate']:.2g}, gamma {config['gamma']:g}"
        fields = [
            f"{config['policy']}, {config['rows']} rows, reach {config['reach']:g}",
            f"{rate}, log_std {config['log_std']:.2f}",
            "normalised rewards" if config["normalise_rewards"] else "rewards as they are",
            *(f"{key} {value:.3g}" for key, value in config["options"].items()),
        ]
        score = f"{scores[0]:.4f}, {np.median(scores):.4f}, {scores[-1]:.4g}"
        rows.append([name, str(tuned["trials"]), f"{tuned['steps']:,}", score, ", ".join(fields)])
    header = ["case", "trials", "product-periods each", "score: best, median, worst"]
    return table([*header, "best parameters"], rows)


EFFICIENCY_TABLES: dict[str, Callable[[Results], str]] = {
    "compared": compared,
    "factors": factors,
    "instances": instances,
    "tuning": tuning,
}


def publish(folder: Path, target: Path) -> list[Path]:
    """Write the page, and beside it a picture per environment."""
    results = Results(folder)
    text = page_of(EFFICIENCY_TEXT, EFFICIENCY_TABLES, results)
    written = [write_atomically(target / "ppo.md", text)]
    for name in measured_environments(results):
        path = target / "pictures" / f"sample-efficiency-{name}.png"
        written.append(save_compact(picture(results, name), path))
    return written


def picture(results: Results, name: str) -> Figure:
    """The gap to the reference over product-periods and over seconds."""
    figure = Figure((9.0, 3.4), layout="constrained")
    reference = reference_of(results, name)
    plots = figure.subplots(1, len(AXIS_UNITS), sharey=True)
    lows = [draw_curves(plot, results, name, axis) for axis, plot in enumerate(plots)]
    plots[0].set(ylabel=f"% to {reference['name']}", title=name, ylim=(1.1 * min(lows), None))
    plots[0].legend(fontsize=8, frameon=False, loc="lower right")
    return figure


def draw_curves(plot: Axes, results: Results, name: str, axis: int) -> float:
    """Median and range over the seeds of both agents; gives the lowest begin of a median."""
    (label, unit), lows = list(AXIS_UNITS.items())[axis], []
    reference = reference_of(results, name)["validation"]
    for colour, (agent, title) in enumerate(TRAINED_TITLES.items()):
        curves = curves_of(results, name, agent)
        x = np.median([curve[:, axis] for curve in curves], 0) / unit
        gaps = 100.0 * (np.array([curve[:, 2] for curve in curves]) / reference - 1.0)
        median = np.median(gaps, 0)
        plot.plot(x, median, color=f"C{colour}", label=f"{title}, {len(curves)} seeds")
        plot.fill_between(x, gaps.min(0), gaps.max(0), color=f"C{colour}", alpha=0.25, lw=0)
        lows.append(median[0])
    plot.axhline(0.0, color="black", lw=0.6, ls=":")
    plot.set(xlabel=f"{label} of training", xscale="log" if label == "seconds" else "linear")
    return float(min(lows))
