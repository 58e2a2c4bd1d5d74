"""A match: who plays what, block by block of products; blocks can be played in other processes."""

from __future__ import annotations

import pickle
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inv_gym.play.episode import Step, play
from inv_gym.play.per_date import DateSums
from inv_gym.play.policy import Policy
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products, product_weights
from inv_gym.util.arrays import Array, to_numpy

Figures = Mapping[str, np.ndarray]
"""``[B]`` each: the reward (discounted mean per period), and means per period of what moved."""

REMEDY = (
    "Define its class at the top level of a module that the workers can import (a script needs "
    'if __name__ == "__main__": around what it starts), without lambdas and open files in it, or '
    "play without workers."
)


class Blame(NamedTuple):
    """Which policy an error is the fault of."""

    policy: str
    """Its name among the policies."""
    reason: str
    """The error in a line."""


class PlayedBlock(NamedTuple):
    """A block of products that every policy played."""

    figures: dict[str, Figures]
    """The figures of each policy, by its name."""
    seconds: dict[str, float]
    """How long each took."""
    weights: np.ndarray
    """``[B]`` what a product's unit of money counts, if all products count alike."""
    windows: np.ndarray | None
    """``[B, 2]`` series and first day of each product of real demand."""
    dates: dict[str, DateSums]
    """Sums by date, by the name of the policy; of real demand, if they are kept."""


@dataclass(frozen=True)
class Match:
    """What is the same for every block of products.

    Attributes:
        problem: What is played.
        policies: By name, in the order in which they play.
        warm_up: Periods at the start that do not count.
        like: An array whose kind, dtype and device to play in; None for that of the products.
        by_date: Whether sums by date are kept, of real demand.
    """

    problem: Problem
    policies: Mapping[str, Policy]
    warm_up: int
    like: Array | None = None
    by_date: bool = False

    def play(self, products: Products) -> PlayedBlock:
        """Let every policy play a block. An error that a policy raises carries the blame, see
        `blame_of`.
        """
        if self.like is not None:
            products = products.to(self.like)
        products = products.sealed()
        figures: dict[str, Figures] = {}
        seconds: dict[str, float] = {}
        dates: dict[str, DateSums] = {}
        for name, policy in self.policies.items():
            begin = time.perf_counter()
            steps: Iterable[Step] = play(self.problem, policy, products)
            if self.by_date and products.windows is not None:
                dates[name] = DateSums.of(products.windows, self.problem.horizon)
                steps = _summing(steps, dates[name], products.windows)
            with blaming(name):
                figures[name] = figures_of(self.problem, steps, self.warm_up)
            seconds[name] = time.perf_counter() - begin
        weights = np.asarray(to_numpy(product_weights(products)), np.float64)
        return PlayedBlock(figures, seconds, weights, products.windows, dates)

    def packed(self) -> PackedMatch:
        """The match as it is sent to workers.

        Raises:
            TypeError: The problem or a policy cannot be pickled; the message names it and the
                remedy.
        """
        problem = _pickled(f"the problem {type(self.problem).__name__}", self.problem)
        policies = {
            name: _pickled(f"policy {name}", policy) for name, policy in self.policies.items()
        }
        like = None if self.like is None else self.like[:0]
        return PackedMatch(problem, policies, self.warm_up, like, self.by_date)


@dataclass(frozen=True)
class PackedMatch:
    """A match whose problem and policies are pickled, each on its own.

    Every block unpacks them anew: so it does not matter which blocks a worker played before, and
    threads share nothing.
    """

    problem: bytes
    policies: Mapping[str, bytes]
    warm_up: int
    like: Array | None
    by_date: bool

    def play(self, products: Products, deaths: int = 0) -> PlayedBlock:
        """As `Match.play`; errors that carry the blame can be sent back.

        Args:
            products: The block.
            deaths: How often it was lost with its worker.
        """
        try:
            return self._unpacked().play(products)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise _portable(error) from error

    def _unpacked(self) -> Match:
        policies: dict[str, Policy] = {}
        for name, content in self.policies.items():
            with blaming(name):
                policies[name] = _unpickled(name, content)
        problem = pickle.loads(self.problem)
        return Match(problem, policies, self.warm_up, self.like, self.by_date)


def _pickled(what: str, value: Any) -> bytes:
    """Something as bytes.

    Raises:
        TypeError: It cannot be pickled.
    """
    try:
        return pickle.dumps(value)
    except Exception as error:  # pickling calls code of the user's
        raise TypeError(f"{what} cannot be sent to workers ({error}). {REMEDY}") from error


def _unpickled(name: str, content: bytes) -> Policy:
    """A policy again.

    Raises:
        TypeError: The worker cannot make it.
    """
    try:
        return pickle.loads(content)
    except Exception as error:  # unpickling calls code of the user's
        raise TypeError(
            f"policy {name} cannot be read by a worker ({type(error).__name__}: {error}). {REMEDY}"
        ) from error


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """Let an error that is raised inside carry the blame of a policy."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        vars(error)["blame"] = Blame(name, reason(error))
        raise


def blame_of(error: BaseException) -> Blame | None:
    """Which policy raised an error while it played; None if none did."""
    return vars(error).get("blame")


def reason(error: BaseException) -> str:
    """An error in a line: its kind, its words, and the line of code that raised it."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    line = (
        ""
        if place.filename.startswith("<")
        else f" ({Path(place.filename).name}, line {place.lineno})"
    )
    return f"{type(error).__name__}: {error}{line}"


def _portable(error: BaseException) -> BaseException:
    """An error that survives being sent to another process and ends none."""
    try:
        copied = pickle.loads(pickle.dumps(error))
    except Exception:  # a user's error may have any constructor
        copied = None
    if isinstance(error, Exception) and type(copied) is type(error):
        return error
    portable = RuntimeError(f"{type(error).__name__}: {error}")
    vars(portable).update(blame=blame_of(error))
    return portable


def _summing(steps: Iterable[Step], sums: DateSums, windows: np.ndarray) -> Iterator[Step]:
    """The steps, each summed by date."""
    for step in steps:
        sums.add(step, windows)
        yield step


def figures_of(problem: Problem, steps: Iterable[Step], warm_up: int) -> dict[str, np.ndarray]:
    """Figures of each product of an episode, ``[B]``: discounted mean reward, and means per period
    of what moved.
    """
    sums: dict[str, Any] = defaultdict(float)
    weight = 0.0
    for step in steps:
        if step.period < warm_up:
            continue
        discount = problem.discount ** (step.period - warm_up)
        weight += discount
        sums["reward"] = sums["reward"] + discount * step.outcome.reward
        for name, column in _moved(problem, step).items():
            sums[name] = sums[name] + column
    periods = problem.horizon - warm_up
    means = {
        name: np.asarray(to_numpy(value), np.float64) / periods for name, value in sums.items()
    }
    return means | {"reward": means["reward"] * (periods / weight)}


def _moved(problem: Problem, step: Step) -> dict[str, Array]:
    """What a period adds to the sums."""
    flows = step.outcome.flows
    return {
        "demand": step.demand,
        "periods_without_shortage": 1.0 * (flows.shortage <= 0),
        **flows._asdict(),
        **{
            f"order_{name}": column
            for name, column in zip(problem.order_names, step.accepted, strict=True)
        },
    }
