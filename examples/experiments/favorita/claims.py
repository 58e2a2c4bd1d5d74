"""The source's claims about end-to-end learning, each as a difference with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.favorita.players import MARGIN
from experiments.favorita.twin import SHOCK

BOOTSTRAP_BLOCK = 7
"""Dates that are drawn together, as days next to one another are alike."""
BOOTSTRAP_LEAST_BLOCKS = 4
"""Blocks that a short span is cut into; each is shorter then."""
BOOTSTRAP_DRAWS = 2000
BOOTSTRAP_SEED = 96_000
CHRISTMAS_WEEKS = ("2015-12-13", "2016-01-05"), ("2016-12-13", "2017-01-05")
AFTER_SHOCK = (SHOCK, "2016-05-07")
Span = tuple[str, str] | None
"""First and last day, or all days."""
CLAIMS = (
    "higher reward",
    "lower stock",
    "higher service",
    "better around Christmas",
    "better after the shock",
)
"""The five claims of the source, in the order of its text."""
RECOVERY, END = "days to recovery", "end-to-end"
"""A further figure, and what it calls the network."""
RECOVERED = 1.1
"""What the share of lost sales may be of that before the shock."""


def claims_of(
    dates: pd.DataFrame, ratio: float, test: str, end_to_end: str, rival: str
) -> list[dict[str, Any]]:
    """Each claim with the difference of the end-to-end network to the forecast-then-optimise one,
    in % of the latter, its 95 % interval, and whether it holds.

    Args:
        dates: A row per policy and date, see `Evaluation.dates`.
        ratio: The critical ratio.
        test: Name of the test period.
        end_to_end: Name of the end-to-end policy.
        rival: Name of the policy that forecasts.
    """
    mine, theirs = (
        dates[dates["policy"] == policy].set_index("date") for policy in (end_to_end, rival)
    )
    holding = MARGIN * (1.0 - ratio) / ratio
    profit = [MARGIN * frame["sales"] - holding * frame["on_hand"] for frame in (mine, theirs)]
    claims: dict[str, tuple[pd.Series, pd.Series, Span, float]] = {
        "higher reward": (profit[0], profit[1], None, 1.0),
        "lower stock": (mine["on_hand"], theirs["on_hand"], None, -1.0),
        "higher service": (mine["sales"], theirs["sales"], None, 1.0),
    }
    for weeks in CHRISTMAS_WEEKS if test == "Christmas" else ():
        if len(profit[0].loc[weeks[0] : weeks[1]]):
            claims["better around Christmas"] = (profit[0], profit[1], weeks, 1.0)
    if test == "shock":
        claims["better after the shock"] = (profit[0], profit[1], AFTER_SHOCK, 1.0)
    rows = []
    for claim, (ours, other, span, sign) in claims.items():
        if span is not None:
            ours, other = ours.loc[span[0] : span[1]], other.loc[span[0] : span[1]]
        middle, low, high = ratio_interval(ours.to_numpy(), other.to_numpy())
        low, high = sorted((sign * low, sign * high))
        verdict = "holds" if low > 0.0 else "does not hold" if high < 0.0 else "open"
        rows.append({"claim": claim, "difference": middle, "verdict": verdict})
        rows[-1] |= dict(zip(("low", "high"), sorted((sign * low, sign * high)), strict=True))
    if test == "shock":
        for name, frame in ((END, mine), (rival, theirs)):
            rows.append({"claim": RECOVERY, "policy": name, "days": recovery_days(frame)})
    return rows


def ratio_interval(ours: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """What sums over dates ``[D]`` are above others, %, with the ends of its 95 % interval by
    drawing blocks of dates anew (in a circle).
    """
    number = len(ours)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    block = min(BOOTSTRAP_BLOCK, max(number // BOOTSTRAP_LEAST_BLOCKS, 1))
    starts = rng.integers(number, size=(BOOTSTRAP_DRAWS, -(-number // block)))
    place = ((starts[..., None] + np.arange(block)) % number).reshape(BOOTSTRAP_DRAWS, -1)[
        :, :number
    ]
    difference = (ours - other)[place].sum(1)
    base = np.abs(other[place].sum(1))
    gaps = 100.0 * difference / np.maximum(base, np.finfo(float).tiny)
    middle = 100.0 * (ours - other).sum() / max(abs(other.sum()), np.finfo(float).tiny)
    low, high = np.quantile(gaps, (0.025, 0.975))
    return float(middle), float(low), float(high)


def recovery_days(frame: pd.DataFrame) -> int:
    """Days from the shock until, over a week, no larger share of demand is lost than before it."""
    weekly = frame[["shortage", "demand"]].rolling(BOOTSTRAP_BLOCK, min_periods=1).sum()
    lost = weekly["shortage"] / weekly["demand"]
    before = frame.loc[: pd.Timestamp(SHOCK), ["shortage", "demand"]].sum()
    usual = RECOVERED * before["shortage"] / before["demand"]
    after = lost[lost.index > pd.Timestamp(SHOCK) + pd.Timedelta(days=BOOTSTRAP_BLOCK)]
    well = after[after <= usual]
    last = well.index[0] if len(well) else frame.index[-1]
    return int((last - pd.Timestamp(SHOCK)).days)
