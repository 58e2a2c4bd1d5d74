"""Who plays: the policies of this package, and those that users name."""

from __future__ import annotations

import importlib
import importlib.util
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import typer

import inv_gym
from inv_gym import agents, baselines
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.leaderboard.board import Contest
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
    source: inv_gym.ProductSource | None = None


@contextmanager
def told(option: str) -> Iterator[None]:
    """Make what is wrong with a value a message about its option."""
    try:
        yield
    except (ImportError, OSError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


@contextmanager
def blamed(what: str) -> Iterator[None]:
    """Make any error of the user's code a message with the line that raised it."""
    try:
        yield
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        line = (
            ""
            if place.filename.startswith("<")
            else f" ({Path(place.filename).name}, line {place.lineno})"
        )
        raise typer.BadParameter(
            f"{what}: {type(error).__name__}: {error}{line}", param_hint="--policy"
        ) from error


def load_factory(spec: str) -> Factory:
    """The factory that ``module:factory`` names, or the one of a model's file ``sb3:file.zip``."""
    module_name, _, name = spec.partition(":")
    if module_name == SB3:
        return model_factory(name)
    with told("--policy"):
        if not (module_name and name):
            raise ValueError(
                f"{spec!r} must be written module:factory, such as my_policies:cautious."
            )
        if importlib.util.find_spec(module_name) is None:
            raise ValueError(
                f"there is no module {module_name!r} in {Path.cwd()} or among the installed "
                "packages."
            )
    with blamed(f"{module_name} cannot be imported"):
        module = importlib.import_module(module_name)
    public = [
        key for key, value in vars(module).items() if callable(value) and not key.startswith("_")
    ]
    with told("--policy"):
        return getattr(module, one_of(f"factory of {module_name}", name, public))


def model_factory(file: str) -> Factory:
    """Of a model that stable-baselines3 saved; it applies where it takes the observations and gives
    the orders.
    """
    with told("--policy"):
        from inv_gym.agents.sb3.policy import SB3Policy

        model = SB3Policy.read(file)
    return lambda problem: SB3Policy(problem, *model) if SB3Policy.fits(problem, model[0]) else None


def build(spec: str, factory: Factory, problem: inv_gym.Problem) -> inv_gym.Policy | None:
    """The user's policy for a problem; None where it does not apply."""
    with blamed(f"{spec} failed for {type(problem).__name__}"):
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


def enter(
    env_id: str,
    section: Section,
    factories: Mapping[str, Factory],
    seed: int,
    fields: Mapping[str, Any],
) -> Contest:
    """Gather who plays, and let each play one product: what is wrong shows before the long run."""
    task = inv_gym.task(env_id, products=section.source, **fields)
    problem, law_is_known = task.problem, section.source is None
    with told("--data"):
        sample = task.draw(1, seed)
    ours = baselines.policies(problem, law_is_known) | agents.policies(problem)
    policies = {name: policy for name, policy in ours.items() if not lacking(policy, task.source)}
    notes = list(task.source.notes)
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
            with blamed(f"{spec} failed in {env_id}"):
                paths[spec] = inv_gym.rollout(problem, policy, sample)
            policies[spec] = policy
    remarks = table_remarks(task.source, policies)
    notes += [f"{name} {remark}" for name, remark in remarks.items()]
    reference = baselines.reference(problem, law_is_known)
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
    shared = max(trained["first"], played["first"]) <= min(trained["last"], played["last"])
    if shared:
        return f"was trained on this table, {days}: on days that are played here"
    return f"was trained on other days of this table, {days}"
