"""What the figures of an evaluation rest on."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.sources import ProductSource

PACKAGES = ("inv-gym", "numpy", "gymnasium", "torch", "pandas")


def facts_of(
    problem: Problem,
    products: ProductSource | Products,
    number: int,
    seed: int,
    reference: str,
    warm_up: int,
    clusters: Mapping[str, float],
) -> dict[str, Any]:
    """The facts of an evaluation as plain data; `clusters`: how many series and windows of them
    were played, and as over how many equal series the money of the reference is spread; nothing for
    independent products.
    """
    return {
        "problem": type(problem).__name__,
        "fields": problem.spec(),
        "products": number,
        "source": "given" if isinstance(products, Products) else type(products).__name__,
        "notes": [] if isinstance(products, Products) else list(products.notes),
        **clusters,
        "seed": seed,
        "warm_up": warm_up,
        "reference": reference,
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in PACKAGES},
        "command": shlex.join(sys.argv),
    }
