"""Cells of demand tables: names are text, days are strict, and columns are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import HEAD, figures_of, long_table, messy_names, stored, written

from inv_gym.products.panel import read_panel
from inv_gym.products.panel.table import first_part

CODES = ("007", "7", "8", "0012", "12", "123", "1E5", "100000", "100000.0", "1", "1.0", "NA")
WORDS = ("True", "TRUE", "true", "inf", "Infinity", "nan", "null", "0x10", "1_000", " 1", "-0", "0")


def one_day(names: tuple[str, ...]) -> str:
    return HEAD + "".join(f"{name},2024-01-01,{k}\n" for k, name in enumerate(names, 1))


@pytest.mark.parametrize("rows_per_chunk", [1, 5, 1_000_000])
@pytest.mark.parametrize("names", [CODES, WORDS], ids=["codes", "words"])
def test_names_are_text_whatever_they_look_like(
    tmp_path: Path, names: tuple[str, ...], rows_per_chunk: int
) -> None:
    panel = read_panel(written(tmp_path, one_day(names)), rows_per_chunk=rows_per_chunk)
    assert panel.series == names
    assert np.asarray(panel.units).tolist() == [list(range(1, len(names) + 1))]


def test_a_late_letter_does_not_split_the_series_of_a_long_file(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=6).strftime("%Y-%m-%d")
    codes = [f"{number:03d}" for number in range(40)]
    rows = "".join(f"{code},{day},1\n" for day in days for code in codes)
    late = "".join(f"A1,{day},1\n" for day in days)
    path = written(tmp_path, HEAD + rows + late)
    for rows_per_chunk in (7, 40, 1_000_000):
        panel = read_panel(path, rows_per_chunk=rows_per_chunk)
        assert panel.series == (*codes, "A1")


def test_text_and_parquet_name_the_same_series(tmp_path: Path) -> None:
    frame = messy_names(CODES)
    text, parquet = (read_panel(stored(tmp_path, frame, end)) for end in (".csv", ".parquet"))
    assert text.series == parquet.series == CODES
    assert text.fingerprint == parquet.fingerprint


def test_names_of_two_parts_do_not_collide(tmp_path: Path) -> None:
    parts = [("A/B", "C"), ("A", "B/C"), ("A\\", "B/C"), ("A\\/B", "C"), ("A/", "B"), ("A", "/B")]
    frame = pd.DataFrame(parts, columns=["store_nbr", "family"])
    frame = frame.assign(date="2024-01-01", sales=np.arange(1.0, 1.0 + len(parts)))
    panel = read_panel(stored(tmp_path, frame))
    assert len(set(panel.series)) == len(parts)
    assert np.asarray(panel.units).tolist() == [frame["sales"].tolist()]
    assert panel.series[1] == "A/B/C"
    shops = [first_part(name) for name in panel.series]
    assert [shops.index(shop) for shop in shops] == [0, 1, 2, 3, 4, 1]


def test_binary_names_are_read_as_text(tmp_path: Path) -> None:
    frame = long_table(a=[1, 2], b=[3, 4])
    frame["series"] = [name.encode() for name in frame["series"]]
    assert read_panel(stored(tmp_path, frame, ".parquet")).series == ("a", "b")
    frame.loc[1, "series"] = b"\xff\xfe"
    with pytest.raises(ValueError, match=r"series must be UTF-8 text, got .*row 2"):
        read_panel(stored(tmp_path, frame, ".parquet"))


def test_a_directory_of_parquet_parts_is_one_table(tmp_path: Path) -> None:
    frame = long_table(a=[1, 2, 3], b=[4, 5, 6])
    parts = tmp_path / "parts"
    parts.mkdir()
    with pytest.raises(ValueError, match=r"the directory '.*parts' has no \.parquet files"):
        read_panel(parts)
    frame[:4].to_parquet(parts / "part-0.parquet")
    frame[4:].to_parquet(parts / "part-1.parquet")
    whole, panel = read_panel(stored(tmp_path, frame)), read_panel(parts)
    assert panel.fingerprint == whole.fingerprint
    frame[4:].drop(columns="units").to_parquet(parts / "part-1.parquet")
    with pytest.raises(ValueError, match=r"part-1\.parquet' cannot be read \(it has no column un"):
        read_panel(parts)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, suffix: str) -> None:
    if suffix == ".csv":
        path = written(tmp_path, "series,date,units,units\na,2024-01-01,1,2\n")
    else:
        arrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        columns = [["a"], ["2024-01-01"], [1.0], [2.0]]
        table = arrow.Table.from_arrays(
            list(map(arrow.array, columns)), ["series", "date", "units", "units"]
        )
        path = tmp_path / "twice.parquet"
        parquet.write_table(table, path)
    with pytest.raises(ValueError, match="more than one column 'units': rename or drop all but"):
        read_panel(path)


def test_other_columns_may_have_one_name(tmp_path: Path) -> None:
    text = "series,x,date,x,units\na,1,2024-01-01,2,3\n"
    assert np.asarray(read_panel(written(tmp_path, text)).units).tolist() == [[3.0]]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-05 - 2024-01-11",
        "2024-01-05 garbage",
        "2024-01-05T",
        "2024-01-05T00:00:00 CET",
        "20240105",
        "2024-1-5",
        "2024-W01-5",
        "05.01.2024",
        "２０２４-01-05",
        "2024-01-05\n",
    ],
)
def test_a_cell_that_is_more_or_less_than_a_day_is_refused(tmp_path: Path, cell: str) -> None:
    path = stored(tmp_path, pd.DataFrame({"series": ["a"], "date": [cell], "units": [1]}))
    with pytest.raises(ValueError, match="date must be a day written as YYYY-MM-DD, got"):
        read_panel(path)


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-04T23:00:00Z",
        "2024-01-04 22:00:00+00:00",
        "2024-01-05 12:30",
        "2024-01-05 00:00:01",
    ],
)
def test_a_time_of_day_is_refused_as_it_may_be_another_days_midnight(
    tmp_path: Path, cell: str
) -> None:
    path = written(tmp_path, HEAD + f"a,{cell},1\n")
    with pytest.raises(ValueError, match="may stand for a midnight of another time zone"):
        read_panel(path)


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-05",
        "2024-01-05 00:00",
        "2024-01-05T00:00:00",
        "2024-01-05 00:00:00.000",
        "2024-01-05T00:00:00Z",
        "2024-01-05 00:00:00+01:00",
    ],
)
def test_a_midnight_is_the_day_that_is_written(tmp_path: Path, cell: str) -> None:
    panel = read_panel(written(tmp_path, HEAD + f"a,{cell},1\n"))
    assert panel.dates.tolist() == [np.datetime64("2024-01-05").item()]


def test_times_with_a_zone_in_parquet_are_their_own_days_or_refused(tmp_path: Path) -> None:
    berlin = pd.date_range("2024-01-05", periods=3, tz="Europe/Berlin")
    frame = pd.DataFrame({"series": "a", "date": berlin, "units": [1, 2, 3]})
    panel = read_panel(stored(tmp_path, frame, ".parquet"))
    assert str(panel.dates[0]) == "2024-01-05"
    frame["date"] = frame["date"].dt.tz_convert("UTC")
    with pytest.raises(ValueError, match="may stand for a midnight of another time zone"):
        read_panel(stored(tmp_path, frame, ".parquet"))


def test_truth_is_no_number_of_units_but_a_promotion(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="units must be a finite number, got True"):
        read_panel(written(tmp_path, HEAD + "a,2024-01-01,True\na,2024-01-02,False\n"))
    text = "series,date,units,promotion\na,2024-01-01,1,TRUE\na,2024-01-02,1,0\na,2024-01-03,1,2\n"
    for rows_per_chunk in (1, 1_000_000):
        panel = read_panel(written(tmp_path, text), rows_per_chunk=rows_per_chunk)
        assert panel.promotion is not None
        assert panel.promotion[:, 0].tolist() == [1, 0, 2]


def test_a_series_without_a_price_has_one_imputed_and_the_others_keep_theirs(
    tmp_path: Path,
) -> None:
    from inv_gym.products.panel import PanelProducts

    frame = long_table(a=np.arange(1.0, 101.0), b=np.arange(1.0, 101.0))
    frame["price"] = np.where(frame["series"] == "a", 4.0, np.nan)
    source = PanelProducts(read_panel(stored(tmp_path, frame)))
    price = figures_of(source)["price"]
    assert price[0] == 4.0
    assert price[1] != 4.0
    assert np.isfinite(price).all()
    assert source.notes[-1].endswith("price of 1 series that have none, unit cost, all other costs")


@pytest.mark.parametrize("column", ["units", "price", "promotion"])
def test_times_are_no_numbers(tmp_path: Path, column: str) -> None:
    days = pd.date_range("2024-01-01", periods=2)
    for values in (days, days - days[0]):
        frame = long_table(a=[1, 2]).assign(**{column: values})
        with pytest.raises(ValueError, match=f"{column} must be a finite number, got (20|0 days)"):
            read_panel(stored(tmp_path, frame, ".parquet"))
