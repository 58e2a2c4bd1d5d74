"""What one unit more of stock is worth in procurement and removal, on a lattice of stocks.

The value of a stock is concave (Maggiar & Sadighian 2017), so its slope says all: a unit more is
ordered where it is worth more than the unit cost c, removed where it is worth less than the removal
value s, and is worth between s and c in any stock before the decision. With ``v`` the worth of a
unit in the next period's stock, ``w`` what a unit short costs (price and shortage cost; the
shortage cost alone with backlog), holding cost h and discount g, a unit on top of y units that stay
after the decision is worth::

    w P(D > y) - h P(D <= y) + g E[v(y - D)],      clipped to [s, c] before the decision

where ``v`` below an empty stock is c with backlog (the unit is not ordered then) and 0 with lost
sales. No value itself is needed, so discount 1 is no special case, and what is worth s or c needs
no stocks beyond the lattice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from inv_gym.demand.distribution import Distribution
from inv_gym.problems import ProcurementRemoval
from inv_gym.problems.procurement_removal import (
    ProcurementRemovalEconomics,
    ProcurementRemovalState,
)
from inv_gym.util.arrays import map_columns

DEMAND = 256
"""Steps of demand."""
STOCK = 2048
"""Steps of stock; a level that is not reached on them is held to be infinite."""
LEVEL_STEPS = 32
"""Steps to the usual order-up-to level, at least."""
PRODUCTS_AT_ONCE = 128
"""Products at once: what fits a core's cache."""
ROUNDING_SHARE = 1e-9
"""Share of the unit cost by which a unit must be worth more, to rule out rounding."""


class Kernel(NamedTuple):
    """The demand of a period on the lattice."""

    mass: np.ndarray
    """P(demand is k steps), ``[B, DEMAND]``."""
    short: np.ndarray
    """P(demand is above k steps), ``[B, STOCK]``."""


@dataclass(frozen=True)
class MarginalValue:
    """The worth of a unit ``[B, STOCK]``, money, on top of 0, 1, ... steps of stock.

    Attributes:
        problem: What it is for.
        economics: NumPy ``[B]`` columns.
        step: ``[B]`` units per step. Counts take whole ones: 1, unless the usual order-up-to level
            has many units.
    """

    problem: ProcurementRemoval
    economics: ProcurementRemovalEconomics
    step: np.ndarray

    @classmethod
    def on_lattice_for(
        cls,
        problem: ProcurementRemoval,
        economics: ProcurementRemovalEconomics,
        level: np.ndarray,
        integer: np.ndarray,
    ) -> MarginalValue:
        """On a lattice for products with the usual order-up-to level ``[B]``."""
        step = np.where(
            integer,
            np.maximum(np.floor(level / LEVEL_STEPS), 1.0),
            np.maximum(level, 1e-9) / LEVEL_STEPS,
        )
        return cls(problem, economics, step)

    def kernel(self, distribution: Distribution) -> Kernel:
        """The demand of the next period; what little lies beyond the last step is counted there."""
        cumulative = distribution.cdf((np.arange(DEMAND)[:, None] + 0.5) * self.step).T
        cumulative[:, -1] = 1.0
        short = np.zeros((len(self.step), STOCK))
        short[:, :DEMAND] = 1.0 - cumulative
        return Kernel(np.diff(cumulative, axis=1, prepend=0.0), short)

    def at_the_end(self) -> np.ndarray:
        """The worth after the last period, where the problem salvages what is left; backlog counts
        as served at the unit cost.
        """
        stock = np.arange(STOCK + 1) * self.step[:, None]
        money = map_columns(lambda column: np.reshape(column, (-1, 1)), self.economics)
        salvage = self.problem.salvage(ProcurementRemovalState(stock), money)
        return np.diff(salvage + 0.0 * stock, axis=1) / self.step[:, None]

    def removed(self) -> np.ndarray:
        """The worth of what is sure to be removed."""
        return np.repeat(self.economics.removal_value[:, None], STOCK, 1)

    def before_demand(self, kernel: Kernel, later: np.ndarray) -> np.ndarray:
        """The worth after the decision of a period, from that before the decision of
        the next one.
        """
        size = STOCK + DEMAND
        onward = np.fft.irfft(np.fft.rfft(later, size) * np.fft.rfft(kernel.mass, size), size)[
            :, :STOCK
        ]
        return self._at_once(kernel) + self.problem.discount * onward

    def without_end(self, kernel: Kernel) -> np.ndarray:
        """The worth before the decision if all periods are like this one: the fixed point, from an
        empty stock up.

        Demand 0 leads back to the same stock, whose worth is solved for.
        """
        discount, (mass, _) = self.problem.discount, kernel
        ahead, backward = self._at_once(kernel), mass[:, :0:-1]
        removal, cost = self.economics.removal_value, self.economics.unit_cost
        worth = np.concatenate([np.zeros((len(mass), DEMAND - 1)), self.removed()], 1)
        for k in range(STOCK):
            onward = (backward * worth[:, k : k + DEMAND - 1]).sum(1)
            unclipped = (ahead[:, k] + discount * onward) / (1.0 - discount * mass[:, 0])
            if (unclipped <= removal).all():
                break  # and so with more stock
            worth[:, k + DEMAND - 1] = np.clip(unclipped, removal, cost)
        return worth[:, DEMAND - 1 :]

    def before_decision(self, worth: np.ndarray) -> np.ndarray:
        """The worth before the decision, from that after it: a unit can be bought for c and sold
        for s.
        """
        return np.clip(
            worth, self.economics.removal_value[:, None], self.economics.unit_cost[:, None]
        )

    def level(self, worth: np.ndarray, money: np.ndarray, integer: np.ndarray) -> np.ndarray:
        """The stock ``[B]`` up to which a unit is worth more than some money ``[B]``; infinite
        beyond the lattice.

        The worth of a step counts in its middle, and between two middles it is taken to be linear.
        """
        margin = money + ROUNDING_SHARE * self.economics.unit_cost
        more = worth > margin[:, None]
        steps = np.where(more.all(1), STOCK, more.argmin(1))
        around = np.clip(np.stack([steps - 1, steps], 1), 0, STOCK - 1)
        last, first = np.take_along_axis(worth, around, 1).T
        drop = np.maximum(last - first, np.finfo(float).tiny)
        units = (steps - 0.5 + np.clip(last - money, 0.0, drop) / drop) * self.step
        units = np.where(integer, np.ceil(units - 0.5), units)
        return np.select([steps == 0, steps == STOCK], [0.0, np.inf], units)

    def _at_once(self, kernel: Kernel) -> np.ndarray:
        """What a unit brings in the period itself, and the order that it saves if it serves a
        backlog.
        """
        gain = self.economics.shortage_cost + (
            0.0 if self.problem.backlog else self.economics.price
        )
        if self.problem.backlog:
            gain = gain + self.problem.discount * self.economics.unit_cost
        holding = self.economics.holding_cost[:, None]
        return gain[:, None] * kernel.short - holding * (1.0 - kernel.short)
