"""Who plays a table, and which windows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import inv_gym
from inv_gym import agents, baselines
from inv_gym.leaderboard.board import Contest
from inv_gym.leaderboard.entries import NO_DISTRIBUTION, lacking
from inv_gym.leaderboard.named import Inapplicable
from inv_gym.leaderboard.remarks import network_remarks, remark_notes
from inv_gym.leaderboard.words import counted
from inv_gym.products.panel import ListedWindows

WINDOWS_PER_SERIES = 8
"""Windows that a series has at least, if the test days are long enough for episodes of
`LEAST_HORIZON` periods: how sure a verdict is comes from them."""
LEAST_HORIZON = 10
"""Periods of an episode below which no further window is made."""


def with_windows(task: inv_gym.Task, quick: bool) -> inv_gym.Task:
    """The task of a table with episodes that are short enough for `WINDOWS_PER_SERIES` windows.

    Args:
        task: Of the table.
        quick: Whether episodes have `LEAST_HORIZON` periods at most.
    """
    source: Any = task.source
    longest = min(task.problem.horizon, len(source.episode_periods))
    share = LEAST_HORIZON if quick else len(source.episode_periods) // WINDOWS_PER_SERIES
    horizon = min(longest, max(share, LEAST_HORIZON))
    problem = replace(task.problem, horizon=horizon)
    return replace(task, problem=problem, warm_up=task.warm_up_within(horizon))


def every_window(task: inv_gym.Task, most: int | None) -> inv_gym.Task:
    """The task with all windows of every series in place of drawn ones.

    Args:
        task: Of the table.
        most: Windows of a series, the latest ones; None for all.
    """
    source: Any = task.source
    horizon = task.problem.horizon
    listed: Any = ListedWindows.side_by_side(source, horizon)
    note = (
        f"every series plays all its windows of {counted(horizon, 'period')} side by side, each "
        "from a starting stock of its own"
    )
    chosen = listed if most is None else listed.latest(most)
    return replace(task, source=replace(chosen, remarks=(*chosen.remarks, note)))


def gather(
    task: inv_gym.Task,
    origin: str,
    users: Mapping[str, inv_gym.Policy | Inapplicable],
    quick: bool = False,
) -> Contest:
    """The contest of a table, for all who know no more than the history.

    Args:
        task: Of the table, with every window.
        origin: Name of the table.
        users: Policies of the user's, or why they do not apply.
        quick: Whether rules that take long are left out, with a note.
    """
    problem, source = task.problem, task.source
    networks = agents.policies(problem, for_tables=True)
    slow = baselines.slow(problem) if quick else ()
    rules = baselines.policies(problem, distribution=False)
    ours = {name: rule for name, rule in rules.items() if name not in slow} | networks
    policies, notes = dict[str, inv_gym.Policy](), [*source.notes, NO_DISTRIBUTION]
    if slow:
        notes.append(f"--quick leaves out rules that take long: {', '.join(slow)}")
    for name, policy in (ours | dict(users)).items():
        if isinstance(policy, Inapplicable):
            notes.append(f"{name} does not apply here ({policy.reason})")
        elif needed := ", ".join(lacking(policy, source)):
            notes.append(f"{name} does not play (it needs the covariates {needed})")
        elif policy.knows in ("nothing", "history"):
            policies[name] = policy
    remarks = network_remarks(source, policies)
    notes += remark_notes(remarks)
    wanted = (task.reference, baselines.reference(problem, distribution=False), *policies)
    reference = next(name for name in wanted if name in policies)
    sample = task.draw(1)
    return Contest(task, "data", origin, policies, reference, tuple(notes), sample, {}, remarks)
