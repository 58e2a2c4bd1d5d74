"""What is measured: each table, without and with a lead time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from experiments.campaign import Measurement
from experiments.favorita.data import TABLES

FAVORITA_LEAD_TIMES = (0, 3)
QUICK_LEAD_TIMES = (0,)
KINDS = {
    "data": "The figures below are of the real tables.",
    "twin": "The figures below are of the made-up twin.",
    "data-quick": "The figures below are of the real tables, with short trainings (--quick).",
    "twin-quick": "The figures below are of the made-up twin, with short trainings (--quick).",
}
"""Folders of results that must not be mixed, and what a page says of them; a page shows the first
that has results.
"""


def kind_of(data: Path | None, quick: bool) -> str:
    """Which of `KINDS` a measurement is."""
    return ("twin" if data is None else "data") + ("-quick" if quick else "")


def plan(data: Path | None = None, quick: bool = False) -> Iterator[Measurement]:
    """A measurement for each table and lead time, on the data of a folder or on the twin."""
    for lead_time in QUICK_LEAD_TIMES if quick else FAVORITA_LEAD_TIMES:
        for name in TABLES:
            file = f"{kind_of(data, quick)}/{name}/{lead_time}.json"
            arguments = (name, lead_time, data, quick)
            yield Measurement(name, arguments, f"lead time {lead_time}", file)
