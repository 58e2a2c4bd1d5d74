"""A table of real sales as a task: training, validation and test on days of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from inv_gym.problems.problem import Problem
from inv_gym.tasks.naming import READING_KEYS, TABLE_KEYS, with_ranges
from inv_gym.tasks.registry import KNOWS_DISTRIBUTION, task
from inv_gym.tasks.task import Task
from inv_gym.util.checks import one_of, whole

if TYPE_CHECKING:
    from inv_gym.products.panel import Panel, PanelProducts

TABLE_OPTIONS = tuple(key for key in TABLE_KEYS if key != "file")
"""What can be said of a table, beside its splits."""
TABLE_ROLES = ("training", "validation", "test")
PARTS = 5
"""A table without splits keeps the last of so many equal parts for the test, and the one before for
the validation."""


class Split(NamedTuple):
    """The periods of a table that each role plays, as positions among its dates."""

    training: range
    validation: range
    test: range


def table_task(
    data: str | Path | Panel,
    env_or_problem: str | Task | Problem,
    *,
    train_until: str | None = None,
    validate_until: str | None = None,
    horizon: int | None = None,
    **options: Any,
) -> Task:
    """The task of a table of sales: it trains on the first days, validates on the next, and is
    tested on the last ones.

    No day of an episode belongs to two of the three roles. The history before an episode may reach
    back into the days of an earlier role, as it does for anyone who orders. Without `train_until`
    and `validate_until`, the last fifth of the periods is for the test and the fifth before it for
    the validation; with `train_until` alone, the periods after it are shared half and half.

    Args:
        data: The file of a table, as `inv_gym.products.panel.read_panel` reads it, or a panel that
            was read.
        env_or_problem: The id of an environment, a task or a problem.
        train_until: The last day of training episodes, YYYY-MM-DD.
        validate_until: The last day of validation episodes, YYYY-MM-DD; later days are for the
            test.
        horizon: Periods of an episode. None takes that of the problem; that of an environment or a
            task is cut to the periods of the shortest role.
        **options: What `inv_gym.make_source` takes of a table: how to read it, ``first`` and
            ``last`` day of all episodes, ``economics`` and ``seed`` of what is imputed.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: An option has the wrong type.
        ValueError: The table cannot be read, an option is unknown, the days are no days of the
            table or in the wrong order, or a role has no window; the message names the days and the
            remedy.
    """
    for key in options:
        one_of("option of the table", key, TABLE_OPTIONS)
    reading = {key: options.pop(key) for key in READING_KEYS if key in options}
    panel = read_data(data, reading)
    split = find_split(panel, train_until, validate_until, options)
    if horizon is not None:
        whole("horizon", horizon, 1)
    played = _task(env_or_problem, _roles(panel, split, options), split, horizon)
    _check_windows(played)
    return played


def read_data(data: str | Path | Panel, reading: Mapping[str, Any]) -> Panel:
    """The panel of a file, or the one that was given.

    Raises:
        ValueError: It is said how to read a panel that was read.
    """
    from inv_gym.products.panel import Panel, read_panel  # needs pandas, which the rest does not

    if not isinstance(data, Panel):
        return read_panel(data, **reading)
    if reading:
        raise ValueError(
            f"{next(iter(reading))} says how to read a file, but data is a panel that was read: "
            "give it to read_panel."
        )
    return data


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


def _roles(panel: Panel, split: Split, options: Mapping[str, Any]) -> dict[str, PanelProducts]:
    """The products of each role; what is given of the table's ends stays as it was given."""
    from inv_gym.products.panel import PanelProducts, retail

    given = with_ranges(dict(options), retail(panel.frequency))
    ends = {"first": given.pop("first", None), "last": given.pop("last", None)}
    days: dict[str, dict[str, Any]] = {
        role: {
            "first": str(panel.dates[periods.start]),
            "last": str(panel.dates[periods.stop - 1]),
        }
        for role, periods in split._asdict().items()
    }
    days["training"]["first"], days["test"]["last"] = ends["first"], ends["last"]
    return {role: PanelProducts(panel, **given, **days[role]) for role in TABLE_ROLES}


def _task(
    env_or_problem: str | Task | Problem,
    roles: Mapping[str, PanelProducts],
    split: Split,
    horizon: int | None,
) -> Task:
    """The task with the products of each role."""
    sources: dict[str, Any] = {role: roles[role] for role in ("training", "validation")}
    if isinstance(env_or_problem, Problem):
        problem = env_or_problem if horizon is None else replace(env_or_problem, horizon=horizon)
        return Task(problem, roles["test"], **sources)
    registered = task(env_or_problem)
    periods = _horizon(registered.problem, split) if horizon is None else horizon
    warm_up = registered.warm_up if registered.warm_up < periods else 0
    played = registered.changed(products=roles["test"], warm_up=warm_up, horizon=periods)
    reference = played.reference and played.reference.removesuffix(KNOWS_DISTRIBUTION)
    return replace(played, reference=reference, **sources)


def _horizon(problem: Problem, split: Split) -> int:
    """Periods of an episode: those of the problem, but no more than a role has; before the first
    episode, a period must be known.
    """
    training = min(len(split.training), split.training.stop - 1)
    return max(1, min(problem.horizon, training, len(split.validation), len(split.test)))


def _check_windows(played: Task) -> None:
    """Refuse a task of whose roles one has nothing to play.

    Raises:
        ValueError: It names the role, its days, what is missing and the remedy.
    """
    for role in TABLE_ROLES:
        source: Any = played.source_for(role)
        try:
            source.sample(np.random.default_rng(0), 1, played.problem)
        except ValueError as error:
            days = source.table
            raise ValueError(
                f"the {role} days {days['first']} to {days['last']} cannot be played: {error} "
                "train_until and validate_until say which days are for what."
            ) from None
