"""The structures of a problem that the series of a table are played with."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inv_gym.problems.problem import Problem

if TYPE_CHECKING:
    from inv_gym.products.panel import Panel


STRUCTURE_FIGURES = ("lead_time", "shelf_life")
"""Columns of a table that are fields of problems."""


class Structure(NamedTuple):
    """Series of a table that are played with one structure of the problem."""

    fields: tuple[tuple[str, int], ...]
    """Fields of the problem that the table gives."""
    series: tuple[int, ...]
    """Numbers of the series."""

    @property
    def label(self) -> str:
        """The fields in words; empty if the table gives none."""
        return ", ".join(f"{name} {value}" for name, value in self.fields)


def counted_series(structure: Structure) -> str:
    """How many series have a structure."""
    return f"{len(structure.series):,} series"


def find_structures(panel: Panel, problem: Problem) -> list[Structure]:
    """The structures of the series of a table, by what the table gives of the problem's fields."""
    known = {field.name for field in dataclasses.fields(problem)}
    names = [name for name in STRUCTURE_FIGURES if name in panel.figures and name in known]
    figures = [
        np.where(np.isnan(panel.figures[name]), getattr(problem, name), panel.figures[name])
        for name in names
    ]
    if not names:
        return [Structure((), tuple(range(len(panel.series))))]
    values, group = np.unique(np.stack(figures, 1), axis=0, return_inverse=True)
    return [
        Structure(
            tuple((name, int(value)) for name, value in zip(names, row, strict=True)),
            tuple(np.flatnonzero(group.ravel() == number).tolist()),
        )
        for number, row in enumerate(values)
    ]
