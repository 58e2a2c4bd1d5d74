"""What a reader must know of today's orders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from inv_gym.advice.choice import CHOICE_RULE
from inv_gym.advice.compared import AUTO
from inv_gym.advice.orders import Inquiry
from inv_gym.advice.stock_file import PROMOTION

REFUSED = "not answered: "
"""How the reason of a series begins that has no answer."""


def notes_of(
    inquiry: Inquiry, frame: pd.DataFrame, answered: int, unfit: Mapping[str, int]
) -> tuple[str, ...]:
    """What a reader must know of the orders."""
    today, source = inquiry.today, inquiry.today.source
    noun = today.panel.frequency.noun
    notes = [
        *source.notes,
        f"the orders are of the {noun} of {today.calendar.ahead[0]}, after the last one of the "
        f"table, {today.calendar.last}",
    ]
    for name, column in today.told.items():
        notes.append(_told_note(name, int((~np.isnan(column)).sum())))
    notes += _promotion_notes(inquiry)
    notes += [f"{text} ({number:,} series)" for text, number in unfit.items()]
    notes.append(f"{answered:,} of {len(frame):,} series are answered")
    notes += _unanswered(frame)
    if AUTO in inquiry.wanted or len(inquiry.wanted) > 1:
        notes.append(CHOICE_RULE)
    orders = Counter(frame["policy"][frame["policy"] != ""])
    notes += [f"{name} orders for {number:,} series" for name, number in orders.most_common()]
    return tuple(notes)


def _told_note(name: str, number: int) -> str:
    """Of how many series the stock file tells a figure."""
    return f"{name} of {number:,} series is that of the stock file"


def _promotion_notes(inquiry: Inquiry) -> list[str]:
    """Of how many series today's promotion is known; nothing if there are no promotions."""
    today, told = inquiry.today, inquiry.file.figures.get(PROMOTION)
    if today.panel.promotion is None:
        unused = "promotion of the stock file is not used: the table of sales has no promotions"
        return [] if told is None else [unused]
    number = len(today.panel.series)
    known = 0 if today.promotion is None else int((~np.isnan(today.promotion)).sum())
    notes = [_told_note(PROMOTION, known)] if known else []
    if known < number:
        whose = f" of {number - known:,} series" if known else ""
        notes.append(f"promotions of today{whose} are not known, and taken to be none")
    return notes


def _unanswered(frame: pd.DataFrame) -> list[str]:
    """How many series are not answered for each kind of reason, with the first of them."""
    rows = frame[frame["policy"] == ""]
    kinds = rows["reason"].map(lambda reason: re.sub(r"[0-9.-]+", "", reason))
    return [
        f"not answered, {len(some):,} series, the first is {some['series'].iloc[0]!r}: "
        + some["reason"].iloc[0].removeprefix(REFUSED)
        for _, some in rows.groupby(kinds, sort=False)
    ]
