"""The Markov chain of the states that a policy visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from inv_gym.baselines.exact.limits import TooLargeError
from inv_gym.play.policy import Observation, Policy
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, unflatten, unstack
from inv_gym.util.checks import real, whole

CUT_OFF = 1e-9
"""Largest share of time in the long run that may be spent where stock is cut off."""

STATIONARITY_TOLERANCE = 1e-11

CHAIN_ITERATIONS = 200_000

WORD = 62
"""Bits of the number that stands for a state."""

DIRECT_STATES = 2000
"""Most states whose average reward is found by linear equations; stock that drifts slowly would
take too long.
"""

RESIDUAL_LIMIT = 1e-9
"""Largest relative residual of these equations."""


@dataclass(frozen=True, eq=False)
class FollowedChain:
    """A Markov chain with rewards; state 0 is where it starts.

    Attributes:
        transitions: ``[S, S]`` sparse, rows sum to 1.
        reward: ``[S]`` expected reward of a period.
    """

    transitions: sparse.csr_array
    reward: np.ndarray

    def average(self) -> float:
        """The expected reward per period in the long run.

        Raises:
            RuntimeError: It depends on the start, or does not settle.
        """
        if (solved := self._solved()) is not None:
            return solved
        values = np.zeros(len(self.reward))
        stop = STATIONARITY_TOLERANCE * float(np.abs(self.reward).max())
        for _ in range(CHAIN_ITERATIONS):
            onward = self.reward + self.transitions @ values
            change = onward - values
            if change.max() - change.min() <= stop:
                return float(change.min() + change.max()) / 2.0
            # half of each period stands still, so that a chain that goes in circles settles too
            values = (onward + values) / 2.0
            values = values - values[0]
        raise RuntimeError(f"the average reward did not settle in {CHAIN_ITERATIONS} periods.")

    def _solved(self) -> float | None:
        """The average g of a small chain from ``g + v = reward + P v``, v = 0 in state 0; None if
        that fails.
        """
        if len(self.reward) > DIRECT_STATES:
            return None
        equations = np.eye(len(self.reward)) - self.transitions.toarray()
        equations[:, 0] = 1.0
        try:
            gain, *values = np.linalg.solve(equations, self.reward)
        except np.linalg.LinAlgError:
            return None
        relative = np.array([0.0, *values])
        residual = np.abs(self.reward + self.transitions @ relative - relative - gain).max()
        return float(gain) if residual <= RESIDUAL_LIMIT * np.abs(self.reward).max() else None

    def discounted(self, discount: float, periods: int, warm_up: int = 0) -> float:
        """The expected discounted reward of some periods after a warm-up; discounting starts after
        it.

        Args:
            discount: Factor per period, above 0 and at most 1.
            periods: How many count.
            warm_up: How many are played before those.

        Raises:
            ValueError: One of them is out of bounds.
        """
        if not 0.0 < real("discount", discount) <= 1.0:
            raise ValueError(f"discount must be above 0 and at most 1, got {discount}.")
        values = np.zeros(len(self.reward))
        for _ in range(whole("periods", periods, least=0)):
            values = self.reward + discount * (self.transitions @ values)
        for _ in range(whole("warm_up", warm_up, least=0)):
            values = self.transitions @ values
        return float(values[0])


class UnknownHistory:
    """What a policy that is followed does not get: any use of it is refused."""

    def _refuse(self, *_: Any) -> Any:
        raise ValueError(
            "exact evaluation shows a policy the state and no history: plan "
            "or fit it first, or use evaluate, which simulates."
        )

    __getattr__ = __getitem__ = __len__ = __iter__ = __array__ = _refuse


class FollowedPolicy(NamedTuple):
    """One product and the policy that it is followed under."""

    problem: Problem
    policy: Policy
    economics: Any
    demand: np.ndarray
    """``[N]`` its values."""
    scale: float
    """Mean demand, units."""
    template: Any
    """A state of the problem, whose columns stand for those of any state."""

    def orders(self, states: np.ndarray) -> np.ndarray:
        """The accepted orders ``[S, K]`` in states ``[C, S]``.

        Raises:
            ValueError: They change with the period, or are not in whole units of at least 0.
        """
        first = self._orders(states, 0)
        if self.problem.horizon > 1:
            last = self._orders(states, self.problem.horizon - 1)
            if (first != last).any():
                raise ValueError(
                    "exact evaluation follows a policy whose orders do not change with the period, "
                    f"got {first[first != last][0]} in period 0 and {last[first != last][0]} in "
                    f"period {self.problem.horizon - 1}: use evaluate, which simulates."
                )
        bad = (first != np.rint(first)) | (first < 0.0)
        if bad.any():
            raise ValueError(
                f"exact evaluation needs orders in whole units of at least 0, got {first[bad][0]}."
            )
        return first

    def _orders(self, states: np.ndarray, period: int) -> np.ndarray:
        number = states.shape[1]
        observation = Observation(
            unflatten(states, self.template),
            UnknownHistory(),
            self.economics,
            np.full(number, self.scale),
            None,
            period,
        )
        order = np.broadcast_to(self.policy(observation), (number, self.problem.order_dim))
        return np.stack(self.problem.admissible(unstack(order)), 1)

    def period(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Next states ``[C, S * N]`` and rewards ``[S * N]`` for states ``[C, S]``, all demands."""
        order = self.orders(states)
        number, values = states.shape[1], len(self.demand)
        rows = np.repeat(np.arange(number), values)
        outcome = self.problem.transition(
            unflatten(states[:, rows], self.template),
            unstack(order[rows]),
            np.tile(self.demand, number),
            self.economics,
        )
        return np.array(flatten(outcome.state)).reshape(len(states), len(rows)), outcome.reward


class StateKeys:
    """One whole number per state, within a stock of at most some units."""

    def __init__(self, columns: int, most: float) -> None:
        """Enough bits for each column, from twice the largest backlog to the largest stock.

        Raises:
            TooLargeError: The columns do not fit in a word.
        """
        self._least = -2.0 * most
        self._bits = int(np.ceil(np.log2(3.0 * most + 1.0)))
        if self._bits * columns > WORD:
            raise TooLargeError(
                f"exact evaluation follows at most {WORD // self._bits} columns of state, got "
                f"{columns}."
            )

    def of(self, states: np.ndarray) -> np.ndarray:
        """The numbers of states ``[C, N]``."""
        packed = np.zeros(states.shape[1], np.int64)
        for column in states:
            packed = (packed << self._bits) + (np.rint(column) - self._least).astype(np.int64)
        return packed
