"""The unsteady population: new products of which five demands are known, and whose demand may rise,
fall, jump, swing, or be disturbed at any time. All of it is our choice.
"""

from __future__ import annotations

from dataclasses import replace

from inv_gym.demand.processes import (
    AutocorrelatedLevel,
    DemandShock,
    Process,
    RegimeChange,
    Sometimes,
)
from inv_gym.demand.ranges import LogUniform, Uniform
from inv_gym.demand.unsteady import SpreadChange, StraightTrend, Wave
from inv_gym.products.mixture import Mixture
from inv_gym.products.synthetic import SyntheticProducts

KNOWN_DEMANDS = 5
"""Periods before the start whose demand is known."""
STEADY = SyntheticProducts(
    families=("gamma", "rounded_gamma", "negative_binomial", "poisson"),
    mean=LogUniform(5.0, 500.0),
    dispersion=LogUniform(0.01, 0.3),
    known_periods=KNOWN_DEMANDS,
    shows_calendar=False,
)
JUMP = RegimeChange(LogUniform(0.25, 4.0))
DISTURBANCES = tuple(
    Sometimes(DemandShock(LogUniform(0.2, 4.0), length), 0.5) for length in (3, 6, 10)
)
DRIFT = AutocorrelatedLevel(correlation=Uniform(0.3, 0.98), spread=LogUniform(0.1, 0.6))
WEAKER_DRIFT = replace(DRIFT, spread=LogUniform(0.05, 0.4))
SOME_OF_ALL = (
    Sometimes(JUMP, 0.4),
    Sometimes(StraightTrend(LogUniform(0.4, 2.5)), 0.4),
    Sometimes(Wave(Uniform(0.1, 0.4)), 0.4),
    Sometimes(SpreadChange(LogUniform(0.05, 0.3)), 0.3),
    Sometimes(WEAKER_DRIFT, 0.4),
)


def _changing(*processes: Process) -> SyntheticProducts:
    return replace(STEADY, processes=processes)


UNSTEADY = Mixture(
    (
        (2.0, STEADY),
        (3.0, _changing(JUMP)),
        (3.0, _changing(StraightTrend())),
        (1.0, _changing(SpreadChange())),
        (1.5, _changing(Wave())),
        (1.5, _changing(JUMP, JUMP, JUMP)),
        (1.5, _changing(*DISTURBANCES)),
        (1.5, _changing(DRIFT)),
        (1.0, _changing(*SOME_OF_ALL)),
    )
)
