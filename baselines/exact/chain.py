"""Markov chains with rewards, and the exact evaluation of any policy that looks at the
state alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from inv_gym.baselines.exact.atoms import atoms
from inv_gym.baselines.exact.followed_chain import CUT_OFF, FollowedChain, FollowedPolicy, StateKeys
from inv_gym.baselines.exact.limits import GrowingStockError, TooLargeError, one_product
from inv_gym.demand.distribution import Distribution
from inv_gym.play.policy import Policy, refuse_other_structure
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import flatten
from inv_gym.util.checks import real, whole

STATE_LIMIT = 3_000_000
"""Most states that a policy is followed to."""
MOST_PERIODS_OF_DEMAND = 100.0
LEAST_STOCK_FOLLOWED = 300.0
"""Stock beyond so many times the mean demand, and so many units, is cut off: some policies let it
grow, with vanishing probability.
"""


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
    product = FollowedPolicy(problem, policy, economics, demand.demand, mean, template)
    frontier = np.array(flatten(template)).reshape(-1, 1)
    keys = StateKeys(len(frontier), most)

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
