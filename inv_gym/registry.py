"""The registered environments, and names for problems and product sources."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from inv_gym.checks import one_of
from inv_gym.economics import EconomicsRanges
from inv_gym.instances import INSTANCES
from inv_gym.problem import Problem
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.products import POPULATIONS, ProductSource
from inv_gym.ranges import as_range

PROBLEMS: dict[str, type[Problem]] = {
    "lost_sales": LostSales,
    "perishable": Perishable,
    "dual_sourcing": DualSourcing,
    "procurement_removal": ProcurementRemoval,
}


@dataclass(frozen=True)
class Environment:
    """A registered environment: a problem with its default fields, and where its products come from."""

    problem: str
    title: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    products: str = "default"


ENVIRONMENTS: dict[str, Environment] = {
    "InvLostSales-v0": Environment("lost_sales", "lost sales, no lead time", {"lead_time": 0}),
    "InvLostSalesLeadTime-v0": Environment("lost_sales", "lost sales, lead time 5", {"lead_time": 5}),
    "InvPerishable-v0": Environment(
        "perishable", "perishable stock, shelf life 3", {"shelf_life": 3}, products="high_variance"
    ),
    "InvDualSourcing-v0": Environment("dual_sourcing", "dual sourcing, lead times 2 and 0"),
    "InvProcurementRemoval-v0": Environment("procurement_removal", "procurement and removal"),
}


def make_problem(env_id: str, **fields: Any) -> Problem:
    """The problem of a registered environment, with any of its fields changed.

    Raises:
        ValueError: The id is unknown, or a field is out of bounds.
        TypeError: A field is unknown or of the wrong type.
    """
    environment = ENVIRONMENTS[one_of("environment", env_id, ENVIRONMENTS)]
    return problem_from(environment.problem, {**environment.fields, **fields})


def problem_from(problem: str | Problem, fields: Mapping[str, Any]) -> Problem:
    """The problem of that name, or a problem of your own, with the given fields.

    Raises:
        ValueError: The name is unknown, or a field is out of bounds.
        TypeError: A field is unknown or of the wrong type.
    """
    kind = type(problem) if isinstance(problem, Problem) else PROBLEMS[one_of("problem", problem, PROBLEMS)]
    known = [one.name for one in dataclasses.fields(kind)]
    for key in fields:
        if key not in known:
            raise TypeError(f"{kind.__name__} has no field {key!r}; its fields: {', '.join(known)}.")
    return replace(problem, **fields) if isinstance(problem, Problem) else kind(**fields)


def make_source(products: str | Mapping[str, Any] | ProductSource) -> ProductSource:
    """The product source for what users write.

    Args:
        products: The name of a population (see `POPULATIONS`) or of a published instance; a mapping with ``file`` (a
            demand table) and arguments of `read_panel` and `PanelProducts`; a mapping with ``population`` and any of
            ``laws``, ``mean``, ``dispersion`` and ``economics`` to change in it; or a source.

    Raises:
        ValueError: A name is unknown or a range is out of bounds.
        TypeError: A key is unknown.
    """
    if isinstance(products, str):
        one_of("products", products, [*POPULATIONS, *INSTANCES])
        return POPULATIONS[products] if products in POPULATIONS else INSTANCES[products].source
    if not isinstance(products, Mapping):
        return products
    known = TABLE_KEYS if "file" in products else POPULATION_KEYS
    for key in products:
        one_of("key of products", key, known)
    return _from_table(dict(products)) if "file" in products else _from_population(dict(products))


READING_KEYS = ("missing", "returns", "closure_days")
TABLE_KEYS = ("file", *READING_KEYS, "first", "last", "economics", "seed")
POPULATION_KEYS = ("population", "laws", "mean", "dispersion", "economics")


def _from_table(changes: dict[str, Any]) -> ProductSource:
    from inv_gym.panel import RETAIL, PanelProducts, read_panel  # needs pandas, which the rest does not

    reading = {key: changes.pop(key) for key in READING_KEYS if key in changes}
    panel = read_panel(changes.pop("file"), **reading)
    return PanelProducts(panel, **_with_ranges(changes, RETAIL))


def _from_population(changes: dict[str, Any]) -> ProductSource:
    population = POPULATIONS[one_of("population", changes.pop("population", "default"), POPULATIONS)]
    if "laws" in changes:
        changes["laws"] = tuple(changes["laws"])
    return replace(population, **_with_ranges(changes, population.economics))


def _with_ranges(changes: dict[str, Any], economics: EconomicsRanges) -> dict[str, Any]:
    """The changes, with those to the economics (name: number or pair) put into the ranges."""
    if "economics" not in changes:
        return changes
    for name in changes["economics"]:
        one_of("range of economics", name, EconomicsRanges.__dataclass_fields__)
    ranges: dict[str, Any] = {name: as_range(name, value) for name, value in changes["economics"].items()}
    return changes | {"economics": replace(economics, **ranges)}
