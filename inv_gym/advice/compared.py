"""Which policies order: those that auto compares, and those that are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, singledispatch
from pathlib import Path
from typing import TypeAlias

from inv_gym import agents, baselines
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.generalists import GENERALIST
from inv_gym.leaderboard.entries import lacking
from inv_gym.leaderboard.remarks import covariate_remark
from inv_gym.play.policy import Policy
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.problem import Problem
from inv_gym.products.sources import ProductSource
from inv_gym.util.checks import one_of

AUTO = "auto"
KNOWN = ("nothing", "history")
"""What a policy may know that orders for today."""
PolicyFunction: TypeAlias = Callable[[Problem], Policy | None]


@singledispatch
def compared(problem: Problem) -> tuple[str, ...]:
    """The policies that auto compares for a problem, by their names; the first one orders unless
    another policy is better for sure enough.

    They are those that earn most on real tables, and of several the ones that are quick. The
    generalist is left out where none comes with the package. Register those for a problem of your
    own: ``@compared.register def _(problem: MyProblem) -> tuple[str, ...]``.
    """
    return (baselines.reference(problem, distribution=False),)


@compared.register
def _lost_sales(problem: LostSales) -> tuple[str, ...]:
    rules = ("base-stock",) if problem.lead_time == 0 else ("vector base-stock", "base-stock")
    return (GENERALIST, *rules)


@compared.register
def _perishable(problem: Perishable) -> tuple[str, ...]:
    return (GENERALIST, "searched base-stock", "waste-aware base-stock")


@compared.register
def _dual_sourcing(problem: DualSourcing) -> tuple[str, ...]:
    return (GENERALIST, "dual index", "tailored base-surge")


@compared.register
def _removal(problem: ProcurementRemoval) -> tuple[str, ...]:
    return (GENERALIST, "interval-stock", "base-stock, never remove")


def policies_for(
    problem: Problem,
    wanted: Sequence[str | Mapping[str, PolicyFunction]],
    source: ProductSource,
) -> tuple[dict[str, Policy], list[str]]:
    """The policies that were asked for, by name, why others of them cannot order, and which
    covariates networks order without.

    Args:
        problem: What is ordered for.
        wanted: ``auto``, names of heuristics and networks that come with the package, folders of
            trainings, and functions that make a policy for a problem, by name.
        source: The products of the table.

    Raises:
        ValueError: A name is unknown for this problem.
    """
    policies: dict[str, Policy] = {}
    notes = []
    for asked in wanted:
        for name, make in _makers(problem, asked).items():
            try:
                policies[name] = _made(make, problem, source)
            except ValueError as error:
                notes.append(f"policy {name} does not order: {error}")
                continue
            if remark := covariate_remark(source, policies[name]):
                notes.append(f"policy {name} {remark}")
    return policies, notes


def _makers(
    problem: Problem, asked: str | Mapping[str, PolicyFunction]
) -> Mapping[str, PolicyFunction]:
    """What makes each of the policies that one thing asks for."""
    if isinstance(asked, Mapping):
        return asked
    if asked and Path(asked).is_dir():
        return {asked: partial(InventoryAgent.load, asked)}
    networks, rules = agents.policies(problem), baselines.policies(problem, distribution=False)
    ours = rules | networks
    available = [name for name in compared(problem) if name != GENERALIST or name in networks]
    names = available if asked == AUTO else [asked]
    for name in names:
        one_of("policy", name, [AUTO, *ours])
    return {name: partial(_given, ours[name]) for name in names}


def _given(policy: Policy, problem: Problem) -> Policy:
    """A policy that is made already."""
    return policy


def _made(make: PolicyFunction, problem: Problem, source: ProductSource) -> Policy:
    """A policy for a problem.

    Raises:
        ValueError: It is for another problem, or needs to know what is not known today.
    """
    policy = make(problem)
    if policy is None:
        raise ValueError("it is for another problem")
    if policy.knows not in KNOWN:
        raise ValueError(f"it needs to know the {policy.knows}")
    if needed := lacking(policy, source):
        raise ValueError(f"it needs the covariates {', '.join(needed)}")
    return policy
