"""What a decision maker sees, and what a policy is."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

from inv_gym.play.orders import policy_name
from inv_gym.problems.lots import Lots
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.products.earlier import Earlier
from inv_gym.util.arrays import Array


class Observation(NamedTuple):
    """What is known before the order of a period; nothing hidden. Arrays are NumPy or torch, B
    products.
    """

    state: Any
    """The problem's state, NamedTuple of ``[B]`` columns, units."""
    history: Array
    """``[H, B]`` demand (sales, if it is censored) of the last H periods, the latest last; NaN
    where it is not known, see `known_periods`.
    """
    economics: Any
    """NamedTuple of ``[B]`` columns, money per unit."""
    scale: Array
    """``[B]`` mean of the known history before the start, units."""
    covariates: Array | None
    """``[H + 1, B, C]``: those of the history's periods, and of the current one last; NaN where
    the history is not known.
    """
    period: int
    """Periods since the start, 0 .. T - 1."""
    known_periods: Array = float(HISTORY)
    """How many periods of the history are known, 1 to H: ``[B]``, or a number where it is the same
    for all products.
    """
    lots: Lots | None = None
    """``[B]`` columns: the quantities in which each product can be ordered; None where any."""
    price: Array | None = None
    """``[B]`` today's price, money per unit; None where it is that of `economics` throughout."""
    earlier: Earlier | None = None
    """``[B]`` columns: what is known of the demand before the history; None if nothing is."""
    sold_out: Array | None = None
    """``[H, B]`` 1 in periods of the history in which all was sold (in the game, if it is censored;
    in the shop of a table that tells the closing stock), so that demand was at least the sales;
    None where demand is seen.
    """
    covariate_names: tuple[str, ...] | None = None
    """Names of the covariates, in order; None if they have none, see `Products`."""


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


class NotPlannedError(RuntimeError):
    """The policy must plan before it is called: ``policy.plan(problem, products)`` gives one that
    can be.
    """


KNOWLEDGE = ("nothing", "history", "distribution", "hindsight")


def planned(policy: Policy, problem: Problem, products: Products) -> Policy:
    """The policy after its planning, if it plans.

    One that knows at most the history gets products without a distribution. Under censored demand
    what it will see depends on its orders, so it plans on the history before the start alone
    (``products.periods`` is 0 then). Prices that change over time are seen day by day: a plan has
    none of them, unless the policy has hindsight.

    Raises:
        TypeError: It is no policy.
        ValueError: The policy was made for another structure of problem.
    """
    if isinstance(policy, type) or not callable(policy):
        raise TypeError(
            f"a policy must be an object that takes an observation, got {policy!r}; see "
            "inv_gym.Policy."
        )
    refuse_other_structure(policy, problem)
    plan = getattr(policy, "plan", None)
    if plan is None:
        return policy
    if policy.knows != "hindsight":
        products = products._replace(prices=None)
    if policy.knows in ("nothing", "history"):
        products = products._replace(distribution=None)
        if problem.censored:
            products = products._replace(demand=products.demand[:HISTORY])
    return plan(problem, products)


def refuse_other_structure(policy: Policy, problem: Problem) -> None:
    """Refuse a policy that holds a problem of another structure.

    Raises:
        ValueError: It names the policy and both structures.
    """
    own = getattr(policy, "problem", None)
    if not isinstance(own, Problem) or own is problem:
        return
    made_for, played = own.structure, problem.structure
    if isinstance(problem, type(own)) and made_for.items() <= played.items():
        return
    raise ValueError(
        f"policy {policy_name(policy)} was made for {type(own).__name__} with {made_for}, "
        f"the problem is {type(problem).__name__} with {played}: make it for this problem."
    )
