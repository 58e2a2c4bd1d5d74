"""The table of all trainings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.results import Results, page_of, table
from experiments.trainings.plan import tasks
from inv_gym.util.files import write_atomically

TRAININGS_TEXT = Path(__file__).parent / "page.md"


def publish(folder: Path, target: Path) -> list[Path]:
    """Write the page of what is measured."""
    page = page_of(TRAININGS_TEXT, {"trainings": trainings_table}, Results(folder))
    return [write_atomically(target / "trainings.md", page)]


def trainings_table(results: Results) -> str:
    """A row for each name, with the worst seed beside the best."""
    rows = []
    for name in tasks():
        measured = results.read_all(f"{name}/*.json")
        if not measured:
            continue
        scores = np.array([facts["score"] for facts in measured], float)  # NaN where there is none
        best = np.nanmax(scores)
        below = 100.0 * (best - scores) / abs(best)
        dead = sum(facts["ordering"] == 0.0 for facts in measured)
        troubled = sum(facts["trouble"] is not None for facts in measured)
        figures = (f"{np.nanmedian(below):.2f}", f"{np.nanmax(below):.2f}")
        rows.append([name, str(len(measured)), str(dead), str(troubled), *figures])
    heads = ("trained for", "trainings", "dead", "in trouble", "median % below best", "worst")
    return table(heads, rows)
