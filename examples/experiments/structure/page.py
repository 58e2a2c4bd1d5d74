"""The page of structure: tables and pictures from what has been measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.results import Results, page_of, table
from experiments.structure.plan import (
    EMPTY_START_SETTING,
    ENV_SETTINGS,
    FAR_LEAD_TIMES,
    LEAD_TIMES_SETTING,
    PRODUCT_NUMBERS,
    PRODUCTS_SETTINGS,
    UNSEEN_TESTS,
    Setting,
    settings,
)
from inv_gym.agents.training.config import STRUCTURE_KINDS
from inv_gym.pictures.figures import DOCS_WIDTH, save_compact
from inv_gym.play.statistics import gap_text, paired_gap
from inv_gym.util.files import write_atomically

ALL_KINDS = BASE_KIND, *INFORMED_KINDS = tuple(STRUCTURE_KINDS)
KIND_TITLES = {BASE_KIND: "plain", **{kind: kind for kind in INFORMED_KINDS}}
STATIONARY_TEST = UNSEEN_TESTS[0].name
"""The test on demand as in training."""
START_TESTS = [test.name for test in UNSEEN_TESTS if test.group == "start"]
STATE_KINDS = ("wide", "wide, as ordered", "visited")
"""The kinds of state in which structure is looked at."""
STRUCTURE_TEXT = Path(__file__).with_name("page.md")
"""What is said around the tables, with {name} where one goes."""
PANELS_ABREAST = 3
GAP_LABEL = "gap to the plain network, % of what it earns on demand as in training"


def seeds_of(results: Results, setting: Setting, kinds: Sequence[str] = ALL_KINDS) -> list[int]:
    """Seeds that are measured for all of the kinds."""
    return results.seeds(setting.name, kinds, "rewards.npz")


def rewards_of(
    results: Results, setting: Setting, kind: str, test: str, seeds: Sequence[int]
) -> np.ndarray:
    """``[S, N]`` reward per period on every product, money."""
    files = [f"{setting.name}/{kind}-{seed}/rewards.npz" for seed in seeds]
    return np.stack([results.arrays(file)[test] for file in files])


def unit_of(results: Results, setting: Setting) -> float:
    """What the plain network earns per period on demand as in training: the unit of all gaps of an
    environment.
    """
    seeds = seeds_of(results, setting, [BASE_KIND])
    return float(abs(rewards_of(results, setting, BASE_KIND, STATIONARY_TEST, seeds).mean()))


def gap_of(
    results: Results, setting: Setting, kind: str, tests: Sequence[str]
) -> tuple[float, float]:
    """Of a kind of network to the plain one on the mean of tests, and half of its interval."""
    seeds = seeds_of(results, setting, (BASE_KIND, kind))
    rewards, base = (
        np.mean([rewards_of(results, setting, k, test, seeds) for test in tests], 0)
        for k in (kind, BASE_KIND)
    )
    return paired_gap(rewards, base, unit_of(results, setting))


def violations_of(
    results: Results, setting: Setting, kind: str, test: str, seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """What each seed's network breaks in a test, by kind of state."""
    files = [f"{setting.name}/{kind}-{seed}/violations.json" for seed in seeds]
    return [results.read(file)[test] for file in files]


def title(setting: Setting) -> str:
    """The environment and what else differs."""
    return setting.name.removeprefix("Inv")


def structure(results: Results) -> str:
    """What the three kinds break, and what they earn in distribution."""
    rows = []
    for setting in (*ENV_SETTINGS, EMPTY_START_SETTING):
        for kind in ALL_KINDS:
            seeds = seeds_of(results, setting, (BASE_KIND, kind))
            if not seeds:
                continue
            broken = violations_of(results, setting, kind, STATIONARY_TEST, seeds)
            largest = max(facts["wide"]["largest"] for facts in broken)
            gap = gap_of(results, setting, kind, [STATIONARY_TEST])
            shares = [mean_of(broken, where, "share") for where in STATE_KINDS]
            rows.append(
                [
                    title(setting),
                    KIND_TITLES[kind],
                    *(f"{100 * share:.2f}" for share in shares),
                    f"{largest:.1g}" if largest < 1e-9 else f"{largest:.3f}",
                    f"{mean_of(broken, 'wide', 'mean'):.1g}",
                    "" if kind == BASE_KIND else gap_text(gap),
                    str(len(seeds)),
                ]
            )
    shares_header = ["% of wide states", "as ordered, %", "of visited, %"]
    header = ["environment", "network", *shares_header, "largest", "mean"]
    return table([*header, "reward to plain, %", "seeds"], rows)


def mean_of(broken: Sequence[dict[str, Any]], where: str, key: str) -> float:
    """Mean over the seeds of a figure about one kind of state."""
    return float(np.mean([facts[where][key] for facts in broken]))


def robustness(results: Results) -> str:
    """Gaps to the plain network on every test, for every environment."""
    parts = []
    for setting in (*ENV_SETTINGS, EMPTY_START_SETTING):
        kinds = [kind for kind in INFORMED_KINDS if seeds_of(results, setting, (BASE_KIND, kind))]
        if not kinds:
            continue
        shocks = [test.name for test in UNSEEN_TESTS if test.group == "shock"]
        groups = {test.name: [test.name] for test in UNSEEN_TESTS}
        groups["**mean of the shocks**"] = shocks
        rows = [
            [name, *(gap_text(gap_of(results, setting, kind, tests)) for kind in kinds)]
            for name, tests in groups.items()
        ]
        seeds = [
            f"{kind}, {len(seeds_of(results, setting, (BASE_KIND, kind)))} seeds" for kind in kinds
        ]
        parts.append(f"**{title(setting)}**\n\n" + table(["test", *seeds], rows))
    return "\n".join(parts)


def starts(results: Results) -> str:
    """From overstocked starts: how far each kind is from the best of the three."""
    rows = []
    for setting in (*ENV_SETTINGS, EMPTY_START_SETTING):
        seeds = seeds_of(results, setting)
        for test in START_TESTS if seeds else ():
            rewards = [rewards_of(results, setting, kind, test, seeds) for kind in ALL_KINDS]
            best, unit = max(rewards, key=np.mean), unit_of(results, setting)
            gaps = [gap_text(paired_gap(array, best, unit)) for array in rewards]
            rows.append([title(setting), test, *gaps])
    return table(["environment", "start", *KIND_TITLES.values()], rows)


def small_gaps(results: Results) -> dict[str, dict[int, tuple[float, float]]]:
    """Gap of each kind, trained on so many fixed products, to the plain network trained on fresh
    ones.
    """
    fresh = ENV_SETTINGS[0]
    gaps: dict[str, dict[int, tuple[float, float]]] = {kind: {} for kind in ALL_KINDS}
    for setting in PRODUCTS_SETTINGS:
        seeds = sorted(set(seeds_of(results, setting)) & set(seeds_of(results, fresh, [BASE_KIND])))
        for kind in ALL_KINDS if seeds else ():
            rewards = rewards_of(results, setting, kind, STATIONARY_TEST, seeds)
            base = rewards_of(results, fresh, BASE_KIND, STATIONARY_TEST, seeds)
            gaps[kind][setting.fixed_products or 0] = paired_gap(
                rewards, base, unit_of(results, fresh)
            )
    return gaps


def small_data(results: Results) -> str:
    """As a table."""
    gaps = small_gaps(results)
    rows = []
    for setting in PRODUCTS_SETTINGS:
        number, seeds = setting.fixed_products or 0, seeds_of(results, setting)
        if number in gaps[BASE_KIND]:
            kinds = [
                rewards_of(results, setting, kind, STATIONARY_TEST, seeds) for kind in ALL_KINDS
            ]
            unit = unit_of(results, ENV_SETTINGS[0])
            to_fresh = [gap_text(gaps[kind][number]) for kind in ALL_KINDS]
            to_plain = [gap_text(paired_gap(rewards, kinds[0], unit)) for rewards in kinds[1:]]
            rows.append([f"{number:,}", *to_fresh, *to_plain, str(len(seeds))])
    fresh = [f"{name} to plain on fresh products, %" for name in KIND_TITLES.values()]
    same = [f"{kind} to plain on the same, %" for kind in INFORMED_KINDS]
    return table(["products", *fresh, *same, "seeds"], rows)


def lead_times(results: Results) -> str:
    """One network for many lead times: reward and violations on those it trained on and on longer
    ones.
    """
    setting, rows = LEAD_TIMES_SETTING, []
    seeds = seeds_of(results, setting)
    for number in (*setting.lead_times, *FAR_LEAD_TIMES) if seeds else ():
        test = f"lead time {number}"
        rewards = {kind: rewards_of(results, setting, kind, test, seeds) for kind in ALL_KINDS}
        unit = float(abs(rewards[BASE_KIND].mean()))
        name = test + (", not trained on" if number in FAR_LEAD_TIMES else "")
        gaps = [
            gap_text(paired_gap(rewards[kind], rewards[BASE_KIND], unit)) for kind in INFORMED_KINDS
        ]
        broken = [violations_of(results, setting, kind, test, seeds) for kind in ALL_KINDS]
        shares = [f"{100 * mean_of(facts, 'wide', 'share'):.2f}" for facts in broken]
        rows.append([name, *gaps, *shares, str(len(seeds))])
    header = ["test", *(f"{kind} to plain, %" for kind in INFORMED_KINDS)]
    shares = [f"% of wide states broken, {name}" for name in KIND_TITLES.values()]
    return table([*header, *shares, "seeds"], rows) if rows else ""


def missing(results: Results) -> str:
    """What has not been measured."""
    left = [setting.name for setting in settings() if not seeds_of(results, setting)]
    return f"Not measured yet: {', '.join(left)}." if left else ""


STRUCTURE_TABLES: dict[str, Callable[[Results], str]] = {
    "structure": structure,
    "robustness": robustness,
    "starts": starts,
    "small_data": small_data,
    "lead_times": lead_times,
    "missing": missing,
}


def publish(folder: Path, target: Path) -> list[Path]:
    """Write the page, and beside it the gaps on the tests and the curve of small data."""
    results, pictures = Results(folder), target / "pictures"
    text = page_of(STRUCTURE_TEXT, STRUCTURE_TABLES, results)
    drawn = [draw_tests(results, pictures), draw_small_data(results, pictures)]
    return [write_atomically(target / "structure.md", text), *filter(None, drawn)]


Gaps = dict[str, dict[str, list[tuple[float, float]]]]
"""Of each environment and kind of network: the gap on every test, and half of its interval, %."""


def draw_tests(results: Results, out: Path) -> Path | None:
    """One panel per environment."""
    gaps: Gaps = {}
    for setting in (*ENV_SETTINGS, EMPTY_START_SETTING):
        for kind in INFORMED_KINDS:
            if seeds_of(results, setting, (BASE_KIND, kind)):
                each = [gap_of(results, setting, kind, [test.name]) for test in UNSEEN_TESTS]
                gaps.setdefault(title(setting), {})[kind] = each
    return save_compact(tests_figure(gaps), out / "structure-tests.png") if gaps else None


def tests_figure(gaps: Gaps) -> Figure:
    """The gaps on every test, three environments beside each other."""
    rows = math.ceil(len(gaps) / PANELS_ABREAST)
    figure = Figure((DOCS_WIDTH, 1.0 + 3.6 * rows), layout="constrained")
    axes = figure.subplots(rows, PANELS_ABREAST, sharex=True, sharey=True, squeeze=False)
    each = chain.from_iterable(chain(*kinds.values()) for kinds in gaps.values())
    reach = max(20.0, 1.1 * max(abs(middle) + half for middle, half in each))
    for axis, (name, kinds) in zip(axes.flat, gaps.items(), strict=False):
        for number, kind in enumerate(INFORMED_KINDS):
            if kind not in kinds:
                continue
            middle, half = np.array(kinds[kind]).T
            height = np.arange(len(middle)) + 0.3 * number - 0.15
            axis.errorbar(
                middle, height, xerr=half, fmt="o", ms=3, lw=1, color=f"C{number}", label=kind
            )
        axis.axvline(0.0, color="black", lw=0.6)
        # in a line up to half a percent: most gaps are smaller, a few are not
        axis.set_xscale("symlog", linthresh=0.5)
        axis.set(xlim=(-reach, reach), xticks=(-10, -1, 0, 1, 10))
        axis.set_xticklabels(("−10", "−1", "0", "1", "10"))
        axis.set_title(name.replace("-from-empty", "\nfrom empty"), fontsize=9)
    for axis in axes.flat[len(gaps) :]:
        axis.set_visible(False)
    axes[0, 0].set_yticks(range(len(UNSEEN_TESTS)), [test.name for test in UNSEEN_TESTS])
    axes[0, 0].invert_yaxis()
    for axis in axes.flat:
        axis.tick_params(labelsize=8)
    figure.supxlabel(GAP_LABEL, fontsize=9)
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=2, fontsize=9)
    return figure


def draw_small_data(results: Results, out: Path) -> Path | None:
    """Reward against the number of training products."""
    gaps = small_gaps(results)
    if not gaps[BASE_KIND]:
        return None
    figure = Figure((5.6, 3.8), layout="constrained")
    axis = figure.subplots()
    for number, kind in enumerate(ALL_KINDS):
        sizes = np.array(sorted(gaps[kind]))
        middle, half = np.array([gaps[kind][size] for size in sizes]).T
        beside = sizes * 1.08 ** (number - 1)
        axis.errorbar(beside, middle, half, fmt="o-", ms=4, lw=1, label=KIND_TITLES[kind])
    axis.axhline(0.0, color="black", lw=0.6)
    axis.set(xscale="log", xlabel="training products, one demand path each", xticks=PRODUCT_NUMBERS)
    axis.set_xticklabels([f"{size:,}" for size in PRODUCT_NUMBERS])
    axis.set_ylabel("% of the plain network's reward\nthat trains on fresh products")
    axis.set_title(title(ENV_SETTINGS[0]))
    axis.legend(frameon=False)
    return save_compact(figure, out / "structure-small-data.png")
