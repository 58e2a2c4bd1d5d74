"""Perishable stock with a fixed shelf life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from inv_gym.problems.costs import check_costs
from inv_gym.problems.lost_sales import check_sale
from inv_gym.problems.problem import LONGEST_DELAY, Outcome, Problem
from inv_gym.util.arrays import Array, Columns, minimum, total
from inv_gym.util.checks import one_of, whole


class PerishableEconomics(NamedTuple):
    """Money per unit; columns ``[B]``."""

    price: Array
    unit_cost: Array
    """Paid when ordering."""
    holding_cost: Array
    """Per unit that is still usable at the end of a period."""
    shortage_cost: Array
    """Per unit of lost sales, on top of the lost price."""
    salvage_value: Array
    """Per unit of stock and pipeline left after the last period."""
    outdating_cost: Array
    """Per unit that outdates."""


class PerishableState(NamedTuple):
    """Stock at a decision, in units; columns ``[B]``."""

    stock: Columns
    """By remaining life, oldest first: the first column outdates after this period. m columns (with
    today's receipt last), m - 1 for lead time 0."""
    pipeline: Columns
    """L - 1 columns (none for L <= 1); the first arrives next period."""

    @property
    def on_hand(self) -> Array:
        """Stock of all ages, ``[B]``."""
        return total(self.stock)

    @property
    def inventory_position(self) -> Array:
        """Stock on hand plus everything on order, ``[B]``."""
        return total((*self.stock, *self.pipeline))


class PerishableFlows(NamedTuple):
    """What moved in a period, in units; columns ``[B]``."""

    sales: Array
    shortage: Array
    """Lost sales."""
    on_hand: Array
    """Usable stock at the end of the period, before the next receipt."""
    outdated: Array


ISSUING = ("oldest_first", "newest_first")


@dataclass(frozen=True, kw_only=True)
class Perishable(Problem):
    r"""Perishable stock with lost sales: a unit serves the demand of m periods, then it outdates.

    Timeline of a period: receive -> observe -> order -> (receive if L = 0) -> demand -> sell -> age
    -> charge.

    With stock ``x_1 .. x_m`` by remaining life (``x_m = q`` if L = 0) and demand ``d``, oldest
    first::

        sold_i   = min(x_i, d - sold_1 - ... - sold_{i-1})
        left_i   = x_i - sold_i
        outdated = left_1,   x'_i = left_{i+1},   x'_m = what arrives (L > 0)
        reward   = price * sales - unit_cost * q - holding_cost * (left_2 + ... + left_m)
                   - shortage_cost * (d - sales) - outdating_cost * outdated

    Newest first issues in the opposite order.

    Reference: Nahmias (1975), Fries (1975); De Moor et al. (2022). Known value: gamma demand (mean
    4, cv .5) rounded, m = 2, L = 1, at most 10 per order, costs 3, 1, 5 (lost), 7 (outdated),
    discount .99, from empty: optimal discounted cost 1510.470 (oldest first) and 1603.597 (newest
    first).

    >>> problem = Perishable(shelf_life=2)
    >>> economics = PerishableEconomics(10.0, 5.0, 0.5, 0.0, 0.0, 1.0)
    >>> outcome = problem.transition(problem.initial_state(6.0), (4.0,), 3.0, economics)
    >>> outcome.flows.outdated, outcome.reward  # 10*3 - 5*4 - .5*4 - 1*3
    (3.0, 5.0)

    Attributes:
        shelf_life: Periods in which a unit can be sold, m >= 1.
        lead_time: Periods from order to arrival, L >= 0; units arrive fresh.
        issuing: ``oldest_first`` or ``newest_first``.
    """

    shelf_life: int = 3
    lead_time: int = 0
    issuing: str = "oldest_first"

    Economics = PerishableEconomics

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("shelf_life", self.shelf_life, 1, LONGEST_DELAY)
        whole("lead_time", self.lead_time, 0, LONGEST_DELAY)
        one_of("issuing", self.issuing, ISSUING)

    @property
    def lead_times(self) -> tuple[int, ...]:
        """One order channel."""
        return (self.lead_time,)

    def initial_state(self, stock: Array) -> PerishableState:
        """The stock in equal parts of each remaining life, nothing on order; none can be held if m
        = 1 and L = 0.
        """
        classes = self.shelf_life - (self.lead_time == 0)
        return PerishableState(
            (stock / classes,) * classes if classes else (),
            (stock * 0.0,) * max(self.lead_time - 1, 0),
        )

    def transition(
        self, state: PerishableState, order: Columns, demand: Array, economics: PerishableEconomics
    ) -> Outcome:
        """See `Problem`."""
        (quantity,) = order
        stock = state.stock if self.lead_time > 0 else (*state.stock, quantity)
        left, lost = self._issue(stock, demand)
        outdated, *usable = left
        sales = demand - lost
        on_hand = total(usable) if usable else sales * 0.0
        reward = (
            economics.price * sales
            - economics.unit_cost * quantity
            - economics.holding_cost * on_hand
            - economics.shortage_cost * lost
            - economics.outdating_cost * outdated
        )
        pipeline: list[Array] = []
        if self.lead_time > 0:
            arriving, *pipeline = *state.pipeline, quantity
            usable.append(arriving)
        flows = PerishableFlows(sales, lost, on_hand, outdated)
        return Outcome(PerishableState(tuple(usable), tuple(pipeline)), reward, flows)

    def _issue(self, stock: Columns, demand: Array) -> tuple[Columns, Array]:
        """What is left of each class, and the demand that is lost."""
        oldest_first = self.issuing == "oldest_first"
        wanted, left = demand, []
        for units in stock if oldest_first else reversed(stock):
            issued = minimum(units, wanted)
            left.append(units - issued)
            wanted = wanted - issued
        return tuple(left if oldest_first else reversed(left)), wanted

    def salvage(self, state: PerishableState, economics: PerishableEconomics) -> Array:
        """Usable stock and pipeline at the salvage value."""
        return economics.salvage_value * state.inventory_position

    def check_economics(self, economics: PerishableEconomics) -> None:
        """As for lost sales; outdating must not earn money.

        Raises:
            ValueError: It names the figures and the product.
        """
        check_sale(economics)  # type: ignore[arg-type]
        check_costs(economics, outdating_cost=0.0)
