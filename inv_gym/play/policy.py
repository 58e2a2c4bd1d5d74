"""What a decision maker sees, and what a policy is."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.util.arrays import Array


class Observation(NamedTuple):
    """What is known before the order of a period; nothing hidden. Arrays are NumPy or torch, B
    products.
    """

    state: Any
    """The problem's state, NamedTuple of ``[B]`` columns, units."""
    history: Array
    """``[H, B]`` demand (sales, if it is censored) of the last H periods, the latest last."""
    economics: Any
    """NamedTuple of ``[B]`` columns, money per unit."""
    scale: Array
    """``[B]`` mean of the history before the start, units."""
    covariates: Array | None
    """``[H + 1, B, C]``: those of the history's periods, and of the current one last."""
    period: int
    """Periods since the start, 0 .. T - 1."""


@runtime_checkable
class Policy(Protocol):
    """Orders for a batch of products. A class with `__call__` and `knows` is a policy; there is
    nothing to inherit.

    A policy may also have ``plan(problem, products) -> Policy``, which gives an equal policy that
    did the work that does not depend on its own orders for all periods at once. One that knows the
    distribution gets it there.
    """

    @property
    def knows(self) -> str:
        """What the orders are based on: ``nothing``, ``history``, ``distribution`` or
        ``hindsight``.
        """
        ...

    def __call__(self, observation: Observation, /) -> Array:
        """Orders ``[B, K]``, units, at least 0, finite."""
        ...


KNOWLEDGE = ("nothing", "history", "distribution", "hindsight")


def planned(policy: Policy, problem: Problem, products: Products) -> Policy:
    """The policy after its planning, if it plans.

    Under censored demand what a policy will see depends on its orders, so one that knows the
    history plans on the history before the start alone (``products.periods`` is 0 then).
    """
    plan = getattr(policy, "plan", None)
    if plan is None:
        return policy
    if problem.censored and policy.knows == "history":
        products = products._replace(demand=products.demand[:HISTORY], distribution=None)
    return plan(problem, products)
