"""Options of reading a table, its optional columns, and what is doubtful in it."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import figures_of, stored, written
from typer.testing import CliRunner

from inv_gym import make_problem
from inv_gym.commands.app import app
from inv_gym.products.panel import PanelProducts, read_panel
from inv_gym.products.panel.store import PanelColumn, RowIndex

DAYS = [f"2024-01-{day:02d}" for day in range(1, 31)]


def text_of(dates: list[str], **cells: object) -> str:
    names = ("units", *cells)
    values = {"units": 1, **cells}
    rows = [",".join(["a", date, *(str(values[name]) for name in names)]) for date in dates]
    return "\n".join([",".join(["series", "date", *names]), *rows]) + "\n"


def test_a_given_frequency_is_taken(tmp_path: Path) -> None:
    fortnights = written(tmp_path, text_of(DAYS[::14]))
    panel = read_panel(fortnights, frequency="weekly", missing="zero")
    assert panel.frequency.name == "weekly"
    assert panel.units[:, 0].tolist() == [1.0, 0.0, 1.0, 0.0, 1.0]
    weeks = written(tmp_path, text_of(DAYS[::7]))
    daily = read_panel(weeks, frequency="daily", missing="zero")
    assert daily.frequency.name == "daily"
    assert daily.units[:, 0].sum() == 5.0
    assert len(daily.dates) == 29


@pytest.mark.parametrize(
    ("frequency", "message"),
    [
        ("weekly", "said to be weekly, but 2024-01-01 and 2024-01-02 are not a week"),
        ("monthly", "said to be monthly, but 2024-01-01 and 2024-01-02 are not on one day"),
        ("yearly", "unknown frequency 'yearly'; known: daily, weekly, monthly"),
    ],
)
def test_dates_that_contradict_a_frequency_are_refused(
    tmp_path: Path, frequency: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_panel(written(tmp_path, text_of(DAYS)), frequency=frequency)


def test_decimal_commas_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "series;date;units\na;2024-01-01;1,5\na;2024-01-02;2\n")
    panel = read_panel(path, separator=";", decimal=",")
    assert panel.units[:, 0].tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separator": ";"}, r"decimal point, not a comma \(decimal=\",\" reads commas\)"),
        ({"decimal": ","}, "decimal and separator must differ"),
        ({"separator": ";", "decimal": "x"}, "unknown decimal 'x'"),
    ],
)
def test_other_decimals_are_told(tmp_path: Path, options: dict[str, str], message: str) -> None:
    path = written(tmp_path, "series;date;units\na;2024-01-01;1,5\na;2024-01-02;2\n")
    with pytest.raises(ValueError, match=message):
        read_panel(path, **options)  # type: ignore[arg-type]


def test_decimal_points_among_commas_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "series;date;units\na;2024-01-01;1,5\na;2024-01-02;2.5\n")
    with pytest.raises(ValueError, match=r"decimal comma, not a point, got 2\.5"):
        read_panel(path, separator=";", decimal=",")


def test_the_command_line_takes_frequency_and_decimal(tmp_path: Path) -> None:
    weeks = [str(day)[:10] for day in pd.date_range("2020-01-01", periods=120, freq="7D")]
    rows = [f"a;{day};{number % 5},5" for number, day in enumerate(weeks) if number % 2 == 0]
    path = written(tmp_path, "\n".join(["series;date;units", *rows]) + "\n")
    options = ["--separator", ";", "--decimal", ",", "--frequency", "weekly", "--missing", "zero"]
    arguments = ["leaderboard", "--env", "InvLostSales-v0", "--data", str(path), *options]
    small = ["--quick", "--products", "9", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [*arguments, *small])
    assert result.exit_code == 0, result.output


def test_a_column_for_two_names_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, text_of(DAYS))
    with pytest.raises(ValueError, match="once, got 'units' for units and price"):
        read_panel(path, columns={"units": "units", "price": "units"})


def test_dates_after_today_are_counted(tmp_path: Path) -> None:
    today = np.datetime64("today", "D")
    path = written(tmp_path, text_of([str(today + day) for day in range(-3, 3)]))
    notes = " ".join(read_panel(path).notes)
    assert f"2 dates are after today (the last one is {today + 2})" in notes


def test_names_that_are_nearly_the_same_are_counted(tmp_path: Path) -> None:
    text = "series,date,units\nA 1,2024-01-01,1\na1,2024-01-01,2\nb,2024-01-01,3\n"
    panel = read_panel(written(tmp_path, text))
    assert panel.series == ("A 1", "a1", "b")
    assert "1 names of series differ" in panel.notes[-1]


@pytest.mark.parametrize("price", ["-2", "0"])
def test_prices_that_change_sign_are_refused(tmp_path: Path, price: str) -> None:
    path = written(tmp_path, text_of(DAYS[:2], price=3) + f"a,2024-01-03,1,{price}\n")
    with pytest.raises(ValueError, match=rf"price must be above 0, got {price} .*row 3"):
        read_panel(path)


def test_rows_read_as_a_matrix() -> None:
    rng = np.random.default_rng(0)
    dense = np.where(rng.random((50, 7)) < 0.3, rng.integers(1, 9, (50, 7)), 0).astype(np.float32)
    dense[3] = 1.0
    series, period = np.nonzero(dense.T)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(series, minlength=7))])
    index = RowIndex(offsets, period.astype(np.uint8), np.full(7, 50), 50)
    first = (dense > 0).argmax(0)
    dense[np.arange(50)[:, None] < first] = np.nan
    column = PanelColumn(index, dense.T[series, period], 0.0, np.nan, range(50))
    cells = rng.integers(50, size=(9, 20)), rng.integers(7, size=20)
    np.testing.assert_array_equal(column, dense)
    np.testing.assert_array_equal(column[cells], dense[cells])
    np.testing.assert_array_equal(column[:, 2:5], dense[:, 2:5])
    np.testing.assert_array_equal(column[:, 2], dense[:, 2])
    np.testing.assert_array_equal(column[10:30][:, [3, 1]], dense[10:30][:, [3, 1]])
    np.testing.assert_array_equal(
        column[10:][cells[0] % 40, cells[1]], dense[10:][cells[0] % 40, cells[1]]
    )


def test_optional_columns_are_kept(tmp_path: Path) -> None:
    cells = {"holding_cost": 0.25, "lead_time": 2, "shelf_life": 5, "open": 1, "closing_stock": 3}
    text = text_of(DAYS, **cells) + "a,2024-01-31,1,0.25,2,5,0,0\n"
    panel = read_panel(written(tmp_path, text))
    assert {name: values.tolist() for name, values in panel.figures.items()} == {
        "lead_time": [2.0],
        "shelf_life": [5.0],
    }
    assert panel.usable[:, 0].tolist() == [True] * 30 + [False]
    assert panel.sold_out is not None
    assert panel.sold_out[:, 0].tolist() == [0] * 30 + [1]
    assert "1 series-day sold out (a closing stock of 0)" in panel.notes
    source = PanelProducts(panel)
    figures = figures_of(source)
    assert figures["holding_cost"].tolist() == [0.25]
    assert figures["shortage_cost"][0] > 0.0


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("holding_cost", "-1", "holding_cost must be at least 0, got -1"),
        ("lead_time", "1.5", "lead_time must be a whole number of periods, at least 0, got 1.5"),
        ("shelf_life", "0", "shelf_life must be a whole number of periods, at least 1, got 0"),
        ("order_multiple", "0", "order_multiple must be above 0, got 0"),
        ("minimum_order", "-3", "minimum_order must be at least 0, got -3"),
        ("open", "2", r"open must be 1 \(open\) or 0 \(closed\), got 2"),
        ("closing_stock", "-1", "closing_stock must be at least 0, got -1"),
        ("lead_time", "7", "lead_time must be one number per series, got 1 and 7"),
    ],
)
def test_bad_cells_of_optional_columns_are_told(
    tmp_path: Path, column: str, cell: str, message: str
) -> None:
    path = written(tmp_path, text_of(DAYS[:2], **{column: 1}) + f"a,2024-01-03,1,{cell}\n")
    with pytest.raises(ValueError, match=message):
        read_panel(path)


def documented_examples() -> list[str]:
    """The examples that write the table that they read."""
    text = (Path(__file__).parent.parent / "docs" / "data.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return [block for block in blocks if "write_text" in block]


@pytest.mark.parametrize("number", range(len(documented_examples())))
def test_the_documented_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(documented_examples()[number], {})


def test_monthly_spare_parts_play(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    months = pd.date_range("1998-01-01", periods=51, freq="MS").strftime("%Y-%m-%d")
    frame = pd.DataFrame(
        {
            "series": np.repeat([f"part-{number}" for number in range(2674)], 51),
            "date": np.tile(months, 2674),
            "units": rng.poisson(0.4, 51 * 2674),
        }
    )
    frame.to_csv(tmp_path / "parts.csv", index=False)
    panel = read_panel(tmp_path / "parts.csv")
    assert panel.frequency.name == "monthly"
    assert np.asarray(panel.units).sum() == frame["units"].sum()
    problem = make_problem("InvLostSales-v0", horizon=6)
    products = PanelProducts(panel).sample(rng, 10, problem)
    assert products.demand.shape == (38, 10)
    series, start = products.windows.T
    cells = frame["units"].to_numpy().reshape(2674, 51)
    for row, number in enumerate(products.known_periods.astype(int)):
        known = cells[series[row], start[row] - number : start[row] + 6]
        assert products.demand[32 - number :, row].tolist() == known.tolist()


@pytest.mark.parametrize("rows_per_chunk", [7, 1_000_000])
def test_the_order_of_rows_does_not_matter(tmp_path: Path, rows_per_chunk: int) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"series": np.repeat(["a", "b", "c"], 30), "date": DAYS * 3, "units": range(90)}
    )
    frame.to_csv(tmp_path / "sorted.csv", index=False)
    frame.iloc[rng.permutation(90)].to_csv(tmp_path / "shuffled.csv", index=False)
    panels = [
        read_panel(tmp_path / f"{name}.csv", rows_per_chunk=rows_per_chunk)
        for name in ("sorted", "shuffled")
    ]
    assert panels[0].fingerprint == panels[1].fingerprint
    assert panels[0].units[:, 1].tolist() == list(range(30, 60))


def test_a_copy_of_a_source_gives_the_same_products(tmp_path: Path) -> None:
    source = PanelProducts(read_panel(written(tmp_path, text_of(DAYS))))
    copied = pickle.loads(pickle.dumps(source))
    assert copied.covariate_names == source.covariate_names
    assert copied.ranges == source.ranges


def receipts(units: int = 2) -> pd.DataFrame:
    """Three series over 60 days, of which each sells on two days of three."""
    days = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    rows = [
        (name, day, units)
        for place, name in enumerate("abc")
        for number, day in enumerate(days)
        if (number + place) % 3
    ]
    return pd.DataFrame(rows, columns=["series", "date", "units"])


def test_a_table_of_sales_alone_has_no_sales_where_it_has_no_row(tmp_path: Path) -> None:
    panel = read_panel(stored(tmp_path, receipts()))
    assert panel.units[:4, 1].tolist() == [2.0, 2.0, 0.0, 2.0]
    assert any("no row has 0 units" in note for note in panel.notes)
    assert any(note.endswith("series-days without a row read as no sales") for note in panel.notes)
    with pytest.raises(ValueError, match="has no row for 2024-01-04"):
        read_panel(tmp_path / "table.csv", missing="error")


@pytest.mark.parametrize("why", ["a row of 0 units", "one series", "days without any row", "rare"])
def test_other_tables_are_still_refused_for_missing_days(tmp_path: Path, why: str) -> None:
    frame = receipts()
    whole = frame.assign(series=frame["series"] + " whole")
    kept = {
        "a row of 0 units": frame.assign(units=np.r_[0, frame["units"][1:]]),
        "one series": frame[frame["series"] == "a"],
        "days without any row": frame[~frame["date"].between("2024-01-10", "2024-01-20")],
        "rare": pd.concat(
            [frame[frame["series"] == "a"], *(
                pd.DataFrame({"series": name, "date": whole["date"].unique(), "units": 1})
                for name in "xyz"
            )]
        ),
    }[why]  # fmt: skip
    with pytest.raises(ValueError, match="has no row for"):
        read_panel(stored(tmp_path, kept))
