"""What pictures share: the side of a picture, its captions, its files."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from inv_gym.util.files import write_atomically

CAPTION_WIDTH = 13.0
"""Characters of a caption per inch."""
DOCS_WIDTH = 7.6
"""Inches of a picture that a page of the documentation shows without making it smaller."""
FILE_SUFFIXES = (".png", ".svg", ".pdf")
"""Of the files that pictures are written to; the last two are for papers."""


class Side(NamedTuple):
    """A column of the state along a side of a picture."""

    column: int
    label: str
    low: int
    high: int


def finish(figure: Figure, across: str, up: str, caption: str) -> Figure:
    """Labels of the shared axes, and the caption below."""
    figure.supxlabel(across, fontsize=10)
    figure.supylabel(up, fontsize=10)
    width = int(CAPTION_WIDTH * figure.get_figwidth())
    figure.text(0.02, -0.02, textwrap.fill(caption, width), fontsize=9, va="top")
    return figure


@contextmanager
def plain_names() -> Iterator[None]:
    """Let dollar signs be letters in all that is drawn meanwhile: a name may hold them."""
    with rc_context({"text.parse_math": False}):
        yield


def save(figure: Figure, path: Path) -> Path:
    """Write a picture whole or not at all, in the format of its suffix."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:], bbox_inches="tight", dpi=150)
    return write_atomically(path, buffer.getvalue())


def save_compact(figure: Figure, path: Path) -> Path:
    """The same, with 256 colours in a PNG: a third of the size."""
    if path.suffix != ".png":
        return save(figure, path)
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", bbox_inches="tight", dpi=110)
    palette = Image.open(drawn).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
    palette.save(small, "png", optimize=True)
    return write_atomically(path, small.getvalue())
