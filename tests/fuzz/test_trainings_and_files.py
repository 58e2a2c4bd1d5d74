"""Bad configurations, damaged files of trainings and broken tables are refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bad_inputs import Bad, flags, fuzz, names, real, refused, things, whole
from hypothesis import given
from hypothesis import strategies as st

import inv_gym
from inv_gym import POPULATIONS, LostSales
from inv_gym.agents import DirectBackprop, InventoryAgent, NetworkConfig, TrainingConfig
from inv_gym.agents.sb3.config import ModelFreeConfig
from inv_gym.products.panel import PanelProducts, read_panel

OPTIONAL = whole(1).filter(lambda bad: bad.value is not None)
FIELDS: dict[type, Mapping[str, st.SearchStrategy[Bad]]] = {
    TrainingConfig: {
        "steps": whole(1),
        "batch": whole(1),
        "learning_rate": real(0.0, above=True),
        "warm_up": whole(0),
        "clip": real(0.0, above=True),
        "weighting": names(["product", "money"]),
        "fixed_products": OPTIONAL,
        "wide": flags(),
        "truncate": OPTIONAL,
        "rounding": names(["dithered", "straight_through", "none"]),
        "penalty": real(0.0),
        "penalty_schedule": names(["constant", "rising"]),
        "validation_products": whole(1),
        "check_every": whole(1),
        "patience": OPTIONAL,
        "seed": whole(0),
        "network": things(),
    },
    NetworkConfig: {
        "knows": names(["history", "distribution"]),
        "channels": whole(1),
        "hidden": st.one_of(things(), whole(1).map(lambda bad: Bad((bad.value,), bad.words))),
        "head": names(["plain", "constructed"]),
        "most": real(0.0, above=True, none=False),
    },
    ModelFreeConfig: {
        "algorithm": names(["ppo", "a2c", "sac", "td3"]),
        "policy": names(["encoder", "plain"]),
        "network": things(),
        "steps": whole(1),
        "rows": whole(1),
        "reach": real(0.0, above=True, none=False),
        "learning_rate": real(0.0, above=True),
        "gamma": real(0.0, above=True, none=False),
        "log_std": real(),
        "normalise_observations": flags(),
        "normalise_rewards": flags(),
        "options": st.one_of(
            things(),
            real(0.0, 1.0).map(lambda bad: Bad({"gae_lambda": bad.value}, bad.words)),
            whole(1).map(lambda bad: Bad({"n_steps": bad.value}, bad.words)),
            whole(2).map(lambda bad: Bad({"batch_size": bad.value}, bad.words)),
            whole(1).map(lambda bad: Bad({"n_epochs": bad.value}, bad.words)),
            real(0.0, above=True).map(lambda bad: Bad({"clip_range": bad.value}, bad.words)),
            real(0.0, above=True).map(lambda bad: Bad({"max_grad_norm": bad.value}, bad.words)),
        ),
        "validation_products": whole(1),
        "check_every": whole(1),
        "seed": whole(0),
    },
}


@pytest.mark.parametrize("kind", FIELDS)
@given(data=st.data())
@fuzz
def test_a_bad_configuration_is_refused(kind: type, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FIELDS[kind])))
    bad = data.draw(FIELDS[kind][name])
    refused(lambda: kind(**{name: bad.value}), bad.words, f"{kind.__name__}({name}={bad.value!r})")


SMALL = TrainingConfig(
    steps=2,
    batch=4,
    check_every=2,
    validation_products=4,
    network=NetworkConfig(channels=2, hidden=(2,)),
)
PROBLEM = LostSales(horizon=2)
TRAINED: dict[str, st.SearchStrategy[Bad]] = {
    "task": st.one_of(things(), things().map(lambda bad: Bad([bad.value], bad.words))),
    "source": things(POPULATIONS),
    "config": things().filter(lambda bad: bool(bad.value)),
    "device": st.sampled_from(["", "gpu", "cpu:x", "meta", "tpu"]).map(
        lambda x: Bad(x, (repr(x),))
    ),
    "serves": st.one_of(
        things().filter(lambda bad: bool(bad.value)),
        things().map(lambda bad: Bad([bad.value], bad.words)),
    ),
}


@given(data=st.data())
@fuzz
def test_a_bad_training_is_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(TRAINED)))
    bad = data.draw(TRAINED[name])
    arguments = {"task": PROBLEM, "source": "poisson", "config": SMALL, name: bad.value}
    refused(lambda: DirectBackprop(**arguments), bad.words, f"DirectBackprop({name}={bad.value!r})")


# ---------------------------------------------------------------- damaged files


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[DirectBackprop, bytes, bytes]:
    """A training, with the bytes of its weights and of its checkpoint."""
    out = tmp_path_factory.mktemp("trained")
    training = DirectBackprop(PROBLEM, "poisson", SMALL)
    training.fit(checkpoint=out / "checkpoint.safetensors").save(out)
    weights = (out / "weights.safetensors").read_bytes()
    return training, weights, (out / "checkpoint.safetensors").read_bytes()


@st.composite
def damages(draw: Any, content: bytes) -> bytes:
    """The content with a part cut off, changed, doubled or put in."""
    kind = draw(st.sampled_from(["cut", "flip", "insert", "drop", "garbage"]))
    # Half of the damages are in the header, where the structure is.
    last = draw(st.sampled_from([min(2000, len(content) - 1), len(content) - 1]))
    place = draw(st.integers(0, last))
    if kind == "cut":
        return content[:place]
    if kind == "flip":
        bits = draw(st.integers(1, 255))
        return content[:place] + bytes([content[place] ^ bits]) + content[place + 1 :]
    if kind == "insert":
        return content[:place] + draw(st.binary(min_size=1, max_size=9)) + content[place:]
    if kind == "drop":
        return content[:place] + content[place + draw(st.integers(1, 9)) :]
    return draw(st.binary(max_size=100))


@given(data=st.data())
@fuzz
def test_a_damaged_file_of_weights_is_refused(
    trained: tuple[DirectBackprop, bytes, bytes], tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "weights.safetensors"
    damaged = data.draw(damages(trained[1]).filter(lambda content: content != trained[1]))
    path.write_bytes(damaged)
    refused(lambda: InventoryAgent.load(path), (str(path),), "load of damaged weights")


@given(data=st.data())
@fuzz
def test_a_damaged_checkpoint_is_refused(
    trained: tuple[DirectBackprop, bytes, bytes], tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    damaged = data.draw(damages(trained[2]).filter(lambda content: content != trained[2]))
    path.write_bytes(damaged)
    refused(lambda: trained[0].resume(path), (str(path),), "resume from a damaged checkpoint")


# ---------------------------------------------------------------- tables

HEADER = ("series", "date", "units", "price")
CELLS: dict[str, st.SearchStrategy[str]] = {
    "series": st.just(""),
    "date": st.sampled_from(["", "yesterday", "2024-13-01", "2024-02-30", "01/02/2024x", "99999"]),
    "units": st.sampled_from(["", "many", "-3", "inf", "-inf", "nan", "1e300", "3,5", "1;2"]),
    "price": st.sampled_from(["dear", "-1", "inf", "1e300"]),
}


def table() -> list[list[str]]:
    """A table that can be read: two series of 60 days."""
    days = [f"2024-{1 + day // 30:02d}-{1 + day % 30:02d}" for day in range(30)]
    days += ["2024-01-31", *(f"2024-02-{day:02d}" for day in range(1, 30))]
    return [[name, day, "3", "2.5"] for name in "AB" for day in sorted(set(days))]


def written(path: Path, rows: list[list[str]], header: tuple[str, ...] = HEADER) -> Path:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    path.write_text(text.getvalue())
    return path


def test_the_table_itself_is_read(tmp_path: Path) -> None:
    assert read_panel(written(tmp_path / "sales.csv", table())).units.shape[1] == 2


@given(data=st.data())
@fuzz
def test_a_bad_cell_of_a_table_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    rows = table()
    column = data.draw(st.sampled_from(sorted(CELLS)))
    cell = data.draw(CELLS[column])
    row = data.draw(st.integers(0, len(rows) - 1))
    rows[row][HEADER.index(column)] = cell
    path = written(tmp_path / "sales.csv", rows)
    refused(
        lambda: read_panel(path),
        (f"row {row + 1}", repr(cell), "is empty"),
        f"a table with {column} {cell!r} in row {row + 1}",
    )


@given(data=st.data())
@fuzz
def test_a_table_of_another_shape_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "sales.csv"
    kind = data.draw(st.sampled_from(["header", "twice", "empty", "gap", "binary", "missing"]))
    rows = table()
    if kind == "header":
        column = data.draw(st.sampled_from(HEADER[:3]))
        written(path, rows, tuple("other" if name == column else name for name in HEADER))
        expected = ("series", str(path))
    elif kind == "twice":
        row = data.draw(st.integers(0, len(rows) - 1))
        written(path, [*rows, rows[row]])
        expected = (rows[row][1],)
    elif kind == "gap":
        row = data.draw(st.integers(1, len(rows) // 2 - 2))
        written(path, rows[:row] + rows[row + 1 :])
        expected = (rows[row][1],)
    elif kind == "binary":
        path.write_bytes(data.draw(st.binary(max_size=200)))
        expected = (str(path), "sales.csv", "row", "column")
    elif kind == "empty":
        written(path, [])
        expected = (str(path), "no row", "empty")
    else:
        path.unlink(missing_ok=True)
        expected = (str(path),)
    refused(lambda: read_panel(path), expected, f"a table that is wrong: {kind}")


READING: dict[str, st.SearchStrategy[Bad]] = {
    "missing": names(["error", "zero"]),
    "returns": names(["error", "zero"]),
    "duplicates": names(["error", "sum"]),
    "wide": flags(),
    "separator": things(),
    "columns": things(),
    "closure_days": whole(1),
    "rows_per_chunk": whole(1),
}


@given(data=st.data())
@fuzz
def test_a_bad_option_of_a_table_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = written(tmp_path / "sales.csv", table())
    name = data.draw(st.sampled_from(sorted(READING)))
    bad = data.draw(READING[name].filter(lambda bad: bad.value is not None))
    refused(
        lambda: read_panel(path, **{name: bad.value}),
        bad.words,
        f"read_panel({name}={bad.value!r})",
    )


WINDOWS: dict[str, st.SearchStrategy[Bad]] = {
    "first": st.sampled_from(["soon", "2023-01-01", "2024-02-30", 5]).map(
        lambda day: Bad(day, (str(day),))
    ),
    "last": st.sampled_from(["never", "2030-01-01", "2024-13-01", 5.5]).map(
        lambda day: Bad(day, (str(day),))
    ),
    "seed": whole(0),
    "economics": things(),
    "panel": things(),
}


@given(data=st.data())
@fuzz
def test_bad_windows_of_a_table_are_refused(tmp_path: Path, data: st.DataObject) -> None:
    panel = read_panel(written(tmp_path / "sales.csv", table()))
    name = data.draw(st.sampled_from(sorted(WINDOWS)))
    bad = data.draw(WINDOWS[name])
    arguments = {"panel": panel, name: bad.value}
    refused(lambda: PanelProducts(**arguments), bad.words, f"PanelProducts({name}={bad.value!r})")


ORDERING: dict[str, st.SearchStrategy[Bad]] = {
    "data": things().filter(lambda bad: not isinstance(bad.value, str)),
    "stock": things().filter(lambda bad: not isinstance(bad.value, str)),
    "env_or_problem": things(("", *inv_gym.ENVIRONMENTS)).filter(lambda bad: bad.value is not None),
    "lead_time": whole(0, 1000).filter(lambda bad: bad.value is not None),
    "shelf_life": whole(1, 1000).filter(lambda bad: bad.value is not None),
    "policy": things(),
    "seed": whole(0),
    "economics": things().filter(lambda bad: bad.value is not None),
    "executor": things().filter(lambda bad: bad.value is not None),
}


@given(data=st.data())
@fuzz
def test_bad_values_of_advise_are_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = written(tmp_path / "sales.csv", table())
    (tmp_path / "stock.csv").write_text("series,on_hand\nA,1\nB,2\n")
    name = data.draw(st.sampled_from(sorted(ORDERING)))
    bad = data.draw(ORDERING[name])
    arguments = {"data": path, "stock": tmp_path / "stock.csv", name: bad.value}
    refused(lambda: inv_gym.advise(**arguments), bad.words, f"advise({name}={bad.value!r})")
