"""The laws of policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from inv_gym.play.episode import Episode
from inv_gym.play.orders import taken
from inv_gym.play.policy import NotPlannedError, Policy, planned
from inv_gym.play.rollout import rollout
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.testing.common import (
    LAW_PERIODS,
    LAW_PRODUCTS,
    LawError,
    close,
    require,
)
from inv_gym.util.arrays import flatten, is_torch, map_columns, to_numpy, unstack


def check_policy(policy: Policy, problem: Problem, source: ProductSource, seed: int = 0) -> None:
    """Check every law of `POLICY_LAWS` on random products.

    Args:
        policy: Any policy for the problem.
        problem: Its horizon is shortened to 12 periods.
        source: Where products come from.
        seed: Of the products.

    Raises:
        LawError: A law does not hold.
        ValueError: The policy's orders are not valid.
    """
    problem = replace(problem, horizon=LAW_PERIODS)
    products = draw_products(source, problem, LAW_PRODUCTS, seed)
    for law in POLICY_LAWS.values():
        law(policy, problem, products)


def causality(policy: Policy, problem: Problem, products: Products) -> None:
    """Orders up to and including period t do not depend on demand from period t on (unless by
    hindsight), for every t.
    """
    if policy.knows == "hindsight":
        return
    periods, rows = np.arange(problem.horizon), np.arange(products.batch)
    # The demand of product b changes from period ``b mod T`` on, so every t has its products.
    changes = rows % problem.horizon
    later = periods[:, None] >= changes
    demand = to_numpy(products.demand).copy()
    demand[HISTORY:] = np.where(later, 3.0 * demand[HISTORY:] + 7.0, demand[HISTORY:])
    orders, others = (
        rollout(problem, policy, batch).orders
        for batch in (products, products._replace(demand=demand))
    )
    # Beyond rounding, which may depend on the other products of a batch.
    differs = ~np.isclose(orders, others, rtol=1e-6, atol=1e-6).all(-1)
    differs &= periods[:, None] <= changes
    if differs.any():
        first = int(changes[differs.any(0)].min())
        raise LawError(
            f"orders up to period {first} change with the demand from period {first} on."
        )


def knows_no_more_than_it_says(policy: Policy, problem: Problem, products: Products) -> None:
    """The orders of a policy that knows nothing do not depend on the demand before the episode."""
    if policy.knows != "nothing":
        return
    demand = to_numpy(products.demand).copy()
    demand[:HISTORY] = 3.0 * demand[:HISTORY] + 7.0
    orders = rollout(problem, policy, products).orders
    others = rollout(problem, policy, products._replace(demand=demand)).orders
    close(others, orders, "the policy says that it knows nothing, but reads the history", 1e-6)


def leaves_the_game_alone(policy: Policy, problem: Problem, products: Products) -> None:
    """A policy writes neither into the products that it plans for nor into what it observes."""
    shown = products.copied()
    stepwise = planned(policy, problem, shown)
    require(_equal(shown, products), "plan writes into the products")
    episode = Episode(problem, products)
    while not episode.done:
        observation = episode.observe()
        writable = map_columns(np.array, observation._replace(covariate_names=None))
        writable = writable._replace(
            period=observation.period, covariate_names=observation.covariate_names
        )
        order = taken(
            stepwise(writable), (products.batch, problem.order_dim), products.demand, policy
        )
        require(_equal(writable, observation), "the policy writes into its observation")
        episode.step(unstack(order))


def _equal(tree: Any, other: Any) -> bool:
    """Whether two named tuples hold the same numbers."""
    pairs = zip(flatten(tree), flatten(other), strict=True)
    return all(a is b or np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def batch_independence(policy: Policy, problem: Problem, products: Products) -> None:
    """A product gets the same orders alone and in a batch."""
    together = rollout(problem, policy, products).orders
    alone = rollout(problem, policy, products.rows(slice(3, 5))).orders
    close(alone, together[:, 3:5], "a product's orders depend on the batch it is in", 1e-6)


def planning_changes_nothing(policy: Policy, problem: Problem, products: Products) -> None:
    """Called step by step, on what an environment shows, a policy orders what it orders when it
    plans ahead.
    """
    at_once = rollout(problem, policy, products).orders
    episode = Episode(problem, products)
    stepwise = _stepwise(policy, problem, products)
    for period in range(problem.horizon):
        order = stepwise(episode.observe())
        close(
            order,
            at_once[period],
            f"step by step and planned orders differ in period {period}",
            1e-6,
        )
        episode.step(unstack(order))


def kinds_of_orders_agree(policy: Policy, problem: Problem, products: Products) -> None:
    """On torch products a policy orders what it orders on NumPy products, as torch tensors."""
    import torch

    wanted = rollout(problem, policy, products).orders
    products = products.to(torch.empty(0, dtype=torch.float64))
    first = planned(policy, problem, products)(Episode(problem, products).observe())
    require(is_torch(first), "a policy called with torch tensors must give torch tensors")
    orders = rollout(problem, policy, products).orders
    close(orders, wanted, "orders on torch and NumPy products differ", 1e-5)


POLICY_LAWS: dict[str, Callable[[Policy, Problem, Products], None]] = {
    law.__name__: law
    for law in (
        leaves_the_game_alone,
        causality,
        knows_no_more_than_it_says,
        batch_independence,
        planning_changes_nothing,
        kinds_of_orders_agree,
    )
}


def _stepwise(policy: Policy, problem: Problem, products: Products) -> Policy:
    """The policy as an environment's loop would call it: as it is, or planned where it must be."""
    try:
        policy(Episode(problem, products).observe())
    except NotPlannedError:
        return planned(policy, problem, products)
    return policy
