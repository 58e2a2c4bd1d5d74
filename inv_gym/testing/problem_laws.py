"""The laws of problems."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np

from inv_gym.play.episode import Episode, play
from inv_gym.play.rollout import rollout
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.testing.common import (
    LAW_PERIODS,
    LAW_PRODUCTS,
    LawError,
    Replay,
    close,
    random_orders,
    require,
)
from inv_gym.util.arrays import flatten, like, map_columns, unstack
from inv_gym.util.checks import one_of

ORDER_COSTS = ("unit_cost", "regular_cost", "expedited_cost", "fixed_cost")
"""Figures that are paid at once when ordering; the lead-time law sets them to 0."""


def check_problem(
    problem: Problem, source: ProductSource, skip: Collection[str] = (), seed: int = 0
) -> None:
    """Check every law of `PROBLEM_LAWS` on random products and orders.

    Args:
        problem: Any problem; its horizon becomes 12 periods, or as many as its orders need to
            arrive, without end.
        source: Where its products come from.
        skip: Names of laws that do not apply (a fixed ordering cost is not homogeneous, say).
        seed: Of products and orders.

    Raises:
        LawError: A law does not hold.
        ValueError: A name in `skip` is unknown.
    """
    for name in skip:
        one_of("law", name, PROBLEM_LAWS)
    periods = max(LAW_PERIODS, max(problem.lead_times) + 2)
    problem = replace(problem, horizon=periods, long_run=True)
    products = draw_products(source, problem, LAW_PRODUCTS, seed)
    for name, law in PROBLEM_LAWS.items():
        if name not in skip:
            law(problem, products)


def kinds_agree(problem: Problem, products: Products) -> None:
    """Python floats, NumPy and torch play the same, in float64 and float32, and keep the dtype."""
    import torch

    orders = random_orders(problem, products)
    wanted = rollout(problem, Replay(orders), products)
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-4)):
        reference = torch.empty(0, dtype=dtype)
        got = rollout(problem, Replay(like(orders, reference)), products.to(reference))
        require(got.rewards.dtype == dtype, f"rewards in {dtype} came out as {got.rewards.dtype}")
        close(got.rewards, wanted.rewards, f"torch {dtype} and NumPy rewards differ", tolerance)
    for row in range(4):
        episode = Episode(problem, products.single(row))
        for period in range(problem.horizon):
            outcome = episode.step(tuple(map(float, orders[period, row])))
            require(
                type(outcome.reward) is float,
                f"a float reward came out as {type(outcome.reward).__name__}",
            )
            close(
                outcome.reward, wanted.rewards[period, row], "float and NumPy rewards differ", 1e-12
            )


def mass_balance(problem: Problem, products: Products) -> None:
    """What comes in is what goes out and what stays: position' = position + orders - sales -
    outdated - removed.

    Demand that waits lowers the position too.
    """
    position = products.initial_state.inventory_position
    for step in play(problem, Replay(random_orders(problem, products)), products):
        flows = step.outcome.flows
        close(
            flows.sales + flows.shortage,
            step.demand,
            "sales and shortage do not add up to demand",
            1e-9,
        )
        ordered = sum(
            q
            for name, q in zip(problem.order_names, step.accepted, strict=True)
            if name != "removal"
        )
        gone = flows.sales + getattr(flows, "outdated", 0.0) + getattr(flows, "removed", 0.0)
        waiting = flows.shortage if problem.backlog else 0.0
        position = position + ordered - gone - waiting
        close(
            step.outcome.state.inventory_position,
            position,
            f"units appear or vanish in period {step.period}",
            1e-9,
        )


def rows_are_independent(problem: Problem, products: Products) -> None:
    """A product plays the same alone and in a batch."""
    orders = random_orders(problem, products)
    together = rollout(problem, Replay(orders), products).rewards
    alone = rollout(problem, Replay(orders[:, 3:4]), products.rows(slice(3, 4))).rewards
    require(
        np.array_equal(together[:, 3:4], alone), "a product's rewards depend on the batch it is in"
    )


def homogeneity(problem: Problem, products: Products) -> None:
    """Demand, stock and orders times k make the reward times k."""
    orders = random_orders(problem, products)
    larger = products._replace(
        demand=4.0 * products.demand,
        initial_state=map_columns(lambda x: 4.0 * x, products.initial_state),
    )
    free = replace(problem, order_cap=None)
    plain = rollout(free, Replay(orders), products)
    fourfold = rollout(free, Replay(4.0 * orders), larger)
    close(
        fourfold.rewards,
        4.0 * plain.rewards,
        "four times the units do not earn four times the reward",
        1e-9,
    )


def purity(problem: Problem, products: Products) -> None:
    """A transition changes none of its arguments and gives the same twice."""
    state, demand = products.initial_state, products.demand[HISTORY]
    order = unstack(random_orders(problem, products)[0])
    arguments = (state, order, demand, products.economics)
    before = [column.copy() for column in flatten(arguments)]
    first, second = problem.transition(*arguments), problem.transition(*arguments)
    changed = any(not np.array_equal(a, b) for a, b in zip(before, flatten(arguments), strict=True))
    require(not changed, "transition changes its arguments")
    require(
        np.array_equal(first.reward, second.reward),
        "transition gives different rewards for the same arguments",
    )


def gradients(problem: Problem, products: Products) -> None:
    """Derivatives by torch equal finite differences in float64, on real-valued orders away from
    kinks.
    """
    import torch

    free = replace(problem, integer_orders=False, order_cap=None)
    few = products.rows(slice(0, 4)).to(torch.empty(0, dtype=torch.float64))
    shift = torch.rand(
        few.demand.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    few = few._replace(demand=few.demand + shift)  # no ties, and so no kinks but by accident
    orders = torch.as_tensor(random_orders(free, products)[:, :4] + 0.123).requires_grad_()
    rewards = lambda orders: rollout(free, Replay(orders), few).rewards  # noqa: E731 - what gradcheck takes
    try:
        torch.autograd.gradcheck(rewards, (orders,), eps=1e-7, atol=1e-4)
    except RuntimeError as error:  # gradcheck raises a kind of it
        raise LawError(
            f"{type(problem).__name__}: gradients differ from finite differences: {error}"
        ) from error


def lead_times(problem: Problem, products: Products) -> None:
    """With free orders, the last order of a channel that reward[t] depends on is order[t - L]."""
    import torch

    free = replace(problem, integer_orders=False, order_cap=None)
    products = products.to(torch.empty(0, dtype=torch.float64))
    costs = {
        name: getattr(products.economics, name) * 0.0
        for name in ORDER_COSTS
        if hasattr(products.economics, name)
    }
    named = {name: cost for name, cost in costs.items() if name in products.economics._fields}
    products = products._replace(economics=products.economics._replace(**named))
    orders = (
        torch.as_tensor(random_orders(free, products.to(np.empty(0)))).add(0.25).requires_grad_()
    )
    rewards = rollout(free, Replay(orders), products).rewards
    t = free.horizon - 1
    (slopes,) = torch.autograd.grad(rewards[t].sum(), orders)
    for name, lead_time, channel in zip(
        free.order_names, free.lead_times, slopes.unbind(-1), strict=True
    ):
        used = channel.abs().sum(1).nonzero().flatten().tolist()
        last = used[-1] if used else None
        require(
            last == t - lead_time,
            f"reward[{t}] should last depend on {name}[{t - lead_time}] (lead time {lead_time}), "
            f"but the last with a gradient is {last}",
        )


PROBLEM_LAWS: dict[str, Callable[[Problem, Products], None]] = {
    law.__name__: law
    for law in (
        kinds_agree,
        mass_balance,
        rows_are_independent,
        homogeneity,
        purity,
        gradients,
        lead_times,
    )
}
