"""What can be wrong with a table or with what is said of it: an error, or a note with a count."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from panel_cases import long_table, stored, written
from typer.testing import CliRunner

from inv_gym import table_task
from inv_gym.commands.app import app

ENV = "InvLostSales-v0"
SALES = np.arange(200) % 4 + 1.0


def plain() -> pd.DataFrame:
    return long_table(a=SALES, b=SALES)


def two_frequencies() -> pd.DataFrame:
    frame = plain()
    is_weekly = frame["series"] == "b"
    return frame[~is_weekly | (frame.groupby("series").cumcount() % 7 == 0)]


def with_prices(*first: float) -> pd.DataFrame:
    return plain().assign(price=np.r_[first, np.full(400 - len(first), 2.0)])


def without_sales_at_the_end() -> pd.DataFrame:
    """A table whose shops close 100 days before its end."""
    return plain().assign(open=np.tile(np.arange(200) < 100, 2).astype(int))


REFUSED: dict[str, tuple[pd.DataFrame, Mapping[str, Any], str]] = {
    "two frequencies": (two_frequencies(), {}, "has one row a week"),
    "two frequencies, no rows for no sales": (
        two_frequencies(),
        {"missing": "zero"},
        "a table must have one frequency",
    ),
    "a price that changes sign": (with_prices(2.0, -2.0), {}, r"price must be above 0, got -2\.0"),
    "a price of 0": (with_prices(2.0, 0.0), {}, r"price must be above 0, got 0\.0"),
    "a role without windows": (
        without_sales_at_the_end(),
        {},
        "the validation days .* cannot be played",
    ),
    "a split in the wrong order": (
        plain(),
        {"train_until": "2015-06-01", "validate_until": "2015-05-01"},
        "training, validation and test must follow one another",
    ),
    "a split outside the table": (
        plain(),
        {"train_until": "2016-06-01"},
        "train_until must be within the table's 2015-01-01 to 2015-07-19, got 2016-06-01",
    ),
    "first after last": (
        plain(),
        {"first": "2015-06-01", "last": "2015-05-01"},
        "must follow one another",
    ),
    "a column that is mapped twice": (
        plain(),
        {"columns": {"series": "series", "promotion": "series"}},
        "columns must give a column of the table once",
    ),
    "a day twice": (pd.concat([plain(), plain()[:3]]), {}, "more than one row for 2015-01-01"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_cannot_be_played_is_refused(tmp_path: Path, name: str) -> None:
    frame, options, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        table_task(stored(tmp_path, frame), ENV, **options)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "series,date,units,price,price\na,2024-01-01,1,2,3\n")
    with pytest.raises(ValueError, match="more than one column 'price': rename or drop"):
        table_task(path, ENV)


def test_dates_out_of_order_are_the_same_table(tmp_path: Path) -> None:
    ordered = table_task(stored(tmp_path, plain()), ENV, horizon=5)
    shuffled = plain().sample(frac=1.0, random_state=0)
    again = table_task(stored(tmp_path, shuffled), ENV, horizon=5)
    assert np.array_equal(again.draw(20).demand, ordered.draw(20).demand)
    sources: list[Any] = [again.source, ordered.source]
    assert sources[0].panel.fingerprint == sources[1].panel.fingerprint


def test_dates_in_the_future_are_counted(tmp_path: Path) -> None:
    begin = (pd.Timestamp.today() - pd.Timedelta(days=189)).strftime("%Y-%m-%d")
    task = table_task(stored(tmp_path, long_table(begin, a=SALES, b=SALES)), ENV, horizon=5)
    assert any(note.startswith("10 dates are after today") for note in task.source.notes)


def test_names_that_are_one_when_cleaned_are_counted(tmp_path: Path) -> None:
    frame = long_table(**{"A 1": SALES, "a1": SALES, "b": SALES})
    task = table_task(stored(tmp_path, frame), ENV, horizon=5)
    assert any(note.startswith("1 names of series differ") for note in task.source.notes)
    windows = task.draw(200).windows
    assert windows is not None
    assert set(windows[:, 0]) == {0, 1, 2}


@pytest.mark.parametrize("command", ["backtest", "leaderboard", "train"])
def test_commands_tell_it_in_a_message(tmp_path: Path, command: str) -> None:
    frame, _, _ = REFUSED["a price that changes sign"]
    environment = [] if command == "backtest" else ["--env", ENV]
    arguments = ["--data", str(stored(tmp_path, frame)), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [command, *environment, *arguments])
    assert result.exit_code in (1, 2)
    assert "price must be above 0, got -2.0" in " ".join(result.output.split())
    assert "Traceback" not in result.output
