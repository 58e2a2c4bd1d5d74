"""The product of a published instance, with what exact solutions and heuristics know of it."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

import inv_gym
from inv_gym.baselines.fitting.fitting import known_distribution
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation, Policy
from inv_gym.products.sources import ProductSource
from inv_gym.util.arrays import Array, flatten, unflatten, unstack

ProblemKind = TypeVar("ProblemKind", bound=inv_gym.Problem)


class KnownProduct(NamedTuple, Generic[ProblemKind]):
    """One product with its true distribution: what exact solutions and heuristics are made of."""

    problem: ProblemKind
    distribution: Distribution
    economics: Any


AnyProduct = KnownProduct[Any]


def known_product(problem: ProblemKind, source: ProductSource) -> KnownProduct[ProblemKind]:
    """The one product of a source."""
    product = inv_gym.draw_products(source, problem, 1)
    distribution = known_distribution("distribution", product)
    return KnownProduct(problem, distribution, product.economics)


def published(name: str, kind: type[ProblemKind]) -> KnownProduct[ProblemKind]:
    """The product of a published instance of a problem of this kind."""
    task = inv_gym.instance(name)
    assert isinstance(task.problem, kind)
    return known_product(task.problem, task.source)


def actions(product: AnyProduct, rule: Policy, states: np.ndarray, period: int = 0) -> np.ndarray:
    """What a rule orders ``[N, K]`` in states ``[C, N]``, units: each is a row of one batch."""
    problem, number = product.problem, states.shape[1]
    state, scale = unflatten(states, problem.initial_state(np.zeros(1))), np.ones(number)
    order = rule(Observation(state, np.zeros((0, number)), product.economics, scale, None, period))
    columns = unstack(np.broadcast_to(order, (number, problem.order_dim)))
    return np.stack(problem.admissible(columns), 1)


class RememberedOrders:
    """The orders of a rule for one product, each state asked for once: for many paths of it."""

    knows = "distribution"

    def __init__(self, product: AnyProduct, rule: Policy) -> None:
        """Nothing is asked for yet."""
        self._product, self._rule = product, rule
        self._orders: dict[bytes, np.ndarray] = {}

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units."""
        columns = np.array(flatten(observation.state), dtype=float)
        states, place = np.unique(columns, axis=1, return_inverse=True)
        keys = [state.tobytes() for state in states.T]
        unknown = [number for number, key in enumerate(keys) if key not in self._orders]
        if unknown:
            fresh = actions(self._product, self._rule, states[:, unknown])
            self._orders.update(zip([keys[number] for number in unknown], fresh, strict=True))
        return np.stack([self._orders[key] for key in keys])[place.reshape(-1)]
