"""Dual sourcing: a cheap slow source and a dear fast one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from inv_gym.problems.costs import check_costs
from inv_gym.problems.problem import LONGEST_DELAY, Outcome, Problem
from inv_gym.util.arrays import Array, Columns, minimum, positive_part, total
from inv_gym.util.checks import flag, refuse_rows, whole


class DualSourcingEconomics(NamedTuple):
    """Money per unit; columns ``[B]``."""

    price: Array
    """Per unit sold, booked when the unit is demanded if demand waits."""
    regular_cost: Array
    expedited_cost: Array
    holding_cost: Array
    """Per unit on hand at the end of a period."""
    shortage_cost: Array
    """Per unit and period of backlog; per unit of lost sales, on top of the lost price."""
    salvage_value: Array
    """Per unit of stock and pipeline left after the last period; backlog left is served at the
    expedited cost.
    """

    @property
    def unit_cost(self) -> Array:
        """What a heuristic for one source pays: the regular cost, ``[B]``."""
        return self.regular_cost


class DualSourcingState(NamedTuple):
    """Stock at a decision, in units; columns ``[B]``."""

    net_inventory: Array
    """On hand less backlog, after today's receipt."""
    pipeline: Columns
    """l_r - 1 columns: what arrives (from either source) in 1, 2, ... periods."""

    @property
    def inventory_position(self) -> Array:
        """Net inventory plus everything on order, ``[B]``."""
        return total((self.net_inventory, *self.pipeline))


class DualSourcingFlows(NamedTuple):
    """What moved in a period, in units; columns ``[B]``."""

    sales: Array
    """Demand met at once."""
    shortage: Array
    """Demand not met at once: newly backlogged, or lost."""
    on_hand: Array
    """Stock at the end of the period."""
    backlogged: Array
    """Backlog at the end of the period; 0 with lost sales."""


@dataclass(frozen=True, kw_only=True)
class DualSourcing(Problem):
    r"""Dual sourcing: an order has a regular (cheap, slow) and an expedited (dear, fast) quantity.

    Timeline of a period: receive -> observe -> order -> (receive expedited if l_e = 0) -> demand ->
    sell or backlog -> charge.

    With lead times ``l_e < l_r``, net inventory ``I``, arrivals ``a_1 .. a_{l_r - 1}`` to come and
    demand ``d``::

        a_{l_r} = q_r,   a_{l_e} += q_e        (I += q_e if l_e = 0)
        I'      = I - d + a_1                  (max(I - d, 0) + a_1 with lost sales)
        reward  = price * d - regular_cost * q_r - expedited_cost * q_e
                  - holding_cost * max(I - d, 0) - shortage_cost * max(d - I, 0)

    where the price is earned on sales only if sales are lost.

    Reference: Fukuda (1964), Whittemore & Saunders (1977), Veeraraghavan & Scheller-Wolf (2008).
    Known value: demand uniform on 0..4, l_e = 0, l_r = 2, costs 100 and 105, holding 5,
    backlog 495: optimal average cost 216.76980 (instance of Gijsbrechts et al. 2022).

    >>> problem = DualSourcing(regular_lead_time=2)
    >>> economics = DualSourcingEconomics(0.0, 10.0, 12.0, 1.0, 9.0, 0.0)
    >>> outcome = problem.transition(problem.initial_state(3.0), (5.0, 2.0), 7.0, economics)
    >>> outcome.reward  # -10*5 - 12*2 - 9*2
    -92.0

    Attributes:
        regular_lead_time: l_r, periods.
        expedited_lead_time: l_e, periods; below l_r.
        backlog: Demand that is not met waits; otherwise it is lost.
    """

    regular_lead_time: int = 2
    expedited_lead_time: int = 0
    backlog: bool = True  # type: ignore[misc]

    order_names = ("regular", "expedited")
    Economics = DualSourcingEconomics

    def __post_init__(self) -> None:
        flag("backlog", self.backlog)
        super().__post_init__()
        whole("regular_lead_time", self.regular_lead_time, 1, LONGEST_DELAY)
        whole("expedited_lead_time", self.expedited_lead_time, 0, LONGEST_DELAY)
        if self.expedited_lead_time >= self.regular_lead_time:
            raise ValueError(
                "expedited_lead_time must be below regular_lead_time, got "
                f"{self.expedited_lead_time} and "
                f"{self.regular_lead_time}; swap them or use InvLostSalesLeadTime-v0."
            )

    @property
    def lead_times(self) -> tuple[int, ...]:
        """Regular, expedited."""
        return (self.regular_lead_time, self.expedited_lead_time)

    def expedited_position(self, state: DualSourcingState) -> Array:
        """Net inventory plus everything due within the expedited lead time, ``[B]``."""
        return total((state.net_inventory, *state.pipeline[: self.expedited_lead_time]))

    def initial_state(self, stock: Array) -> DualSourcingState:
        """See `Problem`."""
        return DualSourcingState(stock, (stock * 0.0,) * (self.regular_lead_time - 1))

    def transition(
        self,
        state: DualSourcingState,
        order: Columns,
        demand: Array,
        economics: DualSourcingEconomics,
    ) -> Outcome:
        """See `Problem`."""
        regular, expedited = order
        available, due = state.net_inventory, [*state.pipeline, regular]
        if self.expedited_lead_time == 0:
            available = available + expedited
        else:
            due[self.expedited_lead_time - 1] = due[self.expedited_lead_time - 1] + expedited
        sales = minimum(positive_part(available), demand)
        shortage = demand - sales
        net = available - demand if self.backlog else available - sales
        on_hand = positive_part(net)
        backlogged = on_hand - net
        reward = (
            economics.price * (demand if self.backlog else sales)
            - economics.regular_cost * regular
            - economics.expedited_cost * expedited
            - economics.holding_cost * on_hand
            - economics.shortage_cost * (backlogged if self.backlog else shortage)
        )
        next_state = DualSourcingState(net + due[0], tuple(due[1:]))
        return Outcome(next_state, reward, DualSourcingFlows(sales, shortage, on_hand, backlogged))

    def salvage(self, state: DualSourcingState, economics: DualSourcingEconomics) -> Array:
        """Stock and pipeline at the salvage value; backlog is served at the expedited cost."""
        owed = positive_part(-state.net_inventory)
        left = state.inventory_position + owed
        return economics.salvage_value * left - economics.expedited_cost * owed

    def check_economics(self, economics: DualSourcingEconomics) -> None:
        """Refuse costs for which one source is never worth it, or ordering to salvage is (a money
        machine).

        Raises:
            ValueError: It names the figures and the product.
        """
        check_costs(economics, price=0.0, regular_cost=0.0, holding_cost=0.0, shortage_cost=0.0)
        regular, expedited = (
            np.asarray(economics.regular_cost),
            np.asarray(economics.expedited_cost),
        )
        refuse_rows(
            "expedited_cost must exceed regular_cost, or the regular source is never used: got {} "
            "and {}.",
            expedited <= regular,
            expedited,
            regular,
        )
        worth = np.asarray(economics.shortage_cost) + (
            0.0 if self.backlog else np.asarray(economics.price)
        )
        refuse_rows(
            "shortage_cost (with the price if sales are lost) must be above "
            + (
                "0, or demand is never served: got {}." if self.backlog else "regular_cost: got {}."
            ),
            worth <= (0.0 if self.backlog else regular),
            worth,
        )
        refuse_rows(
            "salvage_value must be at most regular_cost, or stock is bought to be salvaged: got {} "
            "and {}.",
            np.asarray(economics.salvage_value) > regular * (1.0 + 1e-9),
            economics.salvage_value,
            regular,
        )
