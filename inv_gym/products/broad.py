"""The broad population: what shops, restaurants and warehouses sell by the day, week or month.

All of it is our choice. The shares of its parts and their ranges were chosen by comparing means,
dispersions, shares of zeros, autocorrelations, weekday profiles and trends with those of the
training periods of real tables; the shares of the environments' own populations by what networks
earn on these. Variants were compared on validation periods of the tables.
"""

from __future__ import annotations

from dataclasses import replace

from inv_gym.demand.processes import (
    AutocorrelatedLevel,
    ClosedWeekday,
    DemandShock,
    Process,
    Promotions,
    RandomWalkLevel,
    RegimeChange,
    Sometimes,
    Trend,
    WeeklySeason,
    YearlySeason,
)
from inv_gym.demand.ranges import LogUniform, Uniform
from inv_gym.products.batch import HISTORY
from inv_gym.products.earlier import MEMORY
from inv_gym.products.economics import EconomicsRanges
from inv_gym.products.mixture import Mixture
from inv_gym.products.synthetic import SyntheticProducts

ECONOMICS = EconomicsRanges(
    price=LogUniform(1.0, 20.0),
    margin=Uniform(0.03, 0.8),
    holding_rate=LogUniform(0.0005, 1.0),
    shortage_rate=LogUniform(0.003, 3.0),
    outdating_rate=Uniform(0.0, 0.5),
    expediting_rate=LogUniform(0.005, 0.5),
    removal_rate=Uniform(-0.3, 0.95),
)
"""From daily groceries to monthly spare parts, and to goods that are worth nothing the next day."""


def changes(frequency: float) -> tuple[Process, ...]:
    """What demand does over time; `frequency` counts how often."""
    return (
        Sometimes(WeeklySeason(spread=Uniform(0.05, 0.6)), 0.5 * frequency),
        Sometimes(ClosedWeekday(), 0.05 * frequency),
        Sometimes(YearlySeason(), 0.3 * frequency),
        Sometimes(Trend(rate=Uniform(-0.005, 0.005)), 0.2 * frequency),
        Sometimes(
            AutocorrelatedLevel(correlation=Uniform(0.5, 0.98), spread=LogUniform(0.05, 0.6)),
            0.5 * frequency,
        ),
        Sometimes(RandomWalkLevel(), 0.4 * frequency),
        Sometimes(RegimeChange(), 0.15 * frequency),
        Sometimes(DemandShock(), 0.1 * frequency),
        Sometimes(Promotions(), 0.1 * frequency),
    )


SLOW = SyntheticProducts(
    families=("poisson", "poisson", "poisson", "negative_binomial"),
    mean=LogUniform(0.01, 20.0),
    dispersion=LogUniform(0.02, 5.0),
    economics=ECONOMICS,
    earlier_periods=Uniform(0, MEMORY),
    shows_calendar=False,
    has_sold=True,
)
FAST = replace(
    SLOW,
    families=("poisson", "negative_binomial", "gamma", "rounded_gamma"),
    mean=LogUniform(3.0, 20000.0),
    dispersion=LogUniform(0.005, 1.0),
)
STATIONARY_SLOW = SLOW
CHANGING_SLOW = replace(
    SLOW, families=("poisson", "negative_binomial"), processes=changes(frequency=0.5)
)
STATIONARY_FAST = FAST
CHANGING_FAST = replace(
    FAST,
    families=("poisson", "negative_binomial", "negative_binomial", "gamma", "rounded_gamma"),
    processes=changes(frequency=1.0),
)
USUAL = SyntheticProducts()
USUAL_VARIABLE = replace(
    USUAL, families=("geometric", "negative_binomial"), dispersion=Uniform(0.5, 2.0)
)
"""The environments' own populations."""
ONLY_HISTORY = 0.25
"""Share of the products of which nothing before the history is known; half of them have short
histories.
"""


def _parts(weight: float, population: SyntheticProducts) -> list[tuple[float, SyntheticProducts]]:
    """A population, and the same with products of which less is known."""
    alone = replace(population, earlier_periods=0)
    new = replace(alone, known_periods=Uniform(1, HISTORY))
    return [
        (weight * (1.0 - ONLY_HISTORY), population),
        (weight * ONLY_HISTORY / 2.0, alone),
        (weight * ONLY_HISTORY / 2.0, new),
    ]


BROAD = Mixture(
    (
        *_parts(0.22, STATIONARY_SLOW),
        *_parts(0.22, CHANGING_SLOW),
        *_parts(0.13, STATIONARY_FAST),
        *_parts(0.31, CHANGING_FAST),
        (0.2, USUAL),
        (0.18, USUAL_VARIABLE),
    )
)
