"""The headline table of the README, played again.

python examples/benchmarks/headline.py --check      (four minutes on two cores; fails if one moved)
python examples/benchmarks/headline.py --write
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from inv_gym import ENVIRONMENTS

README = Path(__file__).parents[2] / "README.md"
MARK = "<!-- headline: examples/benchmarks/headline.py -->\n"
NETWORKS = ("DirectBackprop", "PPO")
TOLERANCE = 0.02
"""Percentage points by which a gap may differ between machines, beside its rounding."""
HEAD = """| environment | reference: 0 % | best heuristic | DirectBackprop | PPO |
|---|---|---|---|---|
"""

Row = dict[str, Any]


def played() -> list[Row]:
    """The tables of `inv-gym leaderboard`, as plain data."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "inv_gym", "leaderboard", "--out", folder]
        subprocess.run(command, check=True)
        return json.loads((Path(folder) / "leaderboard.json").read_text())


def gaps(board: Row) -> list[float]:
    """The best gap of a heuristic that sees the history, and those of the networks."""
    by_name = {row["policy"]: row for row in board["rows"]}
    rivals = [
        row["gap"]
        for row in board["rows"]
        if row["knows"] == "history" and not row["policy"].startswith(NETWORKS)
    ]
    return [max(rivals), *(by_name[name]["gap"] for name in NETWORKS)]


def table(boards: list[Row]) -> str:
    """The headline table in Markdown."""
    rows = []
    for board in boards:
        name = board["environment"]
        figures = " | ".join(f"{gap:+.2f}".replace("-", "\u2212") for gap in gaps(board))
        rows.append(f"| `{name}` | {ENVIRONMENTS[name].reference} | {figures} |\n")
    return HEAD + "".join(rows)


def split(text: str) -> tuple[str, str, str]:
    """What stands before the table, the table, and what stands after it."""
    before, mark, rest = text.partition(MARK)
    shown, blank, after = rest.partition("\n\n")
    return before + mark, shown + "\n", blank[1:] + after


def moved(written: str, boards: list[Row]) -> list[str]:
    """Sentences about the gaps that are not what the README says."""
    lines = [line.strip("|").split("|") for line in written.splitlines()[2:]]
    printed = {cells[0].strip(" `"): cells[2:] for cells in lines}
    return [
        f"{board['environment']}: {cell.strip()} is {gap:+.3f} now"
        for board in boards
        for cell, gap in zip(printed[board["environment"]], gaps(board), strict=True)
        if abs(float(cell.replace("\u2212", "-")) - gap) > TOLERANCE + 0.005
    ]


def main(
    check: Annotated[bool, typer.Option("--check", help="Fail if a figure has moved.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write the table.")] = False,
    board: Annotated[
        Path | None, typer.Option(help="A leaderboard.json, in place of playing it.")
    ] = None,
) -> None:
    """Print the table; write it into the README, or check what stands there."""
    boards = played() if board is None else json.loads(board.read_text())
    before, written, after = split(README.read_text())
    print(table(boards))
    if write:
        README.write_text(before + table(boards) + after)
    if check and (changes := moved(written, boards)):
        sys.exit("The README's headline has moved:\n" + "\n".join(changes))


if __name__ == "__main__":
    typer.run(main)
