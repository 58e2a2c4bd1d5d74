"""Heuristics of the literature as policies; `policies` lists those that apply to a problem."""

import inv_gym

if not hasattr(inv_gym, "make_problem"):  # another distribution's package may use the same top-level names
    raise ImportError("baselines belongs to inv_gym, but another package of that name was found: check sys.path.")

from baselines.base_stock import BaseStock, CappedBaseStock
from baselines.catalogue import policies, reference
from baselines.dual_sourcing import CappedDualIndex, DualIndex, SingleIndex, TailoredBaseSurge
from baselines.fitting import Adaptive, Fitted
from baselines.interval_stock import IntervalStock
from baselines.myopic import DualBalancing, Myopic
from baselines.perishable import LowWasteBaseStock, WasteAwareBaseStock
from baselines.seasonal_thresholds import SeasonalIntervalStock
from baselines.simple import ConstantOrder, RandomOrders
from baselines.vector_base_stock import VectorBaseStock

__all__ = [
    "Adaptive",
    "BaseStock",
    "CappedBaseStock",
    "CappedDualIndex",
    "ConstantOrder",
    "DualBalancing",
    "DualIndex",
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
    "policies",
    "reference",
]
