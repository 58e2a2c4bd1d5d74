"""What optimal policies and heuristics order in each state, and what that costs exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from inv_gym import Policy, ProcurementRemoval, baselines
from inv_gym.baselines.exact import Solution, follow, solve
from inv_gym.baselines.exact.atoms import atoms
from inv_gym.baselines.exact.chain import transition_matrix
from inv_gym.baselines.exact.policy import OptimalOrders
from inv_gym.pictures.figures import Side
from inv_gym.published.products import AnyProduct, KnownProduct, actions
from inv_gym.util.arrays import flatten

OUTLINED_SHARE = 0.95
"""The outlined states hold so much of the time."""
SETTLING_PERIODS = 500
"""Periods after which the distribution of states counts as stationary."""


class OrderPanel(NamedTuple):
    """The actions of one policy."""

    title: str
    actions: np.ndarray
    """``[Y, X]`` units."""
    optimal: np.ndarray
    often: np.ndarray
    """``[Y, X]`` whether the optimal policy spends most of its time there."""


def mesh(across: Side, up: Side) -> np.ndarray:
    """The states ``[2, Y * X]`` of a picture, row by row."""
    ends = [np.arange(side.low, side.high + 1.0) for side in (up, across)]
    upward, onward = (states.ravel() for states in np.meshgrid(*ends, indexing="ij"))
    return np.stack([upward, onward] if up.column < across.column else [onward, upward])


def visits(solution: Solution, stock: float, periods: int) -> np.ndarray:
    """Probabilities ``[periods, S]`` of the states under the optimal policy, from a
    stock on hand.
    """
    model, number = solution.model, len(solution.states)
    demand, rows = model.demand.demand, np.repeat(np.arange(number), len(model.demand.demand))
    shares = np.zeros((periods, number))
    start = np.array(flatten(solution.problem.initial_state(np.array([stock])))).reshape(-1, 1)
    shares[0, solution.place(start)] = 1.0
    for period in range(periods - 1):
        if period < max(len(solution.orders), len(model.demand.probability)):
            order = solution.orders[min(period, len(solution.orders) - 1)][rows]
            state = model.state(solution.states.T[:, rows])
            onward = solution.problem.transition(
                state, tuple(order.T), np.tile(demand, number), model.economics
            ).state
            place = solution.place(np.array(flatten(onward)).reshape(len(solution.states.T), -1))
            matrix = transition_matrix(place.reshape(number, -1), model.demand.at(period), number)
        shares[period + 1] = matrix.T @ shares[period]
    return shares


def mostly(shares: np.ndarray) -> np.ndarray:
    """Which states make the smallest set that holds most of the probability."""
    order = np.argsort(-shares, kind="stable")
    before = np.cumsum(shares[order]) - shares[order]
    return (before < OUTLINED_SHARE)[np.argsort(order)]


def panels(
    product: AnyProduct, rules: Mapping[str, Policy], across: Side, up: Side, channel: int = 0
) -> Iterator[OrderPanel]:
    """The orders of the optimal policy and of the rules, with their exact average costs."""
    states, shape = mesh(across, up), (up.high - up.low + 1, -1)
    solution = solve(product.problem, product.distribution, product.economics, states.sum(0).max())
    place = solution.place(states)
    optimal = solution.orders[0, place, channel].reshape(shape)
    often = mostly(visits(solution, 0.0, SETTLING_PERIODS)[-1])[place].reshape(shape)
    least = average_cost(product, OptimalOrders((solution,), np.zeros(1, int)))
    yield OrderPanel(f"optimal\ncost {least:.3f}", optimal, optimal, often)
    for name, rule in rules.items():
        cost = average_cost(product, rule)
        ordered = actions(product, rule, states)[:, channel].reshape(shape)
        yield OrderPanel(f"{name}\ncost {cost:.3f} {gap(cost, least)}", ordered, optimal, often)


def average_cost(product: AnyProduct, rule: Policy) -> float:
    """Cost per period in the long run, exactly."""
    return -follow(product.problem, rule, product.distribution, product.economics).average()


def gap(figure: float, best: float) -> str:
    """The difference to the optimum, in %."""
    return f"({round(100.0 * (figure / best - 1.0), 2) + 0.0:+.2f} %)"  # + 0.0: never -0.00


def constant_order(product: AnyProduct) -> Policy:
    """The whole constant order next below that of heavy traffic."""
    order = baselines.ConstantOrder.closed_form(*product)
    return replace(order, quantity=np.floor(order.quantity))


def worth(product: KnownProduct[ProcurementRemoval], by_period: np.ndarray) -> np.ndarray:
    """Expected discounted profit from each stock at the start, under actions ``[T, stock, K]``."""
    demand, stock = atoms(product.distribution), np.arange(by_period.shape[1])[:, None] * 1.0
    value = product.problem.salvage(product.problem.initial_state(stock[:, 0]), product.economics)
    for order, probability in zip(by_period[::-1], demand.probability[::-1], strict=True):
        columns = tuple(column[:, None] for column in order.T)
        state = product.problem.initial_state(stock)
        outcome = product.problem.transition(state, columns, demand.demand[None], product.economics)
        onward = value[outcome.state.net_inventory.astype(int)]
        value = (outcome.reward + product.problem.discount * onward) @ probability
    return value
