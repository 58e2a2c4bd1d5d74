"""Closures are judged by what is known when the shop sells again, and no window plays them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from panel_cases import PROBLEM, panel_of

from inv_gym import Products
from inv_gym.products.panel import PanelProducts

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


@pytest.mark.parametrize("start", [30, 119, 151, 152, 160, 183, 199, 215, 230, 299, 421, 425, 450])
def test_the_future_of_a_window_changes_nothing_that_it_shows(tmp_path: Path, start: int) -> None:
    units = shop_units()
    source = PanelProducts(panel_of(tmp_path, a=units))
    assert may_play(source, start, 1)
    before = shown(source, start)
    for after in futures(units, start):
        now = shown(PanelProducts(panel_of(tmp_path, a=after)), start)
        for name in ("demand", "known_periods", "earlier", "scale", "covariates", "economics"):
            np.testing.assert_array_equal(getattr(now, name), getattr(before, name), name)


@pytest.mark.parametrize(("first", "stop"), CLOSURES)
def test_no_window_starts_in_a_closure_or_before_a_sale_after_it_is_known(
    tmp_path: Path, first: int, stop: int
) -> None:
    source = PanelProducts(panel_of(tmp_path, a=shop_units()))
    assert may_play(source, first - 1, 1)
    assert not any(may_play(source, start, 1) for start in range(first, stop + 1))
    assert may_play(source, stop + 1, 1)
    assert not may_play(source, first - 1, 2)


def test_a_run_without_sales_that_came_a_year_before_is_a_season(tmp_path: Path) -> None:
    units = np.random.default_rng(0).poisson(6.0, 900) + 1
    for year in range(2):
        units[200 + 365 * year : 240 + 365 * year] = 0
    usable = panel_of(tmp_path, a=units).usable[:, 0]
    assert not usable[200:240].any()  # the first one may be a closure: nothing tells
    assert usable[565:605].all()
