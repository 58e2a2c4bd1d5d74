"""How often a table has rows: daily, weekly and monthly ones are played as such, others refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import HEAD, PROBLEM, WINDOW, figures_of, in_stores, rows_of, stored, written

from inv_gym import draw_products, make_source
from inv_gym.demand.ranges import Uniform
from inv_gym.products.batch import HISTORY
from inv_gym.products.economics import EconomicsRanges
from inv_gym.products.panel import RETAIL, PanelProducts, read_panel

WEEKS = pd.date_range("2013-01-01", periods=60, freq="7D")
MONTHS = pd.date_range("2010-01-01", periods=60, freq="MS")
DAYS = pd.date_range("2013-01-01", periods=60)
LAYOUTS = {
    "long": {"series": "a", "units": 70},
    "stores": {"store_nbr": 1, "unit_sales": 70},
    "Favorita": {"store_nbr": 1, "item_nbr": 5, "unit_sales": 70},
    "families": {"store_nbr": 1, "family": "BREAD", "sales": 70},
}


@pytest.mark.parametrize("missing", [None, "zero"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("dates", "name"),
    [
        (WEEKS, "weekly"),
        (WEEKS[:2], "weekly"),
        (MONTHS, "monthly"),
        (MONTHS[:2], "monthly"),
        (MONTHS + pd.Timedelta(days=14), "monthly"),
        (MONTHS + pd.offsets.MonthEnd(0), "monthly"),
        (DAYS, "daily"),
        (DAYS[:1], "daily"),
    ],
)
def test_the_dates_tell_the_frequency(
    tmp_path: Path, dates: pd.DatetimeIndex, name: str, layout: str, missing: str | None
) -> None:
    panel = read_panel(
        stored(tmp_path, pd.DataFrame({"date": dates, **LAYOUTS[layout]})), missing=missing
    )
    assert panel.frequency.name == name
    assert panel.dates.tolist() == dates.date.tolist()
    assert (np.asarray(panel.units) == 70.0).all()
    said = f"the table is {name}: a period of the game is a {panel.frequency.noun}"
    assert (said in panel.notes) == (name != "daily")
    assert not any("without a row" in note for note in panel.notes)


def test_months_that_are_too_short_have_their_last_day(tmp_path: Path) -> None:
    months = [f"2023-{month:02d}-{day}" for month, day in ((1, 30), (2, 28), (3, 30), (4, 30))]
    panel = read_panel(stored(tmp_path, rows_of(pd.DatetimeIndex(months), series="a")))
    assert panel.frequency.name == "monthly"
    assert [str(date) for date in panel.dates] == months


@pytest.mark.parametrize(("dates", "noun"), [(WEEKS, "week"), (MONTHS, "month")])
def test_a_week_or_month_without_a_row_is_one(
    tmp_path: Path, dates: pd.DatetimeIndex, noun: str
) -> None:
    path = stored(tmp_path, rows_of(dates.delete([5, 6, 20]), series="a"))
    with pytest.raises(ValueError) as error:  # noqa: PT011, the whole message is compared
        read_panel(path)
    assert str(error.value) == (
        f"series 'a' has no row for {dates[5].date()} and 3 {noun}(s) in all between its first and "
        f'last row: add the rows, or read such {noun}s as no sales with missing="zero".'
    )
    panel = read_panel(path, missing="zero")
    assert panel.units[:, 0].tolist() == [0.0 if k in (5, 6, 20) else 1.0 for k in range(60)]


def test_one_period_is_one_row(tmp_path: Path) -> None:
    frame = rows_of(WEEKS, np.arange(1.0, 61.0), series="a")
    panel = read_panel(stored(tmp_path, frame))
    first, last = str(WEEKS[10].date()), str((WEEKS[50] + pd.Timedelta(days=3)).date())
    source = PanelProducts(panel, first=first, last=last)
    products = draw_products(source, PROBLEM, 200)
    assert (products.known_periods >= 10).all()
    products = products.rows(products.known_periods == HISTORY)
    assert (np.diff(products.demand, axis=0) == 1.0).all()
    assert set(products.demand[0]) == set(range(1, 51 - WINDOW + 2))
    assert source.covariate_names == ("year_sin", "year_cos")
    days = (np.datetime64("2013-01-01") + 7 * (products.demand.astype(int) - 1)).ravel()
    year = 2.0 * np.pi * (pd.DatetimeIndex(days).day_of_year.to_numpy() - 1) / 365.25
    np.testing.assert_allclose(products.covariates[..., 0].ravel(), np.sin(year), atol=0.03)
    assert source.table["frequency"] == "weekly"
    assert f"episodes lie in {first} to {WEEKS[50].date()}" in source.notes
    with pytest.raises(ValueError, match="with a week of the table between them, got 2013-01-02"):
        PanelProducts(panel, first="2013-01-02", last="2013-01-05")


@pytest.mark.parametrize(("dates", "days"), [(WEEKS, 7.0), (MONTHS, 365.25 / 12.0)])
def test_holding_is_paid_for_the_whole_period(
    tmp_path: Path, dates: pd.DatetimeIndex, days: float
) -> None:
    path = stored(tmp_path, rows_of(dates, series="a"))
    panel = read_panel(path)

    def rate(source: PanelProducts) -> float:
        figures = figures_of(source)
        return float((figures["holding_cost"] / figures["unit_cost"])[0])

    a_day = PanelProducts(panel, economics=RETAIL)
    assert rate(PanelProducts(panel)) == pytest.approx(days * rate(a_day))
    named = make_source({"file": str(path), "economics": {"price": (5.0, 6.0)}})
    assert rate(named) == pytest.approx(days * rate(a_day))
    own = EconomicsRanges(holding_rate=Uniform(0.2, 0.2))
    assert rate(PanelProducts(panel, economics=own)) == pytest.approx(0.2)


def test_a_closure_is_as_many_weeks_as_its_days(tmp_path: Path) -> None:
    units = np.full(120, 20.0)
    units[50:55] = 0.0
    dates = pd.date_range("2013-01-01", periods=120, freq="7D")
    path = stored(tmp_path, rows_of(dates, units, series="a"))
    assert (~read_panel(path).usable).sum() == 5
    assert read_panel(path, closure_days=36).usable.all()


EVERY = {
    "fortnight": (pd.date_range("2013-01-01", periods=30, freq="14D"), "14 days apart"),
    "three days": (pd.date_range("2013-01-01", periods=30, freq="3D"), "3 days apart"),
    "quarter": (pd.date_range("2010-01-01", periods=30, freq="QS"), "3 months apart"),
    "year": (pd.date_range("1990-01-01", periods=30, freq="YS"), "12 months apart"),
    "one week late": (WEEKS[:20].append(WEEKS[21:] + pd.Timedelta(days=1)), "2013-05-14 and"),
    "one wrong date": (WEEKS.delete(30).insert(30, WEEKS[30] + pd.Timedelta(days=2)), "week apart"),
    "one month late": (MONTHS[:20].append(MONTHS[21:] + pd.Timedelta(days=1)), "2011-08-01 and"),
    "weeks and then days": (WEEKS.append(pd.date_range("2014-02-19", periods=400)), "a week apart"),
    "days and then months": (
        pd.date_range("2009-01-01", periods=365).append(MONTHS),
        "a month apart",
    ),
}


@pytest.mark.parametrize("missing", [None, "zero"])
@pytest.mark.parametrize("layout", ["long", "Favorita"])
@pytest.mark.parametrize("case", EVERY)
def test_another_frequency_is_refused_with_its_dates(
    tmp_path: Path, case: str, layout: str, missing: str | None
) -> None:
    dates, words = EVERY[case]
    path = stored(tmp_path, pd.DataFrame({"date": dates, **LAYOUTS[layout]}))
    with pytest.raises(ValueError, match=words) as error:
        read_panel(path, missing=missing)
    named = re.findall(r"\d{4}-\d\d-\d\d", str(error.value))
    assert len(named) >= 3
    assert set(named) <= {str(date.date()) for date in dates}
    assert "daily, weekly or monthly" in str(error.value)
    assert "missing=" not in str(error.value)


def test_irregular_dates_are_no_daily_table_unless_told(tmp_path: Path) -> None:
    dates = pd.DatetimeIndex(["2013-01-01", "2013-01-11", "2013-01-14", "2013-02-02"])
    path = stored(tmp_path, in_stores(rows_of(dates, series=1)))
    with pytest.raises(ValueError, match=r"irregular \(2013-01-01, 2013-01-11, 2013-01-14, \.\.\."):
        read_panel(path)
    assert len(read_panel(path, missing="zero").dates) == 33


MIXED = {
    "a weekly series": (DAYS, WEEKS[:9]),
    "a monthly series": (pd.date_range("2010-01-01", periods=300), MONTHS[:9]),
    "two weekdays": (WEEKS, WEEKS + pd.Timedelta(days=1)),
    "two weekdays far apart": (WEEKS, WEEKS + pd.Timedelta(days=3)),
    "weeks and then days beside days": (
        pd.date_range("2013-01-01", periods=600),
        WEEKS[:20].append(pd.date_range(WEEKS[20], periods=300)),
    ),
    "weeks and months": (WEEKS, pd.date_range("2013-01-01", periods=12, freq="MS")),
}


@pytest.mark.parametrize("missing", [None, "zero"])
@pytest.mark.parametrize("in_layout", [lambda frame: frame, in_stores], ids=["long", "stores"])
@pytest.mark.parametrize("case", MIXED)
def test_a_mixed_table_is_refused_with_series_and_dates(
    tmp_path: Path, case: str, in_layout, missing: str | None
) -> None:
    tables = [rows_of(dates, series=name) for name, dates in zip("xy", MIXED[case], strict=True)]
    path = stored(tmp_path, in_layout(pd.concat(tables)))
    with pytest.raises(ValueError, match=r"series '[xy]' has one row a (week|month) \(20") as error:
        read_panel(path, missing=missing)
    assert "but the table has rows on other days (20" in str(error.value)
    assert "missing=" not in str(error.value)


def test_few_series_of_one_weekday_among_many_are_named_and_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sold = [rows_of(DAYS[rng.random(60) < 0.4], store_nbr=k, unit_sales=1) for k in range(200)]
    paper = rows_of(WEEKS[:9], store_nbr="paper", unit_sales=1)
    frame = pd.concat([*sold, paper]).drop(columns="units")
    panel = read_panel(stored(tmp_path, frame))
    assert panel.frequency.name == "daily"
    assert panel.notes[-1] == (
        "1 series have rows a week or a month apart only (such as 'paper') and are read as daily, "
        "as the others are"
    )


def test_slow_movers_are_daily(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    days = pd.date_range("2013-01-01", periods=700)
    shares = rng.uniform(0.01, 0.3, 300)
    sold = [rows_of(days[rng.random(700) < p], store_nbr=k) for k, p in enumerate(shares)]
    frame = pd.concat(sold).rename(columns={"units": "unit_sales"})
    panel = read_panel(stored(tmp_path, frame))
    assert panel.frequency.name == "daily"
    assert not any("apart" in note for note in panel.notes)


def test_a_day_off_each_week_is_a_daily_table_with_gaps(tmp_path: Path) -> None:
    workdays = pd.date_range("2013-01-01", periods=60, freq="B")
    path = stored(tmp_path, rows_of(workdays, series="a"))
    with pytest.raises(ValueError, match='no row for 2013-01-05 and 24 day.*missing="zero"'):
        read_panel(path)
    assert read_panel(path, missing="zero").frequency.name == "daily"


def test_rows_of_zero_units_make_a_weekly_habit_daily(tmp_path: Path) -> None:
    units = np.where(np.arange(60) % 7 == 0, 70, 0)
    panel = read_panel(
        written(
            tmp_path,
            HEAD
            + rows_of(DAYS, units, s="a").to_csv(
                index=False, header=False, columns=["s", "date", "units"]
            ),
        )
    )
    assert panel.frequency.name == "daily"
    assert panel.units[:, 0].tolist() == units.tolist()
