"""Prices and costs of a population of products: our choice, drawn per product.

Every problem names the figures it needs in a NamedTuple of ``[B]`` columns; `draw_economics` draws
all the figures that the five problems use, and a problem picks its own by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from inv_gym.demand.ranges import LogUniform, Range, Uniform, draw, keep_range, within

EXTRA = "extra "
"""Before the names of the figures that a problem of the user's names."""


@dataclass(frozen=True)
class EconomicsRanges:
    """Ranges that prices and costs are drawn from. All of it is our choice; the literature gives no
    ranges.

    Attributes:
        price: Money per unit sold.
        margin: Share of the price that is not unit cost.
        holding_rate: Holding cost per unit and period, as a share of the unit cost.
        shortage_rate: Shortage cost per unit, as a share of the price.
        outdating_rate: Outdating cost per unit, as a share of the unit cost.
        expediting_rate: Premium of the expedited source, as a share of the unit cost.
        removal_rate: Removal value per unit, as a share of the unit cost; negative is a removal
            fee.
        salvage_rate: Salvage value per unit left at the end, as a share of the unit cost. With 1
            the critical ratio of the last period is that of every other one (Veinott 1966), so
            stationary levels stay optimal to the end.
        extra: Ranges, in money, of figures that a problem of your own names.

    Each is a number, a pair (low, high) or a range such as `LogUniform`.

    Raises:
        TypeError: A range has an end that is not a number, or `extra` is no mapping.
        ValueError: A range is not finite or has draws out of bounds; the message names it.
    """

    price: Range = LogUniform(2.0, 20.0)
    margin: Range = Uniform(0.2, 0.6)
    holding_rate: Range = Uniform(0.01, 0.1)
    shortage_rate: Range = Uniform(0.1, 0.5)
    outdating_rate: Range = Uniform(0.0, 0.2)
    expediting_rate: Range = Uniform(0.02, 0.2)
    removal_rate: Range = Uniform(-0.1, 0.6)
    salvage_rate: Range = 1.0
    extra: Mapping[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keep_range(self, "price", 0.0)
        keep_range(self, "margin", 0.0, 1.0)
        for name in (
            "holding_rate",
            "shortage_rate",
            "outdating_rate",
            "expediting_rate",
        ):
            keep_range(self, name, 0.0)
        for name in ("removal_rate", "salvage_rate"):
            keep_range(self, name)
        if not isinstance(self.extra, Mapping):
            raise TypeError(f"extra must be a mapping from names to ranges, got {self.extra!r}.")
        figures = {name: within(EXTRA + name, given) for name, given in self.extra.items()}
        object.__setattr__(self, "extra", figures)


def draw_economics(
    ranges: EconomicsRanges,
    rng: np.random.Generator,
    batch: int,
    price: np.ndarray | None = None,
    unit_cost: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Draw every figure for a batch of products, each ``[B]``, in money per unit.

    A price or unit cost that is known is given, ``[B]``; the others follow from it. The rates drawn
    are the same.
    """
    unknown = np.full(batch, np.nan)
    return economics_of(
        draw_rates(ranges, rng, batch),
        unknown if price is None else price,
        unknown if unit_cost is None else unit_cost,
    )


def draw_rates(
    ranges: EconomicsRanges, rng: np.random.Generator, batch: int
) -> dict[str, np.ndarray]:
    """Draw from each range, ``[B]`` by its name; those of further figures stand after `EXTRA`."""
    rates = {
        name: draw(getattr(ranges, name), rng, batch)
        for name in ranges.__dataclass_fields__
        if name != "extra"
    }
    return rates | {EXTRA + name: draw(what, rng, batch) for name, what in ranges.extra.items()}


def economics_of(
    rates: Mapping[str, np.ndarray], price: np.ndarray, unit_cost: np.ndarray
) -> dict[str, np.ndarray]:
    """Every figure that follows from rates, each ``[B]``, in money per unit.

    Args:
        rates: See `draw_rates`.
        price: What is known of the prices, ``[B]``, NaN where nothing is.
        unit_cost: The same of the unit costs.
    """
    share = 1.0 - rates["margin"]
    drawn = np.where(np.isnan(unit_cost), rates["price"], unit_cost / share)
    price = np.where(np.isnan(price), drawn, price)
    unit_cost = np.where(np.isnan(unit_cost), price * share, unit_cost)
    figures = {
        "price": price,
        "unit_cost": unit_cost,
        "regular_cost": unit_cost,
        "expedited_cost": unit_cost * (1.0 + rates["expediting_rate"]),
        "holding_cost": unit_cost * rates["holding_rate"],
        "shortage_cost": price * rates["shortage_rate"],
        "outdating_cost": unit_cost * rates["outdating_rate"],
        "removal_value": unit_cost * rates["removal_rate"],
        "salvage_value": unit_cost * rates["salvage_rate"],
    }
    extra = [name for name in rates if name.startswith(EXTRA)]
    return figures | {name.removeprefix(EXTRA): rates[name] for name in extra}
