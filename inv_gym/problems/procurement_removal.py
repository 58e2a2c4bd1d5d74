"""Joint procurement and removal: stock can be bought and taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from inv_gym.problems.costs import check_costs
from inv_gym.problems.lots import Lots
from inv_gym.problems.problem import Outcome, Problem
from inv_gym.util.arrays import Array, Columns, minimum, positive_part, round_half_even
from inv_gym.util.checks import flag, refuse_rows


class ProcurementRemovalEconomics(NamedTuple):
    """Money per unit; columns ``[B]``."""

    price: Array
    """Per unit sold, booked when the unit is demanded if demand waits."""
    unit_cost: Array
    holding_cost: Array
    """Per unit on hand at the end of a period."""
    shortage_cost: Array
    """Per unit of lost sales, on top of the lost price; per unit and period of backlog."""
    removal_value: Array
    """Money for a unit removed; negative is a fee. What is left after the last period is removed.
    """


class ProcurementRemovalState(NamedTuple):
    """Stock at a decision, in units; columns ``[B]``."""

    net_inventory: Array
    """On hand, less the backlog if demand waits."""

    @property
    def inventory_position(self) -> Array:
        """The net inventory: nothing is on order at a decision."""
        return self.net_inventory


class ProcurementRemovalFlows(NamedTuple):
    """What moved in a period, in units; columns ``[B]``."""

    sales: Array
    """Demand met at once."""
    shortage: Array
    """Demand not met at once: lost, or newly backlogged."""
    on_hand: Array
    """Stock at the end of the period."""
    removed: Array


@dataclass(frozen=True, kw_only=True)
class ProcurementRemoval(Problem):
    r"""Procurement and removal: each period, units are ordered (they arrive at once) and units on
    hand are removed.

    Timeline of a period: observe -> remove and order -> receive -> demand -> sell -> charge.

    With stock ``x``, order ``q``, wished removal ``w`` and demand ``d``::

        u      = min(w, x)                                      removed
        y      = x + q - u
        sales  = min(y, d),   x' = y - sales                    (x' = y - d with backlog)
        reward = price * sales - unit_cost * q + removal_value * u - holding_cost * max(y - d, 0)
                 - shortage_cost * max(d - y, 0)

    Episodes start with up to 20 periods' demand on hand, where removal matters.

    Reference: Maggiar & Sadighian (2017). Known value: price 10, unit cost 5, removal value 2,
    holding cost .3, discount .95, Poisson(5): order up to 8, remove down to 37.

    >>> problem = ProcurementRemoval()
    >>> economics = ProcurementRemovalEconomics(10.0, 5.0, 0.5, 0.0, 2.0)
    >>> outcome = problem.transition(problem.initial_state(9.0), (0.0, 3.0), 4.0, economics)
    >>> outcome.reward  # 10*4 + 2*3 - .5*2
    45.0

    Attributes:
        backlog: Demand that is not met waits; otherwise it is lost.
    """

    initial_stock: tuple[float, float] = (0.0, 20.0)
    backlog: bool = False  # type: ignore[misc]

    order_names = ("order", "removal")
    Economics = ProcurementRemovalEconomics

    def __post_init__(self) -> None:
        flag("backlog", self.backlog)
        super().__post_init__()

    @property
    def lead_times(self) -> tuple[int, ...]:
        """Both act at once."""
        return (0, 0)

    def admissible(self, order: Columns) -> Columns:
        """See `Problem`; removals have no cap."""
        capped, _ = super().admissible(order)
        return capped, round_half_even(order[1]) if self.integer_orders else order[1]

    def in_lots(self, order: Columns, lots: Lots | None) -> Columns:
        """See `Problem`; any amount can be removed."""
        return (*super().in_lots(order[:1], lots), order[1])

    def order_bounds(self, scale: float) -> tuple[float, ...]:
        """See `Problem`; a removal can take the largest starting stock."""
        return super().order_bounds(scale)[0], (self.initial_stock[1] + 5.0) * scale

    def initial_state(self, stock: Array) -> ProcurementRemovalState:
        """See `Problem`."""
        return ProcurementRemovalState(stock)

    def transition(
        self,
        state: ProcurementRemovalState,
        order: Columns,
        demand: Array,
        economics: ProcurementRemovalEconomics,
    ) -> Outcome:
        """See `Problem`."""
        quantity, wished = order
        removed = minimum(wished, positive_part(state.net_inventory))
        available = state.net_inventory + quantity - removed
        sales = minimum(positive_part(available), demand)
        shortage = demand - sales
        net = available - demand if self.backlog else available - sales
        on_hand = positive_part(net)
        reward = (
            economics.price * (demand if self.backlog else sales)
            - economics.unit_cost * quantity
            + economics.removal_value * removed
            - economics.holding_cost * on_hand
            - economics.shortage_cost * (on_hand - net if self.backlog else shortage)
        )
        flows = ProcurementRemovalFlows(sales, shortage, on_hand, removed)
        return Outcome(ProcurementRemovalState(net), reward, flows)

    def salvage(
        self, state: ProcurementRemovalState, economics: ProcurementRemovalEconomics
    ) -> Array:
        """What is left is removed; backlog is served at the unit cost."""
        on_hand = positive_part(state.net_inventory)
        owed = on_hand - state.net_inventory
        return economics.removal_value * on_hand - economics.unit_cost * owed

    def check_economics(self, economics: ProcurementRemovalEconomics) -> None:
        """Refuse costs for which ordering never pays, or ordering to remove does (a money machine).

        Raises:
            ValueError: It names the figures and the product.
        """
        check_costs(economics, price=0.0, unit_cost=0.0, holding_cost=0.0, shortage_cost=0.0)
        cost, value = np.asarray(economics.unit_cost), np.asarray(economics.removal_value)
        refuse_rows(
            "removal_value must be below unit_cost, or ordering and removing is a money machine: "
            "got {} and {}.",
            value >= cost,
            value,
            cost,
        )
        worth = np.asarray(economics.shortage_cost) + (
            0.0 if self.backlog else np.asarray(economics.price)
        )
        refuse_rows(
            "shortage_cost (with the price if sales are lost) must be above "
            + ("0, or demand is never served: got {}." if self.backlog else "unit_cost: got {}."),
            worth <= (0.0 if self.backlog else cost),
            worth,
        )
