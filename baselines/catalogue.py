"""Which heuristics apply to which problem."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from inv_gym.baselines.fitting.fitting import SOURCES, Adaptive, Fit, Fitted
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
from inv_gym.play.policy import Policy
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.problem import Problem
from inv_gym.tasks.registry import KNOWS_DISTRIBUTION


@dataclass(frozen=True)
class Entry:
    """A heuristic of the literature that applies to a problem.

    Attributes:
        name: What tables call it, without what it knows.
        fit: The constructor of its rule, from a problem, a distribution and economics.
        each_period: Whether it is fitted anew each period, or once at the start.
        slow: Whether it takes milliseconds per product to fit, and is not the reference: a first
            look leaves it out.
    """

    name: str
    fit: Fit
    each_period: bool = False
    slow: bool = False

    def policy(self, problem: Problem, knows: str) -> Fitted:
        """The heuristic as a policy that knows the ``history`` or the ``distribution``."""
        kind = Adaptive if self.each_period else Fitted
        return kind(self.fit, problem, knows)

    def title(self, knows: str) -> str:
        """What tables call it, with what it knows."""
        return self.name + (KNOWS_DISTRIBUTION if knows == "distribution" else "")


@dataclass(frozen=True)
class Applicable:
    """The heuristics that apply to a problem.

    Attributes:
        entries: In the order of tables.
        reference: Name of the entry that gaps are best measured to: the strongest heuristic of the
            literature.
    """

    entries: tuple[Entry, ...]
    reference: str


@singledispatch
def applicable(problem: Problem) -> Applicable:
    """The heuristics that apply to a problem.

    Register those of your own: ``@applicable.register def _(problem: MyProblem) -> Applicable``.

    Raises:
        TypeError: None are registered for problems of this class.
    """
    raise TypeError(
        f"no heuristics are registered for {type(problem).__name__}: register them with "
        "inv_gym.baselines.applicable.register."
    )


@applicable.register
def _lost_sales(problem: LostSales) -> Applicable:
    late = problem.lead_time > 0
    entries = [
        Entry("base-stock", BaseStock.closed_form, each_period=True),
        Entry("searched base-stock", BaseStock.searched, slow=late),
    ]
    if not late:
        return Applicable(tuple(entries), "base-stock")
    entries += [
        Entry("vector base-stock", VectorBaseStock.closed_form, each_period=True),
        Entry("searched vector base-stock", VectorBaseStock.searched),
        Entry("capped base-stock", CappedBaseStock.searched, slow=True),
        Entry("constant order", ConstantOrder.closed_form, each_period=True, slow=True),
        Entry("searched constant order", ConstantOrder.searched, slow=True),
        Entry("projected inventory level", ProjectedLevel.searched, slow=True),
        Entry("myopic", Myopic.closed_form, each_period=True),
        Entry("myopic-2", Myopic2.closed_form, each_period=True, slow=True),
        Entry("dual-balancing", DualBalancing.closed_form, each_period=True, slow=True),
    ]
    return Applicable(tuple(entries), "searched vector base-stock")


@applicable.register
def _perishable(problem: Perishable) -> Applicable:
    entries = [
        Entry("naive base-stock", BaseStock.closed_form, each_period=True),
        Entry("searched base-stock", BaseStock.searched),
        Entry("waste-aware base-stock", WasteAwareBaseStock.searched, slow=True),
        Entry("low-waste base-stock", LowWasteBaseStock.searched, slow=True),
    ]
    if problem.lead_time > 0:
        projected = ProjectedPerishableLevel.closed_form
        entries.append(Entry("projected inventory level", projected, each_period=True, slow=True))
    return Applicable(tuple(entries), "searched base-stock")


@applicable.register
def _dual_sourcing(problem: DualSourcing) -> Applicable:
    entries = [
        Entry("regular source only", BaseStock.closed_form, each_period=True),
        Entry("single index", SingleIndex.searched),
        Entry("dual index", DualIndex.searched),
        Entry("capped dual index", CappedDualIndex.searched),
        Entry("tailored base-surge", TailoredBaseSurge.searched),
        Entry("projected expedited position", ProjectedExpeditedPosition.searched),
    ]
    if problem.backlog and problem.regular_lead_time == problem.expedited_lead_time + 1:
        entries.append(Entry("two base-stocks", DualIndex.closed_form, each_period=True))
    return Applicable(tuple(entries), "dual index")


@applicable.register
def _procurement_removal(problem: ProcurementRemoval) -> Applicable:
    return Applicable(
        (
            Entry("base-stock, never remove", BaseStock.closed_form, each_period=True),
            Entry("remove to order level", IntervalStock.remove_to_lower, each_period=True),
            Entry("interval-stock", IntervalStock.optimal),
            Entry("interval-stock by period", SeasonalIntervalStock.optimal),
        ),
        "interval-stock",
    )


def policies(problem: Problem, distribution: bool = True) -> dict[str, Policy]:
    """Every heuristic that applies to a problem, by name; those that know the distribution end in
    "(knows distribution)".

    A problem of your own for which none is registered has random orders alone.

    Args:
        problem: Decides which heuristics apply.
        distribution: Whether products have a known distribution; real demand has none.
    """
    by_name: dict[str, Policy] = {"random orders": RandomOrders(problem=problem)}
    for knows in SOURCES if distribution else ("history",):
        for entry in _entries(problem):
            by_name[entry.title(knows)] = entry.policy(problem, knows)
    return by_name


def slow(problem: Problem) -> tuple[str, ...]:
    """The names of the heuristics that know the history and take milliseconds per product."""
    return tuple(entry.title("history") for entry in _entries(problem) if entry.slow)


def _entries(problem: Problem) -> tuple[Entry, ...]:
    """The entries of a problem, none if its class is not registered."""
    registered = applicable.dispatch(type(problem)) is not applicable.dispatch(object)
    return applicable(problem).entries if registered else ()


def reference(problem: Problem, distribution: bool = True) -> str:
    """The name of the policy that gaps are best measured to.

    It is the strongest heuristic of the literature; random orders for a problem of your own for
    which no heuristic is registered.

    Args:
        problem: As for `policies`.
        distribution: As for `policies`; with it the reference knows the distribution.
    """
    if not _entries(problem):
        return "random orders"
    return applicable(problem).reference + (KNOWS_DISTRIBUTION if distribution else "")
