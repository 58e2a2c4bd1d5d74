"""Heuristics of the literature as policies; `policies` lists those that apply to a problem."""

from inv_gym.baselines.catalogue import Applicable, Entry, applicable, policies, reference
from inv_gym.baselines.fitting.fitting import Adaptive, Fitted
from inv_gym.baselines.rules.base_stock import BaseStock, CappedBaseStock
from inv_gym.baselines.rules.dual_sourcing import (
    CappedDualIndex,
    DualIndex,
    SingleIndex,
    TailoredBaseSurge,
)
from inv_gym.baselines.rules.interval_stock import IntervalStock
from inv_gym.baselines.rules.myopic import DualBalancing, Myopic
from inv_gym.baselines.rules.perishable import LowWasteBaseStock, WasteAwareBaseStock
from inv_gym.baselines.rules.seasonal_thresholds import SeasonalIntervalStock
from inv_gym.baselines.rules.simple import ConstantOrder, RandomOrders
from inv_gym.baselines.rules.vector_base_stock import VectorBaseStock

__all__ = [
    "Adaptive",
    "Applicable",
    "BaseStock",
    "CappedBaseStock",
    "CappedDualIndex",
    "ConstantOrder",
    "DualBalancing",
    "DualIndex",
    "Entry",
    "Fitted",
    "IntervalStock",
    "LowWasteBaseStock",
    "Myopic",
    "RandomOrders",
    "SeasonalIntervalStock",
    "SingleIndex",
    "TailoredBaseSurge",
    "VectorBaseStock",
    "WasteAwareBaseStock",
    "applicable",
    "policies",
    "reference",
]
