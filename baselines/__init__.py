"""Heuristics of the literature as policies; `policies` lists those that apply to a problem."""

from inv_gym.baselines.catalogue import Applicable, Entry, applicable, policies, reference, slow
from inv_gym.baselines.exact.search import search_batch
from inv_gym.baselines.fitting.fitting import Adaptive, Fitted
from inv_gym.baselines.fitting.search import EXACT_SEARCHES
from inv_gym.baselines.rules.base_stock import BaseStock, CappedBaseStock
from inv_gym.baselines.rules.dual_balancing import DualBalancing
from inv_gym.baselines.rules.dual_sourcing import (
    CappedDualIndex,
    DualIndex,
    ProjectedExpeditedPosition,
    SingleIndex,
    TailoredBaseSurge,
)
from inv_gym.baselines.rules.interval_stock import IntervalStock
from inv_gym.baselines.rules.myopic import Myopic, Myopic2
from inv_gym.baselines.rules.perishable import LowWasteBaseStock, WasteAwareBaseStock
from inv_gym.baselines.rules.projected_level import ProjectedLevel
from inv_gym.baselines.rules.projected_perishable import ProjectedPerishableLevel
from inv_gym.baselines.rules.seasonal_thresholds import SeasonalIntervalStock
from inv_gym.baselines.rules.simple import ConstantOrder, RandomOrders
from inv_gym.baselines.rules.vector_base_stock import VectorBaseStock

# rules are searched on exact rewards where these are in reach
EXACT_SEARCHES.append(search_batch)

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
    "Myopic2",
    "ProjectedExpeditedPosition",
    "ProjectedLevel",
    "ProjectedPerishableLevel",
    "RandomOrders",
    "SeasonalIntervalStock",
    "SingleIndex",
    "TailoredBaseSurge",
    "VectorBaseStock",
    "WasteAwareBaseStock",
    "applicable",
    "policies",
    "reference",
    "slow",
]
