"""Closures: a window knows those that ended before it, and plays all others as no demand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import PROBLEM, panel_of, rows_of, stored

from inv_gym import Products
from inv_gym.products.batch import HISTORY
from inv_gym.products.panel import Panel, PanelProducts, read_panel

DAYS = 500
CLOSURES = ((120, 150), (200, 214), (300, 420))


def shop_units(seed: int = 0) -> np.ndarray:
    """Sales of a shop with three closures, of 30, 14 and 120 days."""
    units = np.random.default_rng(seed).poisson(6.0, DAYS) + 1
    for first, stop in CLOSURES:
        units[first:stop] = 0
    return units


def futures(units: np.ndarray, start: int) -> list[np.ndarray]:
    """The same sales with other ones from a day on."""
    rng, number = np.random.default_rng(start), len(units) - start
    later = (
        rng.poisson(9.0, number) + 1,  # it sells at once
        np.zeros(number),  # never again
        np.where(np.arange(number) % 60 < 2, 5, 0),  # a slow mover with more such runs
        np.where(np.arange(number) < 25, 0, 7),  # a closure
    )
    return [np.concatenate([units[:start], after]) for after in later]


def shown(source: PanelProducts, start: int) -> Products:
    """All that is seen of the window that starts on a day, before its own demand."""
    windows = np.array([[0, start]])
    products = source.at(PROBLEM, np.random.default_rng(0), windows)
    past = len(products.demand) - PROBLEM.horizon
    return products._replace(demand=products.demand[:past], covariates=products.covariates[:past])


def may_play(source: PanelProducts, start: int, horizon: int) -> bool:
    """Whether the window is among those that are played."""
    runs = source.eligible(horizon).runs
    return bool(((runs.first <= start) & (start < runs.first + runs.length)).any())


@pytest.mark.parametrize(
    "start", [30, 121, 130, 149, 150, 151, 160, 182, 183, 205, 215, 230, 310, 330, 421, 425, 450]
)
def test_the_future_of_a_window_changes_nothing_that_it_shows(tmp_path: Path, start: int) -> None:
    units = shop_units()
    source = PanelProducts(panel_of(tmp_path, a=units))
    before = shown(source, start)
    for after in futures(units, start):
        changed = PanelProducts(panel_of(tmp_path, a=after))
        now = shown(changed, start)
        for name in ("demand", "known_periods", "earlier", "scale", "covariates", "economics"):
            np.testing.assert_array_equal(getattr(now, name), getattr(before, name), name)
        if DAYS - start > 50:
            assert may_play(changed, start, 50) == may_play(source, start, 50)


@pytest.mark.parametrize(
    ("start", "known", "earlier"),
    [
        (120, 32, 88),
        (130, 32, 98),  # the closure is not known yet: ten days without sales
        (150, 32, 118),  # nor on the day of the sale that ends it, before it is sold
        (151, 1, 120),
        (160, 10, 120),
        (190, 32, 128),
        (213, 32, 151),
        (215, 1, 170),
    ],
)
def test_a_closure_is_known_once_the_shop_sells_again(
    tmp_path: Path, start: int, known: int, earlier: int
) -> None:
    products = shown(PanelProducts(panel_of(tmp_path, a=shop_units())), start)
    assert products.known_periods == known
    assert products.earlier.periods == earlier
    is_known = ~np.isnan(products.demand[:, 0])
    assert is_known.tolist() == [False] * (32 - known) + [True] * known
    if start == 130:
        assert (products.demand[-10:, 0] == 0.0).all()


def test_episodes_play_closures_and_start_where_a_sale_is_known(tmp_path: Path) -> None:
    source = PanelProducts(panel_of(tmp_path, a=shop_units()))
    starts = [start for start in range(DAYS - 9) if may_play(source, start, 10)]
    silent = range(120 + 32, 150), range(300 + 32, 420 + 1)  # no sale in the known history
    dark = {day for days in silent for day in days}
    assert starts == [start for start in range(1, DAYS - 9) if start not in dark]
    window = source.at(PROBLEM, np.random.default_rng(0), np.array([[0, 118]]))
    assert ((window.demand[HISTORY:, 0] > 0.0) == (np.arange(PROBLEM.horizon) < 2)).all()


def test_days_that_the_table_says_are_closed_are_in_no_episode(tmp_path: Path) -> None:
    frame = rows_of(pd.date_range("2015-01-01", periods=DAYS), shop_units(), series="a")
    frame["open"] = 1
    frame.loc[120:149, "open"] = 0
    panel = read_panel(stored(tmp_path, frame))
    assert panel.notes == (
        "30 series-days in which the shop is closed (open is 0) masked",
        "134 series-days of closures are demand of 0, and unknown to days after them",
    )
    source = PanelProducts(panel)
    assert not any(may_play(source, start, 10) for start in range(111, 151))
    assert may_play(source, 110, 10)
    assert may_play(source, 195, 10)


def test_windows_before_the_last_day_do_not_depend_on_it(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, a=shop_units())
    last = str(panel.dates[210])
    whole, early = PanelProducts(panel), PanelProducts(panel, last=last)
    for start in (130, 151, 190, 205):
        for name in ("demand", "known_periods", "earlier"):
            now, then = (getattr(shown(source, start), name) for source in (whole, early))
            np.testing.assert_array_equal(now, then)
    cut = panel_of(tmp_path, a=shop_units()[:211])
    np.testing.assert_array_equal(early.played.usable, cut.usable)
    assert early.played.usable[200:211].all()
    assert not panel.usable[200:211].any()


def test_starts_agree_with_counting_one_by_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    series = {f"s{k}": _cut(rng.poisson(4.0, DAYS) + 1, rng) for k in range(6)}
    panel = panel_of(tmp_path, **series)
    source = PanelProducts(panel)
    assert panel.closed.runs.series.tolist()
    playable = {
        (number, start)
        for number in range(6)
        for start in range(1, DAYS - 9)
        if _may_start(panel, number, start, 10)
    }
    runs = source.eligible(10).runs
    listed = {
        (int(number), start)
        for number, first, length in zip(*runs, strict=True)
        for start in range(first, first + length)
    }
    assert listed == playable


def _cut(units: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    for first in rng.integers(40, DAYS - 60, 4):
        units[first : first + rng.integers(14, 50)] = 0
    units[: rng.integers(5, 30)] = 0
    return units


def _may_start(panel: Panel, series: int, start: int, horizon: int) -> bool:
    units, days = panel.units[:, series], np.arange(start - 1, max(start - 33, -1), -1)
    known = np.logical_and.accumulate(panel.known(days, np.full(len(days), series), start))
    is_sold = bool((units[days][known] > 0.0).any())
    first_sale = int((units > 0.0).argmax())
    return is_sold and start >= first_sale and not np.isnan(units[start : start + horizon]).any()


def test_a_run_without_sales_that_came_a_year_before_is_a_season(tmp_path: Path) -> None:
    units = np.random.default_rng(0).poisson(6.0, 900) + 1
    for year in range(2):
        units[200 + 365 * year : 240 + 365 * year] = 0
    usable = panel_of(tmp_path, a=units).usable[:, 0]
    assert not usable[200:240].any()  # the first one may be a closure: nothing tells
    assert usable[565:605].all()
