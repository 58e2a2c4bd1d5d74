"""What is measured: each table, without and with a lead time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from experiments.campaign import Measurement
from experiments.favorita.data import TABLES

FAVORITA_LEAD_TIMES = (0, 3)
QUICK_LEAD_TIMES = (0,)


def plan(data: Path | None = None, quick: bool = False) -> Iterator[Measurement]:
    """A measurement for each table and lead time, on the data of a folder or on the twin."""
    for name in TABLES:
        for lead_time in QUICK_LEAD_TIMES if quick else FAVORITA_LEAD_TIMES:
            file = f"{name}/{lead_time}.json"
            arguments = (name, lead_time, data, quick)
            yield Measurement(name, arguments, f"lead time {lead_time}", file)
