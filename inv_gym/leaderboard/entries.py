"""Who plays a table: the policies of this package, and those that users name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import inv_gym
from inv_gym import agents, baselines
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.leaderboard.board import Contest
from inv_gym.leaderboard.loading import blamed, told
from inv_gym.leaderboard.named import Factory, Inapplicable, build
from inv_gym.leaderboard.remarks import network_remarks, remark_notes
from inv_gym.tasks.tables import unplayed_notes

NO_DISTRIBUTION = (
    "policies that know the demand distribution cannot join: that of real demand is not known"
)


class Section(NamedTuple):
    """Where the products of a group of tables come from."""

    name: str
    """``synthetic`` or ``data``."""
    file: str = ""
    """The demand table; none for the population of each environment."""
    tasks: Callable[..., Mapping[str, inv_gym.Task]] | None = None
    """The tasks of the table, by their structure, for an environment and its horizon."""


class Variant(NamedTuple):
    """A task that is played."""

    task: inv_gym.Task
    notes: tuple[str, ...] = ()
    """What a reader must know of a short horizon."""


def variants(
    env_id: str, section: Section, horizon: int | None, longest: int | None
) -> list[Variant]:
    """The tasks that are played of an environment: of a table, one for each structure.

    Args:
        env_id: Id of the environment.
        section: Where its products come from.
        horizon: Periods of an episode; None for those of the environment.
        longest: Of a table whose horizon is not given, the most periods of an episode.
    """
    if section.tasks is None:
        return [short_variant(env_id, horizon or longest)]
    given = {} if horizon is None else {"horizon": horizon}
    played = env_id if horizon is not None else short_variant(env_id, longest).task
    with told("--data"):
        return list(map(Variant, section.tasks(played, **given).values()))


def short_variant(env_id: str, horizon: int | None) -> Variant:
    """An environment with so many periods; its own if None."""
    registered = inv_gym.ENVIRONMENTS[env_id]
    periods = horizon or registered.problem.horizon
    warm_up = registered.warm_up_within(periods)
    task = registered.changed(warm_up=warm_up, horizon=periods)
    if warm_up == registered.warm_up:
        return Variant(task)
    counted = f"the warm-up of {registered.warm_up} periods counts here: the horizon is short"
    return Variant(task, (counted,))


def enter(
    variant: Variant, section: Section, factories: Mapping[str, Factory], seed: int
) -> Contest:
    """Gather who plays, and let each play one product: what is wrong shows before the long run."""
    task = variant.task
    with told("--data"):
        sample = task.draw(1, seed)
    problem, law_is_known = task.problem, section.tasks is None
    networks = agents.policies(problem, for_tables=not law_is_known)
    ours = baselines.policies(problem, law_is_known) | networks
    policies = {name: policy for name, policy in ours.items() if not lacking(policy, task.source)}
    notes = [*task.source.notes, *unplayed_notes(task), *variant.notes]
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
            with blamed(f"{spec} failed in {task.name}", "--policy"):
                paths[spec] = inv_gym.rollout(problem, policy, sample)
            policies[spec] = policy
    remarks = network_remarks(task.source, policies)
    notes += remark_notes(remarks)
    reference = task.reference if task.reference in policies else None
    reference = reference or baselines.reference(problem, law_is_known)
    origin = section.file or task.origin
    return Contest(
        task, section.name, origin, policies, reference, tuple(notes), sample, paths, remarks
    )


def lacking(policy: inv_gym.Policy, source: inv_gym.ProductSource) -> tuple[str, ...]:
    """The covariates that a model was trained with where products have others; empty if it can
    play. Networks of this package find covariates by their names and play without some: see
    `network_remarks`.
    """
    if isinstance(policy, InventoryAgent):
        return ()
    needed = getattr(policy, "covariates", ())
    others = isinstance(needed, tuple) and needed != tuple(source.covariate_names)
    return needed if others else ()
