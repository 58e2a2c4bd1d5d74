"""The exercises of lab 8: real demand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from inv_gym import LostSales
from labs.answers import chosen, close, expect, number, numbers, value_of
from labs.cases import case

TOLERANCE = 1e-3
SHARES = (0.6, 0.2, 0.2)
HISTORY = 32


def check_8_1(answer: Any) -> str:
    """Three parts of the days."""
    for days in (500, 123):
        parts = numbers(value_of(answer, days), (3, 2), "the three pairs")
        (first, _), (_, _), (_, last) = parts
        expect(first == 0, f"the first day is at position 0, your training begins at {first:.0f}.")
        expect(
            last == days - 1,
            f"the last of {days} days is at position {days - 1}, your test ends at {last:.0f}.",
        )
        for (_, before), (after, _) in pairwise(parts):
            expect(
                after > before,
                f"day {after:.0f} is in two parts: what is judged there was seen before.",
            )
            expect(after == before + 1, f"no part has the day at position {before + 1:.0f}.")
        lengths = parts[:, 1] - parts[:, 0] + 1
        expect(
            close(lengths / days, SHARES, 0.02),
            f"the parts must be 60, 20 and 20 % of the days: of {days} days yours have "
            f"{lengths.tolist()}.",
        )
    return "Nothing of the test days is known to anybody who trains."


def _week() -> tuple[np.ndarray, np.ndarray]:
    """Units [60, 3] and weekdays [60] of a small table whose days are not evenly many."""
    rng = np.random.default_rng(4)
    weekday = (np.arange(60) + 3) % 7
    return rng.poisson(4.0 + 2.0 * weekday[:, None], (60, 3)).astype(float), weekday


def _factors() -> np.ndarray:
    units, weekday = _week()
    return np.array([units[weekday == day].mean() for day in range(7)]) / units.mean()


def check_8_2(answer: Any) -> str:
    """The factors of the week."""
    units, weekday = _week()
    given = numbers(value_of(answer, units, weekday), 7, "the factors")
    right = _factors()
    expect(
        not close(given, right * units.mean(), TOLERANCE),
        "these are means of the weekdays, in units: divide by the mean of all days.",
    )
    expect(
        not close(given, right[::-1], TOLERANCE),
        "the weekdays are in the wrong order: Monday is 0.",
    )
    expect(
        close(given, right, TOLERANCE),
        f"for Monday the factor of the check's table is {right[0]:.3f}, yours is {given[0]:.3f}: "
        "units[weekday == 0] are all Mondays.",
    )
    return "Seven numbers from hundreds of days: their error is small."


def check_8_3(answer: Any) -> str:
    """The forecast of a quantile."""
    factors = _factors()
    rng = np.random.default_rng(5)
    weekdays = np.arange(HISTORY) % 7
    history = rng.poisson(12.0 * factors[weekdays]).astype(float)
    for today, ratio in ((0, 0.5), (5, 0.9), (6, 0.7)):
        given = number(value_of(answer, history, weekdays, today, ratio, factors), "the forecast")
        right = np.quantile(history / factors[weekdays], ratio) * factors[today]
        expect(
            not close(given, np.quantile(history, ratio), TOLERANCE),
            "this forecast is the same on all weekdays: take the week out of the history first.",
        )
        expect(
            not close(given, right / factors[today], TOLERANCE),
            "put the week back in: multiply with the factor of today.",
        )
        expect(
            not close(given, np.quantile(history, ratio) * factors[today], TOLERANCE),
            "divide each past demand by the factor of its own weekday: factors[weekdays].",
        )
        expect(
            close(given, right, TOLERANCE),
            f"for weekday {today} and ratio {ratio} the forecast is {right:.3f}, yours is "
            f"{given:.3f}.",
        )
    return "Thirty-two numbers say how demand varies, seven say what the weekday adds."


def check_8_4(answer: Any) -> str:
    """The pinball loss."""
    demand, forecasts = np.array([3.0, 8.0, 5.0, 0.0]), np.array([5.0, 5.0, 5.0, 2.0])
    for ratio in (0.5, 0.8):
        loss = number(value_of(answer, demand, forecasts, ratio), "the loss")
        short, left = np.maximum(demand - forecasts, 0.0), np.maximum(forecasts - demand, 0.0)
        right = (ratio * short + (1.0 - ratio) * left).mean()
        turned = (ratio * left + (1.0 - ratio) * short).mean()
        expect(
            not close(loss, 4.0 * right, TOLERANCE), "take the mean over the demands, not the sum."
        )
        expect(
            not close(loss, turned, TOLERANCE) or close(turned, right, TOLERANCE),
            "the weights are swapped: u goes with demand above the forecast.",
        )
        expect(close(loss, right, TOLERANCE), f"the loss is {right:.3f}, yours is {loss:.3f}.")
    return "For u = 0.5 it is half the mean absolute error."


def check_8_5(answer: Any) -> str:
    """What a perfect forecast leaves."""
    hints = {
        "b": "a perfect forecast holds all that can be known of today's demand.",
        "c": "nothing is better than the optimum: which level is it, by lab 1?",
    }
    chosen(answer, "a", hints)
    return "End-to-end learning can gain where forecasts are wrong or days depend on each other."


def check_8_6(answer: Any) -> str:
    """Quantiles are not added."""
    given = numbers(answer, 2, "the two numbers")
    product = case(LostSales(), "poisson", 5.0, price=2.0, unit_cost=1.0)
    daily, together = (product.distribution.quantile(np.array([0.9]), n)[0] for n in (1, 3))
    expect(not close(given, [together, 3.0 * daily]), "they are swapped: her sum comes first.")
    expect(given[0] == 3.0 * daily, "her sum is three times the 90 % quantile of one day.")
    expect(
        given[1] == together, "the right number is the 90 % quantile of Poisson demand of mean 15."
    )
    return "Bad days and good days even out, so the sum needs less safety stock."
