"""Files of NumPy arrays (.npz) as tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from inv_gym.commands.app import app
from inv_gym.products.panel import read_panel

WEEKS = np.datetime64("2013-01-01", "D") + 7 * np.arange(60)
SALES = np.random.default_rng(0).poisson(6.0, (4, 2, 60)).astype(np.int16)
STORES = np.array([3, 11], np.int16)


def stored(folder: Path, **arrays: object) -> Path:
    path = folder / "sales.npz"
    np.savez(path, **arrays)
    return path


def weekly(folder: Path, **arrays: object) -> Path:
    """Four items in two stores."""
    given = {"sales": SALES, "week_start": WEEKS, "store": STORES, "fit": np.array([0.5, 0.7])}
    return stored(folder, **(given | arrays))


def test_an_array_reads_as_the_same_table_in_rows(tmp_path: Path) -> None:
    panel = read_panel(weekly(tmp_path))
    item, store, week = np.indices(SALES.shape).reshape(3, -1)
    frame = pd.DataFrame(
        {
            "series": [f"{i + 1}/{STORES[s]}" for i, s in zip(item, store, strict=True)],
            "date": WEEKS[week],
            "units": SALES.ravel(),
        }
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    rows = read_panel(tmp_path / "rows.csv")
    assert panel.series == rows.series
    assert panel.fingerprint == rows.fingerprint
    assert panel.frequency.name == "weekly"
    np.testing.assert_array_equal(np.asarray(panel.units), SALES.reshape(8, 60).T)


@pytest.mark.parametrize("rows", [1, 100, 1000])
def test_it_is_read_some_series_at_a_time(tmp_path: Path, rows: int) -> None:
    assert (
        read_panel(weekly(tmp_path), rows_per_chunk=rows).fingerprint
        == read_panel(weekly(tmp_path)).fingerprint
    )


def test_negative_numbers_are_returned_goods_and_nan_is_no_row(tmp_path: Path) -> None:
    sales = SALES.astype(float)
    sales[0, 0, 20] = -5.0
    sales[3, 1, 50:] = np.nan
    panel = read_panel(weekly(tmp_path, sales=sales))
    assert "1 row of negative units (returned goods) set to 0" in panel.notes
    units = np.asarray(panel.units)
    assert units[20, 0] == 0.0
    assert np.isnan(units[50:, 7]).all()
    with pytest.raises(ValueError, match="units must be at least 0 .*, got -5"):
        read_panel(weekly(tmp_path, sales=sales), returns="error")


def test_days_may_lie_along_any_axis_and_may_be_text(tmp_path: Path) -> None:
    names = np.array(["milk", "eggs", "0012"])
    days = (WEEKS + 0).astype(str)
    panel = read_panel(stored(tmp_path, units=SALES[:3, 0].T, item=names, days=days))
    assert panel.series == ("milk", "eggs", "0012")
    np.testing.assert_array_equal(np.asarray(panel.units), SALES[:3, 0].T)


def test_axes_that_nothing_names_for_sure_are_numbered(tmp_path: Path) -> None:
    square = SALES[:2]
    panel = read_panel(stored(tmp_path, sales=square, day=WEEKS, store=STORES))
    assert panel.series == ("1/1", "1/2", "2/1", "2/2")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"sales": SALES}, "there must be an array of days, and there is none"),
        ({"sales": SALES, "a": WEEKS, "b": WEEKS}, r"and there is several \('a', 'b'\)"),
        ({"day": WEEKS}, "one axis has the 60 periods of 'day', and there is none"),
        ({"sales": SALES, "day": WEEKS[:7]}, "one axis has the 7 periods of 'day', and there is"),
        ({"sales": SALES, "more": SALES, "day": WEEKS}, r"is several \('sales', 'more'\)"),
        ({"sales": SALES.astype(object), "day": WEEKS}, "allow_pickle"),
        ({"sales": SALES[:0], "day": WEEKS}, "the array 'sales' is empty"),
    ],
)
def test_other_arrays_are_refused_with_what_they_must_be(
    tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_panel(stored(tmp_path, **arrays))
    assert "it must be an .npz file of NumPy with one array of days" in str(caught.value)


def test_a_file_that_is_none_and_options_of_columns_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.npz"
    broken.write_bytes(weekly(tmp_path).read_bytes()[:300])
    with pytest.raises(ValueError, match="cannot be read"):
        read_panel(broken)
    broken.write_bytes(b"")
    with pytest.raises(ValueError, match="cannot be read"):
        read_panel(broken)
    with broken.open("wb") as file:
        np.save(file, SALES)  # one array, under the name of several
    with pytest.raises(ValueError, match="cannot be read"):
        read_panel(broken)
    for options in ({"wide": True}, {"columns": {"units": "sales"}}):
        with pytest.raises(ValueError, match=r"has no column"):
            read_panel(weekly(tmp_path), **options)
    with pytest.raises(ValueError, match=r"an \.npz table has no separator"):
        read_panel(weekly(tmp_path), separator=";")


def test_a_command_plays_it_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["backtest", "--quick", "--data", str(weekly(tmp_path)), "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(out / "products.csv")) == 8
