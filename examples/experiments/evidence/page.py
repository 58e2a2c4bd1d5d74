"""The page of evidence: tables from what has been measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.evidence.measure import UPPER_BOUND
from experiments.evidence.pictures import draw_changing_demand, draw_learning_curves
from experiments.evidence.plan import experiments
from experiments.results import Results, page_of, table
from inv_gym.play.statistics import gap_text, paired_gap
from inv_gym.tasks.instances import INSTANCES
from inv_gym.tasks.registry import KNOWS_DISTRIBUTION
from inv_gym.util.files import write_atomically

EVIDENCE_TEXT = Path(__file__).with_name("page.md")
"""What is said around the tables, with {name} where one goes."""
BOUNDED_EXPERIMENTS = ("lead-time-10", "lead-time-20", "shelf-life-10", "dual-sourcing-10")


def gap(rewards: dict[str, np.ndarray], who: str, reference: str) -> str:
    """Paired gap of a policy (``agent``: the mean of the seeds) to another one, as text."""
    seeds = [column for name, column in rewards.items() if name.startswith("seed ")]
    columns = seeds if who == "agent" else [rewards[who]]
    base = rewards[reference]
    unit = abs(float(base.mean()))
    text = gap_text(paired_gap(np.mean(columns, 0)[None], base[None], unit))
    each = [100.0 * (column - base).mean() / unit for column in columns]
    return f"{text} [{min(each):+.2f}, {max(each):+.2f}]" if len(each) > 1 else text


def best(rewards: dict[str, np.ndarray], knows_distribution: bool) -> str:
    """The heuristic that earns most among those that know the distribution, or only the history."""
    names = [
        name
        for name in rewards
        if name.endswith(KNOWS_DISTRIBUTION) == knows_distribution
        and not name.startswith("seed ")
        and name not in ("Bayes", UPPER_BOUND)
    ]
    return max(names, key=lambda name: rewards[name].mean())


def measured_rewards(results: Results, names: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """Of the experiments that are measured: the rewards ``[N]`` of every policy."""
    files = {name: f"{name}/rewards.npz" for name in names}
    return {name: results.arrays(file) for name, file in files.items() if results.has(file)}


def trainings(results: Results, name: str) -> list[dict[str, Any]]:
    """What each seed's training took."""
    return results.read_all(f"{name}/training-*.json")


def titled(results: Results, name: str) -> str:
    """The name of an experiment, marked where trainings whose networks are kept are in trouble."""
    return name + troubled(trainings(results, name))


def troubled(told: Sequence[dict[str, Any]]) -> str:
    """How many of some trainings are in trouble; nothing if none is."""
    number = sum(facts.get("trouble") is not None for facts in told)
    return f" ({number} of {len(told)} trainings in trouble)" if number else ""


def seconds(results: Results, name: str) -> str:
    """Mean training time."""
    return f"{np.mean([facts['seconds'] for facts in trainings(results, name)]):.0f} s"


def compared(results: Results, names: Sequence[str], references: Sequence[str]) -> str:
    """Rows of experiments against named references, and the best of each kind of heuristic."""
    rows = []
    for name, rewards in measured_rewards(results, names).items():
        cells = [gap(rewards, "agent", r) if r in rewards else "" for r in references]
        uninformed = best(rewards, knows_distribution=False)
        omniscient = best(rewards, knows_distribution=True)
        title = omniscient.removesuffix(KNOWS_DISTRIBUTION)
        cells.append(f"{gap(rewards, 'agent', uninformed)} ({uninformed})")
        cells.append(f"{gap(rewards, 'agent', omniscient)} ({title})")
        rows.append([titled(results, name), *cells, seconds(results, name)])
    last = ["to the best that knows the history", "to the best that knows the distribution"]
    return table(["experiment", *(f"to {r}" for r in references), *last, "training"], rows)


def lost_sales(results: Results) -> str:
    """No lead time: the split of the gap to the omniscient optimum."""
    omniscient = "base-stock" + KNOWS_DISTRIBUTION
    pairs = {
        "agent to the omniscient base-stock": ("agent", omniscient),
        "Bayes to the omniscient": ("Bayes", omniscient),
        "agent to Bayes": ("agent", "Bayes"),
        "estimated base-stock to the omniscient": ("base-stock", omniscient),
    }
    measured = measured_rewards(results, ["no-lead-time-poisson", "no-lead-time-default"])
    rows = [
        [
            titled(results, name),
            *(gap(rewards, *pair) for pair in pairs.values()),
            seconds(results, name),
        ]
        for name, rewards in measured.items()
    ]
    return table(["population", *pairs, "training"], rows)


def lead_times(results: Results) -> str:
    """Lost sales with lead times."""
    names = [f"lead-time-{n}" for n in (*range(1, 11), 20)]
    names += ["lead-time-5-poisson", "lead-time-5-known-distribution"]
    rules = ("vector base-stock", "searched vector base-stock")
    return compared(results, names, [rule + KNOWS_DISTRIBUTION for rule in rules])


def perishable(results: Results) -> str:
    """Perishable stock, over shelf lives."""
    references = ["naive base-stock" + KNOWS_DISTRIBUTION, "naive base-stock"]
    references += ["searched base-stock", "searched base-stock" + KNOWS_DISTRIBUTION]
    return compared(results, [f"shelf-life-{m}" for m in range(1, 11)], references)


def dual_sourcing(results: Results) -> str:
    """Dual sourcing, over regular lead times."""
    names = [f"dual-sourcing-{n}" for n in (1, 2, 3, 4, 10)]
    indices = ["dual index", "dual index" + KNOWS_DISTRIBUTION, "single index" + KNOWS_DISTRIBUTION]
    return compared(results, names, indices)


def changing_demand(results: Results) -> str:
    """Seasons, a change of regime, a shock; and sales seen in place of demand."""
    return compared(results, ["season", "regime-change", "shock", "censored"], [])


def instances(results: Results) -> str:
    """Exact gaps on the published instances, and the time to reach them."""
    rows = []
    for instance in INSTANCES:
        name = f"instance-{instance}"
        if not results.has(f"{name}/gaps.json"):
            continue
        gaps = [-gap for gap in results.read(f"{name}/gaps.json")[instance]]
        both = trainings(results, name)
        straight = trainings(results, f"{name}-straight_through")
        spent = [sum(facts["seconds"] for facts in t["by rounding"].values()) for t in both]
        rows.append(
            [
                instance + troubled(both),
                f"{np.mean(gaps):.3f}",
                ", ".join(f"{gap:.3f}" for gap in gaps),
                *(_time_to(both, level) for level in (1.0, 0.5, 0.1)),
                f"{np.mean(spent):.0f} s",
                *(_gap_of_rounding(both, rounding) for rounding in ("dithered", "none")),
                _gap_of_rounding(straight, "straight_through"),
            ]
        )
    header = ["instance", "% over optimal, mean", "seeds", "s to 1 %", "s to .5 %", "s to .1 %"]
    roundings = ["dithered alone", "rounded only when played", "straight-through"]
    return table([*header, "both trainings", *roundings], rows)


def _gap_of_rounding(both: Sequence[dict[str, Any]], rounding: str) -> str:
    """Mean gap of the trainings with one kind of rounding."""
    alone = [facts["by rounding"][rounding] for facts in both if rounding in facts["by rounding"]]
    gaps = [-facts["gap"] for facts in alone]
    return f"{np.mean(gaps):.3f}{troubled(alone)}" if gaps else ""


def _time_to(both: Sequence[dict[str, Any]], level: float) -> str:
    """Median over the seeds of the seconds until a validation found the gap at most `level` %."""
    reached = [next((s for _, s, gap in t["curve"] if -gap <= level), np.inf) for t in both]
    median = float(np.median(reached))
    return f"{median:.0f}" if np.isfinite(median) else "not reached"


def generalists(results: Results) -> str:
    """Exact gaps of networks that have not seen the instances."""
    rows = []
    for path in sorted(results.folder.glob("generalist-*/gaps.json")):
        name = path.parent.name
        for instance, gaps in results.read(f"{name}/gaps.json").items():
            each = ", ".join(f"{-gap:.3f}" for gap in gaps)
            title = titled(results, name)
            rows.append([title, instance, f"{-np.mean(gaps):.3f}", each, seconds(results, name)])
    return table(["network", "instance", "% over optimal, zero-shot", "by seed", "training"], rows)


def removal(results: Results) -> str:
    """Rewards, and the thresholds beside the dynamic program's."""
    names = ["removal", "removal-known-distribution"]
    rules = ["interval-stock", "interval-stock by period" + KNOWS_DISTRIBUTION]
    files = {name: f"{name}/removal.json" for name in names}
    facts = {
        name: list(results.read(file).values()) for name, file in files.items() if results.has(file)
    }
    rows = [
        [
            titled(results, name),
            *(f"{np.mean([seed[key] for seed in seeds]):.2f}" for key in seeds[0]),
        ]
        for name, seeds in facts.items()
    ]
    keys = next(iter(facts.values()))[0] if facts else ()
    thresholds = "\n" + table(["experiment", *keys], rows) if rows else ""
    return compared(results, names, rules) + thresholds


def bounded(results: Results) -> str:
    """Gaps to an upper bound, of the agent and of the best heuristic."""
    rows = []
    for name, rewards in measured_rewards(results, BOUNDED_EXPERIMENTS).items():
        if UPPER_BOUND in rewards:
            omniscient = best(rewards, knows_distribution=True)
            heuristic = f"{gap(rewards, omniscient, UPPER_BOUND)} ({omniscient})"
            title = titled(results, name)
            rows.append([title, gap(rewards, "agent", UPPER_BOUND), heuristic])
    return table(["experiment", "agent to the bound", "best heuristic to the bound"], rows)


def missing(results: Results) -> str:
    """What has not been measured, if anything."""
    names = [e.name for e in experiments() if not results.has(e.result)]
    command = "`python examples/experiments evidence --only NAME` measures them"
    return f"## Not measured yet\n\n{command}: {', '.join(names)}.\n" if names else ""


EVIDENCE_TABLES: dict[str, Callable[[Results], str]] = {
    "lost_sales": lost_sales,
    "lead_times": lead_times,
    "instances": instances,
    "perishable": perishable,
    "dual_sourcing": dual_sourcing,
    "removal": removal,
    "changing_demand": changing_demand,
    "bounded": bounded,
    "generalists": generalists,
    "missing": missing,
}


def publish(folder: Path, target: Path) -> list[Path]:
    """Write the page, and its pictures beside it."""
    text = page_of(EVIDENCE_TEXT, EVIDENCE_TABLES, Results(folder))
    pictures = target / "pictures"
    drawn = [draw_learning_curves(folder, pictures), draw_changing_demand(folder, pictures)]
    return [write_atomically(target / "evidence.md", text), *filter(None, drawn)]
