"""Checks of prices and costs that the problems share."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.util.checks import refuse_rows


def check_costs(economics: Any, **least: float) -> None:
    """Check that every figure is finite and the named ones are at least the given value.

    Raises:
        ValueError: One is not; the message names it, its value and the product.
    """
    for name in economics._fields:
        column = np.asarray(getattr(economics, name), dtype=float)
        refuse_rows(f"{name} must be finite, got {{}}.", ~np.isfinite(column), column)
        bound = least.get(name, -np.inf)
        refuse_rows(f"{name} must be at least {bound:g}, got {{}}.", column < bound, column)
