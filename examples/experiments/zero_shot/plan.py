"""Which tables are played, and which problems on them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import inv_gym
from experiments.campaign import Measurement
from inv_gym import Task

TABLES = "INV_GYM_TABLES"
"""The environment variable that names a JSON file: of each table its name, its ``file`` (below the
folder of the JSON file) and what `inv_gym.table_task` takes beside it.
"""
MADE_UP = "made-up"
"""In place of a table: the population of an environment."""
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
FITTED_CASES = ("no lead time", "lead time 5")
"""Problems for which the generalist is fitted to each table."""


def tables() -> Mapping[str, Mapping[str, Any]]:
    """What is told of each table, by its name; none where no file is named."""
    listing = os.environ.get(TABLES)
    if listing is None:
        return {}
    told = json.loads(Path(listing).read_text())
    return {
        name: {**options, "file": str(Path(listing).parent / options["file"])}
        for name, options in told.items()
    }


def task_of(table: str, case: str) -> Task:
    """The task of a problem on a table."""
    options = dict(tables()[table])
    env_id, fields = CASES[case]
    return inv_gym.table_task(options.pop("file"), inv_gym.task(env_id, **fields), **options)


def plan() -> list[Measurement]:
    """An environment's own population or a problem on a table at a time."""
    fitted = [
        Measurement(
            f"{table}, {case}, fine-tuned", (table, case, True), file=f"{table}/{case}/fitted.npz"
        )
        for table in tables()
        for case in FITTED_CASES
    ]
    pairs = [(MADE_UP, env_id) for env_id in inv_gym.ENVIRONMENTS]
    pairs += [(table, case) for table in tables() for case in CASES]
    played = [
        Measurement(f"{table}, {case}", (table, case), file=f"{table}/{case}/networks.npz")
        for table, case in pairs
    ]
    return played + fitted
