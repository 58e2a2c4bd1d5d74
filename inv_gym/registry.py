"""The registered environments, and names for problems and product sources."""

from __future__ import annotations

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


def problem_from(name: str, fields: Mapping[str, Any]) -> Problem:
    """The problem of that name with the given fields.

    Raises:
        ValueError: The name is unknown, or a field is out of bounds.
        TypeError: A field is unknown or of the wrong type.
    """
    kind = PROBLEMS[one_of("problem", name, PROBLEMS)]
    for key in fields:
        if key not in kind.__dataclass_fields__:
            raise TypeError(f"{name} has no field {key!r}; its fields: {', '.join(kind.__dataclass_fields__)}.")
    return kind(**fields)


def make_source(products: str | Mapping[str, Any] | ProductSource) -> ProductSource:
    """The product source for what users write.

    Args:
        products: The name of a population (see `POPULATIONS`) or of a published instance; a mapping with ``file`` (a
            demand table, see `PanelProducts`) or with ``population`` and any of ``laws``, ``mean``, ``dispersion`` and
            ``economics`` to change in it; or a source.

    Raises:
        ValueError: A name is unknown or a range is out of bounds.
        TypeError: A key is unknown.
    """
    if isinstance(products, str):
        one_of("products", products, [*POPULATIONS, *INSTANCES])
        return POPULATIONS[products] if products in POPULATIONS else INSTANCES[products].source
    if not isinstance(products, Mapping):
        return products
    changes = dict(products)
    if "file" in changes:
        from inv_gym.panel import PanelProducts, read_panel

        return PanelProducts(read_panel(changes.pop("file")), **changes)
    population = POPULATIONS[one_of("population", changes.pop("population", "default"), POPULATIONS)]
    known = ("laws", "mean", "dispersion", "economics")
    for key in changes:
        one_of("key of products", key, ("population", "file", *known))
    if "laws" in changes:
        changes["laws"] = tuple(changes["laws"])
    if "economics" in changes:
        ranges = {name: as_range(name, value) for name, value in changes["economics"].items()}
        for name in ranges:
            one_of("range of economics", name, EconomicsRanges.__dataclass_fields__)
        changes["economics"] = replace(population.economics, **ranges)
    return replace(population, **changes)
