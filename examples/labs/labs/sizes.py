"""Full and short runs of the labs."""

from __future__ import annotations

import os

SHORT = "INV_GYM_LABS_SHORT"
"""Environment variable: if it is set, the labs train and simulate for seconds only."""


def sized(full: int, short: int) -> int:
    """The size of a computation: `full`, or `short` where the labs are only tried out."""
    return short if os.environ.get(SHORT) else full
