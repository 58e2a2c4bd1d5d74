"""Lots: the quantities in which a supplier takes orders of a product."""

from __future__ import annotations

from typing import NamedTuple

from inv_gym.util.arrays import Array, indicator, is_torch, round_up

LOT_ROUNDING = 1e-6
"""The share by which an order may exceed a multiple and still be one: 1.1 is 11 times 0.1."""


class Lots(NamedTuple):
    """In which quantities products can be ordered; columns ``[B]``, units.

    The rule is our choice: a positive order below the minimum becomes the minimum, and is then
    rounded up to the multiple. Nothing ordered stays nothing. Both have the last word: they may
    raise an order above a cap, and to a fraction where orders are whole.
    """

    multiple: Array
    """Orders are rounded up to multiples of it; 0 where any amount can be ordered."""
    minimum: Array
    """The least order that is not 0; 0 where there is none."""

    def raised(self, order: Array) -> Array:
        """An order ``[B]`` as the supplier takes it, of the same kind of array. Its gradient
        (torch) is that of the order as it was given (straight through).
        """
        if not is_torch(order):
            return self._raised(order)
        return order + (self._raised(order.detach()) - order.detach())

    def _raised(self, order: Array) -> Array:
        # at least the minimum, where anything is ordered
        lacking = self.minimum - order
        least = order + lacking * indicator((order > 0.0) & (lacking > 0.0), order)

        # multiples, where there is one
        has_multiple = indicator(self.multiple > 0.0, order)
        step = self.multiple + (1.0 - has_multiple)
        whole = step * round_up(least / step * (1.0 - LOT_ROUNDING))
        return has_multiple * whole + (1.0 - has_multiple) * least
