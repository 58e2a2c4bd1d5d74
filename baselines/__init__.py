"""Heuristics of the literature as policies; `policies` lists those that apply to a problem."""

import inv_gym

if not hasattr(inv_gym, "make_problem"):  # another distribution's package may use the same top-level names
    raise ImportError("baselines belongs to inv_gym, but another package of that name was found: check sys.path.")

from baselines.base_stock import BaseStock
from baselines.catalogue import policies, reference
from baselines.dual_sourcing import ConsecutiveBaseStocks, DualIndex
from baselines.interval_stock import IntervalStock
from baselines.search import Searched
from baselines.simple import ConstantOrder, RandomOrders
from baselines.vector_base_stock import VectorBaseStock

__all__ = [
    "BaseStock",
    "ConsecutiveBaseStocks",
    "ConstantOrder",
    "DualIndex",
    "IntervalStock",
    "RandomOrders",
    "Searched",
    "VectorBaseStock",
    "policies",
    "reference",
]
