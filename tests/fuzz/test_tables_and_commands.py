"""Bad options of real tables, of the stable-baselines3 view and of the command line are refused."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from bad_inputs import (
    Bad,
    arrays_with,
    flags,
    fuzz,
    named,
    names,
    refusals,
    refused,
    things,
    time_limit,
    whole,
    words,
)
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import inv_gym
from inv_gym.agents.sb3.vec_env import SB3VecEnv
from inv_gym.commands.app import app
from inv_gym.leaderboard.named import load_factory
from inv_gym.products.panel import read_panel

RULES = {"missing": ["error", "zero"], "returns": ["error", "zero"], "duplicates": ["error", "sum"]}
DAYS = st.one_of(
    words.filter(lambda word: not word.startswith("2024-")),
    st.sampled_from(["2024-13-01", "2024-02-30", "2031-01-01", "1900-01-01", "today", "1"]),
).map(named)
READING: Mapping[str, st.SearchStrategy[Bad]] = {
    **{rule: names(known) for rule, known in RULES.items()},
    "closure_days": whole(1),
    "wide": flags(),
    "frequency": names(["daily", "weekly", "monthly"]),
    "columns": things(),
    "holidays": things(),
    "rows_per_chunk": whole(1),
}
TABLE_TASK: Mapping[str, st.SearchStrategy[Bad]] = {
    "train_until": DAYS,
    "validate_until": DAYS,
    "horizon": whole(1).filter(lambda bad: bad.value is not None),
    "env_or_problem": things(tuple(inv_gym.ENVIRONMENTS) + tuple(inv_gym.INSTANCES)),
    "seed": whole(0),
    "first": DAYS,
    "last": DAYS,
    "economics": things(),
    "missing": names(RULES["missing"]),
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of two series."""
    days = np.arange("2024-01-01", "2024-10-01", dtype="datetime64[D]")
    rows = [f"{day},{name},{day.astype(int) % 7}" for day in days for name in ("a", "b")]
    path = tmp_path_factory.mktemp("table") / "sales.csv"
    path.write_text("\n".join(["date,series,units", *rows]))
    return path


@given(data=st.data())
@fuzz
def test_a_bad_option_of_a_table_is_refused(table: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(READING)))
    bad = data.draw(READING[name].filter(lambda bad: bad.value is not None))
    options: dict[str, Any] = {name: bad.value}
    refused(lambda: read_panel(table, **options), bad.words, f"read_panel({name}={bad.value!r})")


@cache
def panel(path: Path) -> Any:
    """The table, read once."""
    return read_panel(path)


@given(data=st.data())
@fuzz
def test_a_bad_option_of_the_task_of_a_table_is_refused(table: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(TABLE_TASK)))
    bad = data.draw(TABLE_TASK[name])
    given_data = table if name in RULES else panel(table)
    options = {"env_or_problem": "InvLostSales-v0", name: bad.value}
    what = f"table_task({name}={bad.value!r})"
    refused(lambda: inv_gym.table_task(given_data, **options), bad.words, what)


# ---------------------------------------------------------------- the stable-baselines3 view


@cache
def batch() -> SB3VecEnv:
    """Two products that have begun."""
    env = SB3VecEnv(2, problem="lost_sales", lead_time=1, horizon=3)
    env.reset()
    return env


def reset_with(options: Any) -> Any:
    """Reset with options, and forget them."""
    try:
        batch().set_options(options)
        return batch().reset()
    finally:
        batch().set_options(None)


ACTIONS = st.one_of(
    arrays_with(np.nan, (2, 1)),
    st.sampled_from([(), (1,), (2,), (1, 1), (2, 2), (2, 1, 1)]).map(
        lambda shape: Bad(np.zeros(shape), (f"shape {shape}",))
    ),
    st.sampled_from(
        [np.zeros((2, 1), kind) for kind in (bool, complex, object, "U1", "datetime64[s]")]
    ).map(lambda array: Bad(array, (f"dtype {array.dtype}",))),
    st.just(Bad(np.ma.masked_all((2, 1)), ("nan",))),
    st.just(Bad([[0.0], [0.0, 1.0]], ("shape (2,)",))),
)
OPTIONS = st.one_of(
    things().filter(lambda bad: bool(bad.value)),
    st.lists(st.one_of(st.integers(), words, st.none()), min_size=2, max_size=2).map(named),
    st.just(Bad([{"demand": [1.0] * 3}], ("2 rows",))),
    st.just(Bad([{"demand": [1.0] * 3}, {}], ("row 1",))),
    st.just(Bad([{"demand": [1.0] * 3}, {"demand": [1.0]}], ("row 1",))),
    arrays_with(np.inf, (3,)).map(lambda bad: Bad({"demand": bad.value}, bad.words)),
)


@given(bad=ACTIONS)
@fuzz
def test_a_bad_action_of_the_stable_baselines3_view_is_refused(bad: Bad) -> None:
    refused(lambda: batch().step(bad.value), bad.words, f"step({bad.value!r})")


@given(bad=OPTIONS)
@fuzz
def test_bad_options_of_the_stable_baselines3_view_are_refused(bad: Bad) -> None:
    refused(lambda: reset_with(bad.value), bad.words, f"set_options({bad.value!r})")


# ---------------------------------------------------------------- the command line


PARTS = st.one_of(words, st.sampled_from(["", " ", "sb3", "no_such", "a.b", "..", "x.zip", "é"]))
SPECS = st.one_of(
    PARTS, st.tuples(PARTS, PARTS).map(":".join), PARTS.map("sb3:".__add__), PARTS.map(":".__add__)
).filter(lambda spec: "\0" not in spec and not Path(spec).is_dir())


@given(spec=SPECS)
@fuzz
def test_a_bad_name_of_a_policy_is_refused(spec: str) -> None:
    with time_limit(), pytest.raises(typer.BadParameter) as raised:
        load_factory(spec)
    message, parts = str(raised.value), (spec, *spec.split(":", 1))
    assert any(repr(part) in message or (part and part in message) for part in parts)
    refusals.number += 1


NUMBERS = st.sampled_from(["-1", "0", "1.5", "nan", "many", "", "1e99"])
NAMES = st.sampled_from(["no-such", "InvLostSales", "no_such:thing", ":", "a b", "'"])
COMMANDS: Mapping[str, Mapping[str, st.SearchStrategy[str]]] = {
    "backtest": {
        "--horizon": NUMBERS,
        "--seed": NUMBERS.filter(lambda number: number != "0"),
        "--workers": NUMBERS,
        "--env": NAMES,
        "--policy": NAMES,
        "--train-until": st.sampled_from(["2024-13-01", "yesterday", "1900-01-01"]),
        "--missing": NAMES,
        "--frequency": NAMES,
        "--holidays": NAMES,
        "--lead-time": NUMBERS.filter(lambda number: number != "0"),
        "--data": st.sampled_from(["no-such.csv", "no-such.parquet"]),
    },
    "pictures": {"--env": NAMES, "--only": NAMES, "--jobs": NUMBERS},
    "tables": {"--only": NAMES, "--jobs": NUMBERS},
    "leaderboard": {
        "--env": NAMES,
        "--policy": NAMES,
        "--products": NUMBERS,
        "--horizon": NUMBERS,
        "--workers": NUMBERS,
    },
}
OF_COMMANDS = [(name, option) for name in COMMANDS for option in COMMANDS[name]]
FOLDERS = itertools.count()


@given(data=st.data())
@fuzz
def test_a_bad_option_of_a_command_is_one_message(table: Path, data: st.DataObject) -> None:
    command, option = data.draw(st.sampled_from(OF_COMMANDS))
    value = data.draw(COMMANDS[command][option])
    out = table.parent / f"out{next(FOLDERS)}"
    arguments = [command, "--out", str(out), option, value]
    if command == "backtest" and option != "--data":
        arguments += ["--data", str(table), "--quick"]
    with time_limit():
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code in (1, 2), (arguments, result.output)
    assert isinstance(result.exception, SystemExit), (arguments, result.exception)
    assert option in result.output or value in result.output, (arguments, result.output)
    refusals.number += 1
