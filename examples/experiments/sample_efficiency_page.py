"""The page of PPO beside DirectBackprop: tables and pictures from what `sample_efficiency.py` has
measured.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from evidence_page import filled, table
from matplotlib.figure import Figure
from model_free_plan import CASES
from structure_pictures import save

from inv_gym.agents.sb3.config import TUNED_FILE
from inv_gym.play.statistics import gap_text, paired_gap

PPO, DIRECT = "ppo", "direct-backprop"
NAMES = {PPO: "PPO", DIRECT: "DirectBackprop"}
REFERENCE = "reference.json"
TEXT = Path(__file__).with_name("sample_efficiency_text.md")
"""What is said around the tables, with {name} where one goes."""
AXES = ("million product-periods", "seconds")
UNITS = (1e6, 1.0)
Curve = np.ndarray
"""``[N, 3]``: product-periods, seconds, reward (money per period, validation products)."""


class Results:
    """What has been measured in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def seeds(self, name: str) -> list[int]:
        """Those that are measured of every agent that plays a case."""
        agents = (PPO,) if CASES[name].instance is not None else tuple(NAMES)
        paths = [(self.folder / name).glob(f"{agent}-*/facts.json") for agent in agents]
        measured = [{int(path.parent.name.rpartition("-")[2]) for path in found} for found in paths]
        return sorted(set.intersection(*measured))

    def facts(self, name: str, agent: str) -> list[dict[str, Any]]:
        """Of every seed."""
        paths = [self.folder / name / f"{agent}-{seed}" / "facts.json" for seed in self.seeds(name)]
        return [json.loads(path.read_text()) for path in paths]

    def curves(self, name: str, agent: str) -> list[Curve]:
        """Of every seed, the best reward so far in place of the present one: that of the weights
        that are kept.
        """
        found = [np.array(one["curve"]) for one in self.facts(name, agent)]
        return [np.c_[curve[:, :2], np.maximum.accumulate(curve[:, 2])] for curve in found]

    def reference(self, name: str) -> dict[str, Any]:
        """The reference heuristic."""
        return json.loads((self.folder / name / REFERENCE).read_text())

    @property
    def environments(self) -> list[str]:
        """Those that are measured."""
        found = [name for name, case in CASES.items() if case.instance is None and self.seeds(name)]
        return [name for name in found if (self.folder / name / REFERENCE).exists()]


def first(curve: Curve, reward: float, axis: int) -> float:
    """Where on an axis a curve reaches a reward; infinite if nowhere."""
    reached = np.flatnonzero(curve[:, 2] >= reward)
    return float(curve[reached[0], axis]) if len(reached) else float("inf")


def spread(values: np.ndarray) -> str:
    """Least and most."""
    return f"{values.min():+.2f} to {values.max():+.2f}"


def compared(results: Results) -> str:
    """The best weights on test products, and what they took."""
    rows = []
    for name in results.environments:
        reference = results.reference(name)
        base = np.array(reference["test"])
        unit = abs(float(base.mean()))
        tests = {
            agent: np.array([one["test"] for one in results.facts(name, agent)]) for agent in NAMES
        }
        last = {
            agent: np.median([curve[-1, :2] for curve in results.curves(name, agent)], 0)
            for agent in NAMES
        }
        rows.append(
            [
                name,
                reference["name"],
                *(gap_text(paired_gap(tests[agent], base, unit)) for agent in NAMES),
                gap_text(paired_gap(tests[PPO], tests[DIRECT], unit)),
                spread(100.0 * (tests[PPO].mean(1) / base.mean() - 1.0)),
                *(f"{last[agent][0] / 1e6:.1f} M, {last[agent][1]:.0f} s" for agent in NAMES),
                str(len(tests[PPO])),
            ]
        )
    header = [
        "environment",
        "reference",
        "PPO to it, %",
        "DirectBackprop to it, %",
        "PPO to DirectBackprop, %",
        "PPO to the reference, its seeds",
        "PPO trained",
        "DirectBackprop trained",
        "seeds",
    ]
    return table(header, rows)


def factors(results: Results) -> str:
    """How much more PPO takes to the best reward that its median seed reaches."""
    rows = []
    for name in results.environments:
        ends = [curve[-1, 2] for curve in results.curves(name, PPO)]
        goal = float(np.quantile(ends, 0.5, method="lower"))  # at least half of the seeds get there
        reference = results.reference(name)["validation"]
        cells = []
        for axis in range(len(AXES)):
            took = {
                a: float(np.median([first(c, goal, axis) for c in results.curves(name, a)]))
                for a in NAMES
            }
            cells += [f"{took[agent] / UNITS[axis]:.{2 - 2 * axis}f}" for agent in NAMES]
            cells.append(f"{took[PPO] / took[DIRECT]:.1f}")
        rows.append([name, f"{100.0 * (goal - reference) / abs(reference):+.2f}", *cells])
    header = ["environment", "reward, % to the reference"]
    for axis in AXES:
        header += [f"{axis}, PPO", f"{axis}, DirectBackprop", "factor"]
    return table(header, rows)


def instances(results: Results) -> str:
    """Exact gaps on single instances."""
    published = {
        name: case.instance.known for name, case in CASES.items() if case.instance is not None
    }
    rows = []
    for name, known in published.items():
        found = results.facts(name, PPO)
        if found:
            gaps = [-one["gap"] for one in found]
            a3c = next(
                (f"{value:.2f}" for figure, value in known.items() if figure.startswith("A3C")), ""
            )
            seconds = np.median([one["curve"][-1][1] for one in found])
            each = ", ".join(f"{value:.2f}" for value in gaps)
            rows.append(
                [name, f"{np.median(gaps):.2f}", f"{min(gaps):.2f}", each, a3c, f"{seconds:.0f} s"]
            )
    header = ["instance", "% over optimal, median", "best", "seeds", "A3C as published", "training"]
    return table(header, rows)


def tuning(results: Results) -> str:
    """What the search found, and how far it moved."""
    rows = []
    for name, found in json.loads(TUNED_FILE.read_text()).items():
        config, scores = found["config"], found["completed scores"]
        options = ", ".join(f"{key} {value:.3g}" for key, value in config["options"].items())
        fields = f"{config['policy']}, {config['rows']} rows, reach {config['reach']:g}"
        more = (
            f"learning rate {config['learning_rate']:.2g}, gamma {config['gamma']:g}, log_std "
            f"{config['log_std']:.2f}"
        )
        normalised = "normalised rewards" if config["normalise_rewards"] else "rewards as they are"
        found_scores = f"{scores[0]:.4f}, {np.median(scores):.4f}, {scores[-1]:.4g}"
        best = f"{fields}, {more}, {normalised}, {options}"
        rows.append([name, str(found["trials"]), f"{found['steps']:,}", found_scores, best])
    header = [
        "case",
        "trials",
        "product-periods each",
        "score: best, median, worst",
        "best parameters",
    ]
    return table(header, rows)


TABLES = {"compared": compared, "factors": factors, "instances": instances, "tuning": tuning}


def page(folder: Path) -> str:
    """The page as Markdown."""
    return filled(TEXT, TABLES, Results(folder))


def pictures(folder: Path, out: Path) -> list[Path]:
    """One picture per environment: the gap to the reference over product-periods and
    over seconds.
    """
    results = Results(folder)
    return [
        save(picture(results, name), out / f"sample-efficiency-{name}.png")
        for name in results.environments
    ]


def picture(results: Results, name: str) -> Figure:
    """Median and range over the seeds of both agents."""
    figure = Figure((9.0, 3.4), layout="constrained")
    reference = results.reference(name)
    plots = figure.subplots(1, len(AXES), sharey=True)
    lows = []
    for axis, (label, plot) in enumerate(zip(AXES, plots, strict=True)):
        for colour, (agent, title) in enumerate(NAMES.items()):
            curves = results.curves(name, agent)
            x = np.median([curve[:, axis] for curve in curves], 0) / UNITS[axis]
            gaps = 100.0 * (
                np.array([curve[:, 2] for curve in curves]) / reference["validation"] - 1.0
            )
            plot.plot(
                x, np.median(gaps, 0), color=f"C{colour}", label=f"{title}, {len(curves)} seeds"
            )
            plot.fill_between(x, gaps.min(0), gaps.max(0), color=f"C{colour}", alpha=0.25, lw=0)
            lows.append(np.median(gaps, 0)[0])
        plot.axhline(0.0, color="black", lw=0.6, ls=":")
        plot.set(xlabel=f"{label} of training", xscale="log" if label == "seconds" else "linear")
    plots[0].set(ylabel=f"% to {reference['name']}", title=name, ylim=(1.1 * min(lows), None))
    plots[0].legend(fontsize=8, frameon=False, loc="lower right")
    return figure
