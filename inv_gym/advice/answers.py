"""The answers for all series of a table, put together."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from inv_gym.advice.compared import PolicyFunction
from inv_gym.advice.limits import bringing
from inv_gym.advice.notes import REFUSED, notes_of
from inv_gym.advice.orders import Answers, Group, Inquiry, Progress, answer
from inv_gym.advice.stock_file import PROMOTION, StockFile, read_stock
from inv_gym.advice.today import Today
from inv_gym.problems.problem import Problem
from inv_gym.products.panel import Panel, PanelProducts, retail
from inv_gym.products.panel.headings import COSTS, PRICES, SERIES_FIGURES
from inv_gym.tasks.naming import READING_KEYS, with_fields, with_ranges
from inv_gym.tasks.registry import task
from inv_gym.tasks.structures import find_structures
from inv_gym.tasks.tables import read_data
from inv_gym.tasks.task import Task
from inv_gym.util.checks import one_of
from inv_gym.util.extras import needs
from inv_gym.util.files import write_atomically

TEXT_KEYS = ("separator", "columns", "decimal")
"""What is said of a table of sales that holds for the stock file too."""
EXCEL = ".xlsx"
NUMBER_FORMAT = "%.9g"
TEXTS = ("policy", "next_arrival", "reason")


@dataclass(frozen=True)
class Advice:
    """Today's orders.

    Attributes:
        frame: A row per series: ``series``; ``on_hand`` and ``on_order``, units as the stock file
            has them; ``order``, units (and a column per channel where there are several);
            ``policy``, which gave it, empty where the series cannot be answered; ``next_arrival``,
            the day of the first arrival after today; ``stockout_probability`` and ``fill_rate``
            until then; and the ``reason`` where the order is 0, capped or changed, or where there
            is no answer.
        notes: What was done to the table, what is not answered and why, and who orders.
        answered: Number of series that are answered.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...]
    answered: int

    def write(self, path: str | Path, separator: str = ",", decimal: str = ".") -> Path:
        """Write the orders as text, or as an Excel file.

        Args:
            path: The file, ``.csv`` or ``.xlsx``; an old one is replaced.
            separator: Between the cells of text.
            decimal: The mark of decimals in text.

        Raises:
            ImportError: An Excel file needs openpyxl.
            OSError: The file cannot be written; an old one is as it was.
            ValueError: The name ends in another way.
        """
        if orders_type(path) != EXCEL:
            text = self.frame.to_csv(
                index=False, sep=separator, decimal=decimal, float_format=NUMBER_FORMAT
            )
            return write_atomically(path, text)
        content = io.BytesIO()
        with needs("excel", "a .xlsx file"):
            self.frame.to_excel(content, index=False)
        return write_atomically(path, content.getvalue())


def orders_type(path: str | Path) -> str:
    """How the name of a file of orders ends.

    Raises:
        ValueError: Orders are not written to that type of file.
    """
    return one_of("type of file of orders", Path(path).suffix.lower(), (".csv", EXCEL))


def advice(
    data: str | Path | Panel,
    stock: str | Path | pd.DataFrame,
    env_or_problem: str | Task | Problem | None,
    fields: Mapping[str, int],
    wanted: Sequence[str | Mapping[str, PolicyFunction]],
    executor: Executor | None,
    progress: Progress | None,
    options: dict[str, Any],
) -> Advice:
    """See `inv_gym.advise`."""
    problem = _problem(env_or_problem, fields)
    reading = {key: options.pop(key) for key in READING_KEYS if key in options}
    file = read_stock(stock, **{key: reading[key] for key in TEXT_KEYS if key in reading})
    panel = read_data(data, reading)
    matched = _matched(panel, file)
    panel = _with_figures(panel, file, matched)
    source = PanelProducts(panel, **with_ranges(options, retail(panel.frequency)))
    told = {
        name: _by_table(file.figures[name], matched, len(panel.series))
        for name in (*PRICES, *COSTS)
        if name in file.figures
    }
    promotion = None
    if PROMOTION in file.figures and panel.promotion is not None:
        promotion = _by_table(file.figures[PROMOTION], matched, len(panel.series))
    today = Today(source, told, promotion)
    inquiry = Inquiry(today, file, wanted, executor, progress or _silent)

    # what can be answered, problem by problem
    refused = today.refusals | dict.fromkeys(
        np.flatnonzero(matched < 0).tolist(), "the stock file has no row of it"
    )
    answers, notes = list[Answers](), Counter[str]()
    for group in _groups(problem, today, matched, list(refused)):
        answered, reasons, remarks = answer(group, inquiry)
        refused |= reasons
        notes.update(dict.fromkeys(remarks, len(group.series)))
        if answered is not None:
            answers.append(answered)
    frame = _frame(problem, inquiry, answers, refused, matched)
    number = sum(len(part.policy) for part in answers)
    return Advice(frame, notes_of(inquiry, frame, number, notes), number)


def _silent(what: str, done: int, number: int) -> None:
    """Show no progress."""


def _problem(env_or_problem: str | Task | Problem | None, fields: Mapping[str, int]) -> Problem:
    """The problem that is ordered for.

    Raises:
        TypeError: The problem has no such field.
        ValueError: There is no such environment, or a value is out of bounds.
    """
    if env_or_problem is None:
        env_or_problem = "InvPerishable-v0" if "shelf_life" in fields else "InvLostSales-v0"
    if not isinstance(env_or_problem, Problem):
        env_or_problem = task(env_or_problem).problem
    return with_fields(env_or_problem, fields)


def _matched(panel: Panel, file: StockFile) -> np.ndarray:
    """``[S]`` number of each series of a table in the stock file; below 0 where it has none."""
    number = {name: place for place, name in enumerate(file.names)}
    return np.array([number.get(name, -1) for name in panel.series])


def _by_table(figures: np.ndarray, matched: np.ndarray, number: int) -> np.ndarray:
    """Figures of the stock file by the series of the table, NaN where none is given."""
    column = np.full(number, np.nan)
    column[matched >= 0] = figures[matched[matched >= 0]]
    return column


def _with_figures(panel: Panel, file: StockFile, matched: np.ndarray) -> Panel:
    """The table with the lead times, shelf lives and lots of the stock file in place of its own."""
    number, figures = len(panel.series), dict(panel.figures)
    for name in set(SERIES_FIGURES) & set(file.figures):
        told = _by_table(file.figures[name], matched, number)
        own = figures.get(name, np.full(number, np.nan))
        figures[name] = np.where(np.isnan(told), own, told)
    return replace(panel, figures=figures)


def _groups(
    problem: Problem, today: Today, matched: np.ndarray, refused: Collection[int]
) -> list[Group]:
    """The series that share a structure of the problem, and whether they come in whole units."""
    groups = []
    for structure in find_structures(today.panel, problem):
        series = np.setdiff1d(structure.series, list(refused)).astype(int)
        fields: dict[str, Any] = dict(structure.fields)
        for whole in (True, False):
            some = series[today.whole[series] == whole]
            played = replace(problem, **fields, integer_orders=whole or problem.integer_orders)
            if len(some):
                groups.append(Group(played, some, matched[some]))
    return groups


def _frame(
    problem: Problem,
    inquiry: Inquiry,
    answers: Sequence[Answers],
    refused: Mapping[int, str],
    matched: np.ndarray,
) -> pd.DataFrame:
    """A row per series of the table, and then one for each that only the stock file has."""
    names, held = inquiry.today.panel.series, _held(inquiry.file)
    rows: dict[int, dict[str, Any]] = {
        place: held.get(int(matched[place]), {}) | {"reason": f"{REFUSED}{reason}"}
        for place, reason in refused.items()
    }
    for part in answers:
        rows |= dict(zip(part.group.series.tolist(), _answer_rows(part, inquiry), strict=True))
    listed = [{"series": names[place]} | rows[place] for place in range(len(names))]
    for place in np.setdiff1d(np.arange(len(inquiry.file.names)), matched):
        reason = {"reason": f"{REFUSED}the table of sales has no row of it"}
        listed.append({"series": inquiry.file.names[place]} | held[int(place)] | reason)
    channels = [] if problem.order_dim == 1 else [x for x in problem.order_names if x != "order"]
    columns = [
        *("series", "on_hand", "on_order", "order"),
        *channels,
        *("policy", "next_arrival", "stockout_probability", "fill_rate", "reason"),
    ]
    empty = dict.fromkeys(["order", *channels], 0.0) | dict.fromkeys(TEXTS, "")
    return pd.DataFrame([empty | row for row in listed], columns=columns)


def _held(file: StockFile) -> dict[int, dict[str, float]]:
    """What each series of a stock file has on hand and on order, by its number."""
    totals = {
        name: np.bincount(file.code, np.nan_to_num(getattr(file, name)), len(file.names)).tolist()
        for name in ("on_hand", "on_order")
    }
    return {
        place: {name: total[place] for name, total in totals.items()}
        for place in range(len(file.names))
    }


def _answer_rows(part: Answers, inquiry: Inquiry) -> list[dict[str, Any]]:
    """The rows of a group."""
    problem = part.group.problem
    arrival = inquiry.today.calendar.ahead[part.reach.periods].astype(str)
    channels = dict(zip(problem.order_names, part.order, strict=True))
    columns = {
        "on_hand": part.stock.on_hand,
        "on_order": part.stock.on_order,
        **channels,
        "order": sum(part.order[channel] for channel in bringing(problem)),
        "policy": part.policy,
        "next_arrival": arrival,
        "stockout_probability": part.reach.stockout_probability,
        "fill_rate": part.reach.fill_rate,
        "reason": [part.remarks.of(row) for row in range(len(part.policy))],
    }
    names, rows = list(columns), zip(*columns.values(), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]
