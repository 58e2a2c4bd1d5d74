"""What comes later, other series and the order of rows change nothing of what is drawn before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import PROBLEM, figures_of, in_stores, long_table, panel_of, rows_of, stored

from inv_gym import Products, draw_products
from inv_gym.products.batch import HISTORY
from inv_gym.products.panel import Panel, PanelProducts, read_panel

DAYS = 400


def described(seed: int = 0, series: str = "abcd") -> pd.DataFrame:
    """A table with every column, in which prices and promotions differ between days."""
    frames = []
    for number, name in enumerate(series):
        rng = np.random.default_rng([seed, number])
        frame = rows_of(
            pd.date_range("2015-01-01", periods=DAYS), rng.poisson(8.0, DAYS), series=name
        )
        frame["price"] = rng.uniform(4.0, 6.0, DAYS).round(2)
        frame["cost"] = rng.uniform(1.0, 2.0, DAYS).round(2)
        frame["promotion"] = rng.integers(0, 4, DAYS)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def panel(folder: Path, frame: pd.DataFrame, **options: object) -> Panel:
    return read_panel(stored(folder, frame), **options)


def assert_same(left: Products, right: Products) -> None:
    np.testing.assert_array_equal(left.demand, right.demand)
    np.testing.assert_array_equal(left.covariates, right.covariates)
    np.testing.assert_array_equal(left.economics, right.economics)


@pytest.mark.parametrize("dropped", [(), ("price",), ("price", "cost", "promotion")])
def test_the_order_of_rows_and_series_does_not_matter(
    tmp_path: Path, dropped: tuple[str, ...]
) -> None:
    frame = described().drop(columns=list(dropped))
    orders = (frame, frame[::-1], frame.sample(frac=1.0, random_state=1))
    panels = [panel(tmp_path, ordered) for ordered in orders]
    drawn = [draw_products(PanelProducts(some), PROBLEM, 200) for some in panels]
    assert len({some.fingerprint for some in panels}) == 1
    assert len({some.series for some in panels}) > 1
    for products in drawn[1:]:
        assert_same(drawn[0], products)


def test_prices_and_costs_are_imputed_by_the_name_of_the_series(tmp_path: Path) -> None:
    frame = described().drop(columns=["price", "cost"])

    def figures(some: pd.DataFrame, seed: int = 0) -> dict[str, tuple[float, ...]]:
        source = PanelProducts(panel(tmp_path, some), seed=seed)
        columns = zip(*figures_of(source).values(), strict=True)
        return dict(zip(source.panel.series, map(tuple, columns), strict=True))

    whole = figures(frame)
    without = figures(frame[frame["series"] != "a"])
    assert without == {name: whole[name] for name in "bcd"}
    assert len(set(whole.values())) == 4
    assert set(whole.values()).isdisjoint(figures(frame, seed=1).values())
    renamed = figures(frame.replace({"series": {"a": "e"}}))
    assert renamed["b"] == whole["b"]
    assert renamed["e"] != whole["a"]


def changed_after(frame: pd.DataFrame, day: str) -> pd.DataFrame:
    """The same table with another future: other sales, a shop that closes, dearer, all promoted."""
    later = frame["date"] > day
    new = frame.copy()
    new.loc[later, "units"] = 0
    new.loc[frame["date"] > "2016-01-20", "units"] = 500
    for column, factor in (("price", 3.0), ("cost", 2.0), ("promotion", 50)):
        new.loc[later, column] = (frame.loc[later, column] + 1) * factor
    return new


def test_nothing_that_comes_after_the_last_day_matters(tmp_path: Path) -> None:
    frame, last = described(), "2015-10-31"
    frame.loc[frame["date"].between("2015-05-01", "2015-05-20"), "units"] = 0
    now, then = (
        PanelProducts(panel(tmp_path, some), last=last)
        for some in (frame, changed_after(frame, last))
    )
    assert_same(draw_products(now, PROBLEM, 300), draw_products(then, PROBLEM, 300))
    assert now.largest_scale == then.largest_scale
    assert not now.played.usable.all()
    whole = draw_products(PanelProducts(panel(tmp_path, frame)), PROBLEM, 300)
    assert (whole.economics.price[:4] != draw_products(now, PROBLEM, 4).economics.price).any()


def test_later_sales_do_not_tell_whether_a_shop_was_closed(tmp_path: Path) -> None:
    early = np.where(np.arange(200) % 20 < 8, 5, 0)
    early[100:140] = 0
    sold_out = np.concatenate([early, np.full(600, 5)])
    slow = np.concatenate([early, np.where(np.arange(600) % 40 < 2, 5, 0)])
    last = str((np.datetime64("2015-01-01") + 199).astype(object))
    sources = [PanelProducts(panel_of(tmp_path, a=units), last=last) for units in (sold_out, slow)]
    np.testing.assert_array_equal(*(source.played.usable for source in sources))
    np.testing.assert_array_equal(*(source.panel.usable[:199] for source in sources))


def windows_from(frame: pd.DataFrame, folder: Path, starts: range) -> Products:
    """Every series of the table once per start, as a source that plays the whole table has it."""
    source = PanelProducts(panel(folder, frame))
    number = len(source.panel.series)
    windows = np.stack([np.tile(range(number), len(starts)), np.repeat(starts, number)], 1)
    return source.at(PROBLEM, np.random.default_rng(0), windows)


@pytest.mark.parametrize("column", ["price", "cost", "holding_cost", "promotion"])
@pytest.mark.parametrize("start", [1, 40, 200])
def test_no_window_knows_later_prices_costs_and_promotions(
    tmp_path: Path, column: str, start: int
) -> None:
    frame = described()
    frame["holding_cost"] = frame["price"] / 50.0
    frame["promotion"] = frame["promotion"].astype(float)
    first = pd.Timestamp("2015-01-01") + pd.Timedelta(start, "D")
    new, later = frame.copy(), frame["date"] >= first
    end = first + pd.Timedelta(PROBLEM.horizon, "D")
    if column == "promotion":  # those of the window are announced
        later = frame["date"] >= end
    new.loc[later, column] = (frame.loc[later, column] + 1) * 1.5
    now, then = (windows_from(some, tmp_path, range(start, start + 1)) for some in (frame, new))
    np.testing.assert_array_equal(now.economics, then.economics)
    np.testing.assert_array_equal(now.covariates, then.covariates)
    after = windows_from(new, tmp_path, range(300, 301))
    before = windows_from(frame, tmp_path, range(300, 301))
    if column == "promotion":
        assert (before.covariates != after.covariates).any()
    else:
        assert (before.economics[:] != np.array(after.economics)).any()


def test_a_promotion_is_relative_to_the_largest_one_up_to_its_day(tmp_path: Path) -> None:
    frame = described(series="a")
    frame["promotion"] = np.arange(DAYS)
    shown = windows_from(frame, tmp_path, range(100, 101)).covariates[:, 0, -1]
    history = np.arange(100 - HISTORY, 100) / 99.0
    np.testing.assert_allclose(shown, np.r_[history, np.ones(PROBLEM.horizon)])


def test_prices_are_the_mean_of_those_before_the_window(tmp_path: Path) -> None:
    frame = described(series="ab")
    frame.loc[frame["series"] == "b", ["price", "cost"]] = np.nan
    frame.loc[(frame["series"] == "b") & (frame["date"] > "2015-02-01"), "price"] = 7.0
    products = windows_from(frame, tmp_path, range(20, 61, 20))
    economics = products.economics
    mean = frame.groupby("series")["price"].apply(lambda x: x.iloc[:40].mean())
    np.testing.assert_allclose(economics.price[2], mean["a"], rtol=1e-6)
    source = PanelProducts(panel(tmp_path, frame))
    free = frame.drop(columns=["price", "cost"])
    drawn = windows_from(free, tmp_path, range(20, 21)).economics
    assert economics.price[1] == drawn.price[1]
    assert economics.price[3] == economics.price[5] == 7.0
    assert economics.unit_cost[1] == drawn.unit_cost[1]
    margin = 1.0 - economics.unit_cost / economics.price
    assert margin[1] == pytest.approx(margin[3])
    assert source.notes[-1].endswith(
        "price of 1 series in windows that start before their first one, "
        "unit cost of 1 series that have none, all other costs"
    )


def test_a_cost_that_is_not_below_the_price_so_far_is_imputed(tmp_path: Path) -> None:
    frame = described(series="ab")
    early = (frame["series"] == "a") & (frame["date"] < "2015-03-01")
    frame.loc[early, "cost"] = 9.0
    economics = windows_from(frame, tmp_path, range(50, 301, 250)).economics
    drawn = windows_from(frame.drop(columns="cost"), tmp_path, range(50, 51)).economics
    assert economics.unit_cost[0] == drawn.unit_cost[0] < economics.price[0]
    given = frame.loc[frame["series"] == "a", "cost"].iloc[:300].mean()
    np.testing.assert_allclose(economics.unit_cost[2], given, rtol=1e-6)
    assert PanelProducts(panel(tmp_path, frame)).notes[-1] == (
        "the unit cost of 1 series is imputed in windows before whose start its mean is not below "
        "the mean price"
    )


def test_a_test_period_begins_with_prices_and_promotions_from_before_it(tmp_path: Path) -> None:
    frame, last, first = described(), "2015-10-31", "2015-11-01"
    train = PanelProducts(panel(tmp_path, frame), last=last)
    test = PanelProducts(panel(tmp_path, changed_after(frame, last)), first=first)
    start = test.episode_periods.start
    for name in ("price", "unit_cost"):
        np.testing.assert_array_equal(figures_of(test, start)[name], figures_of(train)[name])


def test_a_product_without_a_past_takes_the_prices_before_its_window(tmp_path: Path) -> None:
    frame = described(series="a")
    new = frame[frame["date"] > "2015-10-31"].assign(series="new", price=7.0)
    source = PanelProducts(panel(tmp_path, pd.concat([frame, new])), first="2015-11-01")
    start = source.episode_periods.start
    assert figures_of(source, start + 1)["price"][1] == pytest.approx(7.0)
    assert figures_of(source, start)["price"][1] != pytest.approx(7.0)
    early = PanelProducts(source.panel, last="2015-10-31")
    assert figures_of(early)["price"][1] != pytest.approx(7.0)
    assert not any("before their first" in note for note in source.notes)


def test_costs_above_the_prices_of_a_period_are_refused(tmp_path: Path) -> None:
    frame = described(series="a")
    frame.loc[frame["date"] < "2015-05-01", "cost"] = 9.0
    source = PanelProducts(panel(tmp_path, frame), last="2015-04-30")
    with pytest.raises(ValueError, match="cost must be below price, got a mean cost of 9 and"):
        draw_products(source, PROBLEM, 1)


def seasonal(years: float, shape: str) -> np.ndarray:
    """Sales of the warm half of each year."""
    day = np.arange(int(365.25 * years))
    wave = np.sin(2.0 * np.pi * (day - 100) / 365.25)
    mean = 20.0 * np.maximum(wave, 0.0) if shape == "wave" else np.where(wave > 0.2, 20.0, 0.0)
    return np.random.default_rng(2).poisson(mean)


@pytest.mark.parametrize("shape", ["wave", "block"])
@pytest.mark.parametrize("years", [1.6, 2.0, 3.5])
def test_the_winter_of_a_summer_product_is_played(tmp_path: Path, years: float, shape: str) -> None:
    units = seasonal(years, shape)
    panel = panel_of(tmp_path, ice=units)
    assert panel.usable[units.argmax() :, 0].all()
    assert not any("closures" in note for note in panel.notes)


@pytest.mark.parametrize("gap", [30, 60, 118])
def test_a_shop_that_is_closed_once_is_still_masked(tmp_path: Path, gap: int) -> None:
    units = np.random.default_rng(3).poisson(20.0, 1400)
    units[700 : 700 + gap] = 0
    assert (~panel_of(tmp_path, shop=units).usable).sum() == gap


def test_a_shop_is_closed_for_all_its_products_and_one_product_alone_is_not(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(4)
    dates = pd.date_range("2015-01-01", periods=DAYS)
    frames = []
    for shop in "xy":
        for item, mean in (("milk", 20.0), ("eggs", 2.0)):
            units = rng.poisson(mean, DAYS) + (np.arange(DAYS) == 0)
            if shop == "x":
                units[100:140] = 0
            elif item == "milk":
                units[200:240] = 0
            names = {"store_nbr": shop, "family": item, "sales": units}
            frames.append(rows_of(dates, 0, **names).drop(columns="units"))
    panel = read_panel(stored(tmp_path, pd.concat(frames)))
    closed = {
        name: np.flatnonzero(~panel.usable[:, place]).tolist()
        for place, name in enumerate(panel.series)
    }
    assert set(range(100, 140)) <= set(closed["x/milk"])
    assert closed["x/milk"] == closed["x/eggs"]
    assert len(closed["x/milk"]) < 50
    assert closed["y/milk"] == closed["y/eggs"] == []


def test_series_are_active_to_the_end_of_a_table_without_rows_for_no_sales(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(5)
    days = pd.date_range("2015-01-01", periods=1000)
    sold = [days[rng.random(1000) < 0.05] for _ in range(50)]
    frame = pd.concat([rows_of(dates, store_nbr=k) for k, dates in enumerate(sold)])
    frame = frame.rename(columns={"units": "unit_sales"})
    panel = read_panel(stored(tmp_path, frame))
    assert not np.isnan(panel.units[-1]).any()
    assert panel.usable[-1].all()
    for place, dates in enumerate(sold):
        first = (dates[0] - days[0]).days
        assert panel.usable[first:, place].all()
        assert panel.units[first:, place].sum() == len(dates)


def test_a_long_table_with_zero_for_missing_rows_is_active_to_its_end_too(tmp_path: Path) -> None:
    frame = long_table(a=np.ones(100), b=np.ones(60))
    assert read_panel(stored(tmp_path, frame)).usable[:, 1].sum() == 60
    filled = read_panel(stored(tmp_path, frame), missing="zero")
    assert filled.usable.all()
    assert np.asarray(filled.units)[60:, 1].tolist() == [0.0] * 40


def test_stores_that_end_are_closed_no_more(tmp_path: Path) -> None:
    frame = in_stores(long_table(a=np.full(300, 9), b=np.full(200, 9)))
    panel = read_panel(stored(tmp_path, frame))
    assert panel.usable.all()
