"""Stock on hand and what is on order, as the states of a problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from inv_gym.advice.stock_file import StockFile
from inv_gym.problems.problem import Problem


@dataclass
class Remarks:
    """What is said of each product, in the order in which it was found.

    Attributes:
        texts: Of each product that there is something to say of, by its number.
    """

    texts: dict[int, list[str]] = field(default_factory=dict)

    def add(self, product: int | np.integer, text: str) -> None:
        """Say something of a product."""
        self.texts.setdefault(int(product), []).append(text)

    def of(self, product: int) -> str:
        """All that is said of a product; empty if nothing is."""
        return "; ".join(self.texts.get(product, []))


@dataclass(frozen=True)
class Calendar:
    """The periods that are ordered for.

    Attributes:
        last: The last day of the table of sales.
        ahead: ``[N]`` the first days of today's period and of those after it.
    """

    last: np.datetime64
    ahead: np.ndarray

    def arrival(self, due: np.ndarray) -> np.ndarray:
        """Periods from today to the first one that begins on a day or later; N if none does."""
        return np.searchsorted(self.ahead, due)

    def final(self, expires: np.ndarray) -> np.ndarray:
        """Periods from today to the one that a day lies in; below 0 if it is over."""
        return np.searchsorted(self.ahead, expires, side="right") - 1


@dataclass(frozen=True)
class Stock:
    """What B products have on hand and on order, at today's decision.

    Attributes:
        state: The problem's state, NamedTuple of ``[B]`` columns, units.
        on_hand: ``[B]`` units, as the file has them.
        on_order: ``[B]`` units.
        remarks: What was left out or read in another way.
        refusals: What stands in the way of an answer.
    """

    state: Any
    on_hand: np.ndarray
    on_order: np.ndarray
    remarks: Remarks
    refusals: Remarks


class _Rows(NamedTuple):
    """The rows of a stock file that are of some products; columns ``[R]``."""

    product: np.ndarray
    on_hand: np.ndarray
    on_order: np.ndarray
    due: np.ndarray
    expires: np.ndarray

    @classmethod
    def of(cls, file: StockFile, products: np.ndarray) -> _Rows:
        """Those of the products with these numbers ``[B]`` among the series of the file."""
        number = np.full(len(file.names), -1)
        number[products] = np.arange(len(products))
        product = number[file.code]
        kept = np.flatnonzero(product >= 0)
        columns = (file.on_hand, file.on_order, file.due, file.expires)
        return cls(product[kept], *(column[kept] for column in columns))


def stock_of(problem: Problem, file: StockFile, products: np.ndarray, days: Calendar) -> Stock:
    """The states of some series of a stock file.

    What is due today, or between the last day of the table and today, is on hand. Stock without a
    day of expiry is taken to be of all ages in equal parts.

    Args:
        problem: Says what a state is.
        file: Says what is on hand and on order.
        products: ``[B]`` numbers of the series among those of the file.
        days: Today's period and those after it, more than the longest lead time and shelf life.
    """
    rows = _Rows.of(file, products)
    remarks, refusals = Remarks(), Remarks()
    on_hand, on_order = (
        np.bincount(rows.product, np.nan_to_num(units), len(products))
        for units in (rows.on_hand, rows.on_order)
    )
    _refuse_units(problem, rows, len(products), refusals)
    received, pipeline = _arrivals(problem, rows, len(products), days, refusals)
    ages = _ages(problem, rows, len(products), days, remarks)
    undated = np.where(np.isnat(rows.expires) | (not ages), np.nan_to_num(rows.on_hand), 0.0)
    ageless = np.bincount(rows.product, undated, len(products))
    state = _state(problem, ageless, received, pipeline, ages)
    if getattr(state, "stock", None) == ():
        for product in np.flatnonzero(on_hand + received > 0.0):
            remarks.add(product, "what is on hand does not keep until today's sales")
    return Stock(state, on_hand, on_order, remarks, refusals)


def _refuse_units(problem: Problem, rows: _Rows, number: int, refusals: Remarks) -> None:
    """Refuse stock that is not given, or negative (but for a backlog where demand waits), and
    negative units on order.
    """
    given = np.bincount(rows.product, ~np.isnan(rows.on_hand), number)
    for product in np.flatnonzero(given == 0):
        refusals.add(product, "the stock file does not say what is on hand")
    signed = {"on_order": rows.on_order} | ({} if problem.backlog else {"on_hand": rows.on_hand})
    for name, units in signed.items():
        for row in np.flatnonzero(units < 0.0):
            refusals.add(rows.product[row], f"{name} must be at least 0, got {units[row]:g}")


def _arrivals(
    problem: Problem, rows: _Rows, number: int, days: Calendar, refusals: Remarks
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Units that came in today ``[B]``, and those that come in after each period to come."""
    places = len(getattr(problem.initial_state(0.0), "pipeline", ()))
    on_order = np.maximum(np.nan_to_num(rows.on_order), 0.0)
    is_due = on_order > 0.0
    wait = np.where(is_due, days.arrival(rows.due), 0)

    # what cannot be
    for row in np.flatnonzero(is_due & (rows.due <= days.last)):
        refusals.add(
            rows.product[row],
            f"{on_order[row]:g} units on order were due on {rows.due[row]}, but sales are known up "
            f"to {days.last}: count them as on hand, or give the day on which they will come",
        )
    for row in np.flatnonzero(wait > places):
        refusals.add(
            rows.product[row],
            f"{on_order[row]:g} units on order are due on {rows.due[row]}, when an order of today "
            "would be there already: give a longer lead time",
        )

    # what comes in when
    arriving = np.zeros((places + 1, number))
    np.add.at(arriving, (np.minimum(wait, places), rows.product), on_order)
    return arriving[0], list(arriving[1:])


def _ages(
    problem: Problem, rows: _Rows, number: int, days: Calendar, remarks: Remarks
) -> list[np.ndarray]:
    """Units with a day of expiry by their remaining life, ``[B]`` each; none where nothing
    perishes.
    """
    ages = [np.zeros(number) for _ in getattr(problem.initial_state(0.0), "stock", ())]
    if not ages:
        return ages
    dated = ~np.isnat(rows.expires) & (rows.on_hand > 0.0)
    left = np.where(dated, days.final(rows.expires), 0)
    for row in np.flatnonzero(left < 0):
        text = f"{rows.on_hand[row]:g} units expired by {rows.expires[row]} and are left out"
        remarks.add(rows.product[row], text)
    for row in np.flatnonzero(left >= len(ages)):
        text = f"{rows.on_hand[row]:g} units expire after fresh ones, and are taken for fresh"
        remarks.add(rows.product[row], text)
    for row in np.flatnonzero(dated & (left >= 0)):
        ages[min(left[row], len(ages) - 1)][rows.product[row]] += rows.on_hand[row]
    return ages


def _state(
    problem: Problem,
    ageless: np.ndarray,
    received: np.ndarray,
    pipeline: list[np.ndarray],
    ages: list[np.ndarray],
) -> Any:
    """The state with these units; what came in today is the freshest."""
    if not ages:
        state = problem.initial_state(ageless + received)
        return state._replace(pipeline=tuple(pipeline)) if pipeline else state
    ages[-1] += received
    state = problem.initial_state(ageless)
    stock = tuple(spread + dated for spread, dated in zip(state.stock, ages, strict=True))
    return state._replace(stock=stock, pipeline=tuple(pipeline))
