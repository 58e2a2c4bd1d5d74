"""Tables of the fields of problems, from their docstrings, for the page about the environments."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.problem import Problem

PROBLEMS: tuple[type[Problem], ...] = (LostSales, Perishable, DualSourcing, ProcurementRemoval)
ATTRIBUTE = re.compile(r"^(\w+): (.*)$")
PAGE = Path(__file__).with_name("fields.md")


def meanings(kind: type[Problem]) -> dict[str, str]:
    """What each field of a problem means, from the sections ``Attributes`` of its docstrings."""
    texts: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        section = inspect.cleandoc(parent.__dict__.get("__doc__") or "").partition("Attributes:\n")[
            2
        ]
        name = ""
        for line in map(str.strip, section.partition("\n\n")[0].splitlines()):
            if start := ATTRIBUTE.match(line):
                name, texts[start[1]] = start[1], start[2]
            elif name:
                texts[name] += f" {line}"
    return texts


def table(kind: type[Problem]) -> str:
    """The fields of a problem in Markdown: name, default, meaning."""
    meant = meanings(kind)
    rows = [
        f"| `{field.name}` | `{field.default!r}` | {meant[field.name].replace('``', '`')} |"
        for field in dataclasses.fields(kind)
    ]
    return "\n".join(
        [f"## {kind.__name__}", "", "| field | default | meaning |", "|---|---|---|", *rows]
    )


def page() -> str:
    """The whole page."""
    head = "# Fields of the problems\n\nGiven to `gym.make`, `gym.make_vec` and `inv_gym.task`."
    return "\n\n".join([head, *map(table, PROBLEMS)]) + "\n"


def setup(app: Any) -> dict[str, bool]:
    """Write the page before the site is built."""
    PAGE.write_text(page(), encoding="utf-8")
    return {"parallel_read_safe": True}
