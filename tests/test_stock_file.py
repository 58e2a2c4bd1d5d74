"""Stock files: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inv_gym.advice.stock import Calendar, stock_of
from inv_gym.advice.stock_file import StockFile, read_stock
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.problems.problem import Problem

HEAD = "series,on_hand,on_order,due\n"
TODAY = np.datetime64("2024-07-01")
DAYS = Calendar(TODAY - 1, TODAY + np.arange(60))


def written(folder: Path, text: str) -> Path:
    path = folder / "stock.csv"
    path.write_text(text)
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011, the message is compared
        read_stock(written(folder, text))
    return str(error.value)


def frame(text: str) -> StockFile:
    rows = [line.split(",") for line in text.split()]
    return read_stock(pd.DataFrame(rows[1:], columns=rows[0]).replace("", None))


def stock(problem: Problem, text: str):
    file = frame(text)
    return stock_of(problem, file, np.arange(len(file.names)), DAYS)


def numbers(columns: tuple) -> list:
    return [column.tolist() for column in columns]


def test_rows_of_a_series_are_put_together(tmp_path: Path) -> None:
    file = read_stock(written(tmp_path, HEAD + "a,12,6,2024-07-02\na,,4,2024-07-04\n007,3,,\n"))
    assert file.names == ("a", "007")
    assert file.code.tolist() == [0, 0, 1]
    np.testing.assert_equal(file.on_hand, [12.0, np.nan, 3.0])
    np.testing.assert_equal(file.on_order, [6.0, 4.0, np.nan])
    assert file.due.astype(str).tolist() == ["2024-07-02", "2024-07-04", "NaT"]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".xlsx"])
def test_every_kind_of_file_says_the_same(tmp_path: Path, suffix: str) -> None:
    rows = pd.DataFrame(
        {
            "series": ["a", "b"],
            "on_hand": [1.5, 2.0],
            "on_order": [3.0, np.nan],
            "due": pd.to_datetime(["2024-07-02", None]),
            "price": [2.5, np.nan],
        }
    )
    path = tmp_path / f"stock{suffix}"
    if suffix == ".xlsx":
        rows.to_excel(path, index=False)
    elif suffix == ".parquet":
        rows.to_parquet(path)
    else:
        rows.to_csv(path, index=False)
    file = read_stock(path)
    assert file.names == ("a", "b")
    assert file.on_hand.tolist() == [1.5, 2.0]
    assert file.due.astype(str).tolist() == ["2024-07-02", "NaT"]
    np.testing.assert_equal(file.figures["price"], [2.5, np.nan])


def test_separator_decimal_mark_and_names_are_those_of_the_table(tmp_path: Path) -> None:
    path = written(tmp_path, "Product;on_hand;price\na;1,5;0,2\n")
    file = read_stock(path, separator=";", decimal=",", columns={"series": "Product"})
    assert file.names == ("a",)
    assert (file.on_hand.tolist(), file.figures["price"].tolist()) == ([1.5], [0.2])


def test_another_separator_than_that_of_the_table_is_found(tmp_path: Path) -> None:
    file = read_stock(written(tmp_path, "series,on_hand\na,1.5\n"), separator=";", decimal=",")
    assert file.on_hand.tolist() == [1.5]


def test_a_store_and_an_item_name_a_series(tmp_path: Path) -> None:
    file = read_stock(written(tmp_path, "store_nbr,item_nbr,on_hand\n1,25,4\n"))
    assert file.names == ("1/25",)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    message = refused(
        tmp_path,
        "series,on_hand,on_order,due,price\n"
        "a,many,,,1\n"
        "a,2,3,,2\n"
        ",2,3,01.07.2024,\n"
        "b,1,,,0\n"
        "b,1,,,\n",
    )
    head, *lines = message.splitlines()
    assert head == f"the stock file has {len(lines)} kinds of faults:"
    assert [line.split(". ", 1)[1] for line in lines] == [
        "series must not be empty, got an empty cell (series '', row 3).",
        "on_hand must be a finite number, got many (series 'a', row 1).",
        "due must be a day written as YYYY-MM-DD, got 01.07.2024 (series '', row 3).",
        "on_order must have the day on which it is due, got 3 (series 'a', row 2), and 1 more such "
        "row.",
        "on_hand must be given once for a series and day of expiry (add it up), got 1 "
        "(series 'b', row 5).",
        "price must be above 0, got 0 (series 'b', row 4).",
        "price must be one number per series, got 1 and 2 (series 'a'): correct it.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,on_hand\na,1\n", "the stock file has no column series; it has name, on_hand"),
        ("series,stock\na,1\n", "the stock file has no column on_hand; it has series, stock"),
        ("series,on_hand,on_hand\na,1,2\n", "more than one column 'on_hand'"),
        ("series,on_hand,lead_time\na,1,1.5\n", "lead_time must be a whole number of periods"),
    ],
)
def test_columns_that_cannot_be_are_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refused(tmp_path, text)


def test_what_is_on_order_comes_in_when_it_is_due() -> None:
    held = stock(
        LostSales(lead_time=4),
        "series,on_hand,on_order,due a,5,1,2024-07-01 a,,2,2024-07-02 a,,3,2024-07-04 b,7,,",
    )
    assert held.state.on_hand.tolist() == [6.0, 7.0]
    assert numbers(held.state.pipeline) == [[2.0, 0.0], [0.0, 0.0], [3.0, 0.0]]
    assert (held.on_hand.tolist(), held.on_order.tolist()) == ([5.0, 7.0], [6.0, 0.0])
    assert not held.refusals.texts


def test_what_is_due_within_a_week_counts_for_the_next_one() -> None:
    weeks = Calendar(TODAY - 7, TODAY + 7 * np.arange(9))
    file = frame("series,on_hand,on_order,due a,5,1,2024-06-28 a,,2,2024-07-05 a,,4,2024-07-08")
    held = stock_of(LostSales(lead_time=3), file, np.arange(1), weeks)
    assert held.state.on_hand.tolist() == [6.0]
    assert numbers(held.state.pipeline) == [[6.0], [0.0]]


@pytest.mark.parametrize(
    ("problem", "row", "reason"),
    [
        (LostSales(), "a,-1,,", "on_hand must be at least 0, got -1"),
        (LostSales(lead_time=3), "a,1,-2,2024-07-02", "on_order must be at least 0, got -2"),
        (LostSales(lead_time=3), "a,1,2,2024-06-30", "were due on 2024-06-30, but sales are known"),
        (LostSales(lead_time=3), "a,1,2,2024-07-04", "an order of today would be there already"),
        (LostSales(), "a,1,2,2024-07-02", "an order of today would be there already"),
        (ProcurementRemoval(), "a,1,2,2024-07-02", "an order of today would be there already"),
        (LostSales(), "a,,,", "the stock file does not say what is on hand"),
    ],
)
def test_stock_that_cannot_be_is_refused_series_by_series(
    problem: Problem, row: str, reason: str
) -> None:
    held = stock(problem, f"series,on_hand,on_order,due b,1,, {row}")
    assert list(held.refusals.texts) == [1]
    assert reason in held.refusals.of(1)


def test_a_backlog_is_negative_stock_where_demand_waits() -> None:
    held = stock(DualSourcing(), "series,on_hand a,-3")
    assert not held.refusals.texts
    assert held.state.net_inventory.tolist() == [-3.0]


def test_perishables_have_the_ages_that_their_days_of_expiry_say() -> None:
    held = stock(
        Perishable(shelf_life=4, lead_time=1),
        "series,on_hand,expires,on_order,due a,2,2024-07-01,, a,3,2024-07-03,5,2024-07-01 b,8,,,",
    )
    assert numbers(held.state.stock) == [[2.0, 2.0], [0.0, 2.0], [3.0, 2.0], [5.0, 2.0]]


def test_what_expired_is_left_out_and_said() -> None:
    held = stock(Perishable(shelf_life=3), "series,on_hand,expires a,2,2024-06-30 a,1,2024-07-02")
    assert numbers(held.state.stock) == [[0.0], [1.0]]
    assert held.remarks.of(0) == "2 units expired by 2024-06-30 and are left out"
    held = stock(Perishable(shelf_life=3), "series,on_hand,expires a,2,2024-07-30")
    assert numbers(held.state.stock) == [[0.0], [2.0]]
    assert "taken for fresh" in held.remarks.of(0)
    held = stock(Perishable(shelf_life=1), "series,on_hand a,2")
    assert held.state.stock == ()
    assert held.remarks.of(0) == "what is on hand does not keep until today's sales"


def test_stock_on_hand_and_on_order_is_all_in_the_state() -> None:
    rng = np.random.default_rng(0)
    days = [str(TODAY + int(k)) for k in range(6)]
    rows = [
        f"{name},{rng.integers(9)},{days[k]},{rng.integers(9)},{days[-1 - k]}"
        for name in "ab"
        for k in range(6)
    ]
    held = stock(
        Perishable(shelf_life=9, lead_time=6),
        "series,on_hand,expires,on_order,due " + " ".join(rows),
    )
    np.testing.assert_allclose(held.state.inventory_position, held.on_hand + held.on_order)
