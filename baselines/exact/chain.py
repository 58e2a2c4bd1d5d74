"""Markov chains with rewards, and the exact evaluation of any policy that looks at the
state alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from inv_gym.baselines.exact.atoms import atoms
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation, Policy
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, unflatten, unstack

STATE_LIMIT = 3_000_000
"""Most states that a policy is followed to."""
STOCK_CUT = 100.0
"""Stock beyond so many times the mean demand is cut off: some policies let it grow, with vanishing
probability.
"""
STATIONARITY_TOLERANCE = 1e-11
CHAIN_ITERATIONS = 200_000
DIRECT_STATES = 2000
"""Most states whose average reward is found by linear equations; stock that drifts slowly would
take too long.
"""
RESIDUAL_LIMIT = 1e-9
"""Largest relative residual of these equations."""


def transition_matrix(
    following: np.ndarray, probability: np.ndarray, columns: int
) -> sparse.csr_array:
    """``[R, columns]``: row r goes to ``following[r, n]`` with ``probability[n]``."""
    ends = np.arange(0, following.size + 1, following.shape[1])
    data = np.tile(probability, len(following))
    matrix = sparse.csr_array((data, following.flatten(), ends), shape=(len(following), columns))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


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
        """
        values = np.zeros(len(self.reward))
        for _ in range(periods):
            values = self.reward + discount * (self.transitions @ values)
        for _ in range(warm_up):
            values = self.transitions @ values
        return float(values[0])


def follow(
    problem: Problem, policy: Policy, distribution: Distribution, economics: Any, stock: float = 0.0
) -> FollowedChain:
    """The chain of all states that a policy reaches from a stock on hand with nothing on order.

    Its average and discounted rewards are exact, without any simulation.

    Args:
        problem: What is played; horizon and end do not matter.
        policy: Of one product, planned; it sees the state and no history.
        distribution: Of one product, stationary; demand in whole numbers.
        economics: NamedTuple of ``[1]`` columns.
        stock: Units on hand at the start.

    Raises:
        ValueError: Demand or orders are not in whole numbers, or the policy reaches too many
            states.
    """
    demand = atoms(distribution)
    most = np.ceil(max(STOCK_CUT * float(distribution.mean[0, 0]), stock))
    template = problem.initial_state(np.array([float(stock)]))
    frontier = np.array(flatten(template)).reshape(-1, 1)
    bits = int(np.ceil(np.log2(3.0 * most + 1.0)))
    if bits * len(frontier) > 62:
        raise ValueError(
            f"exact evaluation follows at most {62 // bits} columns of state, got {len(frontier)}."
        )

    def keys(states: np.ndarray) -> np.ndarray:
        """One whole number per state ``[C, N]``."""
        packed = np.zeros(states.shape[1], np.int64)
        for column in states:
            packed = (packed << bits) + (np.rint(column) + 2.0 * most).astype(np.int64)
        return packed

    known, places = (
        keys(frontier),
        np.zeros(1, np.int64),
    )  # keys in order, and where each state stands
    following, reward = [], []
    while frontier.shape[1]:
        onward, earned = _period(problem, policy, template, frontier, economics, demand.demand)
        reward.append(earned.reshape(-1, len(demand.demand)) @ demand.probability[0])
        onward = np.minimum(onward, most)
        reached = keys(onward)
        following.append(reached.reshape(-1, len(demand.demand)))
        fresh, first = np.unique(reached, return_index=True)
        new = ~np.isin(fresh, known, assume_unique=True)
        frontier = onward[:, first[new]]
        places = np.concatenate([places, len(known) + np.arange(new.sum())])
        known = np.concatenate([known, fresh[new]])
        order = np.argsort(known)
        known, places = known[order], places[order]
        if len(known) > STATE_LIMIT:
            raise ValueError(
                f"the policy reaches more than {STATE_LIMIT:,} states: use evaluate, which "
                f"simulates."
            )
    table = places[np.searchsorted(known, np.concatenate(following))]
    return FollowedChain(
        transition_matrix(table, demand.probability[0], len(known)), np.concatenate(reward)
    )


def _period(
    problem: Problem,
    policy: Policy,
    template: Any,
    states: np.ndarray,
    economics: Any,
    demand: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Next states ``[C, S * N]`` and rewards ``[S * N]`` of every state ``[C, S]`` and demand."""
    number = states.shape[1]
    seen = Observation(
        unflatten(states, template), np.zeros((0, number)), economics, np.ones(number), None, 0
    )
    order = np.broadcast_to(policy(seen), (number, problem.order_dim))
    order = np.stack(problem.admissible(unstack(order)), 1)
    bad = (order != np.rint(order)) | (order < 0.0)
    if bad.any():
        raise ValueError(
            f"exact evaluation needs orders in whole units of at least 0, got {order[bad][0]}."
        )
    rows = np.repeat(np.arange(number), len(demand))
    state = unflatten(states[:, rows], template)
    outcome = problem.transition(state, unstack(order[rows]), np.tile(demand, number), economics)
    return np.array(flatten(outcome.state)).reshape(len(states), len(rows)), outcome.reward
