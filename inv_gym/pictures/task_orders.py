"""The picture of a task: what policies order for one product over the state that they visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

import inv_gym
from inv_gym.pictures.figures import Side
from inv_gym.pictures.network_figures import (
    PolicyOrders,
    ProductRow,
    StateView,
    order_contours,
    order_curves,
)
from inv_gym.pictures.networks import states_shown
from inv_gym.play.episode import play
from inv_gym.play.orders import taken
from inv_gym.play.policy import planned
from inv_gym.structure.violations import observation_of
from inv_gym.util.arrays import flatten, flatten_names

LINE_PANELS = 3
"""Panels beside one another."""
PLANE_NOTE = "Other columns of the state hold what these policies have there on average. "


def visited_states(
    problem: inv_gym.Problem, policy: inv_gym.Policy, product: inv_gym.Products
) -> np.ndarray:
    """The states ``[T, n]`` of a policy in the second half of an episode, in periods of mean
    demand.
    """
    steps = list(play(problem, policy, product))[problem.horizon // 2 :]
    states = np.concatenate([np.stack(flatten(step.observation.state), -1) for step in steps])
    return states / product.scale


def view_of(problem: inv_gym.Problem, states: np.ndarray) -> StateView:
    """The first two columns of the state, or the only one, as far as states ``[N, n]`` reach."""
    names = flatten_names(problem.initial_state(0.0))[:2]
    lows, highs = np.floor(states.min(0)), np.ceil(states.max(0))
    sides = tuple(
        Side(column, name, int(lows[column]), int(max(highs[column], lows[column] + 1)))
        for column, name in enumerate(names)
    )
    note = PLANE_NOTE if states.shape[1] > len(sides) else ""
    return StateView("orders", sides, note)


def orders_shown(
    problem: inv_gym.Problem, policy: inv_gym.Policy, product: inv_gym.Products, states: np.ndarray
) -> np.ndarray:
    """What a policy orders ``[..., K]`` in mid-episode for one product in states ``[..., n]``, both
    in periods of mean demand.
    """
    flat = states.reshape(-1, states.shape[-1]) * product.scale
    repeated = product.rows(np.zeros(len(flat), int))
    observation = observation_of(problem, repeated, flat, problem.horizon // 2)
    order = planned(policy, problem, repeated)(observation)
    shape = (len(flat), problem.order_dim)
    columns = taken(order, shape, repeated.scale, policy) / product.scale
    return columns.reshape(*states.shape[:-1], -1)


def task_picture(task: inv_gym.Task, policies: Mapping[str, inv_gym.Policy], seed: int) -> Figure:
    """The orders of policies over the first two columns of a task's state, or over its only one.

    Args:
        task: The problem, and where the product comes from.
        policies: Who orders, by the name in the picture.
        seed: Of the product.

    Raises:
        ValueError: A policy cannot play the task.
    """
    problem, product = task.problem, task.draw(1, seed)
    visited = {name: visited_states(problem, policy, product) for name, policy in policies.items()}
    states = np.concatenate(list(visited.values()))
    view = view_of(problem, states)
    shown = states_shown(view, states.mean(0))
    looks = {
        name: PolicyOrders(orders_shown(problem, policy, product, shown), visited[name])
        for name, policy in policies.items()
    }
    draw = order_curves if len(view.axes) == 1 else order_contours
    return draw(view, problem.order_names, _rows(looks, view, product), _caption(task, seed))


def _rows(
    looks: Mapping[str, PolicyOrders], view: StateView, product: inv_gym.Products
) -> Sequence[ProductRow[PolicyOrders]]:
    """All policies in one panel for curves; a few panels in a line for contours."""
    facts = (f"mean demand {float(product.scale[0]):.1f} units",)
    names = list(looks)
    size = LINE_PANELS if len(view.axes) == 2 else len(names)
    lines = [names[first : first + size] for first in range(0, len(names), size)]
    return [ProductRow(facts, {name: looks[name] for name in line}) for line in lines]


def _caption(task: inv_gym.Task, seed: int) -> str:
    """What is drawn, in words."""
    return (
        f"{task.name or type(task.problem).__name__}: orders in period {task.problem.horizon // 2} "
        f"for the first product of seed {seed}."
    )
