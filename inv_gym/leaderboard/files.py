"""The tables as files: CSV, JSON and HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from inv_gym.leaderboard.board import Board
from inv_gym.leaderboard.page import page
from inv_gym.util.files import write_atomically


def write(boards: Sequence[Board], out: Path) -> list[Path]:
    """Write the tables in each format."""
    frame = pd.concat([board.to_frame() for board in boards], ignore_index=True)
    return [
        write_atomically(out / "leaderboard.csv", frame.to_csv(index=False)),
        write_atomically(
            out / "leaderboard.json", json.dumps([board.to_dict() for board in boards], indent=1)
        ),
        write_atomically(out / "leaderboard.html", page(boards)),
    ]
