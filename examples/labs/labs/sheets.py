"""The files of a lab: the student's sheet with blanks, and the cells that fill the blanks.

A sheet is a Python file in jupytext's percent format. A cell whose title starts with ``Exercise``
has a blank (``...``) and ends with its check. The file of the same name in ``solutions`` holds
exactly these cells, filled in. So no text stands twice, and a teacher takes the solutions away by
removing one folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[1]
MARK = re.compile(r"^# %%(?: Exercise (?P<exercise>[\d.]+))?.*$", re.MULTILINE)


class Cell(NamedTuple):
    """A cell of a sheet."""

    text: str
    """With the line that begins it."""
    exercise: str | None
    """Its number, such as ``2.3``."""


def cells(text: str) -> list[Cell]:
    """The cells of a percent script; what stands before the first is left out."""
    marks = list(MARK.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [
        Cell(text[mark.start() : end].rstrip() + "\n", mark["exercise"])
        for mark, end in zip(marks, ends, strict=True)
    ]


def sheets() -> list[Path]:
    """The sheets of all labs, in order."""
    return sorted(FOLDER.glob("lab*.py"))


def solutions_of(sheet: Path) -> dict[str, str]:
    """The cells that solve the exercises of a sheet, by exercise.

    Raises:
        FileNotFoundError: The folder of solutions was taken away.
    """
    path = sheet.parent / "solutions" / sheet.name
    if not path.exists():
        raise FileNotFoundError(f"the solutions are not here: {path} is missing.")
    return {cell.exercise: cell.text for cell in cells(path.read_text()) if cell.exercise}


def solution_cell(exercise: str) -> str:
    """The cell that solves an exercise.

    Raises:
        ValueError: There is no such exercise.
        FileNotFoundError: The folder of solutions was taken away.
    """
    sheet = FOLDER / f"lab{exercise.partition('.')[0]}.py"
    solved = solutions_of(sheet) if sheet in sheets() else {}
    if exercise not in solved:
        raise ValueError(f"there is no exercise {exercise!r}; write it as in the text, as '2.3'.")
    return solved[exercise]


def solved_cells(sheet: Path) -> Iterator[Cell]:
    """The cells of a sheet with every blank filled."""
    solved = solutions_of(sheet)
    for cell in cells(sheet.read_text()):
        yield Cell(solved[cell.exercise], cell.exercise) if cell.exercise else cell


def solved_sheet(sheet: Path) -> str:
    """The text of a sheet with every blank filled."""
    return "\n".join(cell.text for cell in solved_cells(sheet))
