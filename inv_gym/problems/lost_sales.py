"""Lost sales, with any lead time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from inv_gym.problems.costs import check_costs
from inv_gym.problems.problem import LONGEST_DELAY, Outcome, Problem
from inv_gym.util.arrays import Array, Columns, minimum, total
from inv_gym.util.checks import refuse_rows, whole


class LostSalesEconomics(NamedTuple):
    """Money per unit; columns ``[B]``."""

    price: Array
    unit_cost: Array
    """Paid when ordering."""
    holding_cost: Array
    """Per unit on hand at the end of a period."""
    shortage_cost: Array
    """Per unit of lost sales, on top of the lost price."""
    salvage_value: Array
    """Per unit of stock and pipeline left after the last period."""


class LostSalesState(NamedTuple):
    """Stock at a decision, in units; columns ``[B]``."""

    on_hand: Array
    """After today's receipt."""
    pipeline: Columns
    """L - 1 columns (none for L <= 1); the first arrives next period."""

    @property
    def inventory_position(self) -> Array:
        """Stock on hand plus everything on order, ``[B]``."""
        return total((self.on_hand, *self.pipeline))


class LostSalesFlows(NamedTuple):
    """What moved in a period, in units; columns ``[B]``."""

    sales: Array
    shortage: Array
    """Lost sales."""
    on_hand: Array
    """Stock at the end of the period."""


def check_sale(economics: LostSalesEconomics) -> None:
    """Refuse costs for which ordering never pays, or ordering to salvage does (a money machine).

    Raises:
        ValueError: It names the figures and the product.
    """
    check_costs(economics, price=0.0, unit_cost=0.0, holding_cost=0.0, shortage_cost=0.0)
    price, cost, _, shortage, salvage = (np.asarray(column) for column in economics[:5])
    refuse_rows(
        "price + shortage_cost must exceed unit_cost, or the critical ratio is not in (0, 1): got "
        "{} + {} and {}.",
        price + shortage <= cost,
        price,
        shortage,
        cost,
    )
    refuse_rows(
        "salvage_value must be at most unit_cost, or stock is bought to be salvaged: got {} and "
        "{}.",
        salvage > cost * (1.0 + 1e-9),
        salvage,
        cost,
    )


@dataclass(frozen=True, kw_only=True)
class LostSales(Problem):
    r"""Lost sales with lead time L: demand beyond the stock is lost.

    Timeline of a period: receive -> observe -> order -> (receive if L = 0) -> demand -> sell ->
    charge.

    With ``x = on_hand``, ``z_1 .. z_{L-1} = pipeline``, order ``q`` and demand ``d``::

        available = x        (x + q if L = 0)
        sales     = min(available, d)
        x'        = available - sales + z_1        (+ q if L = 1, + nothing if L = 0)
        z'        = z_2 .. z_{L-1}, q
        reward    = price * sales - unit_cost * q - holding_cost * (available - sales)
                    - shortage_cost * (d - sales)

    Reference: Karlin (1960) and Veinott (1966) for L = 0, Zipkin (2008) for L > 0. Known value:
    Poisson(5) demand, holding cost 1, shortage cost 4, L = 4: optimal average cost 4.73
    (Zipkin 2008).

    >>> problem = LostSales(lead_time=1)
    >>> economics = LostSalesEconomics(10.0, 6.0, 1.0, 2.0, 6.0)
    >>> outcome = problem.transition(problem.initial_state(5.0), (4.0,), 7.0, economics)
    >>> outcome.reward  # 10*5 - 6*4 - 1*0 - 2*2
    22.0

    Attributes:
        lead_time: Periods from order to arrival, L >= 0.
    """

    lead_time: int = 0

    Economics = LostSalesEconomics

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("lead_time", self.lead_time, 0, LONGEST_DELAY)

    @property
    def lead_times(self) -> tuple[int, ...]:
        """One order channel."""
        return (self.lead_time,)

    def initial_state(self, stock: Array) -> LostSalesState:
        """See `Problem`."""
        return LostSalesState(stock, (stock * 0.0,) * max(self.lead_time - 1, 0))

    def transition(
        self, state: LostSalesState, order: Columns, demand: Array, economics: LostSalesEconomics
    ) -> Outcome:
        """See `Problem`."""
        (quantity,) = order
        available = state.on_hand
        if self.lead_time == 0:
            available = available + quantity
        sales = minimum(available, demand)
        left = available - sales
        lost = demand - sales
        reward = (
            economics.price * sales
            - economics.unit_cost * quantity
            - economics.holding_cost * left
            - economics.shortage_cost * lost
        )
        next_state = LostSalesState(left, ())
        if self.lead_time > 0:
            arriving, *pipeline = *state.pipeline, quantity
            next_state = LostSalesState(left + arriving, tuple(pipeline))
        return Outcome(next_state, reward, LostSalesFlows(sales, lost, left))

    def salvage(self, state: LostSalesState, economics: LostSalesEconomics) -> Array:
        """Stock and pipeline at the salvage value."""
        return economics.salvage_value * state.inventory_position

    def check_economics(self, economics: LostSalesEconomics) -> None:
        """See `Problem`."""
        check_sale(economics)
