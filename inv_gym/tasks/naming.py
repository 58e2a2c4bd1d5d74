"""Sources of products and fields of problems, from what users write."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from inv_gym.demand.families import Family
from inv_gym.problems.problem import Problem
from inv_gym.products.economics import EconomicsRanges
from inv_gym.products.mixture import Mixture
from inv_gym.products.populations import POPULATIONS
from inv_gym.products.sources import ProductSource
from inv_gym.util.checks import one_of

NAMED: dict[str, ProductSource] = {}
"""Further sources by name; `inv_gym.tasks.instances` puts the published instances here."""


def make_source(products: str | Mapping[str, Any] | ProductSource) -> ProductSource:
    """The product source for what users write.

    Args:
        products: The name of a population (see `POPULATIONS`) or of a published instance; a mapping
            with ``file`` (a demand table) and arguments of `read_panel` and `PanelProducts`; a
            mapping with ``population`` and any of ``families``, ``mean``, ``dispersion`` and
            ``economics`` to change in it; or a source.

    Raises:
        ValueError: A name is unknown or a range is out of bounds.
        TypeError: A key is unknown.
    """
    if isinstance(products, str):
        one_of("products", products, [*POPULATIONS, *NAMED])
        return POPULATIONS[products] if products in POPULATIONS else NAMED[products]
    if not isinstance(products, Mapping):
        if not callable(getattr(products, "sample", None)):
            raise TypeError(
                f"products must be a name, a dict or a source, got {products!r}; names: "
                f"{', '.join([*POPULATIONS, *NAMED])}."
            )
        return products
    known = TABLE_KEYS if "file" in products else POPULATION_KEYS
    for key in products:
        one_of("key of products", key, known)
    return _from_table(dict(products)) if "file" in products else _from_population(dict(products))


READING_KEYS = (
    "missing",
    "returns",
    "duplicates",
    "closure_days",
    "wide",
    "separator",
    "columns",
    "frequency",
    "decimal",
    "holidays",
)
TABLE_KEYS = ("file", *READING_KEYS, "first", "last", "economics", "seed")
POPULATION_KEYS = (
    "population",
    "families",
    "mean",
    "dispersion",
    "economics",
    "known_periods",
    "earlier_periods",
)


def _from_table(changes: dict[str, Any]) -> ProductSource:
    from inv_gym.products.panel import (  # needs pandas, which the rest does not
        PanelProducts,
        read_panel,
        retail,
    )

    reading = {key: changes.pop(key) for key in READING_KEYS if key in changes}
    panel = read_panel(changes.pop("file"), **reading)
    return PanelProducts(panel, **with_ranges(changes, retail(panel.frequency)))


def _from_population(changes: dict[str, Any]) -> ProductSource:
    population = POPULATIONS[
        one_of("population", changes.pop("population", "default"), POPULATIONS)
    ]
    if isinstance(population, Mixture):
        if changes:
            raise ValueError(
                f"a mixture of populations has no {next(iter(changes))} of its own: take it as it "
                "is, or give a Mixture of changed parts."
            )
        return population
    if "families" in changes:
        changes["families"] = _families(changes["families"])
    return replace(population, **with_ranges(changes, population.economics))


def _families(given: Any) -> tuple[Any, ...]:
    """The families of a population: names, or one name alone.

    Raises:
        TypeError: It is neither text nor a sequence.
    """
    if isinstance(given, (str, Family)):
        return (given,)
    if not isinstance(given, Sequence):
        raise TypeError(f"families must be names of demand families, got {given!r}.")
    return tuple(given)


def with_ranges(changes: dict[str, Any], economics: EconomicsRanges) -> dict[str, Any]:
    """The changes, with those to the economics (name: number or pair) put into the ranges."""
    if "economics" not in changes:
        return changes
    if not isinstance(changes["economics"], Mapping):
        raise TypeError(
            "economics must be a mapping from names to numbers or pairs, got "
            f"{changes['economics']!r}."
        )
    for name in changes["economics"]:
        one_of("range of economics", name, EconomicsRanges.__dataclass_fields__)
    return changes | {"economics": replace(economics, **changes["economics"])}


def source_name(source: ProductSource) -> str:
    """The name of a population, or the class of a source that has none."""
    names = (name for name, population in POPULATIONS.items() if population is source)
    return next(names, type(source).__name__)


def with_fields(problem: Problem, fields: Mapping[str, Any]) -> Problem:
    """The problem with some fields changed.

    Raises:
        ValueError: A field is out of bounds.
        TypeError: It is no problem, or a field is unknown or of the wrong type.
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a Problem, got {problem!r}.")
    refuse_unknown_fields(type(problem), fields)
    return replace(problem, **fields) if fields else problem


def refuse_unknown_fields(kind: type[Problem], fields: Mapping[str, Any]) -> None:
    """Refuse fields that a class of problems does not have.

    The words are Python's own: TorchRL tells by them that a keyword is not wanted.

    Raises:
        TypeError: A field is unknown; the message lists the known ones.
    """
    known = [known_field.name for known_field in dataclasses.fields(kind)]
    for name in fields:
        if name not in known:
            raise TypeError(
                f"{kind.__name__} got an unexpected keyword argument {name!r}; its fields are: "
                f"{', '.join(known)}. A task also takes problem and products, an environment units."
            )
