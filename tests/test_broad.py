"""The broad population, and what it is made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inv_gym import LostSales, SyntheticProducts
from inv_gym.demand.processes import (
    ClosedWeekday,
    Promotions,
    RandomWalkLevel,
    Sometimes,
    Trend,
    WeeklySeason,
)
from inv_gym.products.batch import HISTORY
from inv_gym.products.broad import BROAD
from inv_gym.products.mixture import Mixture
from inv_gym.products.sources import draw_products

PROBLEM = LostSales(horizon=20)
START = np.zeros(2000, int)


def factors(process: object, periods: int = 60) -> np.ndarray:
    return process.factors(np.random.default_rng(0), START, periods)  # type: ignore[attr-defined]


def test_a_closed_weekday_is_the_same_in_every_week() -> None:
    drawn = factors(ClosedWeekday(), 21)
    np.testing.assert_array_equal(drawn[:7], drawn[7:14])
    np.testing.assert_array_equal((drawn[:7] == 0.0).sum(0), 1)


def test_a_random_walk_spreads_with_the_root_of_time_and_is_cut_off() -> None:
    logarithms = np.log(factors(RandomWalkLevel(spread=0.1), 100))
    np.testing.assert_allclose(logarithms[[24, 99]].std(1), [0.5, 1.0], rtol=0.06)
    assert np.abs(np.log(factors(RandomWalkLevel(spread=2.0), 100))).max() <= 3.0


def test_promotions_last_their_length_and_have_one_lift_per_product() -> None:
    drawn = factors(Promotions(lift=3.0, share=0.01, length=5))
    assert set(np.unique(drawn)) == {1.0, 3.0}
    begins = (drawn[1:] > drawn[:-1]) & (np.arange(59)[:, None] < 50)
    day, product = np.nonzero(begins)
    assert all((drawn[d + 1 : d + 6, p] == 3.0).all() for d, p in zip(day, product, strict=True))
    # a product is in a promotion unless none began in the last 5 periods
    assert (drawn[5:] > 1.0).mean() == pytest.approx(1.0 - 0.99**5, abs=0.005)


def test_some_products_have_a_process_and_others_not() -> None:
    drawn = factors(Sometimes(Trend(rate=0.01), 0.3))
    grows = drawn[-1] != 1.0
    assert grows.mean() == pytest.approx(0.3, abs=0.04)
    np.testing.assert_allclose(drawn[-1, grows], 1.01**59)
    with pytest.raises(ValueError, match="probability must be"):
        Sometimes(Trend(), 1.5)


def test_every_product_sold_in_its_history() -> None:
    slow = SyntheticProducts(("poisson",), mean=0.02, has_sold=True, known_periods=(1, HISTORY))
    products = draw_products(slow, PROBLEM, 300)
    assert (np.nansum(products.demand[:HISTORY], 0) > 0.0).all()
    never = replace(slow, mean=1e-6)
    with pytest.raises(ValueError, match="raise mean, or set has_sold=False"):
        draw_products(never, PROBLEM, 10)


def test_a_mixture_draws_its_parts_by_their_weights() -> None:
    low, high = (SyntheticProducts(("poisson",), mean=mean) for mean in (5.0, 500.0))
    products = draw_products(Mixture(((1.0, low), (3.0, high))), PROBLEM, 1024)
    assert (products.scale > 100.0).mean() == pytest.approx(0.75, abs=0.04)
    assert products.distribution is None


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((), "parts must hold at least one pair"),
        (((0.0, SyntheticProducts()),), "weight must be above 0"),
        (((1.0, SyntheticProducts(processes=(WeeklySeason(),))),), "shows_calendar=False"),
    ],
)
def test_mixtures_that_are_none_are_refused(parts: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mixture(parts)


def test_a_mixture_of_other_sources_is_refused() -> None:
    with pytest.raises(TypeError, match="parts must hold SyntheticProducts"):
        Mixture(((1.0, Mixture(((1.0, SyntheticProducts()),))),))  # type: ignore[arg-type]


def test_the_broad_population_has_all_kinds_of_products() -> None:
    products = draw_products(BROAD, PROBLEM, 1024, seed=5)
    assert products.known_periods is not None
    assert products.earlier is not None
    assert products.scale.min() < 0.1
    assert products.scale.max() > 1000.0
    new = products.known_periods < HISTORY
    assert 0.05 < new.mean() < 0.2
    assert not products.earlier.periods[new].any()
    assert (products.earlier.periods > 300).mean() > 0.08
    counted = (np.nan_to_num(products.demand % 1.0) == 0.0).all(0)
    assert 0.7 < counted.mean() < 0.95
