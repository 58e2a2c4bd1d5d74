"""The Markov decision process of one product, built by playing the problem's own transition."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy import sparse

from inv_gym.baselines.exact.atoms import Atoms
from inv_gym.baselines.exact.chain import transition_matrix
from inv_gym.baselines.exact.followed_chain import FollowedChain
from inv_gym.baselines.exact.limits import TooLargeError
from inv_gym.baselines.exact.states import StateSpace
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, map_columns, unflatten

CHUNK = 1_000_000
"""Transitions that are played at a time."""
VALUES_HELD = 4_000_000
"""Values of (row, later order) that are held at a time while values are backed up."""
TIE_TOLERANCE = 1e-10
"""Values that differ by less, relative to the largest reward, are a tie: the smaller order is
taken.
"""


class Transitions(NamedTuple):
    """What playing rows of states, orders and demands brings."""

    place: np.ndarray
    """``[N]`` the next state's place among the states, -1 outside."""
    columns: np.ndarray
    """``[C, N]`` the next state."""
    reward: np.ndarray
    """``[N]``."""


class Backup(NamedTuple):
    """One application of the Bellman operator."""

    values: np.ndarray
    """``[S]``."""
    row: np.ndarray
    """``[S]`` the row of the best order that acts at once."""
    later: np.ndarray
    """``[S]`` the best order that arrives later."""


Matrices: TypeAlias = list[tuple[slice, sparse.csr_array]]
"""Blocks of rows, each with its matrix ``[rows, bases]``."""


class Model:
    """States, orders, transitions and expected rewards of one product.

    Orders that act before demand (lead time 0) make a *row* with their state. Orders that arrive
    later add to the next state whatever demand does; so the table of transitions has rows alone,
    and all later orders are valued by one product of a sparse matrix with a dense one.
    """

    def __init__(
        self, problem: Problem, economics: Any, space: StateSpace, demand: Atoms, limit: int
    ) -> None:
        """Build the tables.

        Raises:
            TooLargeError: They would exceed the limit.
        """
        self.problem, self.space, self.demand = problem, space, demand
        self.economics = map_columns(
            lambda column: float(np.asarray(column).reshape(-1)[0]), economics
        )
        self._template = problem.initial_state(np.zeros(1))
        # a first axis of one place serves the problems without any stock between periods (shelf
        # life 1)
        self._low = np.concatenate([[0.0], space.low])[:, None]
        self._shape = (1, *(space.high - space.low + 1.0).astype(int))
        size = int(np.prod(self._shape, dtype=float)) * len(space.now) * len(demand.demand)
        if size > limit:
            raise TooLargeError(
                f"the exact solution needs up to {np.prod(self._shape, dtype=float):,.0f} states "
                f"and {size:,} "
                f"transitions, more than the limit of {limit:,}: take shorter lead times or a "
                "smaller mean, or use "
                "inv_gym.baselines.exact.upper_bound."
            )
        grid = np.indices(self._shape).reshape(len(self._shape), -1)[1:] + self._low[1:]
        inside = (
            np.ones(grid.shape[1], bool) if space.admissible is None else space.admissible(grid.T)
        )
        self.states = grid[:, inside]
        """``[C, S]``, units."""
        self._place = np.full(len(inside), -1, np.int32)
        self._place[inside] = np.arange(inside.sum(), dtype=np.int32)
        self._build_rows()
        self._build_later()

    def locate(self, columns: np.ndarray) -> np.ndarray:
        """The places of states ``[C, N]``, -1 outside the space; what is below the least value
        counts as that.
        """
        whole = np.rint(np.concatenate([np.zeros((1, columns.shape[1])), columns])) - self._low
        whole = np.maximum(whole, 0.0).astype(np.int64)
        outside = (whole >= np.array(self._shape)[:, None]).any(0)
        flat = np.ravel_multi_index(tuple(whole), self._shape, mode="clip")
        return np.where(outside, -1, self._place[flat])

    def state(self, columns: np.ndarray) -> Any:
        """The problem's state with the given columns ``[C, N]``."""
        return unflatten(columns, self._template)

    def _play(self, states: np.ndarray, orders: np.ndarray, demand: np.ndarray) -> Transitions:
        """Play a period for states ``[C, N]``, orders ``[N, K]`` and demands ``[N]``."""
        outcome = self.problem.transition(
            self.state(states), tuple(orders.T), demand, self.economics
        )
        following = np.array(flatten(outcome.state)).reshape(len(states), len(demand))
        return Transitions(self.locate(following), following, outcome.reward)

    def _build_rows(self) -> None:
        """Rows (state, order that acts at once): where each demand leads, and the expected reward
        of each period.
        """
        atoms, now = self.demand.demand, self.space.now
        parts = []
        step = max(CHUNK // (len(now) * len(atoms)), 1)
        for first in range(0, self.states.shape[1], step):
            states = self.states[:, first : first + step]
            owner, choice = np.divmod(np.arange(states.shape[1] * len(now)), len(now))
            inside = self._play(states[:, owner], now[choice], np.zeros(len(owner))).place >= 0
            owner, choice = owner[inside], choice[inside]
            rows = np.repeat(np.arange(len(owner)), len(atoms))
            played = self._play(
                states[:, owner[rows]], now[choice[rows]], np.tile(atoms, len(owner))
            )
            expected = played.reward.reshape(-1, len(atoms)) @ self.demand.probability.T
            parts.append((owner + first, choice, played.place.reshape(-1, len(atoms)), expected))
        self.owner, self.choice, following, self.reward = (
            np.concatenate(part) for part in zip(*parts, strict=True)
        )
        if (following < 0).any() or len(np.unique(self.owner)) < self.states.shape[1]:
            raise RuntimeError("the state space is not closed: a period without order leaves it.")
        self.start = np.searchsorted(self.owner, np.arange(self.states.shape[1]))
        self.bases, inverse = np.unique(following, return_inverse=True)
        self.following = inverse.reshape(following.shape).astype(np.int32)
        """``[rows, N]`` places in `bases`, the states that follow periods without later orders."""

    def _build_later(self) -> None:
        """Where each later order leads from the states that follow without it, and
        what it earns.
        """
        later = self.space.later
        nothing = np.zeros_like(later)
        empty = np.repeat(self.states[:, :1], len(later), 1)
        with_order, without = (
            self._play(empty, orders, np.zeros(len(later))) for orders in (later, nothing)
        )
        self.later_reward = with_order.reward - without.reward
        shift = with_order.columns - without.columns
        targets = [
            self.locate(self.states[:, self.bases] + shift[:, [k]]) for k in range(len(later))
        ]
        self.target = np.stack(targets, 1).astype(np.int32)
        """``[bases, A']`` places of states, -1 where the order is not allowed."""

    def matrices(self, period: int) -> Matrices:
        """Blocks of rows with their transition matrices ``[rows, bases]`` under the demand of a
        period.
        """
        size = max(VALUES_HELD // len(self.space.later), 1)
        blocks = [slice(first, first + size) for first in range(0, len(self.owner), size)]
        probability, bases = self.demand.at(period), len(self.bases)
        return [
            (rows, transition_matrix(self.following[rows], probability, bases)) for rows in blocks
        ]

    def rewards(self, period: int) -> np.ndarray:
        """Expected rewards of the rows, without later orders, in a period."""
        return self.reward[:, min(period, self.reward.shape[1] - 1)]

    def backup(
        self, values: np.ndarray, discount: float, period: int, matrices: Matrices
    ) -> Backup:
        """The best that a period and the values after it bring from each state."""
        # what each later order leads to from each state that follows without it
        onward = np.where(self.target >= 0, values[self.target], 0.0)
        best, later = np.empty(len(self.owner)), np.empty(len(self.owner), np.int32)
        rewards = self.rewards(period)
        slack = TIE_TOLERANCE * max(float(np.abs(rewards).max()), 1e-300)
        for rows, matrix in matrices:
            # the expected worth of each later order, for some rows at a time
            worth = self.later_reward + discount * (matrix @ onward)
            # without demand the next state is the largest: where that is allowed, all are
            worth[self.target[self.following[rows, 0]] < 0] = -np.inf
            # the smallest of the best later orders
            top = worth.max(1)
            later[rows] = (worth >= top[:, None] - slack).argmax(1)
            best[rows] = rewards[rows] + top
        # the best order that acts at once: rows stand in the order of their states
        highest = np.maximum.reduceat(best, self.start)
        # the smallest of those that are as good
        near = np.flatnonzero(best >= highest[self.owner] - slack)
        row = near[np.searchsorted(self.owner[near], np.arange(len(self.start)))]
        return Backup(highest, row, later[row])

    def chain(self, row: np.ndarray, later: np.ndarray, period: int) -> FollowedChain:
        """The chain under a policy: the chosen row and later order of each state."""
        indices = self.target[self.following[row], later[:, None]]
        matrix = transition_matrix(indices, self.demand.at(period), len(row))
        return FollowedChain(matrix, self.rewards(period)[row] + self.later_reward[later])

    def orders(self, row: np.ndarray, later: np.ndarray) -> np.ndarray:
        """``[S, K]`` units."""
        return self.space.now[self.choice[row]] + self.space.later[later]
