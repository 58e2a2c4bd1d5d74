"""Who plays: the policies of this package, and those that users name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import inv_gym
from inv_gym import agents, baselines
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.weights import WEIGHTS
from inv_gym.leaderboard.board import Contest
from inv_gym.leaderboard.loading import blamed, load, told
from inv_gym.leaderboard.remarks import network_remarks, remark_notes
from inv_gym.play.policy import KNOWLEDGE
from inv_gym.util.checks import one_of

SB3 = "sb3"
NO_DISTRIBUTION = (
    "policies that know the demand distribution cannot join: that of real demand is not known"
)
Factory: TypeAlias = Callable[[inv_gym.Problem], inv_gym.Policy | None]


class Section(NamedTuple):
    """Where the products of a group of tables come from."""

    name: str
    """``synthetic`` or ``data``."""
    file: str = ""
    """The demand table; none for the population of each environment."""
    task: Callable[..., inv_gym.Task] | None = None
    """The task of the table for the id of an environment and its horizon."""


def load_factory(spec: str) -> Factory:
    """The factory that ``module:factory`` names, the one of a model's file ``sb3:file.zip``, or of
    the folder that a training wrote.
    """
    if Path(spec).is_dir():
        return folder_factory(Path(spec))
    module_name, _, name = spec.partition(":")
    return model_factory(name) if module_name == SB3 else load(spec, "--policy", "factory")


def model_factory(file: str) -> Factory:
    """Of a model that stable-baselines3 saved; it applies where it takes the observations and gives
    the orders.
    """
    with told("--policy"):
        from inv_gym.agents.sb3.policy import SB3Policy

        model = SB3Policy.read(file)
    return lambda problem: SB3Policy(problem, *model) if SB3Policy.fits(problem, model[0]) else None


def folder_factory(folder: Path) -> Factory:
    """Of the network in the folder of a training; it applies to problems that it was trained for.

    Raises:
        typer.BadParameter: There is no network, or it is damaged.
    """
    model = folder / "model.zip"
    if model.exists() and not (folder / WEIGHTS).exists():
        return model_factory(str(model))
    with told("--policy"):
        InventoryAgent.load(folder)

    def trained(problem: inv_gym.Problem) -> inv_gym.Policy | None:
        try:
            return InventoryAgent.load(folder, problem)
        except ValueError:  # it is for another problem: what is damaged was told above
            return None

    return trained


def build(spec: str, factory: Factory, problem: inv_gym.Problem) -> inv_gym.Policy | None:
    """The user's policy for a problem; None where it does not apply."""
    with blamed(f"{spec} failed for {type(problem).__name__}", "--policy"):
        policy = factory(problem)
    if policy is None:
        return None
    with told("--policy"):
        if isinstance(policy, type) or not isinstance(policy, inv_gym.Policy):
            got = (
                f"the class {policy.__name__}"
                if isinstance(policy, type)
                else type(policy).__name__
            )
            raise ValueError(
                f"{spec} must return a policy (an object that takes an observation and has the "
                "attribute knows), or "
                f"None where it does not apply, got {got}."
            )
        one_of(f"knowledge of {spec},", policy.knows, KNOWLEDGE)
    return policy


def quick_task(
    env_id: str, section: Section, fields: Mapping[str, Any]
) -> tuple[inv_gym.Task, list[str]]:
    """The task that is played, and what a reader must know of a short horizon."""
    registered = inv_gym.ENVIRONMENTS[env_id]
    if section.task is not None:
        return section.task(env_id, **fields), []
    warm_up = registered.warm_up
    if warm_up < fields.get("horizon", registered.problem.horizon):
        return inv_gym.task(env_id, **fields), []
    note = f"the warm-up of {warm_up} periods counts here: the horizon is short"
    return inv_gym.task(env_id, warm_up=0, **fields), [note]


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
        if policy is None:
            notes.append(f"{spec} does not apply here (it returned None)")
        elif lacking(policy, task.source):
            needed = ", ".join(lacking(policy, task.source))
            notes.append(f"{spec} does not apply here (it needs the covariates {needed})")
        elif law_is_known or policy.knows != "distribution":
            with blamed(f"{spec} failed in {env_id}", "--policy"):
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
    """The covariates that a network was trained with where products have others; empty if it can
    play.
    """
    needed = policy.covariates if isinstance(policy, InventoryAgent) else ()
    return () if needed == tuple(source.covariate_names) else needed
