"""The results of a campaign in its folder, and pages that are made of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inv_gym.util.files import write_atomically


class Results:
    """The measured files below a folder, each whole or not there.

    Attributes:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, file: str) -> bool:
        """Whether a file is measured."""
        return (self.folder / file).exists()

    def read(self, file: str) -> Any:
        """The plain data of a JSON file."""
        return json.loads((self.folder / file).read_text())

    def read_all(self, pattern: str) -> list[Any]:
        """The plain data of all JSON files of a pattern, in the order of their names."""
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob(pattern))]

    def arrays(self, file: str) -> dict[str, np.ndarray]:
        """The arrays of an npz file, by name."""
        with np.load(self.folder / file) as arrays:
            return dict(arrays)

    def seeds(self, name: str, kinds: Iterable[str], file: str) -> list[int]:
        """The seeds for which ``name/KIND-SEED/file`` is there for all of the kinds."""
        measured = [
            {
                int(path.parent.name.rpartition("-")[2])
                for path in self.folder.glob(f"{name}/{kind}-*/{file}")
            }
            for kind in kinds
        ]
        return sorted(set.intersection(*measured))

    def keep(self, file: str, facts: Any) -> None:
        """Write plain data."""
        write_atomically(self.folder / file, json.dumps(facts))

    def keep_arrays(self, file: str, arrays: dict[str, Any]) -> None:
        """Write NumPy arrays by name."""
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        write_atomically(self.folder / file, buffer.getvalue())


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, or a line that says so if there is no row."""
    if not rows:
        return "No row of this table is measured yet.\n"
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def page_of(text: Path, parts: Mapping[str, Callable[[Results], str]], results: Results) -> str:
    """A page of text, with what each part makes of the results in place of its {name}."""
    filled = text.read_text()
    for name, part in parts.items():
        filled = filled.replace(f"{{{name}}}", part(results))
    return filled.rstrip() + "\n"
