"""The registered tasks: the environments of this package, and your own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium

from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.problem import Problem
from inv_gym.products.sources import ProductSource
from inv_gym.tasks.instances import INSTANCES
from inv_gym.tasks.naming import make_source, refuse_unknown_fields, with_fields
from inv_gym.tasks.task import Task
from inv_gym.util.checks import one_of

ENVIRONMENTS: dict[str, Task] = {}
"""Every registered task by its environment's id."""
ENTRY_POINT = "inv_gym.envs.single:InventoryEnv"
"""Gymnasium makes an environment of this package by this entry point."""


def register(task: Task) -> None:
    """Make a task known to `gym.make`, `gym.make_vec`, `inv_gym.task` and the leaderboard.

    Args:
        task: Its name is an id as Gymnasium wants it, such as ``"MyProblem-v0"``.

    Raises:
        TypeError: It is no task.
        ValueError: The name is empty, or taken by another task or by an environment of another
            package, or Gymnasium refuses it as an id.
    """
    if not isinstance(task, Task):
        raise TypeError(f"task must be a Task, got {task!r}; see inv_gym.Task.")
    if not task.name:
        raise ValueError('a task needs a name to be registered, such as name="MyProblem-v0".')
    if task.name in INSTANCES or ENVIRONMENTS.get(task.name, task) != task:
        raise ValueError(
            f"another task is registered as {task.name!r}: give this one its own name."
        )
    taken = gymnasium.registry.get(task.name)
    if taken is not None and taken.entry_point != ENTRY_POINT:
        raise ValueError(
            f"{task.name!r} is an environment of another package in Gymnasium "
            f"({taken.entry_point}): give this task a name of its own."
        )
    if taken is None:
        try:
            gymnasium.register(
                task.name,
                entry_point=ENTRY_POINT,
                vector_entry_point="inv_gym.envs.vector:InventoryVectorEnv",
                kwargs={"task": task.name},
            )
        except gymnasium.error.Error as error:
            raise ValueError(
                f"Gymnasium refuses the name {task.name!r} ({error}): write it as MyProblem-v0."
            ) from error
    ENVIRONMENTS[task.name] = task


def task(
    name: str | Task = "",
    /,
    *,
    problem: Problem | str | None = None,
    products: str | Mapping[str, Any] | ProductSource | None = None,
    warm_up: int | None = None,
    **fields: Any,
) -> Task:
    """The task of a registered environment or a published instance, or one of your own.

    >>> task("InvPerishable-v0", shelf_life=2, products="poisson").problem.shelf_life
    2
    >>> task("zipkin2008-poisson5-p4-L4").known["optimal average cost"]
    4.73

    Args:
        name: Id of an environment or name of an instance; without it, `problem` and `products`
            make a task.
        problem: A problem in place of the task's own, or the name of one; it is taken as it is.
        products: What `make_source` understands, in place of the task's own.
        warm_up: Periods at the start that do not count, in place of the task's own.
        **fields: Fields of the problem to change.

    Raises:
        ValueError: A name is unknown, a field is out of bounds, the warm-up is not below the
            horizon, or there is nothing to play.
        TypeError: A field is unknown or of the wrong type.
    """
    if isinstance(problem, str):
        kind = PROBLEMS[one_of("problem", problem, PROBLEMS)]
        refuse_unknown_fields(kind, fields)
        problem, fields = kind(**fields), {}
    if isinstance(name, Task):
        return name.changed(problem, products, warm_up, **fields)
    if not isinstance(name, str):
        raise TypeError(f"a task is given by its name or as a Task, got {name!r}.")
    if not name:
        if problem is None or products is None:
            raise ValueError("a task without a name needs a problem and products.")
        warm_up = 0 if warm_up is None else warm_up
        return Task(with_fields(problem, fields), make_source(products), warm_up=warm_up)
    known = ENVIRONMENTS | INSTANCES
    return known[one_of("task", name, known)].changed(problem, products, warm_up, **fields)


def make_problem(env_id: str, **fields: Any) -> Problem:
    """The problem of a registered environment, with any of its fields changed.

    Raises:
        ValueError: The id is unknown, or a field is out of bounds.
        TypeError: A field is unknown or of the wrong type.
    """
    environment = ENVIRONMENTS[one_of("environment", env_id, ENVIRONMENTS)]
    return with_fields(environment.problem, fields)


PROBLEMS: dict[str, type[Problem]] = {
    "lost_sales": LostSales,
    "perishable": Perishable,
    "dual_sourcing": DualSourcing,
    "procurement_removal": ProcurementRemoval,
}
"""The classes of problems that have a name."""

KNOWS_DISTRIBUTION = " (knows distribution)"
"""How the names of policies end that know the demand distribution."""

for _task in (
    Task(
        LostSales(lead_time=0),
        make_source("default"),
        "InvLostSales-v0",
        "lost sales, no lead time",
        f"base-stock{KNOWS_DISTRIBUTION}",
    ),
    Task(
        LostSales(lead_time=5),
        make_source("default"),
        "InvLostSalesLeadTime-v0",
        "lost sales, lead time 5",
        f"searched vector base-stock{KNOWS_DISTRIBUTION}",
    ),
    Task(
        Perishable(shelf_life=3),
        make_source("high_variance"),
        "InvPerishable-v0",
        "perishable stock, shelf life 3",
        f"searched base-stock{KNOWS_DISTRIBUTION}",
    ),
    Task(
        DualSourcing(),
        make_source("default"),
        "InvDualSourcing-v0",
        "dual sourcing, lead times 2 and 0",
        f"dual index{KNOWS_DISTRIBUTION}",
    ),
    Task(
        ProcurementRemoval(),
        make_source("default"),
        "InvProcurementRemoval-v0",
        "procurement and removal",
        f"interval-stock{KNOWS_DISTRIBUTION}",
    ),
):
    register(_task)
