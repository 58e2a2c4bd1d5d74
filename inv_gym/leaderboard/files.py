"""The tables as files: CSV, JSON and HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from inv_gym.leaderboard.board import Board
from inv_gym.leaderboard.page import page
from inv_gym.util.files import check_writable, write_together

LEADERBOARD_FILES = ("leaderboard.csv", "leaderboard.json", "leaderboard.html")


def check_folder(out: Path) -> None:
    """Try whether the tables can be written there, before they are played.

    Raises:
        OSError: They cannot.
    """
    check_writable(out / name for name in LEADERBOARD_FILES)


def write(boards: Sequence[Board], out: Path) -> list[Path]:
    """Write the tables in each format; the files of one run are replaced together.

    Raises:
        OSError: They cannot be written; those of the last run are as they were.
    """
    frame = pd.concat([board.to_frame() for board in boards], ignore_index=True)
    plain = json.dumps([board.to_dict() for board in boards], indent=1)
    texts = (frame.to_csv(index=False), plain, page(boards))
    return write_together(
        {out / name: text for name, text in zip(LEADERBOARD_FILES, texts, strict=True)}
    )
