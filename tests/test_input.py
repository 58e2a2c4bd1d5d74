"""What users pass in is checked where it is given, and the message names it with its value."""

from __future__ import annotations

import re

import numpy as np
import pytest

from inv_gym import EconomicsRanges, LogNormalRange, LogUniform, Uniform
from inv_gym.demand.processes import (
    AutocorrelatedLevel,
    DemandShock,
    RegimeChange,
    Trend,
    WeeklySeason,
    YearlySeason,
)

NAN = float("nan")
PAIR = "must be a number or a pair (low, high), got"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EconomicsRanges(price="high"), f"price {PAIR} 'high'."),
        (lambda: EconomicsRanges(price=-1.0), "price must be at least 0, got -1.0."),
        (lambda: EconomicsRanges(price=NAN), "price must be finite, got nan."),
        (lambda: EconomicsRanges(price=("a", 2.0)), "price low must be a number, got 'a'."),
        (lambda: EconomicsRanges(price=None), f"price {PAIR} None."),
        (
            lambda: EconomicsRanges(margin=Uniform(0.5, 1.5)),
            "margin must be between 0 and 1, got 1.5.",
        ),
        (
            lambda: EconomicsRanges(margin=LogNormalRange(0.5, 1.0)),
            "margin must be at most 1, got LogNormalRange(median=0.5, sigma=1.0), which has no "
            "upper end: give a number or a pair (low, high).",
        ),
        (
            lambda: EconomicsRanges(holding_rate=(-0.1, 0.1)),
            "holding_rate must be at least 0, got -0.1.",
        ),
        (lambda: EconomicsRanges(shortage_rate=-1), "shortage_rate must be at least 0, got -1.0."),
        (
            lambda: EconomicsRanges(outdating_rate=-1),
            "outdating_rate must be at least 0, got -1.0.",
        ),
        (
            lambda: EconomicsRanges(expediting_rate=-1),
            "expediting_rate must be at least 0, got -1.0.",
        ),
        (lambda: EconomicsRanges(removal_rate=True), "removal_rate must be a number, got True."),
        (lambda: EconomicsRanges(salvage_rate=np.inf), "salvage_rate must be finite, got inf."),
        (
            lambda: EconomicsRanges(extra=[1]),
            "extra must be a mapping from names to ranges, got [1].",
        ),
        (lambda: EconomicsRanges(extra={"rent": NAN}), "extra rent must be finite, got nan."),
        (lambda: WeeklySeason(spread=-0.1), "spread must be at least 0, got -0.1."),
        (lambda: WeeklySeason(spread="wide"), f"spread {PAIR} 'wide'."),
        (lambda: YearlySeason(amplitude="big"), f"amplitude {PAIR} 'big'."),
        (
            lambda: YearlySeason(amplitude=LogNormalRange(0.5, 1.0)),
            "amplitude must be at most 1, got LogNormalRange(median=0.5, sigma=1.0), which has no "
            "upper end: give a number or a pair (low, high).",
        ),
        (lambda: Trend(rate=NAN), "rate must be finite, got nan."),
        (lambda: AutocorrelatedLevel(spread=-1.0), "spread must be at least 0, got -1.0."),
        (lambda: RegimeChange(factor=[1.0]), f"factor {PAIR} [1.0]."),
        (lambda: DemandShock(begin=-1), "begin must be at least 0, got -1."),
        (lambda: DemandShock(begin=1.5), "begin must be a whole number, got 1.5."),
        (lambda: LogNormalRange(1.0, 500.0), "sigma must be at most 10, got 500.0."),
    ],
)
def test_ranges_are_checked_where_they_are_given(make, message):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}$"):
        make()


def test_a_range_may_be_a_number_of_numpy_or_a_pair():
    ranges = EconomicsRanges(price=np.float32(2.0), margin=(0.2, 0.3), extra={"rent": [1, 2]})
    assert (ranges.price, ranges.margin) == (2.0, Uniform(0.2, 0.3))
    assert ranges.extra == {"rent": Uniform(1.0, 2.0)}
    assert Trend(rate=(0.0, 0.1)).rate == Uniform(0.0, 0.1)
    assert RegimeChange(LogUniform(0.5, 2.0)).factor == LogUniform(0.5, 2.0)
