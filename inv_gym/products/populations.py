"""The named populations."""

from __future__ import annotations

from dataclasses import replace

from inv_gym.demand.processes import (
    AutocorrelatedLevel,
    DemandShock,
    RegimeChange,
    Trend,
    WeeklySeason,
    YearlySeason,
)
from inv_gym.demand.ranges import LogUniform, Uniform
from inv_gym.products.batch import HISTORY
from inv_gym.products.broad import BROAD
from inv_gym.products.mixture import Mixture
from inv_gym.products.synthetic import SyntheticProducts

DEFAULT = SyntheticProducts()
POPULATIONS: dict[str, SyntheticProducts | Mixture] = {
    "default": DEFAULT,
    "poisson": replace(DEFAULT, families=("poisson",)),
    "high_variance": replace(
        DEFAULT, families=("geometric", "negative_binomial"), dispersion=Uniform(0.5, 2.0)
    ),
    "intermittent": replace(
        DEFAULT, families=("negative_binomial",), mean=LogUniform(0.1, 1.0), dispersion=1.0
    ),
    "continuous": replace(
        DEFAULT, families=("gamma", "truncated_normal", "log_normal"), dispersion=Uniform(0.05, 0.5)
    ),
    "seasonal": replace(DEFAULT, processes=(WeeklySeason(), YearlySeason())),
    "trend": replace(DEFAULT, processes=(Trend(),)),
    "autocorrelated": replace(DEFAULT, processes=(AutocorrelatedLevel(),)),
    "regime_change": replace(DEFAULT, processes=(RegimeChange(),)),
    "shock": replace(DEFAULT, processes=(DemandShock(begin=HISTORY + 20),)),
    "broad": BROAD,
}
"""The named presets, all our choice: the default mixes count and amount families with means of 1 to
50 units; see `inv_gym.products.broad` for the broad one.
"""
