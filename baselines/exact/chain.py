"""Markov chains with rewards, and the exact evaluation of any policy that looks at the
state alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from inv_gym.baselines.exact.atoms import atoms
from inv_gym.baselines.exact.limits import GrowingStockError, TooLargeError, one_product
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Observation, Policy, refuse_other_structure
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten, unflatten, unstack
from inv_gym.util.checks import real, whole

STATE_LIMIT = 3_000_000
"""Most states that a policy is followed to."""
MOST_PERIODS_OF_DEMAND = 100.0
LEAST_STOCK_FOLLOWED = 300.0
"""Stock beyond so many times the mean demand, and so many units, is cut off: some policies let it
grow, with vanishing probability.
"""
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


class _Unseen:
    """What a policy that is followed does not get: any use of it is refused."""

    def _refuse(self, *_: Any) -> Any:
        raise ValueError(
            "exact evaluation shows a policy the state and no history: plan "
            "or fit it first, or use evaluate, which simulates."
        )

    __getattr__ = __getitem__ = __len__ = __iter__ = __array__ = _refuse


class _Followed(NamedTuple):
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
            _Unseen(),
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


class _Keys:
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


def follow(
    problem: Problem,
    policy: Policy,
    distribution: Distribution,
    economics: Any,
    stock: float = 0.0,
    limit: int | None = None,
) -> FollowedChain:
    """The chain of all states that a policy reaches from a stock on hand with nothing on order.

    Its average and discounted rewards are exact, without any simulation.

    Args:
        problem: What is played; horizon and end do not matter.
        policy: Of one product, planned; it sees the state and no history, and orders the same in
            every period.
        distribution: Of one product, the same in all periods; demand in whole numbers.
        economics: NamedTuple of ``[1]`` columns.
        stock: Units on hand at the start, a whole number.
        limit: Most states; `STATE_LIMIT` if None.

    Raises:
        TypeError: The policy cannot be called, or the distribution is none.
        ValueError: The policy is for another structure, there is more than one product, the
            distribution changes over time, the economics or the stock are out of bounds, orders are
            not in whole numbers or change with the period, or the policy looks at a history.
        GrowingStockError: The stock of the policy grows without end.
        AmountsError: Demand comes in amounts.
        TooLargeError: The policy reaches too many states.
    """
    if not callable(policy):
        raise TypeError(f"policy must take an observation and give orders, got {policy!r}.")
    refuse_other_structure(policy, problem)
    _check(problem, distribution, economics, stock)
    allowed = STATE_LIMIT if limit is None else whole("limit", limit, least=1)
    demand = atoms(distribution)
    mean = float(distribution.mean[0, 0])
    most = np.ceil(max(MOST_PERIODS_OF_DEMAND * mean, LEAST_STOCK_FOLLOWED, stock))
    template = problem.initial_state(np.array([float(stock)]))
    product = _Followed(problem, policy, economics, demand.demand, mean, template)
    frontier = np.array(flatten(template)).reshape(-1, 1)
    keys = _Keys(len(frontier), most)

    # keys in ascending order, and where the state of each stands in the chain
    known, places = keys.of(frontier), np.zeros(1, np.int64)
    following, reward, cut = [], [], []
    while frontier.shape[1]:
        # play a period from all states that are new
        onward, earned = product.period(frontier)
        reward.append(earned.reshape(-1, len(demand.demand)) @ demand.probability[0])
        # cut off the stock that grows too large, and remember from where
        cut.append(
            ((onward > most) | (onward < -2.0 * most)).any(0).reshape(-1, len(demand.demand))
            @ demand.probability[0]
        )
        onward = np.clip(onward, -2.0 * most, most)
        reached = keys.of(onward)
        following.append(reached.reshape(-1, len(demand.demand)))
        # the states that are reached for the first time are the next to be played
        fresh, first = np.unique(reached, return_index=True)
        new = ~np.isin(fresh, known, assume_unique=True)
        frontier = onward[:, first[new]]
        # they get the next places, and their keys are put in order with the others
        places = np.concatenate([places, len(known) + np.arange(new.sum())])
        known = np.concatenate([known, fresh[new]])
        order = np.argsort(known)
        known, places = known[order], places[order]
        if len(known) > allowed:
            raise TooLargeError(
                f"the policy reaches more than {allowed:,} states: use evaluate, which simulates."
            )
    table = places[np.searchsorted(known, np.concatenate(following))]
    matrix = transition_matrix(table, demand.probability[0], len(known))
    _refuse_growth(FollowedChain(matrix, np.concatenate(cut)), most)
    return FollowedChain(matrix, np.concatenate(reward))


def _check(problem: Problem, distribution: Distribution, economics: Any, stock: float) -> None:
    """Refuse what is not one product that stays the same.

    Raises:
        ValueError: It names the figure and the remedy.
    """
    one_product("follow", distribution, economics, "use evaluate for a batch, which simulates")
    if not distribution.stationary:
        raise ValueError(
            "follow takes a distribution that is the same in all periods, got one of "
            f"{len(distribution.mean)} periods: use distribution.averaged(), or evaluate, which "
            "simulates."
        )
    problem.check_economics(economics)
    if real("stock", stock, least=0.0) != np.rint(stock):
        raise ValueError(f"stock must be in whole units, got {stock}.")


def _refuse_growth(visits: FollowedChain, most: float) -> None:
    """Refuse a chain without a stationary distribution.

    Args:
        visits: The chain with the probability of being cut off in a period as its reward.
        most: Where stock is cut off, units.

    Raises:
        GrowingStockError: Stock is cut off too often in the long run.
    """
    if not visits.reward.any():
        return
    try:
        share = visits.average()
    except RuntimeError:
        share = np.inf
    if share > CUT_OFF:
        raise GrowingStockError(
            f"the stock of this policy grows without end (beyond {most:,.0f} units), so it has no "
            "average reward: order less than the mean demand, or use evaluate, which simulates a "
            "horizon."
        )
