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
from inv_gym.tasks.splits import TABLE_ROLES, Split, find_split
from inv_gym.tasks.structures import Structure, counted_series, find_structures
from inv_gym.tasks.task import Task
from inv_gym.util.checks import one_of, whole

if TYPE_CHECKING:
    from inv_gym.products.panel import Panel, PanelProducts

TABLE_OPTIONS = tuple(key for key in TABLE_KEYS if key != "file")
"""What can be said of a table, beside its splits."""
SHOWN_FAILURES = 3
"""Structures that cannot be played of which the notes give the reason."""


def table_task(
    data: str | Path | Panel,
    env_or_problem: str | Task | Problem,
    *,
    train_until: str | None = None,
    validate_until: str | None = None,
    horizon: int | None = None,
    each: str | bool | None = None,
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
            task is cut to the periods of the shortest role, and halved as long as a role has no
            window, or the test has none of most series that play any period; a note says so.
        each: The test plays every series once: the day on which all episodes begin, YYYY-MM-DD, or
            True for the earliest window of each series. None draws windows.
        **options: What `inv_gym.make_source` takes of a table: how to read it, ``first`` and
            ``last`` day of all episodes, ``economics`` and ``seed`` of what is imputed.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: An option has the wrong type.
        ValueError: The table cannot be read, an option is unknown, the days are no days of the
            table or in the wrong order, a role has no window, or series differ in their lead times
            or shelf lives (see `table_tasks`); the message names the days and the remedy.
    """
    wanted = _read(data, env_or_problem, train_until, validate_until, horizon, each, options)
    structures = find_structures(wanted.panel, wanted.problem)
    if len(structures) > 1:
        counts = ", ".join(f"{each.label} of {len(each.series)} series" for each in structures)
        raise ValueError(
            f"the table has several structures ({counts}), a task has one: "
            "inv_gym.table_tasks gives a task for each."
        )
    return wanted.task(structures[0])


def table_tasks(
    data: str | Path | Panel,
    env_or_problem: str | Task | Problem,
    *,
    train_until: str | None = None,
    validate_until: str | None = None,
    horizon: int | None = None,
    each: str | bool | None = None,
    **options: Any,
) -> dict[str, Task]:
    """The tasks of a table whose series differ in their lead times or shelf lives: one for each
    structure, with the series that have it.

    A column ``lead_time`` or ``shelf_life`` counts where the problem has a field of that name. A
    series without a figure has that of the problem. A structure that cannot be played, because its
    series are too short, is left out, and the notes of the others say so.

    Args:
        data: See `table_task`.
        env_or_problem: See `table_task`.
        train_until: See `table_task`.
        validate_until: See `table_task`.
        horizon: See `table_task`.
        each: See `table_task`.
        **options: See `table_task`.

    Returns:
        The tasks by their structure in words, such as ``lead_time 2``; ``""`` is the name of the
        only task of a table without these columns.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: An option has the wrong type.
        ValueError: As for `table_task`, if no structure can be played.
    """
    wanted = _read(data, env_or_problem, train_until, validate_until, horizon, each, options)
    structures = find_structures(wanted.panel, wanted.problem)
    tasks, failures = dict[Structure, Task](), dict[Structure, str]()
    for structure in structures:
        try:
            tasks[structure] = wanted.task(structure)
        except ValueError as error:
            failures[structure] = str(error)
    if not tasks:
        raise ValueError(next(iter(failures.values())))
    remarks = _failure_remarks(failures)
    return {structure.label: with_remarks(task, remarks) for structure, task in tasks.items()}


def _failure_remarks(failures: Mapping[Structure, str]) -> tuple[str, ...]:
    """Notes on the structures that cannot be played: the first ones, and the number of others."""
    shown = list(failures.items())[:SHOWN_FAILURES]
    others = list(failures)[SHOWN_FAILURES:]
    notes = [
        f"{counted_series(structure)} with {structure.label} cannot be played: {reason}"
        for structure, reason in shown
    ]
    if others:
        number = sum(len(structure.series) for structure in others)
        notes.append(f"{number:,} series with {len(others):,} other structures cannot, either")
    return tuple(notes)


def with_remarks(task: Task, remarks: tuple[str, ...]) -> Task:
    """The task of a table with further notes."""
    sources: dict[str, Any] = {
        name: replace(source, remarks=(*source.remarks, *remarks))
        for name in ("training", "validation", "source")
        if remarks and (source := getattr(task, name)) is not None
    }
    return replace(task, **sources)


class Wanted(NamedTuple):
    """What was asked for of a table."""

    panel: Panel
    played: str | Task | Problem
    split: Split
    horizon: int | None
    each: str | bool | None
    options: Mapping[str, Any]

    @property
    def problem(self) -> Problem:
        """What is played."""
        return self.played if isinstance(self.played, Problem) else task(self.played).problem

    def task(self, structure: Structure) -> Task:
        """The task of a structure.

        Raises:
            ValueError: A role has no window.
        """
        roles = _roles(self.panel, self.split, self.options, structure)
        made = self._playable(self._with(structure), roles)
        if self.each is None:
            return made
        drawn: Any = made.source
        listed = replace(drawn, each=self.each).listing(made.problem.horizon)
        return replace(made, source=listed)

    def _playable(self, played: Task | Problem, roles: Mapping[str, PanelProducts]) -> Task:
        """The task with episodes that every role has a window for: if nothing was said of the
        horizon of an environment, it is halved until there is one, and the test plays most series.

        Raises:
            ValueError: A role has no window.
        """
        from inv_gym.products.panel.unplayed import plays_most

        made = _task(played, roles, self.split, self.horizon)
        follows = self.horizon is None and isinstance(played, Task)
        while True:
            is_shortest = not follows or made.problem.horizon == 1
            try:
                _check_windows(made)
                if is_shortest or plays_most(roles["test"], made.problem.horizon):
                    break
            except ValueError:
                if is_shortest:
                    raise
            made = _task(played, roles, self.split, made.problem.horizon // 2)
        wanted = played.problem.horizon if isinstance(played, Task) else made.problem.horizon
        return with_remarks(made, _horizon_remarks(made.problem.horizon, wanted, follows))

    def _with(self, structure: Structure) -> Task | Problem:
        """What is played, with the fields of the structure."""
        fields: dict[str, Any] = dict(structure.fields)
        if isinstance(self.played, Problem):
            return replace(self.played, **fields)
        registered = task(self.played)
        if not fields:
            return registered
        number = len(self.panel.series)
        title = f"{counted_series(structure)} of {number:,} in the table"
        changed = registered.changed(**fields)
        return replace(changed, name=f"{registered.name} with {structure.label}", title=title)


def unplayed_notes(played: Task, role: str = "test") -> tuple[str, ...]:
    """Notes on the series of a table that play no episode where windows are drawn; a list of
    windows has them among its own.
    """
    source: Any = played.source_for(role)
    if getattr(source, "played", None) is None or getattr(source, "listed", None) is not None:
        return ()
    from inv_gym.products.panel.unplayed import unplayed

    return unplayed(source, played.problem.horizon)


def _horizon_remarks(periods: int, wanted: int, follows: bool) -> tuple[str, ...]:
    """What to say of a horizon that follows the table, in place of the environment's."""
    if not follows or periods == wanted:
        return ()
    return (
        f"episodes have {periods} periods in place of {wanted}, for training, validation and test "
        "have no longer ones, or not for most series: a horizon that is given is taken",
    )


def _read(
    data: str | Path | Panel,
    played: str | Task | Problem,
    train_until: str | None,
    validate_until: str | None,
    horizon: int | None,
    each: str | bool | None,
    options: dict[str, Any],
) -> Wanted:
    """Read a table and split its days."""
    for key in options:
        one_of("option of the table", key, TABLE_OPTIONS)
    reading = {key: options.pop(key) for key in READING_KEYS if key in options}
    panel = read_data(data, reading)
    split = find_split(panel, train_until, validate_until, options)
    if horizon is not None:
        whole("horizon", horizon, 1)
    return Wanted(panel, played, split, horizon, each, options)


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


def _roles(
    panel: Panel, split: Split, options: Mapping[str, Any], structure: Structure
) -> dict[str, PanelProducts]:
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
    if structure.fields:
        of_all = f"{counted_series(structure)} of {len(panel.series):,} have {structure.label}"
        given |= {"chosen": structure.series, "remarks": (of_all,)}
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
    warm_up = registered.warm_up_within(periods)
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
