"""Where products come from, and how the products of a source are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import DRAW_BLOCK, Products, concatenate
from inv_gym.util.checks import whole


class ProductSource(Protocol):
    """Where products come from: a population, a real table, or one published instance."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the results must know of them (imputed prices, say)."""
        ...

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """Names of the covariates, in order."""
        ...

    @property
    def largest_scale(self) -> float:
        """An upper bound, in units, of the mean demand of a product."""
        ...

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """Draw a batch of products with demand for the problem's horizon (NumPy, float64)."""
        ...


class Extras(NamedTuple):
    """What products of a source may have that those of other sources do not."""

    short_histories: bool = False
    """Fewer than H known periods."""
    earlier: bool = False
    """Periods that are known before the history."""
    sold_out: bool = False
    """A table that tells in which periods its shop sold out."""
    lots: bool = False
    """An order multiple or a minimum order."""
    prices: bool = False
    """Prices that change over time."""

    def shown_in(self, problem: Problem) -> Extras:
        """What observations of the problem show: which periods sold out wherever sales are seen in
        place of demand, and prices only where it has one.
        """
        return self._replace(
            sold_out=self.sold_out or problem.censored,
            prices=self.prices and "price" in problem.Economics._fields,
        )


NO_EXTRAS = Extras()


def extras_of(source: ProductSource) -> Extras:
    """What products of a source may have. A source tells it by an attribute ``extras``; without
    one, nothing.
    """
    return getattr(source, "extras", NO_EXTRAS)


def with_names(products: Products, source: ProductSource) -> Products:
    """Products of a source, their covariates under its names if they came without any."""
    if products.covariate_names is not None:
        return products
    return products._replace(covariate_names=tuple(source.covariate_names))


def blocks(source: ProductSource, problem: Problem, number: int, seed: int) -> Iterator[Products]:
    """The first `number` products of a seed, block by block; product i does not depend
    on `number`.

    A source with a method ``listed(rng, rows, problem)`` gives its products in their order, instead
    of drawing them.
    """
    listed = getattr(source, "listed", None)
    for index, first in enumerate(range(0, number, DRAW_BLOCK)):
        rng = np.random.default_rng([seed, index])
        if listed is not None:
            drawn = listed(rng, slice(first, min(first + DRAW_BLOCK, number)), problem)
        else:
            drawn = source.sample(rng, DRAW_BLOCK, problem).rows(slice(0, number - first))
        yield with_names(drawn, source)


def draw_products(source: ProductSource, problem: Problem, number: int, seed: int = 0) -> Products:
    """The first `number` products of a seed in one batch."""
    return concatenate(
        list(blocks(source, problem, whole("number", number, 1), whole("seed", seed, 0)))
    )
