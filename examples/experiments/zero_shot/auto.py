"""What the choice of `auto` is worth: policies are chosen on some windows of each series, and
judged on the next ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.zero_shot.policies import rewards_of
from inv_gym import Task
from inv_gym.advice.choice import choose
from inv_gym.advice.compared import AUTO, policies_for
from inv_gym.advice.past import PERIODS, WINDOWS
from inv_gym.backtest.verdicts import Rewards
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import product_weights
from inv_gym.products.panel import ListedWindows, PanelProducts
from inv_gym.products.sources import blocks

LATER_WINDOWS = 8
"""Windows that follow those of the choice, in which it is judged."""
JUDGED_SERIES = 256
"""Series of a table that play, evenly spread over it."""
WEIGHT, CODE = "weight", "code"


def side_by_side(source: PanelProducts, problem: Problem) -> ListedWindows | None:
    """The latest windows of a table, side by side, of series that have enough of them; None if
    there is no such series.
    """
    number, dates = WINDOWS + LATER_WINDOWS, source.panel.dates
    first = len(dates) - number * problem.horizon
    if first < 1:
        return None
    every = ListedWindows.side_by_side(replace(source, first=str(dates[first])), problem.horizon)
    series, count = np.unique(every.windows[:, 0], return_counts=True)
    complete = series[count == number]
    if not len(complete):
        return None
    spread = (
        np.linspace(0, len(complete) - 1, min(len(complete), JUDGED_SERIES)).round().astype(int)
    )
    return replace(every, windows=every.windows[np.isin(every.windows[:, 0], complete[spread])])


def rewards_side_by_side(task: Task) -> dict[str, np.ndarray]:
    """The reward of every policy that auto compares in each window ``[N]``, windows of a series in
    their order; with the number of the series and what a unit of money counts, if all products
    count alike. Nothing if the table is too short.
    """
    longest = max(task.problem.lead_times)
    played = task.changed(horizon=PERIODS + longest)
    assert isinstance(task.source, PanelProducts)
    windows = side_by_side(replace(task.source, last=None), played.problem)
    if windows is None:
        return {}
    policies, _ = policies_for(played.problem, [AUTO], windows)
    parts: list[Mapping[str, Any]] = []
    for products in blocks(windows, played.problem, len(windows.windows), seed=0):
        rewards = rewards_of(played, policies, products)
        parts.append({WEIGHT: product_weights(products)} | rewards)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {CODE: np.unique(windows.windows[:, 0], return_inverse=True)[1]} | columns


def worth(measured: Mapping[str, np.ndarray]) -> dict[str, float]:
    """What ways to choose earn in the later windows beyond the first policy, in % of the size of
    its reward, all products counting alike.
    """
    names = tuple(name for name in measured if name not in (CODE, WEIGHT))
    code = measured[CODE]
    rewards = np.stack([measured[name] * measured[WEIGHT] for name in names], 1)

    # windows of a series stand in their order
    place = np.tile(np.arange(WINDOWS + LATER_WINDOWS), code.max() + 1)
    series = tuple(map(str, range(code.max() + 1)))
    before, after = (
        Rewards(names, series, code[rows], rewards[rows])
        for rows in (place < WINDOWS, place >= WINDOWS)
    )
    later = after.mean(after.rewards)
    first, row = later[:, 0], np.arange(len(later))
    chosen = {
        "the policy that earned most": before.mean(before.rewards).argmax(1),
        "the rule of auto": choose(before).policy,
    }
    size = abs(float(first.mean()))
    gains = {
        name: 100.0 * float((later[row, policy] - first).mean()) / size
        for name, policy in chosen.items()
    }
    others = {f"always {name}": later[:, n] for n, name in enumerate(names[1:], 1)}
    alone = {name: 100.0 * float((column - first).mean()) / size for name, column in others.items()}
    return gains | alone
