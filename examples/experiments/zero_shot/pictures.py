"""The figure of gaps against mean demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from experiments.zero_shot.gaps import Measured, joined
from inv_gym.pictures.figures import save_compact

EDGES = 10.0 ** np.arange(-2.0, 5.0)
"""Mean demands, units, between which windows are taken together."""


def draw_gaps(
    measured: Mapping[str, Mapping[str, Measured]],
    rule_of: Callable[[str, Measured], str],
    before: str,
    after: str,
    path: Path,
) -> Path:
    """Draw the gap of two networks to the rule against mean demand, a panel per problem.

    Args:
        measured: Of each problem, by table.
        rule_of: The rule that the gaps on a table are to.
        before: The network in the first colour; a problem without it has no panel.
        after: The other one.
        path: The file, PNG.
    """
    cases = {
        case: [part for part in parts.values() if before in part.networks]
        for case, parts in measured.items()
    }
    cases = {case: parts for case, parts in cases.items() if parts}
    figure = Figure((2.6 * max(len(cases), 1), 3.2), layout="constrained")
    axes = figure.subplots(1, max(len(cases), 1), squeeze=False)[0]
    for axis, (case, parts) in zip(axes, cases.items(), strict=False):
        for network, colour in ((before, "tab:orange"), (after, "tab:blue")):
            middle, mean, half = _gaps(case, parts, rule_of, network)
            axis.errorbar(
                middle, mean, half, color=colour, marker="o", ms=3, lw=1, capsize=2, label=network
            )
        axis.axhline(0.0, color="grey", lw=0.8)
        axis.set(xscale="log", title=case, xlabel="mean demand, units", ylim=(-12.0, 4.0))
    axes[0].set_ylabel("difference to the rule, % of a period's demand")
    axes[0].legend(fontsize=7, loc="lower right")
    return save_compact(figure, path)


def _gaps(
    case: str,
    parts: list[Measured],
    rule_of: Callable[[str, Measured], str],
    network: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The middle of each range of mean demands that has windows, and the gap with half its
    interval, in % of the money that a period's mean demand is about worth.
    """
    points = []
    for low, high in pairwise(EDGES):
        inside = [(part, part.within(low, high)) for part in parts]
        chosen = [(whole, some) for whole, some in inside if some is not None]
        if not chosen:
            continue
        rules = [rule_of(case, whole) for whole, _ in chosen]
        gap = joined([some for _, some in chosen], network, rules).gap(network, "rule").difference
        points.append((np.sqrt(low * high), gap.mean, gap.high - gap.mean))
    middle, mean, half = np.array(points).reshape(-1, 3).T
    return middle, mean, half
