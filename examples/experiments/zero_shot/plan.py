"""Which tables are played, and which problems on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import inv_gym
from experiments.campaign import Measurement
from inv_gym import Task
from inv_gym.products.batch import HISTORY
from inv_gym.products.earlier import MEMORY

MADE_UP = "made-up"
"""In place of a table: the population of an environment, or slow movers."""
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "no lead time": ("InvLostSales-v0", {}),
    "lead time 2": ("InvLostSalesLeadTime-v0", {"lead_time": 2}),
    "lead time 5": ("InvLostSalesLeadTime-v0", {}),
    "lead time 14": ("InvLostSalesLeadTime-v0", {"lead_time": 14}),
    "shelf life 2": ("InvPerishable-v0", {"shelf_life": 2}),
    "shelf life 3": ("InvPerishable-v0", {}),
    "shelf life 7": ("InvPerishable-v0", {"shelf_life": 7}),
    "dual sourcing": ("InvDualSourcing-v0", {}),
    "removal": ("InvProcurementRemoval-v0", {}),
}
"""Environment and fields of each problem."""
MAIN_CASES = ("no lead time", "lead time 5", "shelf life 3", "dual sourcing", "removal")
"""Problems for which the generalist is fitted to each table, and the choice of auto is judged."""
COMPARED_CASES = ("no lead time", "lead time 5")
"""Problems for which ways to fit it are compared."""
PLAYED, CHOSEN = "played", "auto"
FITTED, FITTED_LIKE, FITTED_AUGMENTED = "fine-tuned", "like", "augmented"
"""What is measured of a problem on a table."""
REMEMBERED = "remembered"
"""What is measured of made-up products alone: their past is known for longer."""
SLOW_MOVERS = {
    f"{name}, {periods}": (family, periods)
    for name, family in (("Poisson", "poisson"), ("negative binomial", "negative_binomial"))
    for periods in (3, 8, HISTORY, HISTORY + 20, HISTORY + 100, HISTORY + MEMORY)
}
"""Made-up slow movers: their demand family, and how many of their periods are known."""
RULES_FILE, FACTS_FILE = "rules.npz", "facts.npz"
RESULT_FILES = {
    PLAYED: "networks.npz",
    REMEMBERED: "remembered.npz",
    FITTED: "fitted.npz",
    FITTED_LIKE: "like.npz",
    FITTED_AUGMENTED: "augmented.npz",
    CHOSEN: "auto.npz",
}
"""What is written last of each."""


def tables(listing: Path) -> dict[str, dict[str, Any]]:
    """What a JSON file tells of each table, by its name: its ``file``, below the folder of the JSON
    file, and what `inv_gym.table_task` takes beside it.

    Raises:
        ValueError: It is no such file, or a table has no ``file``.
    """
    try:
        told = json.loads(listing.read_text())
        return {
            name: {**options, "file": str(listing.parent / options["file"])}
            for name, options in told.items()
        }
    except (OSError, AttributeError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(
            f'{listing} must be a JSON file such as {{"shop": {{"file": "sales.csv"}}}}, got: '
            f"{error}."
        ) from None


def task_of(case: str, told: Mapping[str, Any]) -> Task:
    """The task of a problem on a table, of which this is told."""
    options = dict(told)
    env_id, fields = CASES[case]
    return inv_gym.table_task(options.pop("file"), inv_gym.task(env_id, **fields), **options)


def plan(data: Path | None = None) -> list[Measurement]:
    """An environment's own population, slow movers of a kind, or a problem on a table at a time.

    Args:
        data: A JSON file of tables, see `tables`; None for made-up products alone.
    """
    given = {} if data is None else tables(data)
    made_up_parts = [
        *((env_id, part) for part in (PLAYED, REMEMBERED) for env_id in inv_gym.ENVIRONMENTS),
        *((case, PLAYED) for case in SLOW_MOVERS),
    ]
    made_up = [
        Measurement(
            f"{MADE_UP}, {case}, {part}",
            (MADE_UP, case, None, part),
            file=f"{MADE_UP}/{case}/{RESULT_FILES[part]}",
        )
        for case, part in made_up_parts
    ]
    cases = {
        PLAYED: tuple(CASES),
        FITTED: COMPARED_CASES,
        CHOSEN: MAIN_CASES,
        FITTED_LIKE: COMPARED_CASES,
        FITTED_AUGMENTED: MAIN_CASES,
    }
    on_tables = [
        Measurement(
            f"{table}, {case}, {part}",
            (table, case, told, part),
            file=f"{table}/{case}/{RESULT_FILES[part]}",
        )
        for part, played in cases.items()
        for table, told in given.items()
        for case in played
    ]
    return made_up + on_tables
