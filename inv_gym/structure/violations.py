"""How far a policy is from the structure of an optimal one, on any states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inv_gym.play.episode import Episode
from inv_gym.play.orders import taken
from inv_gym.play.policy import Observation, Policy, planned
from inv_gym.play.product_checks import check_products
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.structure.chains import inequalities
from inv_gym.util.arrays import Array, flatten, unflatten
from inv_gym.util.checks import whole

SLOPE_TOLERANCE = 0.02
"""Slopes that are wrong by less are not called violations (our choice); slopes are units of order
per unit of stock.
"""
STEP = 1e-3
"""Step of finite differences, in units of mean demand, where orders need not be whole; else it is
one unit.
"""


@dataclass(frozen=True)
class Violations:
    """What was found.

    Attributes:
        names: Of the inequalities.
        excess: ``[N, I]`` by how much each is broken in each state, units of order per unit of
            stock; 0 if kept.
    """

    names: tuple[str, ...]
    excess: np.ndarray

    @property
    def largest(self) -> float:
        """The largest excess of any inequality in any state."""
        return float(np.nanmax(self.excess, initial=0.0))

    @property
    def mean(self) -> float:
        """The mean over the states of the largest excess of any inequality."""
        return float(self.worst.mean())

    @property
    def worst(self) -> np.ndarray:
        """``[N]`` the largest excess in each state."""
        return np.nanmax(self.excess, axis=1, initial=0.0)

    def share(self, tolerance: float = SLOPE_TOLERANCE) -> float:
        """Share of the states in which an inequality is broken by more than the tolerance."""
        return float((self.worst > tolerance).mean())

    def rows(self, tolerance: float = SLOPE_TOLERANCE) -> list[dict[str, Any]]:
        """For each inequality: its name, the share of states that break it, the largest excess and
        the mean.
        """
        excess = np.nan_to_num(self.excess)
        return [
            {
                "inequality": name,
                "share": float((column > tolerance).mean()),
                "largest": float(column.max(initial=0.0)),
                "mean": float(column.mean()),
            }
            for name, column in zip(self.names, excess.T, strict=True)
        ]


def violations(
    problem: Problem,
    policy: Policy,
    products: Products,
    states: np.ndarray,
    period: int = 0,
    given: bool = False,
) -> Violations:
    """Measure a policy against the structure of its problem.

    A policy with ``unclipped(observation)``, its orders in torch before they are cut off at 0, is
    differentiated. The cut would hide wrong slopes wherever nothing is ordered, so chains of a
    single channel are judged before it; joint ones are judged after it. Any other policy is judged
    by finite differences of its orders.

    Args:
        problem: Whose structure.
        policy: Planned on the products.
        products: N products (NumPy).
        states: ``[N, n]`` one state for each, units.
        period: Since the start.
        given: Judge all by finite differences of the orders that they give.

    Raises:
        ValueError: The states have another shape or are not finite, the period is outside the
            horizon, or the policy's orders are not valid.
    """
    check_products(problem, products)
    _check_states(states, products)
    if whole("period", period, least=0) >= problem.horizon:
        raise ValueError(f"period must be below the horizon {problem.horizon}, got {period}.")
    policy, rules = planned(policy, problem, products), inequalities(problem)
    if hasattr(policy, "unclipped") and not given:
        own, cut = slopes_by_differentiation(problem, policy, products, states, period)
        return Violations(rules.names, np.where(rules.joint, rules.excess(cut), rules.excess(own)))
    rounds = problem.integer_orders
    step = np.ones(len(states)) if rounds else STEP * products.scale
    excess = rules.excess(slopes_by_differences(problem, policy, products, states, period, step))
    return Violations(rules.names, np.maximum(excess - rules.rounding, 0.0) if rounds else excess)


def _check_states(states: np.ndarray, products: Products) -> None:
    """Refuse states that are not finite numbers of the products' shape.

    Raises:
        ValueError: They are not; the message says what is wanted.
    """
    shape = (products.batch, len(flatten(products.initial_state)))
    wanted = f"states must be finite numbers in shape {shape} (products, columns of the state)"
    if not isinstance(states, np.ndarray) or states.shape != shape:
        raise ValueError(f"{wanted}, got {getattr(states, 'shape', states)!r}.")
    if not np.isfinite(states).all():
        raise ValueError(f"{wanted}, got {states[~np.isfinite(states)][0]}.")


def observation_of(problem: Problem, products: Products, states: Array, period: int) -> Observation:
    """What is seen in a period if the states are these, ``[N, n]`` units."""
    columns = [states[:, column] for column in range(states.shape[1])]
    episode = Episode(problem, products, unflatten(columns, products.initial_state))
    episode.period = period
    return episode.observe()


def slopes_by_differences(
    problem: Problem,
    policy: Policy,
    products: Products,
    states: np.ndarray,
    period: int,
    step: np.ndarray,
) -> np.ndarray:
    """``[N, K, n]`` change of each order for a step more in each column, over the step ``[N]``
    (units).
    """

    def orders(at: np.ndarray) -> np.ndarray:
        order = policy(observation_of(problem, products, at, period))
        return taken(order, (products.batch, problem.order_dim), products.scale, policy)

    here, slopes = orders(states), []
    for column in range(states.shape[1]):
        there = states.copy()
        there[:, column] += step
        slopes.append((orders(there) - here) / step[:, None])
    return np.stack(slopes, -1)


def slopes_by_differentiation(
    problem: Problem, policy: Any, products: Products, states: np.ndarray, period: int
) -> tuple[np.ndarray, np.ndarray]:
    """``[N, K, n]`` derivatives of each order before it is cut off at 0, and after."""
    import torch

    torch_products = products.to(torch.zeros((), dtype=torch.float64))
    at = torch.as_tensor(states, dtype=torch.float64).requires_grad_()
    with torch.enable_grad():
        orders = policy.unclipped(observation_of(problem, torch_products, at, period))
        if not orders.isfinite().all():
            raise ValueError(
                f"policy {type(policy).__name__} must give finite orders, got "
                f"{float(orders.detach()[~orders.isfinite()][0])}."
            )
        # orders that do not depend on stock at all have slopes too, of 0
        sums = [column.sum() + 0.0 * at.sum() for column in orders.unbind(-1)]
        own = torch.stack(
            [torch.autograd.grad(total, at, retain_graph=True)[0] for total in sums], 1
        )
    cut = own * (orders.detach() > 0.0)[..., None]
    return own.numpy(), cut.numpy()
