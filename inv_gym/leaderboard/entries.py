"""Who plays a table: the policies of this package, and those that users name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import inv_gym
from inv_gym import agents, baselines
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.leaderboard.board import Contest
from inv_gym.leaderboard.loading import blamed, told
from inv_gym.leaderboard.named import Factory, Inapplicable, build

NO_DISTRIBUTION = (
    "policies that know the demand distribution cannot join: that of real demand is not known"
)


class Section(NamedTuple):
    """Where the products of a group of tables come from."""

    name: str
    """``synthetic`` or ``data``."""
    file: str = ""
    """The demand table; none for the population of each environment."""
    task: Callable[..., inv_gym.Task] | None = None
    """The task of the table for the id of an environment and its horizon."""


def quick_task(
    env_id: str, section: Section, fields: Mapping[str, Any]
) -> tuple[inv_gym.Task, list[str]]:
    """The task that is played, and what a reader must know of a short horizon."""
    registered = inv_gym.ENVIRONMENTS[env_id]
    if section.task is not None:
        return section.task(env_id, **fields), []
    warm_up = registered.warm_up_within(fields.get("horizon", registered.problem.horizon))
    task = inv_gym.task(env_id, warm_up=warm_up, **fields)
    if warm_up == registered.warm_up:
        return task, []
    counted = f"the warm-up of {registered.warm_up} periods counts here: the horizon is short"
    return task, [counted]


def enter(
    env_id: str,
    section: Section,
    factories: Mapping[str, Factory],
    seed: int,
    fields: Mapping[str, Any],
) -> Contest:
    """Gather who plays, and let each play one product: what is wrong shows before the long run."""
    with told("--data"):
        task, notes = quick_task(env_id, section, fields)
        sample = task.draw(1, seed)
    problem, law_is_known = task.problem, section.task is None
    ours = baselines.policies(problem, law_is_known) | agents.policies(problem)
    policies = {name: policy for name, policy in ours.items() if not lacking(policy, task.source)}
    notes = [*task.source.notes, *notes]
    if not law_is_known:
        notes.append(NO_DISTRIBUTION)
    paths = {name: inv_gym.rollout(problem, policy, sample) for name, policy in policies.items()}
    for spec, factory in factories.items():
        policy = build(spec, factory, problem)
        if isinstance(policy, Inapplicable):
            notes.append(f"{spec} does not apply here ({policy.reason})")
        elif lacking(policy, task.source):
            needed = ", ".join(lacking(policy, task.source))
            notes.append(f"{spec} does not apply here (it needs the covariates {needed})")
        elif law_is_known or policy.knows != "distribution":
            with blamed(f"{spec} failed in {env_id}", "--policy"):
                paths[spec] = inv_gym.rollout(problem, policy, sample)
            policies[spec] = policy
    remarks = table_remarks(task.source, policies)
    notes += [f"{name} {remark}" for name, remark in remarks.items()]
    reference = task.reference if task.reference in policies else None
    reference = reference or baselines.reference(problem, law_is_known)
    origin = section.file or task.origin
    return Contest(
        task, section.name, origin, policies, reference, tuple(notes), sample, paths, remarks
    )


def lacking(policy: inv_gym.Policy, source: inv_gym.ProductSource) -> tuple[str, ...]:
    """The covariates that a network was trained with where products have others; empty if it can
    play.
    """
    needed = getattr(policy, "covariates", ())
    others = isinstance(needed, tuple) and needed != tuple(source.covariate_names)
    return needed if others else ()


def table_remarks(
    source: inv_gym.ProductSource, policies: Mapping[str, inv_gym.Policy]
) -> dict[str, str]:
    """What to say of the networks that were trained on the table that is played, by name."""
    played = getattr(source, "table", None)
    if played is None:
        return {}
    trained = {
        name: policy.card["table"]
        for name, policy in policies.items()
        if isinstance(policy, InventoryAgent) and "table" in policy.card
    }
    remarks = {name: table_remark(played, table) for name, table in trained.items()}
    return {name: remark for name, remark in remarks.items() if remark}


def table_remark(played: Mapping[str, str], trained: Mapping[str, str]) -> str:
    """What to say of a network that was trained on a table and days; empty if it is another
    table.

    Args:
        played: File, fingerprint, first and last day.
        trained: The same.
    """
    days = f"from {trained['first']} to {trained['last']}"
    if trained["fingerprint"] != played["fingerprint"]:
        same_name = trained["file"] == played["file"]
        return f"was trained on a table of this name with other data, {days}" if same_name else ""
    if _shares_days(played, trained["first"], trained["last"]):
        return f"was trained on this table, {days}: on days that are played here"
    if "validation_first" in trained:
        validated = (trained["validation_first"], trained["validation_last"])
        if _shares_days(played, *validated):
            return (
                f"was validated on this table, from {validated[0]} to {validated[1]}: on days that "
                "are played here"
            )
    return f"was trained on other days of this table, {days}"


def _shares_days(played: Mapping[str, str], first: str, last: str) -> bool:
    """Whether days from `first` to `last` are among those played."""
    return max(first, played["first"]) <= min(last, played["last"])
