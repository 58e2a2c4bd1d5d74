"""A population that mixes others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products, concatenate
from inv_gym.products.sources import Extras
from inv_gym.products.synthetic import SyntheticProducts
from inv_gym.util.checks import real


@dataclass(frozen=True)
class Mixture:
    """Each product is drawn from one of several populations. Their distributions are not told: no
    policy that knows the distribution plays on them.

    Attributes:
        parts: A weight above 0 and a population each; the weights need not sum to 1.
    """

    parts: tuple[tuple[float, SyntheticProducts], ...]

    notes: ClassVar[tuple[str, ...]] = ("prices and costs are drawn from ranges of our choice",)

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("parts must hold at least one pair (weight, population), got none.")
        for weight, population in self.parts:
            if real("weight", weight) <= 0.0:
                raise ValueError(f"weight must be above 0, got {weight}.")
            if not isinstance(population, SyntheticProducts):
                raise TypeError(f"parts must hold SyntheticProducts, got {population!r}.")
            if population.covariate_names:
                raise ValueError(
                    "a part must not show the calendar: set shows_calendar=False in each."
                )

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """None: see `SyntheticProducts.shows_calendar`."""
        return ()

    @property
    def largest_scale(self) -> float:
        """The largest of the parts."""
        return max(population.largest_scale for _, population in self.parts)

    @property
    def extras(self) -> Extras:
        """What products of any part may have."""
        every = [population.extras for _, population in self.parts]
        return Extras(*map(any, zip(*every, strict=True)))

    def sample(self, rng: np.random.Generator, batch: int, problem: Problem) -> Products:
        """See `ProductSource`."""
        weights = np.array([weight for weight, _ in self.parts])
        numbers = rng.multinomial(batch, weights / weights.sum())
        drawn = [
            population.sample(rng, int(number), problem)._replace(distribution=None)
            for number, (_, population) in zip(numbers, self.parts, strict=True)
            if number
        ]
        return concatenate(drawn).rows(rng.permutation(batch))
