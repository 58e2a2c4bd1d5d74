"""What a problem is: structure as plain fields, and one pure transition from which every view is
derived.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

from inv_gym.problems.lots import Lots
from inv_gym.util.arrays import Array, Columns, minimum, round_half_even
from inv_gym.util.checks import flag, real, whole

LONGEST_HORIZON = 1_000_000
"""Periods of the longest episode: the demand of a few products for more fills a memory."""
LONGEST_DELAY = 1_000
"""Periods of the longest lead time and shelf life: each has a column in the state."""


class State(Protocol):
    """A NamedTuple of columns (stock in units), seen after today's receipt and before today's
    order.
    """

    @property
    def inventory_position(self) -> Array:
        """Stock on hand plus everything on order, less the backlog, ``[B]``."""
        ...


class Outcome(NamedTuple):
    """What one period brings."""

    state: Any
    """The next state, after tomorrow's receipt."""
    reward: Array
    """Profit of the period, ``[B]``."""
    flows: Any
    """A NamedTuple of columns in units; every problem has at least ``sales``, ``shortage`` (demand
    not met from stock: lost, or newly backlogged) and ``on_hand`` (at the end of the period, what
    holding is charged on)."""


SETTINGS = (
    "horizon",
    "discount",
    "long_run",
    "integer_orders",
    "order_cap",
    "initial_stock",
)
"""Fields that change what is best, but not what a policy sees or how stock moves."""


@dataclass(frozen=True, kw_only=True)
class Problem(ABC):
    """An inventory problem: everything but its products.

    Attributes:
        horizon: Number of periods of an episode, T.
        discount: Discount factor per period, in (0, 1].
        long_run: The horizon only cuts a problem that goes on: no salvage, and episodes end in
            ``truncated``. Otherwise the end is true, what is left (stock and pipeline) is salvaged,
            and episodes end in ``terminated``.
        integer_orders: Orders are rounded to whole numbers, halves to the even one.
        order_cap: The most units per order, or None; what is ordered beyond it does not come.
        censored: The decision maker sees sales in place of demand.
        initial_stock: Range (low, high) of the stock on hand at the start, in units of a product's
            mean demand.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: A field is out of bounds.
    """

    horizon: int = 50
    discount: float = 0.99
    long_run: bool = False
    integer_orders: bool = False
    order_cap: float | None = None
    censored: bool = False
    initial_stock: tuple[float, float] = (0.0, 0.0)

    order_names: ClassVar[tuple[str, ...]] = ("order",)
    Economics: ClassVar[Any]
    """NamedTuple of this problem's prices and costs, in money per unit."""
    backlog: ClassVar[bool] = False
    """Whether demand that is not met waits; a field of the problems that can do either."""

    def __post_init__(self) -> None:
        whole("horizon", self.horizon, 1, LONGEST_HORIZON)
        if not 0.0 < real("discount", self.discount) <= 1.0:
            raise ValueError(f"discount must be above 0 and at most 1, got {self.discount}.")
        flag("long_run", self.long_run)
        flag("integer_orders", self.integer_orders)
        if flag("censored", self.censored) and self.backlog:
            raise ValueError(
                "censored must be False with backlog: demand that waits is seen; set backlog=False "
                "or censored=False."
            )
        if self.order_cap is not None and real("order_cap", self.order_cap) <= 0.0:
            raise ValueError(f"order_cap must be above 0, got {self.order_cap}; None means no cap.")
        object.__setattr__(self, "initial_stock", self._stock_range(self.initial_stock))

    @staticmethod
    def _stock_range(pair: Sequence[float]) -> tuple[float, float]:
        is_pair = isinstance(pair, Sequence) and not isinstance(pair, (str, bytes))
        if not is_pair or len(pair) != 2:
            raise TypeError(f"initial_stock must be a pair (low, high), got {pair!r}.")
        low = real("initial_stock low", pair[0], least=0.0)
        return low, real("initial_stock high", pair[1], least=low)

    @property
    @abstractmethod
    def lead_times(self) -> tuple[int, ...]:
        """Periods from order to arrival, one per order channel."""

    @abstractmethod
    def initial_state(self, stock: Array) -> Any:
        """The state with `stock` on hand (``[B]``, units) and nothing on order."""

    @abstractmethod
    def transition(self, state: Any, order: Columns, demand: Array, economics: Any) -> Outcome:
        """Play one period. Pure, row by row, and exact.

        Args:
            state: NamedTuple of ``[B]`` columns, units.
            order: One ``[B]`` column per order channel, units, at least 0.
            demand: ``[B]``, units.
            economics: NamedTuple of ``[B]`` columns, money per unit.
        """

    @abstractmethod
    def salvage(self, state: Any, economics: Any) -> Array:
        """Money that the state is worth after the last period, ``[B]``."""

    @abstractmethod
    def check_economics(self, economics: Any) -> None:
        """Refuse prices and costs without a finite or a meaningful optimum.

        Raises:
            ValueError: It names the figure, its value and the product.
        """

    @property
    def order_dim(self) -> int:
        """Number of order channels, K."""
        return len(self.order_names)

    @property
    def discounted_periods(self) -> float:
        """The sum of all periods' discount factors: a discounted reward over it is a mean per
        period.
        """
        return sum(self.discount**t for t in range(self.horizon))

    def admissible(self, order: Columns) -> Columns:
        """The orders that the supplier accepts: capped and whole where the problem says so."""
        if self.order_cap is not None:
            cap = float(math.floor(self.order_cap) if self.integer_orders else self.order_cap)
            order = tuple(minimum(quantity, quantity * 0.0 + cap) for quantity in order)
        if self.integer_orders:
            order = tuple(round_half_even(quantity) for quantity in order)
        return order

    def in_lots(self, order: Columns, lots: Lots | None) -> Columns:
        """Admissible orders as a supplier takes them that sells in lots; see `Lots`."""
        return order if lots is None else tuple(map(lots.raised, order))

    def spec(self) -> dict[str, Any]:
        """The fields as plain data: ``type(problem)(**problem.spec())`` is equal to the problem."""
        return asdict(self)

    @property
    def structure(self) -> dict[str, Any]:
        """The fields that decide what is seen and how stock moves: a policy is made for one
        structure, whatever the horizon, the discount, the start and the supplier's limits.
        """
        return {name: value for name, value in self.spec().items() if name not in SETTINGS}

    def order_bounds(self, scale: float) -> tuple[float, ...]:
        """Orders that an action space must reach, per channel, for a mean demand of `scale` units
        (our choice).
        """
        return tuple(
            self.order_cap if self.order_cap is not None else 5.0 * (lead_time + 1) * scale
            for lead_time in self.lead_times
        )
