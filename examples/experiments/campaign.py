"""What a campaign is made of, for the runner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
"""The pages of the checkout, wherever a campaign is started."""


@dataclass(frozen=True)
class Measurement:
    """A part of a campaign that is measured as a whole.

    Attributes:
        name: What patterns of `--only` are compared with.
        arguments: Of the campaign's `measure`, after the folder.
        part: What tells it from others of the same name, in words.
        file: Its result below the folder: if it is there, nothing is measured again. None: it is
            measured each time, because it is short or goes on by itself.
    """

    name: str
    arguments: tuple[Any, ...]
    part: str = ""
    file: str | None = None

    @classmethod
    def trained(cls, name: str, kind: str, seed: int, file: str) -> Measurement:
        """Of a network: its results lie in ``name/kind-seed``."""
        path = f"{name}/{kind}-{seed}/{file}"
        return cls(name, (name, kind, seed), f"{kind}, seed {seed}", path)

    @property
    def title(self) -> str:
        """Name and part."""
        return f"{self.name}, {self.part}" if self.part else self.name

    def is_done(self, folder: Path) -> bool:
        """Whether its result lies in the folder."""
        return self.file is not None and (folder / self.file).exists()

    def has_begun(self, folder: Path) -> bool:
        """Whether a result lies in the folder, or may lie there."""
        return self.is_done(folder) or (self.file is None and folder.is_dir())


@dataclass(frozen=True)
class Campaign:
    """A plan, how its parts are measured, and what is made of the results.

    Attributes:
        folder: Where results lie if nothing else is said.
        plan: The measurements in their order; its parameters are the campaign's settings.
        measure: Takes a folder and a measurement's arguments, and leaves the results in the folder.
        publish: Takes the folder of results and the one to write to; gives the files it wrote.
        pages: The folder that `--write` writes to.
    """

    folder: Path
    plan: Callable[..., Iterable[Measurement]]
    measure: Callable[..., None]
    publish: Callable[[Path, Path], Iterable[Path]]
    pages: Path = DOCS

    @property
    def settings(self) -> dict[str, Any]:
        """The settings, with their usual values."""
        return {name: p.default for name, p in signature(self.plan).parameters.items()}
