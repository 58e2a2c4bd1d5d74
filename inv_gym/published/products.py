"""The product of a published instance, with what exact solutions and heuristics know of it."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

import inv_gym
from inv_gym.baselines.fitting.fitting import known_distribution
from inv_gym.demand.distribution import Distribution
from inv_gym.products.sources import ProductSource

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
