"""The layouts that tables are recognised by, and what to do about a heading that fits none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""How a day is written."""

COLUMN_OF_A_DAY = re.compile(rf"{DAY.pattern}(?:[ T]00:00(?::00)?)?")
"""What the column of a day is called in a wide table."""

NAMELESS = re.compile(r"(Unnamed: [0-9]+)?")
"""How a column is called that has no name, such as the numbers of rows."""

SEPARATORS = (";", "\t", "|")
"""Separators that tables in text have in place of the comma."""

SHOWN_NAMES, LONGEST_NAME = 10, 40
"""Names of columns that an error lists, and characters of each."""

PRICES = ("price", "cost")
"""Columns of money per unit, which must be above 0."""

COSTS = ("holding_cost", "shortage_cost", "outdating_cost")
"""Columns of costs per unit, which must be at least 0 and are given in place of imputed ones."""

SERIES_FIGURES = ("lead_time", "shelf_life", "order_multiple", "minimum_order")
"""Columns that have one number per series."""

STATES = ("open", "closing_stock")
"""Columns of what a shop was like: open (1) or closed (0), and the units left."""

OPTIONAL = (*PRICES, *COSTS, *SERIES_FIGURES, *STATES)
"""Columns that every layout may have."""


@dataclass(frozen=True)
class Layout:
    """A kind of table, told by the names of its columns. All have ``date``; all may have ``price``
    and ``cost``.

    Attributes:
        name: What the kind is called.
        series_columns: Columns whose values, joined by "/", name a series.
        units: Column of the units sold.
        promotion: Column of the promotion (true or false, or a number such as the promoted items);
            may be absent.
        missing: Rule for periods without a row between the first and the last row of a series.
        returns: Rule for negative units.
        shop: The first of the series' columns is the shop, which closes with all its series.
        wide: One column per series, or one per day, in place of ``units``.
    """

    name: str
    series_columns: tuple[str, ...]
    units: str
    promotion: str
    missing: str
    returns: str
    shop: bool = False
    wide: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that the table must have."""
        return (*self.series_columns, "date", self.units)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read where the table has them."""
        return (*self.required, self.promotion, *OPTIONAL)


LAYOUTS = (
    Layout("long table", ("series",), "units", "promotion", missing="error", returns="error"),
    Layout(
        "Kaggle Favorita",
        ("store_nbr", "item_nbr"),
        "unit_sales",
        "onpromotion",
        missing="zero",
        returns="zero",
        shop=True,
    ),
    Layout(
        "Kaggle Store Sales",
        ("store_nbr", "family"),
        "sales",
        "onpromotion",
        missing="zero",
        returns="zero",
        shop=True,
    ),
    Layout("stores", ("store_nbr",), "unit_sales", "onpromotion", missing="zero", returns="zero"),
)
"""The first one whose columns are all there is taken. In the Kaggle tables a row is absent where
nothing was sold, and negative units are returned goods."""


def renamed(names: Sequence[str], columns: Mapping[str, str] | None) -> list[str]:
    """The table's names of columns, with those that `columns` gives (ours: the table's) put to
    ours.

    A column of the table that has our name already gives way, and is called "".

    Raises:
        TypeError: `columns` is no mapping from names to names.
        ValueError: The table has no such column, or a layout none of the name.
    """
    theirs = {} if columns is None else columns
    if not isinstance(theirs, Mapping) or not all(isinstance(x, str) for x in theirs.values()):
        raise TypeError(f"columns must be a mapping from names to names, got {columns!r}.")
    known = list(dict.fromkeys(name for layout in LAYOUTS for name in layout.columns))
    unknown = [ours for ours in theirs if ours not in known]
    if unknown:
        raise ValueError(
            f"columns must be given as name=column of the table with a name of {', '.join(known)}, "
            f"got {', '.join(map(repr, unknown))}."
        )
    absent = [name for name in theirs.values() if name not in names]
    if absent:
        raise ValueError(
            f"the demand table has no column {', '.join(map(repr, absent))}; it has "
            f"{listed(names)}."
        )
    shared = [name for name in theirs.values() if list(theirs.values()).count(name) > 1]
    if shared:
        raise ValueError(
            f"columns must give a column of the table once, got {shared[0]!r} for "
            f"{' and '.join(ours for ours, name in theirs.items() if name == shared[0])}."
        )
    back = {name: ours for ours, name in theirs.items()}
    return [back.get(name, "" if name in theirs else name) for name in names]


def find_layout(columns: Sequence[str], wide: bool) -> Layout | None:
    """The layout with these columns, among others; None if there is none.

    Args:
        columns: Names of the table's columns.
        wide: There is one column per series, or one per day.

    Raises:
        ValueError: A name is there twice, or a wide table has no days.
    """
    if wide:
        return _wide_layout(columns)
    layout = next((some for some in LAYOUTS if set(some.required) <= set(columns)), None)
    if layout is not None:
        _refuse_twice(columns, layout.columns)
    return layout


def days_across(columns: Sequence[str]) -> bool:
    """Whether a wide table has a column per day, in place of one per series."""
    return "date" not in columns


def _wide_layout(columns: Sequence[str]) -> Layout:
    """The layout of a table with one column per series beside ``date``, or one per day."""
    _refuse_twice(columns, columns)
    nameless = [name for name in columns if NAMELESS.fullmatch(name)]
    if nameless and not days_across(columns):
        raise ValueError(
            f"a column of the wide table has no name, got {nameless[0]!r}: name it, or drop it."
        )
    days = [name for name in columns if COLUMN_OF_A_DAY.fullmatch(name)]
    names = tuple(name for name in columns if name not in days)
    if days_across(columns) and not (days and names):
        raise ValueError(
            "a wide table needs a column date, or columns named by days (YYYY-MM-DD) beside those "
            f"that name the series, got {listed(columns)}: rename them, or give "
            'columns={"date": ...}.'
        )
    series = names if days_across(columns) else ("series",)
    return Layout("wide table", series, "units", "promotion", "error", "error", wide=True)


def _refuse_twice(columns: Sequence[str], needed: Sequence[str]) -> None:
    """Refuse a name that stands for two columns.

    Raises:
        ValueError: It names all of them.
    """
    twice = [name for name in dict.fromkeys(needed) if list(columns).count(name) > 1]
    if twice:
        raise ValueError(
            f"the demand table has more than one column {', '.join(map(repr, twice))}: rename or "
            "drop all but one."
        )


def why_no_layout(columns: Sequence[str], cells: Sequence[str]) -> tuple[str, str]:
    """What columns that fit no layout are, and the remedy.

    Args:
        columns: Names of the table's columns.
        cells: Its first row, empty if there is none.
    """
    if _looks_wide(columns, cells):
        return (
            f"the demand table is wide, with one column per series or per day ({listed(columns)})",
            "melt it into series, date and units, or read it with wide=True",
        )
    known = "; ".join(f"{', '.join(layout.required)} ({layout.name})" for layout in LAYOUTS)
    return (
        f"the demand table has the columns {listed(columns)}, which are no known layout",
        f'rename them (or give columns={{"series": ..., "date": ...}}) to one of: {known}',
    )


def other_separator(columns: Sequence[str], separator: str) -> str | None:
    """What separates the names where they were read as one."""
    if len(columns) > 1:
        return None
    others = [mark for mark in (*SEPARATORS, ",") if mark != separator]
    return next((mark for mark in others if mark in "".join(columns)), None)


def near_names(columns: Sequence[str]) -> dict[str, str]:
    """Ours and the table's names where a layout fits but for capitals and spaces."""
    plain = {name.strip().lower(): name for name in columns}
    for layout in LAYOUTS:
        if set(layout.required) <= plain.keys():
            return {ours: plain[ours] for ours in layout.columns if plain.get(ours, ours) != ours}
    return {}


def _looks_wide(columns: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether there is a column per day, or numbers in all columns but one, of days."""
    if sum(COLUMN_OF_A_DAY.fullmatch(name.strip()) is not None for name in columns) > 1:
        return True
    values = {name.strip().lower(): cell for name, cell in zip(columns, cells, strict=False)}
    if values.keys() & {name for layout in LAYOUTS for name in layout.columns if name != "date"}:
        return False
    numbers = [name for name, cell in values.items() if _is_number(cell)]
    others = [name for name in values if name not in numbers]
    return len(numbers) > 1 and len(others) == 1 and _like_a_day(others[0], values[others[0]])


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"\s*-?[0-9]*[.,]?[0-9]*\s*", cell) is not None


def _like_a_day(name: str, cell: str) -> bool:
    return "dat" in name or re.search(r"[0-9]+[-/.][0-9]+[-/.][0-9]+", cell) is not None


def listed(columns: Sequence[str]) -> str:
    """The names, cut short where they are many or long."""
    names = [
        name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
        for name in columns[:SHOWN_NAMES]
    ]
    further = len(columns) - SHOWN_NAMES
    return ", ".join(names) + (f" and {further:,} more" if further > 0 else "")
