"""The periods of a table that training, validation and test play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from inv_gym.products.panel import Panel


TABLE_ROLES = ("training", "validation", "test")

PARTS = 5
"""A table without splits keeps the last of so many equal parts for the test, and the one before for
the validation."""


class Split(NamedTuple):
    """The periods of a table that each role plays, as positions among its dates."""

    training: range
    validation: range
    test: range


def find_split(
    panel: Panel,
    train_until: str | None,
    validate_until: str | None,
    limits: Mapping[str, Any],
) -> Split:
    """The periods of each role; see `table_task`.

    Args:
        panel: The table.
        train_until: The last day of training.
        validate_until: The last day of validation.
        limits: The ``first`` and the ``last`` day of all, where they are given.

    Raises:
        ValueError: A day is no day of the table, or a role has no period.
    """
    from inv_gym.products.panel.days import end_position, first_position

    dates = panel.dates
    first = first_position("first", limits.get("first"), dates)
    last = end_position("last", limits.get("last"), dates)
    validated = first + (last - first) * (PARTS - 1) // PARTS
    if validate_until is not None:
        validated = end_position("validate_until", validate_until, dates)
    trained = first + (validated - first) * (PARTS - 2) // (PARTS - 1)
    if train_until is not None:
        trained = end_position("train_until", train_until, dates)
        if validate_until is None:
            validated = trained + (last - trained) // 2
    split = Split(range(first, trained), range(trained, validated), range(validated, last))
    _check_split(panel, split)
    return split


def _check_split(panel: Panel, split: Split) -> None:
    """Refuse roles without a period.

    Raises:
        ValueError: It names the days at which the roles end, and the remedy.
    """
    empty = [role for role, periods in split._asdict().items() if not periods]
    if not empty:
        return
    ends = (panel.dates[max(periods.stop - 1, 0)] for periods in split)
    shown = ", ".join(f"{role} to end {end}" for role, end in zip(TABLE_ROLES, ends, strict=True))
    noun = panel.frequency.noun
    raise ValueError(
        f"training, validation and test must follow one another with a {noun} of the table each, "
        f"got {shown}, from {panel.dates[split.training.start]} on, which leaves no {noun} for "
        f"{' and '.join(empty)}: move train_until and validate_until (and first and last)."
    )
