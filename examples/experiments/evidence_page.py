"""The page of evidence: tables from what has been measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inv_gym.play.statistics import half_width
from inv_gym.tasks.instances import INSTANCES
from inv_gym.tasks.registry import KNOWS_DISTRIBUTION

BOUND = "upper bound"
"""All demand is seen until an order arrives (`newsvendor_bound`): coarse, but no policy earns more.
"""
FAR = ("lead-time-10", "lead-time-20", "shelf-life-10", "dual-sourcing-10")
HEAD = """# Evidence

What DirectBackprop reaches, measured by `python examples/experiments/evidence.py` (two processes of one torch thread each on a
shared two-core machine; `--only NAME` repeats one row). The same training configuration (`TrainingConfig()`) serves all
five problems; networks see 32 demands of a product and its economics, never its distribution, unless a row says so. Those for
published instances know the distribution and train 600 steps at learning rate .01, once with dithered rounding and once without:
the better in validation stays. All products of the comparisons are drawn from a seed that no training and no validation
uses.

Gaps are paired (same products, same demand paths), in % of the reference's reward, with their 95 % interval over
products; a network's gap is the mean over its training seeds, the range over the seeds in brackets. Positive is better.

What PPO reaches beside it, with the same network on the same products, and how much longer it takes: [ppo.md](ppo.md).
"""


def gap(rewards: dict[str, np.ndarray], who: str, reference: str) -> str:
    """Paired gap of a policy (``agent``: the mean of the seeds) to another one, as text."""
    seeds = [column for name, column in rewards.items() if name.startswith("seed ")]
    columns = seeds if who == "agent" else [rewards[who]]
    base = rewards[reference]
    unit = 100.0 / abs(base.mean())
    difference = unit * (np.mean(columns, 0) - base)
    number = len(difference)
    half = half_width(float(difference.std(ddof=1) / np.sqrt(number)), number)
    each = [unit * (column - base).mean() for column in columns]
    spread = f" [{min(each):+.2f}, {max(each):+.2f}]" if len(each) > 1 else ""
    return f"{difference.mean():+.2f} ± {half:.2f}{spread}"


def best(rewards: dict[str, np.ndarray], knows_distribution: bool) -> str:
    """The heuristic that earns most among those that know the distribution, or only the history."""
    names = [
        n
        for n in rewards
        if n.endswith(KNOWS_DISTRIBUTION) == knows_distribution
        and not n.startswith("seed ")
        and n not in ("Bayes", BOUND)
    ]
    return max(names, key=lambda name: rewards[name].mean())


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def filled(text: Path, parts: Mapping[str, Callable[[Any], str]], results: Any) -> str:
    """A page of text, with what each part makes of the results in place of its {name}."""
    page = text.read_text()
    for name, part in parts.items():
        page = page.replace(f"{{{name}}}", part(results))
    return page


class Results:
    """What has been measured in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rewards(self, name: str) -> dict[str, np.ndarray] | None:
        """Reward of every policy on every product; None if not measured."""
        path = self.folder / name / "rewards.npz"
        return dict(np.load(path)) if path.exists() else None

    def gaps(self, name: str) -> dict[str, list[float]] | None:
        """Exact gaps of the seeds by instance; None if not measured."""
        path = self.folder / name / "gaps.json"
        return json.loads(path.read_text()) if path.exists() else None

    def trainings(self, name: str) -> list[dict]:
        """What each seed's training took."""
        return [
            json.loads(path.read_text())
            for path in sorted((self.folder / name).glob("training-*.json"))
        ]

    def seconds(self, name: str) -> str:
        """Mean training time."""
        return f"{np.mean([one['seconds'] for one in self.trainings(name)]):.0f} s"


def compared(results: Results, names: Sequence[str], references: Sequence[str]) -> str:
    """Rows of experiments against named references, and the best of each kind of heuristic."""
    rows = []
    for name in names:
        rewards = results.rewards(name)
        if rewards is None:
            continue
        cells = [gap(rewards, "agent", one) if one in rewards else "" for one in references]
        uninformed = best(rewards, knows_distribution=False)
        omniscient = best(rewards, knows_distribution=True)
        rows.append(
            [
                name,
                *cells,
                f"{gap(rewards, 'agent', uninformed)} ({uninformed})",
                f"{gap(rewards, 'agent', omniscient)} ({omniscient.removesuffix(KNOWS_DISTRIBUTION)})",
                results.seconds(name),
            ]
        )
    header = [
        "experiment",
        *(f"to {one}" for one in references),
        "to the best that knows the history",
        "to the best that knows the distribution",
        "training",
    ]
    return table(header, rows)


def lost_sales(results: Results) -> str:
    """No lead time: the split of the gap to the omniscient optimum."""
    rows = []
    for name in ("no-lead-time-poisson", "no-lead-time-default"):
        rewards = results.rewards(name)
        if rewards is not None:
            omniscient = "base-stock" + KNOWS_DISTRIBUTION
            rows.append(
                [
                    name,
                    gap(rewards, "agent", omniscient),
                    gap(rewards, "Bayes", omniscient),
                    gap(rewards, "agent", "Bayes"),
                    gap(rewards, "base-stock", omniscient),
                    results.seconds(name),
                ]
            )
    header = [
        "population",
        "agent to the omniscient base-stock",
        "Bayes to the omniscient",
        "agent to Bayes",
        "estimated base-stock to the omniscient",
        "training",
    ]
    return table(header, rows)


def instances(results: Results) -> str:
    """Exact gaps on the published instances, and the time to reach them."""
    rows = []
    for instance in INSTANCES:
        gaps, trainings = (
            results.gaps(f"instance-{instance}"),
            results.trainings(f"instance-{instance}"),
        )
        if gaps is None:
            continue
        values = [-value for value in gaps[instance]]
        straight = results.trainings(f"instance-{instance}-straight_through")
        rows.append(
            [
                instance,
                f"{np.mean(values):.3f}",
                ", ".join(f"{value:.3f}" for value in values),
                *(_time_to(trainings, level) for level in (1.0, 0.5, 0.1)),
                f"{np.mean([sum(one['seconds'] for one in t['by rounding'].values()) for t in trainings]):.0f} s",
                *(_alone(trainings, rounding) for rounding in ("dithered", "none")),
                _alone(straight, "straight_through"),
            ]
        )
    header = [
        "instance",
        "% over optimal, mean",
        "seeds",
        "s to 1 %",
        "s to .5 %",
        "s to .1 %",
        "both trainings",
        "dithered alone",
        "rounded only when played",
        "straight-through",
    ]
    return table(header, rows)


def _alone(trainings: Sequence[dict], rounding: str) -> str:
    """Mean gap of the trainings with one kind of rounding."""
    found = [
        -one["by rounding"][rounding]["gap"] for one in trainings if rounding in one["by rounding"]
    ]
    return f"{np.mean(found):.3f}" if found else ""


def _time_to(trainings: Sequence[dict], level: float) -> str:
    """Median over the seeds of the seconds until a validation found the gap at most `level` %."""
    first = [next((s for s, gap in one["curve"] if -gap <= level), np.inf) for one in trainings]
    middle = float(np.median(first))
    return f"{middle:.0f}" if np.isfinite(middle) else "not reached"


def generalists(results: Results) -> str:
    """Exact gaps of networks that have not seen the instances."""
    rows = []
    for path in sorted(results.folder.glob("generalist-*")):
        for instance, values in (results.gaps(path.name) or {}).items():
            each = ", ".join(f"{-value:.2f}" for value in values)
            rows.append(
                [path.name, instance, f"{-np.mean(values):.2f}", each, results.seconds(path.name)]
            )
    return table(["network", "instance", "% over optimal, mean", "seeds", "training"], rows)


def removal(results: Results) -> str:
    """Rewards, and the thresholds beside the dynamic program's."""
    names = ["removal", "removal-known-distribution"]
    rows = []
    for name in names:
        path = results.folder / name / "removal.json"
        if path.exists():
            seeds = list(json.loads(path.read_text()).values())
            rows.append(
                [name, *(f"{np.mean([seed[key] for seed in seeds]):.2f}" for key in seeds[0])]
            )
            header = ["experiment", *seeds[0]]
    compare = compared(
        results, names, ["interval-stock", "interval-stock by period" + KNOWS_DISTRIBUTION]
    )
    return compare + ("\n" + table(header, rows) if rows else "")


def far(results: Results) -> str:
    """Gaps to an upper bound, of the agent and of the best heuristic."""
    rows = []
    for name in FAR:
        rewards = results.rewards(name)
        if rewards is not None and BOUND in rewards:
            omniscient = best(rewards, knows_distribution=True)
            rows.append(
                [
                    name,
                    gap(rewards, "agent", BOUND),
                    f"{gap(rewards, omniscient, BOUND)} ({omniscient})",
                ]
            )
    return table(["experiment", "agent to the bound", "best heuristic to the bound"], rows)


SECTIONS = (
    ("Lost sales without lead time", lost_sales),
    (
        "Lost sales with lead times",
        lambda r: compared(
            r,
            [
                *(f"lead-time-{n}" for n in (*range(1, 11), 20)),
                "lead-time-5-poisson",
                "lead-time-5-known-distribution",
            ],
            [
                "vector base-stock" + KNOWS_DISTRIBUTION,
                "searched vector base-stock" + KNOWS_DISTRIBUTION,
            ],
        ),
    ),
    ("Published instances, whole orders", instances),
    (
        "Perishable stock",
        lambda r: compared(
            r,
            [f"shelf-life-{m}" for m in range(1, 11)],
            [
                "naive base-stock" + KNOWS_DISTRIBUTION,
                "naive base-stock",
                "searched base-stock",
                "searched base-stock" + KNOWS_DISTRIBUTION,
            ],
        ),
    ),
    (
        "Dual sourcing",
        lambda r: compared(
            r,
            [f"dual-sourcing-{n}" for n in (1, 2, 3, 4, 10)],
            ["dual index", "dual index" + KNOWS_DISTRIBUTION, "single index" + KNOWS_DISTRIBUTION],
        ),
    ),
    ("Procurement and removal", removal),
    (
        "Demand that changes, and sales in place of demand",
        lambda r: compared(r, ["season", "regime-change", "shock", "censored"], []),
    ),
    ("Past the reach of dynamic programs", far),
    ("One network for many problems, zero-shot", generalists),
)


def page(folder: Path, missing: Sequence[str]) -> str:
    """The page as Markdown; `missing` are the experiments that have not been measured."""
    results = Results(folder)
    parts = [HEAD, *(f"## {title}\n\n{section(results)}" for title, section in SECTIONS)]
    if missing:
        parts.append(
            "## Not measured yet\n\n`evidence.py --only NAME` measures them: "
            f"{', '.join(missing)}.\n"
        )
    return "\n".join(parts)
