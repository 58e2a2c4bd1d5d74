"""The page of structure: tables and pictures from what `robustness.py` has measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from evidence_page import filled, table
from matplotlib.figure import Figure
from robustness_plan import (
    FAR_LEAD_TIMES,
    FEW_PRODUCTS,
    FROM_EMPTY,
    MANY_LEAD_TIMES,
    REGISTERED,
    SMALL,
    TESTS,
    Setting,
    settings,
)
from structure_pictures import save

from inv_gym.agents.training.config import STRUCTURE_KINDS
from inv_gym.play.statistics import gap_text, paired_gap

EVERY = PLAIN, *INFORMED = tuple(STRUCTURE_KINDS)
NAMES = {PLAIN: "plain", **{kind: kind for kind in INFORMED}}
TEXT = Path(__file__).with_name("robustness_text.md")
"""What is said around the tables, with {name} where one goes."""


class Results:
    """What has been measured in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def seeds(self, setting: Setting, kinds: Sequence[str] = EVERY) -> list[int]:
        """Seeds that are measured for all of the kinds."""
        found = [
            {
                int(path.parent.name.rsplit("-", 1)[1])
                for path in self.folder.glob(f"{setting.name}/{kind}-*/rewards.npz")
            }
            for kind in kinds
        ]
        return sorted(set.intersection(*found))

    def rewards(self, setting: Setting, kind: str, test: str, seeds: Sequence[int]) -> np.ndarray:
        """``[S, N]`` reward per period on every product, money."""
        paths = [self.folder / setting.name / f"{kind}-{seed}" / "rewards.npz" for seed in seeds]
        return np.stack([np.load(path)[test] for path in paths])

    def unit(self, setting: Setting) -> float:
        """What the plain network earns per period on demand as in training: the unit of all gaps of
        an environment.
        """
        return float(
            abs(self.rewards(setting, PLAIN, TESTS[0].name, self.seeds(setting, [PLAIN])).mean())
        )

    def gap(self, setting: Setting, kind: str, tests: Sequence[str]) -> tuple[float, float]:
        """Of a kind of network to the plain one on the mean of tests, and half of its interval."""
        seeds = self.seeds(setting, (PLAIN, kind))
        one, other = (
            np.mean([self.rewards(setting, k, t, seeds) for t in tests], 0) for k in (kind, PLAIN)
        )
        return paired_gap(one, other, self.unit(setting))

    def violations(
        self, setting: Setting, kind: str, test: str, seeds: Sequence[int]
    ) -> list[dict[str, Any]]:
        """What each seed's network breaks in a test, by kind of state."""
        paths = [
            self.folder / setting.name / f"{kind}-{seed}" / "violations.json" for seed in seeds
        ]
        return [json.loads(path.read_text())[test] for path in paths]


def title(setting: Setting) -> str:
    """The environment and what else differs."""
    return setting.name.removeprefix("Inv")


def structure(results: Results) -> str:
    """What the three kinds break, and what they earn in distribution."""
    rows = []
    for setting in (*REGISTERED, FROM_EMPTY):
        for kind in EVERY:
            seeds = results.seeds(setting, (PLAIN, kind))
            if not seeds:
                continue
            found = results.violations(setting, kind, TESTS[0].name, seeds)

            def mean(where: str, key: str, found: list[dict[str, Any]] = found) -> float:
                return float(np.mean([one[where][key] for one in found]))

            largest = max(one["wide"]["largest"] for one in found)
            gap = results.gap(setting, kind, [TESTS[0].name])
            rows.append(
                [
                    title(setting),
                    NAMES[kind],
                    *(
                        f"{100 * mean(where, 'share'):.2f}"
                        for where in ("wide", "wide, as ordered", "visited")
                    ),
                    f"{largest:.1g}" if largest < 1e-9 else f"{largest:.3f}",
                    f"{mean('wide', 'mean'):.1g}",
                    "" if kind == PLAIN else gap_text(gap),
                    str(len(seeds)),
                ]
            )
    header = [
        "environment",
        "network",
        "% of wide states",
        "as ordered, %",
        "of visited, %",
        "largest",
        "mean",
    ]
    return table([*header, "reward to plain, %", "seeds"], rows)


def robustness(results: Results) -> str:
    """Gaps to the plain network on every test, for every environment."""
    parts = []
    for setting in (*REGISTERED, FROM_EMPTY):
        kinds = [kind for kind in INFORMED if results.seeds(setting, (PLAIN, kind))]
        if not kinds:
            continue
        shocks = [test.name for test in TESTS if test.group == "shock"]
        asked = [*((test.name, [test.name]) for test in TESTS), ("**mean of the shocks**", shocks)]
        rows = [
            [name, *(gap_text(results.gap(setting, kind, tests)) for kind in kinds)]
            for name, tests in asked
        ]
        seeds = [f"{kind}, {len(results.seeds(setting, (PLAIN, kind)))} seeds" for kind in kinds]
        parts.append(f"**{title(setting)}**\n\n" + table(["test", *seeds], rows))
    return "\n".join(parts)


def starts(results: Results) -> str:
    """From overstocked starts: how far each kind is from the best of the three."""
    rows = []
    for setting in (*REGISTERED, FROM_EMPTY):
        seeds = results.seeds(setting)
        for test in [one for one in TESTS if one.group == "start"] if seeds else ():
            rewards = {kind: results.rewards(setting, kind, test.name, seeds) for kind in EVERY}
            best = max(rewards.values(), key=lambda one: one.mean())
            gaps = [
                gap_text(paired_gap(rewards[kind], best, results.unit(setting))) for kind in EVERY
            ]
            rows.append([title(setting), test.name, *gaps])
    return table(["environment", "start", *NAMES.values()], rows)


def small_gaps(results: Results) -> dict[str, dict[int, tuple[float, float]]]:
    """Gap of each kind, trained on so many fixed products, to the plain network trained on fresh
    ones.
    """
    fresh = REGISTERED[0]
    gaps: dict[str, dict[int, tuple[float, float]]] = {kind: {} for kind in EVERY}
    for setting in FEW_PRODUCTS:
        seeds = sorted(set(results.seeds(setting)) & set(results.seeds(fresh)))
        for kind in EVERY if seeds else ():
            rewards = results.rewards(setting, kind, TESTS[0].name, seeds)
            base = results.rewards(fresh, PLAIN, TESTS[0].name, seeds)
            gaps[kind][setting.fixed_products or 0] = paired_gap(rewards, base, results.unit(fresh))
    return gaps


def small_data(results: Results) -> str:
    """As a table."""
    gaps = small_gaps(results)
    rows = []
    for setting in FEW_PRODUCTS:
        number, seeds = setting.fixed_products or 0, results.seeds(setting)
        if number in gaps[PLAIN]:
            kinds = [results.rewards(setting, kind, TESTS[0].name, seeds) for kind in EVERY]
            rows.append(
                [
                    f"{number:,}",
                    *(gap_text(gaps[kind][number]) for kind in EVERY),
                    *(
                        gap_text(paired_gap(one, kinds[0], results.unit(REGISTERED[0])))
                        for one in kinds[1:]
                    ),
                    str(len(seeds)),
                ]
            )
    header = ["products", *(f"{name} to plain on fresh products, %" for name in NAMES.values())]
    return table(
        [*header, *(f"{kind} to plain on the same, %" for kind in INFORMED), "seeds"], rows
    )


def lead_times(results: Results) -> str:
    """One network for many lead times: reward and violations on those it trained on and on longer
    ones.
    """
    setting, rows = MANY_LEAD_TIMES, []
    seeds = results.seeds(setting)
    for number in (*setting.lead_times, *FAR_LEAD_TIMES) if seeds else ():
        test = f"lead time {number}"
        rewards = {kind: results.rewards(setting, kind, test, seeds) for kind in EVERY}
        unit = float(abs(rewards[PLAIN].mean()))
        broken = [results.violations(setting, kind, test, seeds) for kind in EVERY]
        rows.append(
            [
                test + (", not trained on" if number in FAR_LEAD_TIMES else ""),
                *(gap_text(paired_gap(rewards[kind], rewards[PLAIN], unit)) for kind in INFORMED),
                *(
                    f"{100 * np.mean([one['wide']['share'] for one in found]):.2f}"
                    for found in broken
                ),
                str(len(seeds)),
            ]
        )
    if not rows:
        return ""
    header = ["test", *(f"{kind} to plain, %" for kind in INFORMED)]
    return table(
        [*header, *(f"% of wide states broken, {name}" for name in NAMES.values()), "seeds"], rows
    )


def missing(results: Results) -> str:
    """What has not been measured."""
    left = [setting.name for setting in settings() if not results.seeds(setting)]
    return f"Not measured yet: {', '.join(left)}." if left else ""


def page(folder: Path) -> str:
    """The page as Markdown."""
    parts: dict[str, Callable[[Results], str]] = {
        "structure": structure,
        "robustness": robustness,
        "starts": starts,
        "small_data": small_data,
        "lead_times": lead_times,
        "missing": missing,
    }
    return filled(TEXT, parts, Results(folder))


def pictures(folder: Path, out: Path) -> list[Path]:
    """Gaps on the tests, and the curve of small data."""
    results = Results(folder)
    return [
        path
        for path in (draw_tests(results, out), draw_small_data(results, out))
        if path is not None
    ]


def draw_tests(results: Results, out: Path) -> Path | None:
    """One panel per environment."""
    measured = [
        one for one in (*REGISTERED, FROM_EMPTY) if results.seeds(one, (PLAIN, INFORMED[0]))
    ]
    if not measured:
        return None
    figure = Figure((3 + 2.6 * len(measured), 5), layout="constrained")
    axes = figure.subplots(1, len(measured), sharey=True, squeeze=False)
    for axis, setting in zip(axes[0], measured, strict=True):
        for shift, kind in ((-0.15, INFORMED[0]), (0.15, INFORMED[1])):
            if not results.seeds(setting, (PLAIN, kind)):
                continue
            middle, half = np.array([results.gap(setting, kind, [test.name]) for test in TESTS]).T
            axis.errorbar(
                middle, np.arange(len(TESTS)) + shift, xerr=half, fmt="o", ms=3, lw=1, label=kind
            )
        axis.axvline(0.0, color="black", lw=0.6)
        axis.set_xscale(
            "symlog", linthresh=0.5
        )  # in a line up to half a percent: most gaps are smaller, a few are not
        axis.set(
            xlim=(-20.0, 20.0),
            xticks=(-10, -1, 0, 1, 10),
            xticklabels=("−10", "−1", "0", "1", "10"),
        )
        axis.set_title(title(setting), fontsize=9)
    axes[0, 0].set_yticks(range(len(TESTS)), [test.name for test in TESTS])
    axes[0, 0].invert_yaxis()
    figure.supxlabel(
        "gap to the plain network, % of what it earns on demand as in training", fontsize=9
    )
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=9
    )
    return save(figure, out / "structure-tests.png")


def draw_small_data(results: Results, out: Path) -> Path | None:
    """Reward against the number of training products."""
    gaps = small_gaps(results)
    if not gaps[PLAIN]:
        return None
    figure = Figure((5.6, 3.8), layout="constrained")
    axis = figure.subplots()
    for number, kind in enumerate(EVERY):
        sizes = np.array(sorted(gaps[kind]))
        middle, half = np.array([gaps[kind][size] for size in sizes]).T
        axis.errorbar(
            sizes * 1.08 ** (number - 1), middle, half, fmt="o-", ms=4, lw=1, label=NAMES[kind]
        )
    axis.axhline(0.0, color="black", lw=0.6)
    axis.set(xscale="log", xlabel="training products, one demand path each", xticks=SMALL)
    axis.set_xticklabels([f"{size:,}" for size in SMALL])
    axis.set(
        ylabel="% of the plain network's reward\nthat trains on fresh products",
        title=title(REGISTERED[0]),
    )
    axis.legend(frameon=False)
    return save(figure, out / "structure-small-data.png")
