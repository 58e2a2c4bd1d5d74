"""The one loop over periods: environments step it, rollouts and evaluations play it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from inv_gym.play.orders import SHORT_HISTORY, policy_name, taken
from inv_gym.play.policy import Observation, Policy, planned
from inv_gym.play.product_checks import check_products
from inv_gym.problems.problem import Outcome, Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.util.arrays import (
    Array,
    Columns,
    apart,
    flatten,
    indicator,
    is_torch,
    lock,
    map_columns,
    positive_part,
    sealed,
    stack,
    unstack,
)


class Episode:
    """The state of one episode of a batch. All rows share the clock.

    Columns may be floats (then `products` holds one product as plain numbers), NumPy arrays or
    torch tensors.
    """

    def __init__(self, problem: Problem, products: Products, state: Any = None) -> None:
        """Args: state: Where to start, instead of the products' own initial state."""
        self.problem = problem
        self.products = products
        self.state = products.initial_state if state is None else state
        self._arrays = isinstance(products.demand, np.ndarray)
        self._past: np.ndarray | None = None
        self._known = 0
        self.period = 0
        self.earlier = products.earlier
        """What is known of the demand before the history of this period."""
        self.accepted: Columns = ()
        """The last order as the supplier accepted it, one column per channel."""
        self._seen: list[Array] = list(products.demand[:HISTORY]) if problem.censored else []
        self._sold_out: list[Array] = self._sold_out_before() if problem.censored else []

    @property
    def done(self) -> bool:
        """Whether the horizon is reached."""
        return self.period >= self.problem.horizon

    def observe(self) -> Observation:
        """What is known before this period's order; nobody can change the game through it."""
        t, products = self.period, self.products
        if self._arrays:
            lock(self.state)
        censored = self.problem.censored
        history = stack(self.recent_sales, 0) if censored else self._history(t)
        covariates = (
            None if products.covariates is None else products.covariates[t : t + HISTORY + 1]
        )
        return Observation(
            self.state,
            history,
            products.economics,
            products.scale,
            covariates,
            t,
            self.known_periods,
            products.lots,
            None if products.prices is None or self.done else self._price(),
            self.earlier,
            self._sold_out_shown(),
            products.covariate_names,
        )

    def show(self) -> Observation:
        """What `observe` gives, in memory of its own: whatever is done to it, the game goes on."""
        return map_columns(apart, self.observe())

    @property
    def known_periods(self) -> Array:
        """How many of the last H periods are known, ``[B]`` or a number for all."""
        at_start = self.products.known_periods
        if at_start is None:
            return float(HISTORY)
        return HISTORY - positive_part(HISTORY - self.period - at_start)

    def _history(self, t: int) -> Array:
        """``[H, B]`` demand of the periods before t.

        NumPy's is a view of a copy that holds nothing later, since ``history.base`` shows all of
        what it is a view of. (Torch shares: there writing would stop the gradient.)
        """
        demand = self.products.demand
        if not self._arrays:
            return demand[t : t + HISTORY]
        if self._past is None:
            self._past = np.full(demand.shape, np.nan, demand.dtype)
        new = slice(self._known, t + HISTORY)
        self._past[new] = demand[new]
        self._known = t + HISTORY
        history = self._past[t : t + HISTORY]
        history.setflags(write=False)
        return history

    def _price(self) -> Array:
        """Today's price ``[B]``, which is a view of no other day's."""
        price = self.products.prices[self.period]  # type: ignore[index]
        return apart(price) if self._arrays else price

    @property
    def recent_sales(self) -> list[Array]:
        """The last H known periods of a censored demand, oldest first, one column each."""
        return self._seen[-HISTORY:]

    @property
    def recent_sold_out(self) -> Any:
        """Whether all was sold in each of the last H periods, oldest first: a column each, or
        ``[H, B]`` that a table tells of its shop; None where demand is seen.
        """
        if self.problem.censored:
            return self._sold_out[-HISTORY:]
        told = self.products.sold_out
        return None if told is None else told[self.period : self.period + HISTORY]

    def _sold_out_shown(self) -> Array | None:
        """``[H, B]`` of `recent_sold_out`, in memory of its own."""
        told = self.recent_sold_out
        if self.problem.censored:
            return stack(told, 0)
        return None if told is None else apart(told)

    def _sold_out_before(self) -> list[Array]:
        """Whether all was sold in each period of the history; products that do not tell it sold out
        in none.
        """
        if self.products.sold_out is not None:
            return list(self.products.sold_out[:HISTORY])
        return [indicator(sales < 0.0, sales) for sales in self._seen]  # 0, where NaN too

    @property
    def _oldest(self) -> Array:
        """The demand (sales, if it is censored) of the first period of the history, ``[B]``."""
        return (self._seen if self.problem.censored else self.products.demand)[self.period]

    def detach(self) -> None:
        """Let no gradient (torch) flow further back than to here."""
        self.state = map_columns(lambda column: column.detach(), self.state)
        self._seen = [column.detach() for column in self._seen]

    def step(self, order: Columns) -> Outcome:
        """Play one period with one column per order channel; the last true period brings the
        salvage value too.
        """
        problem, products = self.problem, self.products
        demand = products.demand[HISTORY + self.period]
        self.accepted = problem.admissible(order)
        if products.lots is not None:
            self.accepted = problem.in_lots(self.accepted, products.lots)
        economics = products.economics
        if products.prices is not None:
            economics = economics._replace(price=products.prices[self.period])
        outcome = problem.transition(self.state, self.accepted, demand, economics)
        if problem.censored:
            self._seen.append(outcome.flows.sales)
            self._sold_out.append(_nothing_left(outcome.flows))
        if self.earlier is not None:
            self.earlier = self.earlier.after(self._oldest)
        self.state = outcome.state
        self.period += 1
        if self.period >= problem.horizon and not problem.long_run:
            salvage = problem.discount * problem.salvage(outcome.state, products.economics)
            outcome = outcome._replace(reward=outcome.reward + salvage)
        return outcome


def _nothing_left(flows: Any) -> Array:
    """``[B]`` 1 where all that could be sold was: nothing was left, on hand or to be thrown
    away.
    """
    left = flows.on_hand + getattr(flows, "outdated", 0.0)
    return indicator(left <= 0.0, left)


class Step(NamedTuple):
    """One period of a played episode."""

    period: int
    observation: Observation
    order: Array
    """``[B, K]`` as the policy gave it, in the products' kind of array, units."""
    accepted: Columns
    """The same as the supplier accepted it: capped and whole where the problem says so."""
    demand: Array
    """``[B]`` units."""
    outcome: Outcome


def play(problem: Problem, policy: Policy, products: Products, state: Any = None) -> Iterator[Step]:
    """Play an episode of a batch of products, period by period.

    A policy can change neither the problem, the products nor the state: it gets copies of all.

    Raises:
        TypeError: The policy's orders are not real numbers.
        ValueError: The policy gave orders of the wrong shape, or negative, too large or NaN ones;
            it changed the products; or products, state or policy are for another structure.
    """
    check_products(problem, products, state)
    # The policy gets a problem and products of its own, and the game is played with others.
    policy = planned(policy, copy.copy(problem), products.apart())
    episode = Episode(copy.copy(problem), products.sealed(), map_columns(sealed, state))
    yield from _periods(episode, policy)


def _periods(episode: Episode, policy: Policy) -> Iterator[Step]:
    """Play an episode with a policy that did its planning."""
    problem, products = episode.problem, episode.products
    shape = (products.batch, problem.order_dim)
    hint = "" if products.known_periods is None else SHORT_HISTORY
    while not episode.done:
        observation, shown = episode.observe(), episode.show()
        versions = _versions(shown)
        order = taken(policy(shown), shape, products.demand, policy, hint)
        if _versions(shown) != versions:
            raise ValueError(
                f"policy {policy_name(policy)} writes into its observation: let it work on a copy "
                "(tensor.clone())."
            )
        outcome = episode.step(unstack(order))
        demand = products.demand[HISTORY + observation.period]
        yield Step(observation.period, observation, order, episode.accepted, demand, outcome)


def _versions(observation: Observation) -> tuple[int, ...]:
    """How often each tensor of an observation was written into (NumPy's cannot be)."""
    columns = (*observation.state, observation.history, *observation.economics, observation.scale)
    return tuple(column._version for column in flatten(columns) if is_torch(column))
