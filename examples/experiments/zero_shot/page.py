"""The page of gaps on real tables, and its figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

import inv_gym
from experiments.results import Results, page_of, table
from experiments.zero_shot.auto import worth
from experiments.zero_shot.gaps import CLASSES, Measured, joined, read
from experiments.zero_shot.pictures import draw_gaps
from experiments.zero_shot.plan import (
    CASES,
    CHOSEN,
    FITTED,
    FITTED_AUGMENTED,
    FITTED_LIKE,
    MADE_UP,
    MAIN_CASES,
    PLAYED,
    REMEMBERED,
    RESULT_FILES,
)
from experiments.zero_shot.slow_movers import slow_movers
from inv_gym.agents.training.generalists import GENERALIST
from inv_gym.play.statistics import gap_text, paired_gap
from inv_gym.util.files import write_atomically

ZERO_SHOT_TEXT = Path(__file__).with_name("page.md")
NARROW = "DirectBackprop"
"""The network that was trained on the environment's own population."""
WITHOUT_LEAD_TIME = "no lead time"
MADE_UP_TITLES = {
    PLAYED: "generalist",
    REMEMBERED: "generalist, a year is known",
}
"""What is measured of the environments' own populations, in words."""
TRAINED_ON = {
    FITTED_AUGMENTED: "its past, and products like it",
    FITTED: "its past alone",
    FITTED_LIKE: "products like it alone",
}
"""What the generalist is fitted to, in words."""


def publish(folder: Path, target: Path) -> list[Path]:
    """Write the page and the figure of what is measured."""
    results = Results(folder)
    parts: dict[str, Callable[[Results], str]] = {
        "generalist": partial(by_table, network=GENERALIST),
        "narrow": partial(by_table, network=NARROW),
        "made_up": made_up,
        "slow_movers": slow_movers,
        "fitted": fitted,
        "chosen": chosen,
        "pooled": pooled_by_class,
        "classes": by_class,
    }
    page = page_of(ZERO_SHOT_TEXT, parts, results)
    picture = target / "pictures" / "zero-shot.png"
    return [
        write_atomically(target / "zero-shot.md", page),
        draw_gaps(by_case(results), rule_of, NARROW, GENERALIST, picture),
    ]


def by_case(results: Results) -> dict[str, dict[str, Measured]]:
    """What is measured: of each problem, by table."""
    tables = sorted({path.parent.name for path in results.folder.glob("*/*/")})
    return {
        case: {name: part for name in tables if (part := read(results, name, case)) is not None}
        for case in CASES
    }


def rule_of(case: str, part: Measured) -> str:
    """The rule that gaps are to: base-stock without lead time, else the best one."""
    return "base-stock" if case == WITHOUT_LEAD_TIME else part.best_rule


def by_table(results: Results, network: str) -> str:
    """A row per problem, a column per table."""
    measured = by_case(results)
    names = sorted({name for parts in measured.values() for name in parts})
    rows = []
    for case, parts in measured.items():
        played = {name: part for name, part in parts.items() if network in part.networks}
        if not played:
            continue
        gaps = {name: part.gap(network, rule_of(case, part)) for name, part in played.items()}
        above = sum(gap.difference.mean > 0.0 for gap in gaps.values())
        cells = [gaps[name].text if name in gaps else "" for name in names]
        rows.append([case, *cells, f"{above} of {len(gaps)}"])
    return table(["problem", *names, "above the rule"], rows)


def fitted(results: Results) -> str:
    """A row per problem and kind of training products, a column per table: the mean of the fitted
    networks beside the generalist that they began with.
    """
    measured = by_case(results)
    names = sorted({name for parts in measured.values() for name in parts})
    rows = []
    for case, (part, products) in product(MAIN_CASES, TRAINED_ON.items()):
        gaps = {}
        for name, played in measured[case].items():
            if results.has(file := f"{name}/{case}/{RESULT_FILES[part]}"):
                mean = np.mean(list(results.arrays(file).values()), 0)
                both = replace(played, networks={"fitted": mean}, rules=played.networks)
                gaps[name] = both.gap("fitted", GENERALIST)
        if gaps:
            above = sum(gap.difference.mean > 0.0 for gap in gaps.values())
            cells = [gaps[name].text if name in gaps else "" for name in names]
            rows.append([case, products, *cells, f"{above} of {len(gaps)}"])
    return table(["problem", "trained on", *names, "above zero-shot"], rows)


def chosen(results: Results) -> str:
    """A row per problem and way to choose, a column per table: what is earned beyond the first
    policy.
    """
    names = sorted(
        {path.parent.parent.name for path in results.folder.glob(f"*/*/{RESULT_FILES[CHOSEN]}")}
    )
    rows = []
    for case in MAIN_CASES:
        gains = {}
        for name in names:
            if results.has(file := f"{name}/{case}/{RESULT_FILES[CHOSEN]}") and results.arrays(
                file
            ):
                gains[name] = worth(results.arrays(file))
        ways = dict.fromkeys(way for part in gains.values() for way in part)
        rows += [[case, way, *(_signed(gains, name, way) for name in names)] for way in ways]
    return table(["problem", "who orders", *names], rows)


def _signed(gains: Mapping[str, Mapping[str, float]], name: str, way: str) -> str:
    return f"{gains[name][way]:+.2f}" if name in gains else ""


def made_up(results: Results) -> str:
    """A row per environment: the generalist beside the network of the environment's population."""
    rows = []
    for env_id in inv_gym.ENVIRONMENTS:
        files = [f"{MADE_UP}/{env_id}/{RESULT_FILES[part]}" for part in MADE_UP_TITLES]
        if all(map(results.has, files)):
            rows.append([env_id, *(_beside_narrow(results.arrays(file)) for file in files)])
    return table(["environment", *(f"{title}, %" for title in MADE_UP_TITLES.values())], rows)


def _beside_narrow(rewards: Mapping[str, np.ndarray]) -> str:
    """The gap of the generalist, in % of what the narrow network earns.

    Args:
        rewards: ``[N]`` of each network.
    """
    narrow, generalist = rewards[NARROW][None], rewards[GENERALIST][None]
    return gap_text(paired_gap(generalist, narrow, abs(float(narrow.mean()))))


def pooled_by_class(results: Results) -> str:
    """A row per problem, a column per class of mean demand: the windows of all tables together."""
    rows = []
    for case, parts in by_case(results).items():
        cells = []
        for low, high in CLASSES.values():
            inside = {name: part.within(low, high) for name, part in parts.items()}
            chosen = {name: part for name, part in inside.items() if part is not None}
            rules = [rule_of(case, parts[name]) for name in chosen]
            cells.append(
                joined(list(chosen.values()), GENERALIST, rules).gap(GENERALIST, "rule").text
                if chosen
                else ""
            )
        rows.append([case, *cells])
    return table(["problem", *CLASSES], rows)


def by_class(results: Results) -> str:
    """A row per problem and table, a column per class of mean demand."""
    rows = []
    for case, parts in by_case(results).items():
        for name, part in parts.items():
            rule = rule_of(case, part)
            inside = [part.within(low, high) for low, high in CLASSES.values()]
            cells = ["" if some is None else some.gap(GENERALIST, rule).text for some in inside]
            rows.append([case, name, rule, *cells])
    return table(["problem", "table", "rule", *CLASSES], rows)
