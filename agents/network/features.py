"""What networks see: everything free of a product's scale and of the money unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inv_gym.demand.distribution import Distribution
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY
from inv_gym.products.earlier import Earlier
from inv_gym.util import arrays
from inv_gym.util.arrays import Array, is_torch

QUANTILES = (0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95, 0.98, 0.995)
"""Probabilities whose quantiles describe a demand distribution to a network that knows it (our
choice).
"""
STRUCTURE = (
    "lead_time",
    "regular_lead_time",
    "expedited_lead_time",
    "shelf_life",
    "issuing",
    "backlog",
)
"""Fields of a problem that decide what a good order is, beside economics and clock."""
WORDS = ("issuing",)
"""Those of them that are no numbers."""
CLOCK_FEATURES = 2
MEMORY_FEATURES = 3


def structure_names(problem: Problem) -> list[str]:
    """The fields of a problem that decide what a good order is: those named in `STRUCTURE`, and all
    that its class has beyond `Problem`.
    """
    general = {general_field.name for general_field in fields(Problem)}
    own = [own_field.name for own_field in fields(problem) if own_field.name not in general]
    return list(dict.fromkeys([name for name in STRUCTURE if hasattr(problem, name)] + own))


def tensor(array: Array, like: Tensor) -> Tensor:
    """The array as a tensor of the dtype and device of `like`."""
    return array.to(like) if is_torch(array) else arrays.like(np.asarray(array), like)


def economic_features(economics: Sequence[Tensor], magnified: Sequence[float]) -> Tensor:
    """``[B, E + E M]`` each figure as a share of the money unit, as it is and magnified near 0."""
    figures = torch.stack(tuple(economics), -1)
    share = figures / figures.abs().sum(-1, keepdim=True)
    return torch.cat([share, *(torch.asinh(number * share) for number in magnified)], -1)


def memory_features(remembered: Earlier, scale: Tensor) -> Tensor:
    """``[..., B, 3]`` what the history and all that is known before it say together: the mean in
    units of the scale ``[B]``, the number of periods, and how demand spreads, on logarithmic scales
    (our choice).

    Args:
        remembered: ``[..., B]`` periods, units, and squares of both.
        scale: ``[B]``, units.
    """
    periods, demand, squares = remembered
    # a product without any sale looks as if it had sold half a unit
    mean = demand.clamp(min=0.5) / periods
    return torch.stack(
        [
            torch.log(mean / scale),
            torch.log(periods / HISTORY) / 2.0,
            torch.log1p(squares / periods / mean**2) / 2.0,
        ],
        -1,
    )


def clock(problem: Problem, periods: Sequence[int], like: Tensor) -> Tensor:
    """``[T, 1, 2]`` the share of the horizon that is left and one over the periods left; 0 for a
    long-run problem.
    """
    if problem.long_run:
        return like.new_zeros(len(periods), 1, CLOCK_FEATURES)
    left = [max(problem.horizon - t, 1) for t in periods]
    return like.new_tensor([[[n / problem.horizon, 1.0 / n]] for n in left])


def distribution_features(distribution: Distribution, mean: np.ndarray) -> np.ndarray:
    """``[B, len(QUANTILES)]`` quantiles of the next period's demand, in units of its mean."""
    return (
        np.stack([distribution.quantile(np.full(mean.shape, p)) for p in QUANTILES], -1)
        / mean[:, None]
    )


@dataclass(frozen=True)
class StateLayout:
    """How the state of each of some problems fills the columns that one network has.

    A part of the state (a field of its NamedTuple) is padded with zeros at its end to the largest
    that occurs, so a column means the same in all problems: stock of remaining life i, what arrives
    in l periods.

    Attributes:
        widths: Columns of each part.
        structure: Names of the problem's fields that differ, which the network sees.
    """

    widths: tuple[int, ...]
    structure: tuple[str, ...]

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> StateLayout:
        """The smallest layout that holds the states of all the problems."""
        sizes = [_part_sizes(problem) for problem in problems]
        names = structure_names(problems[0])
        varying = [name for name in names if len({getattr(p, name, None) for p in problems}) > 1]
        return cls(tuple(map(max, zip(*sizes, strict=True))), tuple(varying))

    @property
    def columns(self) -> int:
        """Columns in all; a state without any is shown as a 0."""
        return max(sum(self.widths), 1)

    def holds(self, problem: Problem) -> bool:
        """Whether the problem's state fits."""
        sizes = _part_sizes(problem)
        return len(sizes) == len(self.widths) and all(
            a <= b for a, b in zip(sizes, self.widths, strict=True)
        )

    def places(self, problem: Problem) -> list[int]:
        """Which columns the problem's own state fills."""
        begins = accumulate(self.widths, initial=0)
        return [
            begin + n
            for begin, size in zip(begins, _part_sizes(problem), strict=False)
            for n in range(size)
        ]

    def stack(self, state: Any, scale: Tensor) -> Tensor:
        """``[B, columns]`` the state in units of the scale ``[B]``."""
        columns: list[Tensor] = []
        for part, width in zip(state, self.widths, strict=True):
            part = part if isinstance(part, tuple) else (part,)
            columns += [tensor(column, scale) for column in part]
            columns += [torch.zeros_like(columns[0] if columns else scale)] * (width - len(part))
        return torch.stack(columns or [torch.zeros_like(scale)], -1) / scale[:, None]

    def describe(self, problem: Problem) -> list[float]:
        """The structure that differs, as numbers of the order of 1: of a number of periods a share
        of `HISTORY`, and its logarithm, which tells 1 from 2.
        """
        return [figure for name in self.structure for figure in _described(getattr(problem, name))]

    @property
    def described(self) -> int:
        """How many numbers `describe` gives."""
        return sum(1 if name in WORDS else 2 for name in self.structure)


def _described(value: Any) -> tuple[float, ...]:
    """A field of a problem as numbers."""
    if isinstance(value, str):
        return (float(value == "newest_first"),)
    return (math.log1p(float(value)), float(value) / HISTORY)


def _part_sizes(problem: Problem) -> list[int]:
    state = problem.initial_state(0.0)
    return [len(part) if isinstance(part, tuple) else 1 for part in state]
