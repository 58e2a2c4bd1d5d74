"""The files of a backtest."""

from __future__ import annotations

import json
from pathlib import Path

from inv_gym.backtest.page import Backtest, page
from inv_gym.backtest.verdicts import VERDICT_RULE
from inv_gym.util.files import check_writable, write_together

BACKTEST_FILES = ("ranking.csv", "ranking.json", "products.csv", "page.html")


def check_folder(out: Path) -> None:
    """Try whether the files can be written there, before the table is played.

    Raises:
        OSError: They cannot.
    """
    check_writable(out / name for name in BACKTEST_FILES)


def write(played: Backtest, out: Path) -> list[Path]:
    """Write the ranking, the series and the page; they are replaced together.

    Raises:
        OSError: They cannot be written; those of the last run are as they were.
    """
    counts = played.verdicts.to_dict("index")
    plain = played.board.to_dict() | {"series_verdicts": counts, "rule": VERDICT_RULE}
    texts = (
        played.board.to_frame().to_csv(index=False),
        json.dumps(plain, indent=1),
        played.series.to_csv(index=False),
        page(played),
    )
    return write_together(
        {out / name: text for name, text in zip(BACKTEST_FILES, texts, strict=True)}
    )
