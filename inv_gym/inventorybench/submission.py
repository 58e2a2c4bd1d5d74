"""The folder that the board expects, and the table of scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from inv_gym.inventorybench.instances import BENCH_SETTINGS
from inv_gym.inventorybench.playing import Played
from inv_gym.util.files import write_atomically

RESULTS, ORDERS, SUBMISSION_README = "results", "results.csv", "README.md"


def write_submission(played: list[Played], folder: str | Path, policy: str) -> list[Path]:
    """Write ``results/<folders of the instance>/results.csv`` for each instance, and a README.

    The board's own program makes the file of scores from it.

    Args:
        played: Of every instance.
        folder: Where the submission goes.
        policy: What played, in words.

    Raises:
        OSError: It cannot be written.
    """
    root = Path(folder)
    paths = []
    for result in played:
        periods = np.arange(1, len(result.orders) + 1)
        columns = {"period": periods, "order_quantity": result.orders.astype(int)}
        text = pd.DataFrame(columns).to_csv(index=False)
        paths.append(write_atomically(root / RESULTS / result.instance.name / ORDERS, text))
    settings = sorted({result.instance.setting for result in played})
    readme = (
        f"# {policy}\n\nPlayed by inv_gym on {len(played)} instances ({', '.join(settings)}).\n"
    )
    paths.append(write_atomically(root / SUBMISSION_README, readme))
    return paths


def score_table(scores: Mapping[str, list[Played]]) -> pd.DataFrame:
    """A row per policy, best first: the mean score of each setting and of all instances, and how
    many were played.
    """
    rows = []
    for name, played in scores.items():
        frame = pd.DataFrame(
            {
                "setting": [result.instance.setting for result in played],
                "score": [result.score for result in played],
            }
        )
        means = frame.groupby("setting")["score"].mean().reindex(list(BENCH_SETTINGS))
        rows.append({"policy": name, **means, "all": frame["score"].mean(), "played": len(played)})
    return pd.DataFrame(rows).sort_values("all", ascending=False, ignore_index=True)
