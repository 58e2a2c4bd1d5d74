"""Which heuristics apply to which problem."""

from __future__ import annotations

from baselines.base_stock import BaseStock
from baselines.dual_sourcing import ConsecutiveBaseStocks, DualIndex
from baselines.heuristic import SOURCES
from baselines.interval_stock import IntervalStock
from baselines.search import Searched
from baselines.simple import ConstantOrder, RandomOrders
from baselines.vector_base_stock import VectorBaseStock
from inv_gym.policy import Policy
from inv_gym.problem import Problem
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval

KNOWS_LAW = " (knows law)"


def _base_stocks(problem: Problem, knows: str, name: str) -> dict[str, Policy]:
    heuristic = BaseStock(problem=problem, knows=knows)
    return {name: heuristic, "searched base-stock": Searched(heuristic)}


def _lost_sales(problem: LostSales, knows: str) -> dict[str, Policy]:
    found = _base_stocks(problem, knows, "base-stock")
    if problem.lead_time > 0:
        vector = VectorBaseStock(problem=problem, knows=knows)
        found |= {"vector base-stock": vector, "searched vector base-stock": Searched(vector)}
    return found


def _perishable(problem: Perishable, knows: str) -> dict[str, Policy]:
    return _base_stocks(problem, knows, "naive base-stock")


def _dual_sourcing(problem: DualSourcing, knows: str) -> dict[str, Policy]:
    found: dict[str, Policy] = {
        "regular source only": BaseStock(problem=problem, knows=knows),
        "dual index": DualIndex(problem=problem, knows=knows),
    }
    if problem.backlog and problem.lead_times == (1, 0):
        found["two base-stocks"] = ConsecutiveBaseStocks(problem=problem, knows=knows)
    return found


def _procurement_removal(problem: ProcurementRemoval, knows: str) -> dict[str, Policy]:
    return {
        "base-stock, never remove": BaseStock(problem=problem, knows=knows),
        "interval-stock": IntervalStock(problem=problem, knows=knows),
    }


_APPLICABLE = {
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
    found: dict[str, Policy] = {
        "random orders": RandomOrders(problem=problem),
        "constant order": ConstantOrder(problem=problem),
    }
    for knows in SOURCES if distribution else ("history",):
        suffix = KNOWS_LAW if knows == "distribution" else ""
        applicable = _APPLICABLE[type(problem)](problem, knows)  # type: ignore[operator]
        found |= {name + suffix: policy for name, policy in applicable.items()}
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
