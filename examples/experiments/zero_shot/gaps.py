"""Gaps of policies on what was measured, by table, problem and class of mean demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.results import Results
from experiments.zero_shot.plan import FACTS_FILE, PLAYED, RESULT_FILES, RULES_FILE
from inv_gym.play.statistics import Interval, ProductMean
from inv_gym.play.tally import Tally

CLASSES = {
    "below 0.1": (0.0, 0.1),
    "0.1 to 1": (0.1, 1.0),
    "1 to 10": (1.0, 10.0),
    "10 and more": (10.0, np.inf),
}
"""Mean demand per period, units."""
LEAST_WINDOWS = 20
"""Windows of a class below which it has no figure: too few to say anything."""


@dataclass(frozen=True)
class Measured:
    """What was measured of a problem on a table.

    Attributes:
        series: ``[N]`` the series of each window.
        weight: ``[N]`` what a unit of money counts, if all products count alike.
        mean: ``[N]`` mean demand, units per period.
        rules: ``[N]`` reward of each rule, by name.
        networks: ``[N]`` reward of each network, by name.
    """

    series: np.ndarray
    weight: np.ndarray
    mean: np.ndarray
    rules: dict[str, np.ndarray]
    networks: dict[str, np.ndarray]

    @property
    def best_rule(self) -> str:
        """The rule that earns most, all products counting alike."""
        return max(self.rules, key=lambda name: (self.weight * self.rules[name]).mean())

    def within(self, low: float, high: float) -> Measured | None:
        """The windows with a mean demand from `low` up to below `high`; None if they are few."""
        rows = (self.mean >= low) & (self.mean < high)
        if rows.sum() < LEAST_WINDOWS:
            return None
        return Measured(
            self.series[rows],
            self.weight[rows],
            self.mean[rows],
            {name: column[rows] for name, column in self.rules.items()},
            {name: column[rows] for name, column in self.networks.items()},
        )

    def gap(self, network: str, rule: str) -> Gap:
        """The gap of a network to a rule, all products counting alike."""
        mine, theirs = self.networks[network], self.rules[rule]
        tally = Tally()
        figures = {"reward": mine, "demand": self.mean}
        tally.add(figures, theirs, self.weight, self.series)
        row = tally.row(network, "history")
        names = ("product_gap", "product_gap_low", "product_gap_high")
        difference = ProductMean()
        difference.add(100.0 * self.weight * (mine - theirs), self.series)
        return Gap(Interval(*(row[name] for name in names)), difference.interval)


@dataclass(frozen=True)
class Gap:
    """A gap in two units.

    Attributes:
        percent: In % of the size of the rule's reward; NaN where that may as well be 0.
        difference: In % of the money that a period's mean demand is about worth.
    """

    percent: Interval
    difference: Interval

    @property
    def text(self) -> str:
        """The percents, or in brackets the difference where they mean nothing."""
        if np.isnan(self.percent.mean):
            return f"({_text(self.difference)})"
        return _text(self.percent)


def _text(interval: Interval) -> str:
    half = interval.high - interval.mean
    error = "one series" if np.isnan(half) else f"± {half:.2f}"
    return f"{interval.mean:+.2f} {error}"


def read(results: Results, table: str, case: str) -> Measured | None:
    """What was measured; None if a part is missing."""
    place = f"{table}/{case}"
    if not all(
        results.has(f"{place}/{file}") for file in (FACTS_FILE, RULES_FILE, RESULT_FILES[PLAYED])
    ):
        return None
    rules, networks = (
        results.arrays(f"{place}/{file}") for file in (RULES_FILE, RESULT_FILES[PLAYED])
    )
    return Measured(**results.arrays(f"{place}/{FACTS_FILE}"), rules=rules, networks=networks)


def joined(parts: list[Measured], network: str, rules: list[str]) -> Measured:
    """The windows of several tables in one, of a network and of one rule each, called ``rule``."""
    first = np.cumsum([0, *(part.series.max() + 1 for part in parts[:-1])])
    return Measured(
        np.concatenate([part.series + begin for part, begin in zip(parts, first, strict=True)]),
        np.concatenate([part.weight for part in parts]),
        np.concatenate([part.mean for part in parts]),
        {"rule": np.concatenate([p.rules[rule] for p, rule in zip(parts, rules, strict=True)])},
        {network: np.concatenate([part.networks[network] for part in parts])},
    )
