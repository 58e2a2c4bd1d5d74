"""The command `inv-gym order`, and the page that leads to it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import long_table
from typer.testing import CliRunner, Result

import inv_gym
from inv_gym.advice.compared import compared
from inv_gym.commands.app import app
from inv_gym.problems import DualSourcing, LostSales, Perishable, ProcurementRemoval

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "your-data.md").read_text()
SHOP = ROOT / "examples" / "shop"
FILES = ("--data", "sales.csv", "--stock", "stock.csv")
POLICIES = """
import numpy as np

class Seven:
    knows = "nothing"

    def __call__(self, observation):
        return np.full((len(observation.scale), 1), 7.0)

def seven(problem):
    return Seven()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with a table and a stock file."""
    monkeypatch.chdir(tmp_path)
    units = np.random.default_rng(0).poisson(6.0, (2, 120))
    long_table(a=units[0], b=units[1]).to_csv("sales.csv", index=False)
    Path("stock.csv").write_text("series,on_hand,on_order,due\na,3,4,2015-05-02\nb,1,,\n")
    return tmp_path


def order(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["order", *FILES, *arguments])


def written(path: str = "orders.csv") -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False)


def test_the_orders_are_those_of_advise() -> None:
    result = order("--lead-time", "4")
    assert result.exit_code == 0, result.output
    advice = inv_gym.advise("sales.csv", "stock.csv", lead_time=4)
    assert written()["order"].tolist() == advice.frame["order"].tolist()
    assert written()["policy"].tolist() == advice.frame["policy"].tolist()
    for note in advice.notes:
        assert note in result.output
    assert result.output.rstrip().endswith("Wrote orders.csv")


def test_a_restart_writes_the_same_file() -> None:
    texts = []
    for out in ("first.csv", "again.csv"):
        assert order("--lead-time", "3", "--out", out).exit_code == 0
        texts.append(Path(out).read_text())
    assert texts[0] == texts[1]


def test_workers_write_the_same_file() -> None:
    assert order("--lead-time", "3", "--out", "here.csv").exit_code == 0
    assert order("--lead-time", "3", "--workers", "2", "--out", "there.csv").exit_code == 0
    assert Path("here.csv").read_text() == Path("there.csv").read_text()


def test_dates_and_units_are_written_as_they_are_read() -> None:
    text = Path("sales.csv").read_text().replace(",", ";").replace("series", "Product", 1)
    Path("sales.csv").write_text(re.sub(r";([0-9]+)\n", r";\1,5\n", text))
    Path("stock.csv").write_text("Product;on_hand\na;1,5\nb;2\n")
    marks = ("--separator", ";", "--decimal", ",", "--columns", "series=Product")
    result = order(*marks, "--policy", "base-stock")
    assert result.exit_code == 0, result.output
    frame = pd.read_csv("orders.csv", sep=";", decimal=",")
    assert frame["on_hand"].tolist() == [1.5, 2.0]
    assert (frame["order"] % 1.0 != 0.0).all()
    assert frame["next_arrival"].tolist() == ["2015-05-02"] * 2


def test_excel_goes_in_and_out() -> None:
    pd.read_csv("sales.csv", parse_dates=["date"]).to_excel("sales.xlsx", index=False)
    pd.read_csv("stock.csv").to_excel("stock.xlsx", index=False)
    arguments = ["--lead-time", "4", "--policy", "base-stock"]
    excel = ["--data", "sales.xlsx", "--stock", "stock.xlsx", "--out", "orders.xlsx"]
    result = CliRunner().invoke(app, ["order", *excel, *arguments])
    assert result.exit_code == 0, result.output
    assert order(*arguments).exit_code == 0
    assert pd.read_excel("orders.xlsx")["order"].tolist() == written()["order"].tolist()


def test_policies_are_named_or_made_and_fields_are_those_of_the_problem() -> None:
    Path("seven_each.py").write_text(POLICIES)
    assert order("--policy", "seven_each:seven", "--lead-time", "4").exit_code == 0
    assert written()["order"].tolist() == [7.0, 7.0]
    assert (
        order("--lead-time", "4", "--policy", "base-stock", "--field", "order_cap=2").exit_code == 0
    )
    assert written()["order"].tolist() == [2.0, 2.0]
    assert written()["reason"].str.startswith("capped at 2, ").all()


def test_a_policy_that_does_not_apply_is_the_reason() -> None:
    Path("nobody_here.py").write_text("def nobody(problem):\n    return None\n")
    result = order("--policy", "nobody_here:nobody", "--lead-time", "4")
    assert result.exit_code == 1
    reason = "not answered: policy nobody_here:nobody does not order: it returned None"
    assert written()["reason"].tolist() == [reason] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policy", "bse-stock"), "unknown policy 'bse-stock'"),
        (("--field", "shelf=2"), "shelf"),
        (("--shelf-life", "3", "--env", "InvLostSales-v0"), "shelf_life"),
        (("--stock", "nowhere.csv"), "nowhere.csv"),
        (("--data", "nowhere.csv"), "nowhere.csv"),
        (("--separator", ";"), "separated by ','"),
        (("--out", "."), "unknown type of file of orders ''"),
        (("--out", "orders.json"), "unknown type of file of orders '.json'"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    arguments: tuple[str, ...], message: str
) -> None:
    result = order(*arguments)
    assert result.exit_code != 0
    assert message in re.sub(r"[│\s]+", " ", result.output)
    assert not Path("orders.csv").exists()


def test_two_frequencies_are_refused() -> None:
    daily = pd.read_csv("sales.csv")
    weekly = long_table(w=np.ones(120)).iloc[::7]
    pd.concat([daily, weekly]).to_csv("sales.csv", index=False)
    result = order()
    assert result.exit_code != 0
    assert "a table must have one frequency" in re.sub(r"[│\s]+", " ", result.output)


def test_dates_in_the_future_are_counted() -> None:
    long_table("2990-01-01", a=np.ones(120), b=np.ones(120)).to_csv("sales.csv", index=False)
    Path("stock.csv").write_text("series,on_hand\na,3\nb,1\n")
    result = order("--policy", "base-stock")
    assert result.exit_code == 0
    assert "120 dates are after today" in result.output


def test_a_file_is_written_and_the_exit_status_tells_that_nothing_is_answered() -> None:
    Path("stock.csv").write_text("series,on_hand\na,-3\n")
    result = order()
    assert result.exit_code == 1
    assert "no series is answered" in result.output
    assert written()["reason"].str.startswith("not answered: ").all()


def page_commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines]


def test_every_command_of_the_page_runs() -> None:
    Path("examples").symlink_to(ROOT / "examples")
    commands = page_commands()
    assert [command[1] for command in commands].count("order") == 4
    for program, *arguments in commands:
        assert program == "inv-gym"
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output


def test_the_python_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("examples").symlink_to(ROOT / "examples")
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(snippet, {})
    assert "5 of 7 series are answered" in capsys.readouterr().out


def test_the_orders_that_the_page_shows_are_those_of_the_shop() -> None:
    policy = "vector base-stock"
    frame = inv_gym.advise(SHOP / "sales.csv", SHOP / "stock.csv", lead_time=3, policy=policy).frame
    shown = re.search(r"\| series \| on_hand .*?\n\n", PAGE, re.DOTALL)
    assert shown is not None
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in shown[0].strip().splitlines()
    ]
    assert head == list(frame.columns)
    for row, played in zip(rows, frame.itertuples(index=False), strict=True):
        for cell, value in zip(row, played, strict=True):
            number = isinstance(value, float)
            assert cell == ("" if value != value else f"{value:.4g}" if number else str(value))


def test_the_page_names_the_policies_that_are_compared() -> None:
    problems = (LostSales(), LostSales(lead_time=1), Perishable(), DualSourcing())
    for problem in (*problems, ProcurementRemoval()):
        for name in compared(problem):
            assert f"`{name}`" in re.sub(r"\s+", " ", PAGE), name
