"""What the code of the labs costs, in full: every blank filled, each lab in a process of its own.

python examples/labs/measure.py [lab2 lab9 ...] [--pictures FOLDER]      (some minutes)

A line for each lab: seconds of the processor, seconds on the clock. The pictures go into the
folder as lab2-1.png and so on.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import matplotlib.pyplot as plt

from labs.sheets import FOLDER, sheets, solved_sheet


class Pictures:
    """Takes the place of `plt.show`: closes the figures, and saves them if there is a folder."""

    def __init__(self, lab: str, folder: Path | None) -> None:
        self.lab, self.folder, self.number = lab, folder, 0

    def show(self) -> None:
        """Close what is open."""
        for figure in map(plt.figure, plt.get_fignums()):
            self.number += 1
            if self.folder is not None:
                figure.savefig(self.folder / f"{self.lab}-{self.number}.png")
        plt.close("all")


def play(sheet: Path, folder: Path | None) -> None:
    """Run a lab with every blank filled, and print what it cost."""
    plt.switch_backend("agg")
    begin = time.perf_counter()
    with patch.object(plt, "show", Pictures(sheet.stem, folder).show):
        exec(compile(solved_sheet(sheet), sheet.name, "exec"), {"__name__": "lab"})
    used = os.times()
    processor = used.user + used.system + used.children_user + used.children_system
    print(f"{sheet.stem}: {processor:.0f} s of the processor, ", end="")
    print(f"{time.perf_counter() - begin:.0f} s on the clock", flush=True)


def play_each(names: list[str], folder: Path | None) -> None:
    """Run some labs one after the other, each in a process of its own."""
    options = [] if folder is None else ["--pictures", str(folder.resolve())]
    for name in names:
        subprocess.run([sys.executable, __file__, name, *options], cwd=FOLDER, check=True)


def main() -> None:
    """Run what the command line names."""
    known = {sheet.stem: sheet for sheet in sheets()}
    parser = argparse.ArgumentParser(description="What the code of the labs costs, in full.")
    parser.add_argument("labs", nargs="*", choices=[*known, []], help="all, if none is named")
    parser.add_argument("--pictures", type=Path, help="a folder for the pictures")
    given = parser.parse_args()
    if given.pictures is not None:
        given.pictures.mkdir(parents=True, exist_ok=True)
    if len(given.labs) == 1:
        play(known[given.labs[0]], given.pictures)
    else:
        play_each(given.labs or list(known), given.pictures)


if __name__ == "__main__":
    main()
