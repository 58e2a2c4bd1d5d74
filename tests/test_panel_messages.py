"""What an error about a table says: all of it at once, with the remedy, and no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import HEAD, long_table, stored, written

from inv_gym import make_source
from inv_gym.products.panel import PanelProducts, read_panel


def refused(path: Path, **options: object) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011, the message is compared
        read_panel(path, **options)
    return str(error.value)


FAULTY = (
    "series,date,units,price,cost\n"
    "a,2024-01-01,-1,1,2\n"
    "a,2024-01-02,many,0,2\n"
    "a,2024-01-02,1,1,2\n"
    "a,2024-01-05,-3,1,2\n"
    ",2024-01-01,1,1,1\n"
    "b,01/02/2024,1,1,1\n"
)


@pytest.mark.parametrize("rows_per_chunk", [1, 4, 1_000_000])
def test_all_faults_are_named_at_once_whatever_the_chunks(
    tmp_path: Path, rows_per_chunk: int
) -> None:
    message = refused(written(tmp_path, FAULTY), rows_per_chunk=rows_per_chunk)
    head, *lines = message.splitlines()
    assert head == f"the demand table has {len(lines)} kinds of faults:"
    assert sorted(line.split(". ", 1)[1] for line in lines) == sorted(
        [
            "series must not be empty, got an empty cell (series 'nan', date 2024-01-01, row 5).",
            "date must be a day written as YYYY-MM-DD, got '01/02/2024' (series 'b', date "
            "01/02/2024, row 6).",
            "units must be a finite number, got 'many' (series 'a', date 2024-01-02, row 2).",
            'units must be at least 0 (returns="zero" reads returned goods as no sales), got -1 '
            "(series 'a', date 2024-01-01, row 1), and 1 more such row.",
            "price must be above 0, got 0 (series 'a', date 2024-01-02, row 2).",
            "series 'a' has more than one row for 2024-01-02 (again in row 3): add them up "
            '(duplicates="sum" does), or keep one.',
            "cost must be below price, got a mean cost of 2 and a mean price of 1 (series 'a'): "
            "correct them, or drop the cost column to have costs imputed.",
        ]
    )


def test_the_remedies_that_are_named_mend_the_table(tmp_path: Path) -> None:
    path = written(
        tmp_path, HEAD + "a,2024-01-01,-2\na,2024-01-02,1\na,2024-01-02,2\na,2024-01-04,1\n"
    )
    message = refused(path)
    for remedy in ('returns="zero"', 'duplicates="sum"', 'missing="zero"'):
        assert remedy in message
    options = {"returns": "zero", "duplicates": "sum", "missing": "zero"}
    panel = read_panel(path, **options)
    assert panel.units[:, 0].tolist() == [0.0, 3.0, 0.0, 1.0]
    assert "1 further row of a series and period added up" in panel.notes
    source = make_source({"file": str(path), **options})
    assert source.panel.fingerprint == panel.fingerprint


@pytest.mark.parametrize("rows_per_chunk", [1, 2, 1_000_000])
def test_rows_that_are_added_up_keep_the_lowest_price_and_the_largest_promotion(
    tmp_path: Path, rows_per_chunk: int
) -> None:
    text = (
        "series,date,units,price,promotion\na,2024-01-01,1,5,0\na,2024-01-01,2,,3\n"
        "a,2024-01-01,4,4,1\nb,2024-01-01,8,6,0\n"
    )
    panel = read_panel(written(tmp_path, text), duplicates="sum", rows_per_chunk=rows_per_chunk)
    assert np.asarray(panel.units).tolist() == [[7.0, 8.0]]
    assert panel.price is not None
    assert panel.price.tolist() == [4.0, 6.0]
    assert panel.promotion is not None
    assert np.asarray(panel.promotion).tolist() == [[3, 0]]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_told_and_read(tmp_path: Path, separator: str) -> None:
    frame = long_table(a=[1, 2], b=[3, 4])
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False, sep=separator)
    assert refused(path) == (
        f"the demand table is separated by {separator!r}: give separator={separator!r}."
    )
    panel = read_panel(path, separator=separator)
    assert panel.fingerprint == read_panel(stored(tmp_path, frame, ".parquet")).fingerprint
    assert "separated by ','" in refused(stored(tmp_path, frame), separator=separator)


@pytest.mark.parametrize("separator", ["", ";;", '"', "\n", "§"])
def test_a_separator_is_one_character(tmp_path: Path, separator: str) -> None:
    with pytest.raises(ValueError, match="separator must be one ASCII character or tab, got"):
        read_panel(written(tmp_path, HEAD + "a,2024-01-01,1\n"), separator=separator)


def test_a_tab_can_be_written_out(tmp_path: Path) -> None:
    path = written(tmp_path, (HEAD + "a,2024-01-01,1\n").replace(",", "\t"))
    for written_out in ("tab", "\\t"):
        assert read_panel(path, separator=written_out).series == ("a",)


def test_what_stands_behind_the_separator_is_told_too(tmp_path: Path) -> None:
    message = refused(written(tmp_path, "Series;Date;units\na;2024-01-01;1,5\nb;2024-01-01;-1\n"))
    assert "separated by ';': give separator=';'" in message
    assert "'Series' in place of 'series', 'Date' in place of 'date'" in message
    assert 'columns={"series": "Series", "date": "Date"}' in message
    rule = "units must be a number with a decimal point, not a comma"
    assert f"{rule} (decimal=\",\" reads commas), got '1,5'" in message
    assert "units must be at least 0" in message


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "Product,Date,Sold,units\na,2024-01-01,5,kg\n")
    names = {"series": "Product", "date": "Date", "units": "Sold"}
    assert np.asarray(read_panel(path, columns=names).units).tolist() == [[5.0]]
    with pytest.raises(ValueError, match="has no column 'Item'; it has Product, Date, Sold, units"):
        read_panel(path, columns={"series": "Item"})
    with pytest.raises(ValueError, match="has no column 'Item', 'Day'; it has Product"):
        read_panel(path, columns={"series": "Item", "date": "Day"})
    with pytest.raises(ValueError, match="columns must be given as name=column .* got 'product'"):
        read_panel(path, columns={"product": "Product"})


def test_a_separator_is_not_for_parquet(tmp_path: Path) -> None:
    path = stored(tmp_path, long_table(a=[1]), ".parquet")
    for table in (path, tmp_path):
        with pytest.raises(ValueError, match="a Parquet table has no separator, got ';'"):
            read_panel(table, separator=";")


@pytest.mark.parametrize("day", ["20240101", "2024-W01-1", "2024-1-1", "2024-01-01T00:00", ""])
def test_periods_are_strict_and_both_are_judged_at_once(tmp_path: Path, day: str) -> None:
    panel = read_panel(stored(tmp_path, long_table("2024-01-01", a=np.ones(50))))
    with pytest.raises(ValueError) as error:  # noqa: PT011, the whole message is compared
        PanelProducts(panel, first=day, last="2030-01-01")
    assert str(error.value) == (
        f"first must be a day written as YYYY-MM-DD, got {day!r}. last must be within the table's "
        "2024-01-01 to 2024-02-19, got 2030-01-01."
    )


def test_names_that_differ_in_capitals_are_told(tmp_path: Path) -> None:
    message = refused(written(tmp_path, "series, Date,units\na,2024-01-01,1\n"))
    assert message == (
        "the demand table has ' Date' in place of 'date': rename them, or give "
        'columns={"date": " Date"}.'
    )


def wide(days: int, series: int) -> pd.DataFrame:
    dates = pd.date_range("2024-01-01", periods=days).strftime("%Y-%m-%d")
    units = np.arange(days * series).reshape(days, series)
    names = [f"a rather long name of the item {number}" for number in range(series)]
    return pd.DataFrame(units, columns=names).assign(date=dates)[["date", *names]]


@pytest.mark.parametrize("across", [False, True])
def test_a_wide_table_is_told_in_short_and_read_if_told(tmp_path: Path, across: bool) -> None:
    frame = wide(days=40, series=500)
    long = frame.melt("date", var_name="series", value_name="units")
    if across:
        frame = frame.set_index("date").T.reset_index(names="item")
    message = refused(stored(tmp_path, frame))
    assert message.startswith("the demand table is wide, with one column per series or per day (")
    assert message.endswith("or read it with wide=True.")
    assert len(message) < 700
    for rows_per_chunk in (10_000, 1_000_000):
        panel = read_panel(stored(tmp_path, frame), wide=True, rows_per_chunk=rows_per_chunk)
        expected = read_panel(stored(tmp_path, long, ".parquet"))
        assert panel.fingerprint == expected.fingerprint


def test_an_empty_cell_of_a_wide_table_is_a_day_without_a_row(tmp_path: Path) -> None:
    path = written(tmp_path, "date,x,y\n2024-01-01,1,4\n2024-01-02,,5\n2024-01-03,3,\n")
    assert "series 'x' has no row for 2024-01-02" in refused(path, wide=True)
    panel = read_panel(path, wide=True, missing="zero")
    assert np.asarray(panel.units).tolist() == [[1.0, 4.0], [0.0, 5.0], [3.0, 0.0]]
    bad = written(tmp_path, "date,x,y\n2024-01-01,1,4\n2024-01-02,2,many\n")
    assert refused(bad, wide=True) == (
        "units must be a finite number, got 'many' (series 'y', date 2024-01-02, row 2)."
    )


def test_days_across_may_be_midnights(tmp_path: Path) -> None:
    path = written(tmp_path, "item,2024-01-01 00:00:00,2024-01-02 00:00:00\nx,1,2\n")
    assert "is wide" in refused(path)
    assert np.asarray(read_panel(path, wide=True).units).tolist() == [[1.0], [2.0]]


def test_a_wide_table_needs_its_days(tmp_path: Path) -> None:
    path = written(tmp_path, "day,x,y\n2024-01-01,1,4\n")
    assert "a wide table needs a column date, or columns named by days" in refused(path, wide=True)
    assert read_panel(path, wide=True, columns={"date": "day"}).series == ("x", "y")


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_numbers_of_rows_are_no_series_of_a_wide_table(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, f"{name},date,x\n0,2024-01-01,1\n1,2024-01-02,2\n")
    assert "a column of the wide table has no name" in refused(path, wide=True)
    across = written(tmp_path, f"{name},2024-01-01,2024-01-02\nx,1,2\n")
    assert read_panel(across, wide=True).series == ("x",)


def test_a_long_table_with_another_name_is_not_called_wide(tmp_path: Path) -> None:
    message = refused(written(tmp_path, "date,store_nbr,transactions\n2024-01-01,1,4\n"))
    assert "wide" not in message
    assert "rename them" in message


def test_many_columns_are_not_listed(tmp_path: Path) -> None:
    frame = pd.DataFrame([["x"] * 3000], columns=[f"{'name' * 30} {k}" for k in range(3000)])
    message = refused(stored(tmp_path, frame))
    assert "and 2,990 more" in message
    assert len(message) < 1000
