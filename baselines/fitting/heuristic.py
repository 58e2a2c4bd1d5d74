"""What all heuristics are: an ordering rule with its parameters as plain fields."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from inv_gym.demand import distribution
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import Array, flatten, map_columns, stack, to_numpy
from inv_gym.util.checks import refuse_rows


def in_first_channel(quantity: Array, channels: int) -> Array:
    """Orders ``[B, K]`` with the quantity in the first channel and nothing in the others."""
    return stack([quantity] + [quantity * 0.0] * (channels - 1))


NOT_PARAMETERS = ("problem", "knows", "distribution")


@dataclass(frozen=True, kw_only=True)
class Heuristic(ABC):
    """An ordering rule: a policy whose parameters are fields, each a number or one per product
    (``[B]``).

    Subclasses have constructors that find the parameters from a demand distribution:
    ``closed_form``, ``searched``, ``optimal``, each called with ``(problem, distribution,
    economics)``; `inv_gym.baselines.fitting.fitting` makes policies of them that fit themselves.

    Attributes:
        problem: What it orders for.
        knows: What the parameters rest on; ``nothing`` if you give them yourself.

    Raises:
        TypeError: A parameter is no number.
        ValueError: A parameter is NaN, or negative where it must not be; the first such product is
            named.
    """

    problem: Problem
    knows: str = "nothing"

    NOT_NEGATIVE: ClassVar[tuple[str, ...]] = ()
    """Names of the parameters that must be at least 0."""

    def __post_init__(self) -> None:
        for name, parameter in self.parameters.items():
            for column in flatten((parameter,)):
                try:
                    values = np.asarray(to_numpy(column), dtype=float)
                except (TypeError, ValueError):
                    raise TypeError(f"{name} must be a number, got {column!r}.") from None
                refuse_rows(f"{name} must be a number, got {{}}.", np.isnan(values), values)
                if name in self.NOT_NEGATIVE:
                    refuse_rows(f"{name} must be at least 0, got {{}}.", values < 0.0, values)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name: numbers, ``[B]`` columns, or tuples of columns."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in NOT_PARAMETERS
        }

    def rows(self, rows: slice | np.ndarray) -> Self:
        """The rule for some of the products, in any order and as often as wanted; its parameters
        must be columns.
        """
        columns = {
            name: map_columns(lambda column: column[rows], parameter)
            for name, parameter in self.parameters.items()
        }
        if hasattr(self, "distribution"):
            columns["distribution"] = self.distribution.rows(rows)
        return replace(self, **columns)

    @abstractmethod
    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units."""


Rule = TypeVar("Rule", bound=Heuristic)


def join(rules: Sequence[Rule]) -> Rule:
    """The rules of several batches of products as the rule of one batch."""

    def joined(parts: list[Any]) -> Any:
        if isinstance(parts[0], tuple):
            return tuple(map(np.concatenate, zip(*parts, strict=True)))
        return np.concatenate(parts)

    columns = {
        name: joined([rule.parameters[name] for rule in rules]) for name in rules[0].parameters
    }
    distributions = [rule.distribution for rule in rules if hasattr(rule, "distribution")]
    if distributions:
        columns["distribution"] = distribution.join(distributions)
    return replace(rules[0], **columns)
