"""Today's orders for every series of a table of sales."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inv_gym.problems.problem import Problem
from inv_gym.tasks.naming import READING_KEYS
from inv_gym.tasks.task import Task
from inv_gym.util.checks import one_of

if TYPE_CHECKING:
    import pandas as pd

    from inv_gym.advice.answers import Advice
    from inv_gym.play.policy import Policy
    from inv_gym.products.panel import Panel

ADVICE_OPTIONS = (*READING_KEYS, "economics", "seed")
"""What can be said of a table of sales."""


def advise(
    data: str | Path | Panel,
    stock: str | Path | pd.DataFrame,
    env_or_problem: str | Task | Problem | None = None,
    *,
    lead_time: int | None = None,
    shelf_life: int | None = None,
    policy: str | Sequence[str] | Mapping[str, Callable[[Problem], Policy | None]] = "auto",
    executor: Executor | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    **options: Any,
) -> Advice:
    """Today's order for every series of a table of sales: from its stock, what is on order, its
    prices and costs, and its history up to the last day of the table.

    Today is the period after the last one of the table. A series that cannot be answered stands in
    the result with the reason and an order of 0.

    Args:
        data: The file of a table of sales, or a panel that was read.
        stock: A file with the stock of each series, or a frame; see
            `inv_gym.advice.stock_file.read_stock`.
        env_or_problem: The id of an environment, a task or a problem; lost sales if None, or
            perishable stock where a shelf life is given.
        lead_time: Periods from an order to its arrival, of the series for which neither file has
            one.
        shelf_life: Periods in which a unit can be sold, likewise.
        policy: Who orders: ``auto``; the name of a heuristic or of a network that comes with the
            package; the folder of a training; or functions that make a policy for a problem, by
            name. Of several, each series takes one as with ``auto``, and the first one stands in
            for it.
        executor: Who plays the comparison, see `inv_gym.evaluate`; None plays it in as
            many threads of this process as it shall have.
        progress: Called with what is done, how many of them, and how many there are in all.
        **options: How to read the table (those that hold for any text hold for the stock file
            too), ``economics`` and ``seed`` of what is imputed, see `inv_gym.make_source`.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: A value has the wrong type.
        ValueError: A file cannot be read, a name is unknown, or a value is out of bounds.
    """
    from inv_gym.advice.answers import advice  # needs pandas and torch, which the rest does not

    for key in options:
        one_of("option of the table", key, ADVICE_OPTIONS)
    fields = {"lead_time": lead_time, "shelf_life": shelf_life}
    given = {name: value for name, value in fields.items() if value is not None}
    wanted = _wanted(policy)
    return advice(data, stock, env_or_problem, given, wanted, executor, progress, options)


def _wanted(policy: Any) -> list[str | Mapping[str, Any]]:
    """What is asked for, one by one.

    Raises:
        TypeError: It is neither text nor a mapping, nor a sequence of such.
    """
    wanted = list(policy) if isinstance(policy, (list, tuple)) else [policy]
    if not wanted or not all(isinstance(asked, (str, Mapping)) for asked in wanted):
        raise TypeError(
            "policy must be a name, the folder of a training, a mapping from names to functions "
            f"that make a policy, or a list of such, got {policy!r}."
        )
    return wanted
