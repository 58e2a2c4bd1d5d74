"""Notebooks of the labs, beside their sheets.

python examples/labs/notebooks.py [--solved]      (a second; needs the extra labs)
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jupytext

from labs.sheets import FOLDER, sheets, solved_sheet


def write_notebook(text: str, path: Path) -> bool:
    """Write a percent script as a notebook, unless there is one: it may hold somebody's answers."""
    if path.exists():
        return False
    jupytext.write(jupytext.reads(text, fmt="py:percent"), path)
    return True


def write_all(folder: Path, solved: bool) -> None:
    """Write the notebooks of all sheets into a folder, and say what was done."""
    for sheet in sheets():
        path = folder / f"{sheet.stem}{'.solved' if solved else ''}.ipynb"
        text = solved_sheet(sheet) if solved else sheet.read_text()
        done = write_notebook(text, path)
        print(f"{path}: {'written' if done else 'there already, kept; remove it to begin again'}")


def main() -> None:
    """Write them as the command line says."""
    parser = argparse.ArgumentParser(description="Write the notebooks of the labs.")
    parser.add_argument("--solved", action="store_true", help="with all blanks filled")
    write_all(FOLDER, parser.parse_args().solved)


if __name__ == "__main__":
    main()
