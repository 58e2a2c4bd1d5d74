"""Which heuristics apply to which problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from baselines.base_stock import BaseStock, CappedBaseStock
from baselines.dual_sourcing import CappedDualIndex, DualIndex, SingleIndex, TailoredBaseSurge
from baselines.fitting import SOURCES, Adaptive, Fit, Fitted
from baselines.interval_stock import IntervalStock
from baselines.myopic import DualBalancing, Myopic
from baselines.perishable import LowWasteBaseStock, WasteAwareBaseStock
from baselines.seasonal_thresholds import SeasonalIntervalStock
from baselines.simple import ConstantOrder, RandomOrders
from baselines.vector_base_stock import VectorBaseStock
from inv_gym.policy import Policy
from inv_gym.problem import Problem
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval

KNOWS_LAW = " (knows law)"

ANEW = ("closed_form", "remove_to_lower")
"""Constructors quick enough to fit anew each period."""


def _lost_sales(problem: LostSales) -> dict[str, Fit]:
    found: dict[str, Fit] = {"base-stock": BaseStock.closed_form, "searched base-stock": BaseStock.searched}
    if problem.lead_time > 0:
        found |= {
            "vector base-stock": VectorBaseStock.closed_form,
            "searched vector base-stock": VectorBaseStock.searched,
            "capped base-stock": CappedBaseStock.searched,
            "constant order": ConstantOrder.closed_form,
            "searched constant order": ConstantOrder.searched,
            "myopic": Myopic.closed_form,
            "dual-balancing": DualBalancing.closed_form,
        }
    return found


def _perishable(problem: Perishable) -> dict[str, Fit]:
    return {
        "naive base-stock": BaseStock.closed_form,
        "searched base-stock": BaseStock.searched,
        "waste-aware base-stock": WasteAwareBaseStock.searched,
        "low-waste base-stock": LowWasteBaseStock.searched,
    }


def _dual_sourcing(problem: DualSourcing) -> dict[str, Fit]:
    found: dict[str, Fit] = {
        "regular source only": BaseStock.closed_form,
        "single index": SingleIndex.searched,
        "dual index": DualIndex.searched,
        "capped dual index": CappedDualIndex.searched,
        "tailored base-surge": TailoredBaseSurge.searched,
    }
    if problem.backlog and problem.regular_lead_time == problem.expedited_lead_time + 1:
        found["two base-stocks"] = DualIndex.closed_form
    return found


def _procurement_removal(problem: ProcurementRemoval) -> dict[str, Fit]:
    return {
        "base-stock, never remove": BaseStock.closed_form,
        "remove to order level": IntervalStock.remove_to_lower,
        "interval-stock": IntervalStock.optimal,
        "interval-stock by period": SeasonalIntervalStock.optimal,
    }


_APPLICABLE: dict[type[Problem], Callable[[Any], dict[str, Fit]]] = {
    LostSales: _lost_sales,
    Perishable: _perishable,
    DualSourcing: _dual_sourcing,
    ProcurementRemoval: _procurement_removal,
}


def policies(problem: Problem, distribution: bool = True) -> dict[str, Policy]:
    """Every heuristic that applies to a problem, by name; those that know the law end in "(knows law)".

    Args:
        problem: Decides which heuristics apply.
        distribution: Whether products have a known law; real demand has none.
    """
    found: dict[str, Policy] = {"random orders": RandomOrders(problem=problem)}
    applicable = _APPLICABLE[type(problem)](problem)
    for knows in SOURCES if distribution else ("history",):
        suffix = KNOWS_LAW if knows == "distribution" else ""
        for name, fit in applicable.items():
            kind = Adaptive if fit.__name__ in ANEW else Fitted
            found[name + suffix] = kind(fit, problem, knows)
    return found


def reference(problem: Problem, distribution: bool = True) -> str:
    """The name of the policy that gaps are best measured to: the strongest heuristic of the literature.

    Args:
        problem: As for `policies`.
        distribution: As for `policies`; with it the reference knows the law.
    """
    names = {Perishable: "searched base-stock", DualSourcing: "dual index", ProcurementRemoval: "interval-stock"}
    lost_sales = "base-stock" if problem.lead_times == (0,) else "searched vector base-stock"
    return names.get(type(problem), lost_sales) + (KNOWS_LAW if distribution else "")
