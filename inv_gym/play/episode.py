"""The one loop over periods: environments step it, rollouts and evaluations play it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from inv_gym.play.policy import Observation, Policy, planned
from inv_gym.problems.problem import Outcome, Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.util.arrays import Array, Columns, is_torch, map_columns, stack, to_numpy, unstack


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
        self.period = 0
        self.accepted: Columns = ()
        """The last order as the supplier accepted it, one column per channel."""
        self._seen: list[Array] = list(products.demand[:HISTORY]) if problem.censored else []

    @property
    def done(self) -> bool:
        """Whether the horizon is reached."""
        return self.period >= self.problem.horizon

    def observe(self) -> Observation:
        """What is known before this period's order; views, not copies, unless demand
        is censored.
        """
        t, products = self.period, self.products
        censored = self.problem.censored
        history = stack(self.recent_sales, 0) if censored else products.demand[t : t + HISTORY]
        covariates = (
            None if products.covariates is None else products.covariates[t : t + HISTORY + 1]
        )
        return Observation(self.state, history, products.economics, products.scale, covariates, t)

    @property
    def recent_sales(self) -> list[Array]:
        """Of a censored demand, the last H periods known, oldest first, one column each."""
        return self._seen[-HISTORY:]

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
        outcome = problem.transition(self.state, self.accepted, demand, products.economics)
        if problem.censored:
            self._seen.append(outcome.flows.sales)
        self.state = outcome.state
        self.period += 1
        if self.done and not problem.long_run:
            salvage = problem.discount * problem.salvage(outcome.state, products.economics)
            outcome = outcome._replace(reward=outcome.reward + salvage)
        return outcome


class Step(NamedTuple):
    """One period of a played episode."""

    period: int
    observation: Observation
    order: Array
    """``[B, K]`` as the policy gave it, units."""
    accepted: Columns
    """The same as the supplier accepted it: capped and whole where the problem says so."""
    demand: Array
    """``[B]`` units."""
    outcome: Outcome


def play(problem: Problem, policy: Policy, products: Products, state: Any = None) -> Iterator[Step]:
    """Play an episode of a batch of products, period by period.

    Raises:
        ValueError: The policy gave orders of the wrong shape, or negative, infinite or NaN ones, or
            the products have too few periods.
    """
    if products.periods < problem.horizon:
        raise ValueError(
            f"the products have demand for {products.periods} periods, the horizon is "
            f"{problem.horizon}: "
            "draw the products for this problem."
        )
    policy = planned(policy, problem, products)
    episode = Episode(problem, products, state)
    while not episode.done:
        observation = episode.observe()
        order = policy(observation)
        check_order(order, (products.batch, problem.order_dim), policy)
        outcome = episode.step(unstack(order))
        demand = products.demand[HISTORY + observation.period]
        yield Step(observation.period, observation, order, episode.accepted, demand, outcome)


def check_order(order: Array, shape: tuple[int, int], policy: Policy) -> None:
    """Refuse orders that are not finite numbers of at least 0 in shape ``[B, K]``.

    Raises:
        ValueError: It names the policy, the first bad value and its product.
    """
    name = getattr(policy, "name", type(policy).__name__)
    if tuple(getattr(order, "shape", ())) != shape:
        got = tuple(order.shape) if hasattr(order, "shape") else type(order).__name__
        raise ValueError(
            f"policy {name} must return orders of shape {shape} (products, order channels), got "
            f"{got}."
        )
    # NaN fails both comparisons, and two reductions cost less than a mask of the batch.
    values = order.detach() if is_torch(order) else order
    if not (float(values.min()) >= 0.0 and float(values.max()) < float("inf")):
        values = to_numpy(values)
        row, channel = next(
            zip(*(~((values >= 0) & (values < float("inf")))).nonzero(), strict=True)
        )
        raise ValueError(
            f"policy {name} must return finite orders of at least 0, got {values[row, channel]} "
            f"for product {row}, "
            f"channel {channel}."
        )
