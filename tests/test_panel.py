"""Demand tables: what is refused, what is read and masked, and the products drawn from them."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import HEAD, PROBLEM, WINDOW, long_table, panel_of, stored, written

from inv_gym import draw_products, make_source
from inv_gym.demand.ranges import Uniform
from inv_gym.products.batch import HISTORY
from inv_gym.products.economics import EconomicsRanges, draw_economics
from inv_gym.products.panel import RETAIL, Panel, PanelProducts, read_panel
from inv_gym.products.panel.eligible import Openings

ARRAYS = ("dates", "units", "usable", "promotion", "price", "cost")


def messy(rows: int = 200) -> pd.DataFrame:
    """A shuffled table with every column, empty cells and fractional promotion."""
    rng = np.random.default_rng(3)
    frame = long_table(
        a=rng.poisson(2.0, rows), b=rng.gamma(1.0, 5.0, rows).round(3), c=rng.poisson(0.1, rows)
    )
    frame["price"] = rng.uniform(2.0, 3.0, len(frame)).round(2)
    frame["cost"] = rng.uniform(1.0, 2.0, len(frame)).round(2)
    frame["promotion"] = rng.integers(0, 3, len(frame)) / 2.0
    frame.loc[::11, ["price", "promotion"]] = np.nan
    return frame.sample(frac=1.0, random_state=0, ignore_index=True)


def assert_same(left: Panel, right: Panel) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), name)
    assert (left.series, left.notes) == (right.series, right.notes)


KNOWN = (
    "series, date, units (long table); store_nbr, item_nbr, date, unit_sales (Kaggle Favorita); "
    "store_nbr, family, "
    "date, sales (Kaggle Store Sales); store_nbr, date, unit_sales (stores)."
)
TEXT = "it must be comma-separated UTF-8 text with a header line and decimal points."
BAD_TABLES = {
    "missing column": (
        "series,day,units\na,2024-01-01,1\n",
        "the demand table has the columns series, day, units, which are no known layout: rename "
        'them (or give columns={"series": ..., "date": ...}) to one of: ' + KNOWN,
    ),
    "empty file": (
        "",
        "the demand table '{path}' cannot be read (No columns to parse from file): " + TEXT,
    ),
    "negative units": (
        HEAD + "a,2024-01-01,1\na,2024-01-02,-2\n",
        'units must be at least 0 (returns="zero" reads returned goods as no sales), got -2 '
        "(series 'a', date "
        "2024-01-02, row 2).",
    ),
    "text for units": (
        HEAD + "a,2024-01-01,1\na,2024-01-02,many\n",
        "units must be a finite number, got 'many' (series 'a', date 2024-01-02, row 2).",
    ),
    "no units": (
        HEAD + "a,2024-01-01,\n",
        "units must be a finite number, got an empty cell (series 'a', date 2024-01-01, row 1).",
    ),
    "infinite units": (
        HEAD + "a,2024-01-01,inf\n",
        "units must be a finite number, got inf (series 'a', date 2024-01-01, row 1).",
    ),
    "units too large for float32": (
        HEAD + "a,2024-01-01,1e39\n",
        "units must be a finite number, got 1e+39 (series 'a', date 2024-01-01, row 1).",
    ),
    "decimal comma": (
        HEAD + "a,2024-01-01,1,5\n",
        "the demand table '{path}' cannot be read (the first row has more cells than the header): "
        + TEXT,
    ),
    "short row": (
        HEAD + "a,2024-01-01\n",
        "units must be a finite number, got an empty cell (series 'a', date 2024-01-01, row 1).",
    ),
    "no series": (
        HEAD + "a,2024-01-01,1\n,2024-01-01,1\n",
        "series must not be empty, got an empty cell (series 'nan', date 2024-01-01, row 2).",
    ),
    "ambiguous date": (
        HEAD + "a,01/02/2024,1\n",
        "date must be a day written as YYYY-MM-DD, got '01/02/2024' (series 'a', date 01/02/2024, "
        "row 1).",
    ),
    "impossible date": (
        HEAD + "a,2024-01-31,1\na,2024-02-30,1\n",
        "date must be a day written as YYYY-MM-DD, got '2024-02-30' (series 'a', date 2024-02-30, "
        "row 2).",
    ),
    "word that pandas takes for a date": (
        HEAD + "a,today,1\n",
        "date must be a day written as YYYY-MM-DD, got 'today' (series 'a', date today, row 1).",
    ),
    "no date": (
        HEAD + "a,,1\n",
        "date must be a day written as YYYY-MM-DD, got an empty cell (series 'a', date nan, row "
        "1).",
    ),
    "date far off": (
        HEAD + "a,1815-01-01,1\na,2024-01-01,1\n",
        "dates span 1815-01-01 to 2024-01-01, over 100 years: correct the one that is wrong.",
    ),
    "two rows": (
        HEAD + "a,2024-01-01,1\nb,2024-01-01,1\na,2024-01-02,1\na,2024-01-02,1\n",
        "series 'a' has more than one row for 2024-01-02 (again in row 4): add them up "
        '(duplicates="sum" does), or keep one.',
    ),
    "gap": (
        HEAD + "b,2024-01-01,1\na,2024-01-01,1\na,2024-01-03,1\na,2024-01-05,1\n",
        "series 'a' has no row for 2024-01-02 and 2 day(s) in all between its first and last row: "
        "add the rows, or "
        'read such days as no sales with missing="zero".',
    ),
    "header only": (HEAD, "the demand table '{path}' has no rows."),
    "free goods": (
        "series,date,units,price\na,2024-01-01,1,0\n",
        "price must be above 0, got 0 (series 'a', date 2024-01-01, row 1).",
    ),
    "text for a price": (
        "series,date,units,price\na,2024-01-01,1,NaN\n",
        "price must be a finite number, got 'NaN' (series 'a', date 2024-01-01, row 1).",
    ),
    "negative cost": (
        "series,date,units,cost\na,2024-01-01,1,-1\n",
        "cost must be above 0, got -1 (series 'a', date 2024-01-01, row 1).",
    ),
    "cost above price": (
        "series,date,units,price,cost\na,2024-01-01,1,2,1\nb,2024-01-01,1,2,2.5\n",
        "cost must be below price, got a mean cost of 2.5 and a mean price of 2 (series 'b'): "
        "correct them, or drop "
        "the cost column to have costs imputed.",
    ),
    "negative promotion": (
        "series,date,units,promotion\na,2024-01-01,1,-1\n",
        "promotion must be at least 0, got -1 (series 'a', date 2024-01-01, row 1).",
    ),
    "Kaggle names": (
        "id,date,store_nbr,item_nbr,unit_sales,onpromotion\n0,2024-01-01,1,5,1,\n1,2024-01-01,1,5,1,\n",
        "series '1/5' has more than one row for 2024-01-01 (again in row 2): add them up "
        '(duplicates="sum" does), or keep one.',
    ),
}


@pytest.mark.parametrize("rows_per_chunk", [1, 1_000_000])
@pytest.mark.parametrize(("text", "message"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_a_bad_table_is_refused_with_value_place_and_remedy(
    tmp_path, text, message, rows_per_chunk
):
    path = written(tmp_path, text)
    with pytest.raises(ValueError) as error:  # noqa: PT011, the whole message is compared
        read_panel(path, rows_per_chunk=rows_per_chunk)
    assert str(error.value) == message.replace("{path}", str(path))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"missing": "zeros"},
            ValueError,
            "unknown missing 'zeros'; known: error, zero. Did you mean 'zero'?",
        ),
        ({"returns": "drop"}, ValueError, "unknown returns 'drop'; known: error, zero."),
        ({"closure_days": 0}, ValueError, "closure_days must be at least 1, got 0."),
        ({"rows_per_chunk": 0.5}, TypeError, "rows_per_chunk must be a whole number, got 0.5."),
    ],
)
def test_a_bad_option_is_refused(tmp_path, options, error, message):
    path = written(tmp_path, HEAD + "a,2024-01-01,1\n")
    with pytest.raises(error) as raised:
        read_panel(path, **options)
    assert str(raised.value) == message


def test_a_file_that_is_no_table_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no demand table '.*nowhere\.csv'\."):
        read_panel(tmp_path / "nowhere.csv")
    (tmp_path / "table.ods").write_text("")
    with pytest.raises(
        ValueError,
        match=r"unknown type of demand table '.ods'; known: .csv, .csv.gz, .parquet, .xlsx, .npz\.",
    ):
        read_panel(tmp_path / "table.ods")


def test_a_row_with_too_many_cells_is_refused(tmp_path):
    path = written(tmp_path, HEAD + "a,2024-01-01,1\na,2024-01-02,1,5\n")
    with pytest.raises(
        ValueError,
        match=r"cannot be read \(.* Expected 3 fields in line 3, saw 4\): it must be comma-",
    ):
        read_panel(path)


def test_a_broken_file_is_refused(tmp_path):
    latin = tmp_path / "latin.csv"
    latin.write_bytes((HEAD + "Pañal,2024-01-01,1\n").encode("latin-1"))
    with pytest.raises(
        ValueError,
        match=r"'.*latin\.csv' cannot be read \('utf-8' codec can't .*\): it must be comma-",
    ):
        read_panel(latin)
    for name in ("broken.parquet", "broken.csv.gz"):
        (tmp_path / name).write_text("series,date,units")
        with pytest.raises(ValueError, match=rf"{name}' cannot be read \(.*\): it must be "):
            read_panel(tmp_path / name)
    whole = stored(tmp_path, messy(), ".csv.gz").read_bytes()
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.csv\.gz' cannot be read \(.*\): it must be "):
        read_panel(tmp_path / "cut.csv.gz")


def test_parquet_without_pyarrow_names_the_remedy(tmp_path, monkeypatch):
    path = stored(tmp_path, long_table(a=[1, 2]), ".parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ImportError,
        match=r"a \.parquet table .* extra tables \(pip install -e '/.*\[tables\]'",
    ):
        read_panel(path)


def test_bad_cells_of_parquet_are_shown_as_they_are(tmp_path):
    path = stored(tmp_path, long_table(a=[1.0, np.inf]), ".parquet")
    with pytest.raises(ValueError, match=r"got inf \(series 'a', date 2015-01-02, row 2\)"):
        read_panel(path)
    path = stored(
        tmp_path,
        long_table(a=[1.0, 2.0]).assign(date=[pd.Timestamp("2015-01-01"), pd.NaT]),
        ".parquet",
    )
    with pytest.raises(
        ValueError, match=r"date must be .*, got an empty cell \(series 'a', date NaT, row 2\)"
    ):
        read_panel(path)


def test_a_table_reads_the_same_whatever_the_chunks_and_the_file_type(tmp_path):
    frame = messy()
    whole = read_panel(stored(tmp_path, frame))
    assert whole.units.dtype == np.float32
    assert whole.promotion.dtype == np.float32
    for suffix in (".csv", ".csv.gz", ".parquet"):
        assert_same(whole, read_panel(stored(tmp_path, frame, suffix), rows_per_chunk=7))


def test_rows_land_on_their_day_and_series(tmp_path):
    frame = messy().set_index(["date", "series"])
    panel = read_panel(stored(tmp_path, frame.reset_index()))
    for name in ("units", "promotion"):
        expected = frame[name].unstack("series")[list(panel.series)].fillna(0.0)
        np.testing.assert_allclose(getattr(panel, name), expected, rtol=1e-6)
    for name in ("price", "cost"):
        np.testing.assert_allclose(
            getattr(panel, name), frame[name].groupby("series").mean()[list(panel.series)]
        )
    assert panel.dates[0] == np.datetime64("2015-01-01")
    assert (np.diff(panel.dates) == np.timedelta64(1, "D")).all()


@pytest.mark.parametrize(
    ("columns", "series", "promotion"),
    [
        ({"series": "a", "units": 2.0}, "a", None),
        ({"series": 7, "units": 2, "weather": "dry"}, "7", None),
        (
            {"id": 1, "store_nbr": 1, "item_nbr": 99, "unit_sales": 2, "onpromotion": ["True", ""]},
            "1/99",
            [1, 0],
        ),
        ({"store_nbr": 1, "item_nbr": 99, "unit_sales": 2.0}, "1/99", None),
        (
            {"store_nbr": 44, "family": "BREAD", "sales": 2, "onpromotion": [0, 700]},
            "44/BREAD",
            [0, 700],
        ),
        ({"store_nbr": 44, "unit_sales": 2, "transactions": 5}, "44", None),
    ],
)
def test_every_layout_is_recognised(tmp_path, columns, series, promotion):
    panel = read_panel(
        stored(tmp_path, pd.DataFrame({"date": ["2024-02-28", "2024-02-29"], **columns}))
    )
    assert panel.series == (series,)
    assert panel.units[:, 0].tolist() == [2.0, 2.0]
    assert promotion == (None if panel.promotion is None else panel.promotion[:, 0].tolist())


def test_kaggle_tables_read_absent_rows_and_returns_as_no_sales(tmp_path):
    rows = ("2024-01-01,1,5,4", "2024-01-02,1,5,-3", "2024-01-04,1,5,2")
    text = "\n".join(("date,store_nbr,item_nbr,unit_sales", *rows, ""))
    path = written(tmp_path, text)
    panel = read_panel(path)
    assert panel.units[:, 0].tolist() == [4.0, 0.0, 0.0, 2.0]
    assert panel.notes == (
        "1 row of negative units (returned goods) set to 0",
        "1 series-day without a row read as no sales",
    )
    with pytest.raises(ValueError, match=r"unit_sales must be at least 0 .*, got -3"):
        read_panel(path, returns="error")
    with pytest.raises(ValueError, match="no row for 2024-01-03 and 1 day"):
        read_panel(path, missing="error")


def test_a_long_table_reads_gaps_and_returns_as_no_sales_if_told(tmp_path):
    path = written(tmp_path, HEAD + "a,2024-01-01,4\na,2024-01-03,-3\n")
    panel = read_panel(path, missing="zero", returns="zero")
    assert panel.units[:, 0].tolist() == [4.0, 0.0, 0.0]
    assert panel.usable.all()


def test_names_of_series_stay_text(tmp_path):
    panel = read_panel(
        written(tmp_path, HEAD + "007,2024-01-01,1\n7,2024-01-01,2\nNA,2024-01-01,3\n")
    )
    assert panel.series == ("007", "7", "NA")
    assert np.asarray(panel.units).tolist() == [[1.0, 2.0, 3.0]]


def test_days_before_the_first_sale_and_after_the_last_row_are_masked(tmp_path):
    panel = panel_of(tmp_path, late=[0, 0, 5, 0, 1, 1], ended=[1, 1, 0], never=[0] * 6)
    assert panel.usable.T.tolist() == [
        [False, False, True, True, True, True],
        [True, True, True, False, False, False],
        [False] * 6,
    ]
    assert np.isnan(panel.units).T.tolist() == [[False] * 6, [False] * 3 + [True] * 3, [False] * 6]
    assert panel.notes == ("11 series-days before the first sale or after the last row masked",)


def test_a_closure_is_masked_and_a_slow_mover_or_a_holiday_is_not(tmp_path):
    rng = np.random.default_rng(0)
    days = 400
    shop = rng.poisson(20.0, days) + 1
    shop[100:140] = 0
    shop[300] = 0
    slow = np.where(np.arange(days) % 50 == 0, 1, 0)
    panel = panel_of(tmp_path, shop=shop, slow=slow)
    assert np.flatnonzero(~panel.usable[:, 0]).tolist() == list(range(100, 140))
    assert panel.usable[:, 1].all()
    assert panel.notes == (
        "40 series-days of closures are demand of 0, and unknown to days after them",
    )


@pytest.mark.parametrize(
    ("run", "closure_days", "masked"), [(13, 14, 0), (14, 14, 14), (13, 13, 13), (3, 1, 0)]
)
def test_a_closure_is_long_and_improbable(tmp_path, run, closure_days, masked):
    units = np.ones(
        101
    )  # without a run, p0 = 1 / (101 - run + 2); 3 days: about 1e-6, so not below
    units[50 : 50 + run] = 0
    panel = read_panel(stored(tmp_path, long_table(a=units)), closure_days=closure_days)
    assert (~panel.usable).sum() == masked


@pytest.mark.parametrize("first", [0, 40])
@pytest.mark.parametrize("horizon", [1, 5, 40])
def test_runs_and_windows_agree_with_counting_one_by_one(horizon, first):
    rng = np.random.default_rng(1)
    usable = rng.random((150, 20)) < 0.99
    units = np.where(rng.random(usable.shape) < 0.03, 1.0, 0.0)
    openings = Openings.of(units, usable, first)

    def sold_before(start: int, series: int) -> bool:
        """Whether the known history has a sale: up to HISTORY usable days in a row."""
        for day in range(start - 1, max(start - 1 - HISTORY, -1), -1):
            if not usable[day, series]:
                return False
            if units[day, series] > 0.0:
                return True
        return False

    expected = [
        (series, start)
        for series in range(20)
        for start in range(max(first, 1), 150 - horizon + 1)
        if usable[start : start + horizon, series].all() and sold_before(start, series)
    ]
    windows = openings.windows(horizon)
    runs = windows.runs
    assert expected == [(s, f + k) for s, f, n in zip(*runs, strict=True) for k in range(n)]
    assert 0 < len(expected) == windows.ends[-1] < usable.size
    assert not len(openings.windows(151).ends)
    assert not len(Openings.of(units[:0], usable[:0], 0).runs.first)


def numbered(folder: Path) -> Panel:
    """A panel in which the units of a day tell its number (from 1) and its series (thousands)."""
    day = np.arange(1.0, 301.0)
    gap = np.where((day > 150) & (day <= 170), 0.0, day + 1000.0)
    frame = long_table(a=day, b=gap, c=day[:150] + 2000.0)
    frame["open"] = (frame["units"] > 0.0).astype(int)
    return read_panel(stored(folder, frame))


def test_splits_never_share_a_day_of_an_episode(tmp_path):
    panel = numbered(tmp_path)
    dates = [str(date) for date in panel.dates]
    train = PanelProducts(panel, last=dates[99])
    test = PanelProducts(panel, first=dates[100], last=dates[249])
    for seed in range(5):
        past = draw_products(train, PROBLEM, 500, seed).demand % 1000
        future = draw_products(test, PROBLEM, 500, seed).demand % 1000
        assert np.nanmax(past) <= 100
        assert future[HISTORY:].min() >= 101
        assert np.nanmax(future) <= 250
        assert np.nanmin(future[:HISTORY]) < 101  # the history may reach back
        for days in (past, future):
            step = np.diff(days, axis=0)
            assert (step[~np.isnan(step)] == 1).all()


def test_every_eligible_window_is_drawn_alike(tmp_path):
    panel = numbered(tmp_path)
    first = draw_products(PanelProducts(panel), PROBLEM, 20_000).demand[HISTORY]
    windows, counts = np.unique(first, return_counts=True)
    open_days = {0: [(1, 300)], 1: [(1, 150), (171, 300)], 2: [(1, 150)]}
    expected = [
        1000 * series + day
        for series, spans in open_days.items()
        for a, b in spans
        for day in range(a + 1, b - PROBLEM.horizon + 2)
    ]
    assert windows.tolist() == sorted(expected)
    deviation = (counts - counts.mean()) / np.sqrt(counts.mean())
    assert np.abs(deviation).max() < 4.5


def test_history_needs_a_sale(tmp_path):
    slow = np.zeros(200)
    slow[[0, 100, 199]] = 1.0
    products = draw_products(PanelProducts(panel_of(tmp_path, slow=slow)), PROBLEM, 300)
    assert (np.nansum(products.demand[:HISTORY], 0) > 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"first": "2015-02-01", "last": "2015-01-31"},
            "first must not be after last, got 2015-02-01 and 2015-01-31.",
        ),
        (
            {"first": "2014-12-31"},
            "first must be within the table's 2015-01-01 to 2015-10-27, got 2014-12-31.",
        ),
        (
            {"last": "2016-01-01"},
            "last must be within the table's 2015-01-01 to 2015-10-27, got 2016-01-01.",
        ),
        ({"last": "2015-10"}, "last must be a day written as YYYY-MM-DD, got '2015-10'."),
        ({"seed": -1}, "seed must be at least 0, got -1."),
    ],
)
def test_bad_periods_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011, the whole message is compared
        PanelProducts(numbered(tmp_path), **options)
    assert str(error.value) == message


def test_a_period_without_a_window_is_refused(tmp_path):
    source = PanelProducts(numbered(tmp_path), first="2015-01-20", last="2015-01-22")
    with pytest.raises(ValueError) as error:  # noqa: PT011, the whole message is compared
        source.sample(np.random.default_rng(0), 1, PROBLEM)
    assert str(error.value) == (
        "too short for the horizon: no window of 5 usable days (the horizon) from 2015-01-20 to "
        "2015-01-22 with a known day before it, the longest usable stretch has 3: lower the "
        "horizon, or widen first and last."
    )


def test_a_period_whose_histories_have_no_sale_is_refused(tmp_path):
    frame = long_table(slow=np.where(np.arange(200) % 199 == 0, 1, 0))
    panel = read_panel(stored(tmp_path, frame), closure_days=200)
    source = PanelProducts(panel, first="2015-05-01")
    with pytest.raises(ValueError) as error:  # noqa: PT011, the whole message is compared
        source.sample(np.random.default_rng(0), 1, PROBLEM)
    assert str(error.value) == (
        "no window of 5 usable days (the horizon) from 2015-05-01 to 2015-07-19 has a known "
        "history before it with a sale in its last 32 days: widen first and last."
    )


def test_prices_are_imputed_per_series_and_by_seed(tmp_path):
    panel = numbered(tmp_path)

    def prices(seed: int, draw: int) -> dict[int, set[float]]:
        products = draw_products(PanelProducts(panel, seed=seed), PROBLEM, 200, draw)
        series = products.demand[HISTORY] // 1000
        return {int(s): set(products.economics.price[series == s]) for s in np.unique(series)}

    assert prices(0, 0) == prices(0, 1)
    assert all(len(values) == 1 for values in prices(0, 0).values())
    assert prices(0, 0) != prices(1, 0)


def test_prices_and_costs_of_the_table_are_used(tmp_path):
    frame = long_table(a=np.arange(1.0, 101.0), b=np.arange(1001.0, 1101.0))
    frame["price"] = np.where(frame.series == "a", 4.0, 8.0)
    source = PanelProducts(read_panel(stored(tmp_path, frame)))
    products = draw_products(source, PROBLEM, 100)
    price, unit_cost, holding_cost, *_ = products.economics
    assert (price == np.where(products.demand[HISTORY] < 1000, 4.0, 8.0)).all()
    assert ((unit_cost >= 0.5 * price) & (unit_cost <= 0.8 * price)).all()
    assert ((holding_cost >= 0.001 * unit_cost) & (holding_cost <= 0.005 * unit_cost)).all()
    assert source.notes == (
        "imputed once per series from assumed ranges, with seed 0: unit cost, all other costs",
    )
    costs = PanelProducts(read_panel(stored(tmp_path, frame.assign(cost=3.0))))
    assert (draw_products(costs, PROBLEM, 100).economics.unit_cost == 3.0).all()
    assert costs.notes[-1].endswith("seed 0: all other costs")


def test_a_known_cost_gives_the_price():
    def drawn(**known: np.ndarray) -> dict[str, np.ndarray]:
        return draw_economics(RETAIL, np.random.default_rng(0), 4, **known)

    free, cost = drawn(), np.full(4, 3.0)
    known = drawn(unit_cost=cost)
    np.testing.assert_allclose(cost / known["price"], free["unit_cost"] / free["price"])
    assert (known["unit_cost"] == cost).all()
    np.testing.assert_allclose(
        known["holding_cost"] / cost, free["holding_cost"] / free["unit_cost"]
    )


def test_economics_can_be_chosen(tmp_path):
    source = PanelProducts(numbered(tmp_path), economics=EconomicsRanges(price=Uniform(5.0, 6.0)))
    price = draw_products(source, PROBLEM, 50).economics.price
    assert ((price >= 5.0) & (price <= 6.0)).all()


def test_covariates_are_the_true_calendar_and_the_promotion(tmp_path):
    frame = long_table(a=np.arange(1.0, 801.0), b=np.arange(1001.0, 1801.0))
    frame["promotion"] = np.where(frame.series == "a", frame.units % 4, 0)
    source = PanelProducts(read_panel(stored(tmp_path, frame)))
    products = draw_products(source, PROBLEM, 200)
    products = products.rows(products.known_periods == HISTORY)
    number_of_products = products.batch
    assert number_of_products > 150
    assert source.covariate_names == (
        "weekday_sin",
        "weekday_cos",
        "year_sin",
        "year_cos",
        "promotion",
    )
    assert products.covariates.shape == (WINDOW, number_of_products, 5)
    number = products.demand % 1000
    dates = pd.DatetimeIndex(np.datetime64("2015-01-01") + (number.ravel().astype(int) - 1))
    week = 2.0 * np.pi * dates.day_of_week.to_numpy().reshape(number.shape) / 7.0
    year = 2.0 * np.pi * (dates.day_of_year.to_numpy().reshape(number.shape) - 1) / 365.25
    np.testing.assert_allclose(products.covariates[..., 0], np.sin(week), atol=1e-9)
    np.testing.assert_allclose(products.covariates[..., 1], np.cos(week), atol=1e-9)
    np.testing.assert_allclose(products.covariates[..., 2], np.sin(year), atol=0.02)
    np.testing.assert_allclose(products.covariates[..., 3], np.cos(year), atol=0.02)
    expected = np.where(products.demand < 1000, products.demand % 4 / 3.0, 0.0)
    np.testing.assert_allclose(products.covariates[..., 4], expected)


def test_no_history_exceeds_the_largest_scale(tmp_path):
    source = PanelProducts(numbered(tmp_path))
    products = draw_products(source, PROBLEM, 2000)
    assert products.scale.max() <= source.largest_scale
    assert source.largest_scale == 2000.0 + np.arange(150 - HISTORY + 1, 151).mean()
    assert products.distribution is None
    assert products.demand.dtype == np.float64


def test_a_table_is_a_product_source_by_its_file_name_and_pickles(tmp_path):
    path = stored(tmp_path, long_table(a=np.arange(1.0, 101.0)))
    source = make_source({"file": str(path), "last": "2015-03-01", "seed": 4})
    drawn = draw_products(source, PROBLEM, 10)
    again = draw_products(pickle.loads(pickle.dumps(source)), PROBLEM, 10)
    assert np.nanmax(drawn.demand) <= 60.0
    np.testing.assert_array_equal(drawn.demand, again.demand)
    np.testing.assert_array_equal(drawn.economics, again.economics)
