"""The leaderboard's command line: files, a user's policy and data, messages without tracebacks."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from inv_gym import ENVIRONMENTS, agents, baselines, make_problem
from inv_gym.commands.app import app

ENV = "InvLostSales-v0"
NAMES = baselines.policies(make_problem(ENV)) | agents.policies(make_problem(ENV))
MINE = '''
class UpTo:
    """Orders up to three periods' demand."""

    def __init__(self, problem, knows="history"):
        self.knows = knows

    def __call__(self, seen):
        return (3.0 * seen.scale - seen.state.inventory_position).clip(0.0)[:, None]

def knows_law(problem):
    return UpTo(problem, "distribution")

def not_here(problem):
    return None

def raises(problem):
    raise KeyError("oops")

def number(problem):
    return 3

def a_class(problem):
    return UpTo

def strange(problem):
    return UpTo(problem, "everything")

class Negative(UpTo):
    def __call__(self, seen):
        return -1.0 - super().__call__(seen)
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with a module of policies."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


def leaderboard() -> ModuleType:
    return import_module("inv_gym.commands.leaderboard")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["leaderboard", "--quick", "--env", ENV, *arguments])


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What a run as a script printed, and where it wrote."""
    out = tmp_path_factory.mktemp("run") / "new" / "folder"
    command = [
        sys.executable,
        "-m",
        "inv_gym",
        "leaderboard",
        "--quick",
        "--env",
        ENV,
        "--seed",
        "3",
        "--out",
        out,
    ]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {
        "PYTHONUTF8": "1"
    }
    done = subprocess.run(
        command, capture_output=True, env=environment, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, out


def test_a_piped_table_has_whole_names_and_no_control_characters(ran: tuple[str, Path]) -> None:
    printed, _ = ran
    assert all(name in printed for name in NAMES)
    assert "reference" in printed
    assert "prices and costs are drawn from ranges of our choice" in printed
    assert all(character.isprintable() for character in printed.replace("\n", ""))
    assert max(map(len, printed.splitlines()[:-1])) <= 140


def test_the_three_files_hold_every_policy(ran: tuple[str, Path]) -> None:
    _, out = ran
    assert sorted(path.name for path in out.iterdir()) == [
        "leaderboard.csv",
        "leaderboard.html",
        "leaderboard.json",
    ]
    frame = pd.read_csv(out / "leaderboard.csv")
    assert set(frame["policy"]) == set(NAMES)
    assert frame["rank"].tolist() == list(range(1, len(NAMES) + 1))
    assert frame["reward"].is_monotonic_decreasing
    assert set(frame["environment"]) == {ENV}
    assert set(frame["seed"]) == {3}
    assert set(frame["section"]) == {"synthetic"}
    assert set(frame["origin"]) == {"default"}
    (board,) = json.loads((out / "leaderboard.json").read_text())
    assert board["environment"] == ENV
    assert board["seed"] == 3
    assert board["reference"] == baselines.reference(make_problem(ENV))
    assert {row["policy"] for row in board["rows"]} == set(NAMES)


def test_the_page_names_every_policy_and_needs_nothing_from_outside(ran: tuple[str, Path]) -> None:
    page = (ran[1] / "leaderboard.html").read_text(encoding="utf-8")
    assert all(name in page for name in NAMES)
    assert "http" not in page
    assert page.count("<svg") == 2
    assert len(page) < 1_000_000


def test_a_users_policy_and_data_join(folder: Path) -> None:
    days = pd.date_range("2024-01-01", periods=120).strftime("%Y-%m-%d")
    units = np.random.default_rng(0).poisson(4.0, (3, 120))
    series = [
        pd.DataFrame({"series": f"item {i}", "date": days, "units": row})
        for i, row in enumerate(units)
    ]
    pd.concat(series).to_csv("sales.csv", index=False)
    own = [
        part for name in ("UpTo", "knows_law", "not_here") for part in ("--policy", f"mine:{name}")
    ]
    result = run(*own, "--data", "sales.csv", "--products", "9")
    assert result.exit_code == 0, result.output
    assert "mine:not_here does not apply here" in result.output
    assert "policies that know the demand distribution cannot join" in result.output
    assert "imputed" in result.output
    frame = pd.read_csv(folder / "results" / "leaderboard.csv")
    synthetic, data = (
        set(frame[frame["section"] == name]["policy"]) for name in ("synthetic", "data")
    )
    assert synthetic == {*NAMES, "mine:UpTo", "mine:knows_law"}
    assert data == {
        *baselines.policies(make_problem(ENV), distribution=False),
        *agents.policies(make_problem(ENV)),
        "mine:UpTo",
    }
    assert set(frame[frame["section"] == "data"]["origin"]) == {"sales.csv"}
    assert set(frame["products"]) == {9}
    assert "mine:UpTo" in (folder / "results" / "leaderboard.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--env", "InvLostSale-v0"),
            f"unknown environment 'InvLostSale-v0'; known: {', '.join(ENVIRONMENTS)}.",
        ),
        (("--policy", "mine"), "'mine' must be written module:factory"),
        (("--policy", "nowhere:policy"), "there is no module 'nowhere'"),
        (("--policy", "broken:policy"), "broken cannot be imported: SyntaxError"),
        (("--policy", "mine:UpToo"), "unknown factory of mine 'UpToo'; known: UpTo, knows_law"),
        (
            ("--policy", "mine:raises"),
            "mine:raises failed for LostSales: KeyError: 'oops' (mine.py, line 18)",
        ),
        (("--policy", "mine:number"), "mine:number must return a policy"),
        (("--policy", "mine:a_class"), "got the class UpTo"),
        (("--policy", "mine:strange"), "unknown knowledge of mine:strange, 'everything'"),
        (
            ("--policy", "mine:Negative"),
            "mine:Negative failed in InvLostSales-v0: ValueError: policy Negative must",
        ),
        (("--data", "nothing.csv"), "there is no demand table 'nothing.csv'"),
        (("--data", "mine.csv"), "no known layout"),
        (("--out", "mine.py"), "mine.py"),
        (("--products", "0"), "--products"),
        (("--seed", "-1"), "--seed"),
    ],
)
def test_bad_input_is_one_message(folder: Path, arguments: tuple[str, str], message: str) -> None:
    (folder / "broken.py").write_text("def policy(:")
    (folder / "mine.csv").write_text("a,b\n1,2\n")
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert not list(folder.glob("results/*"))


def test_an_interrupt_is_one_line_and_leaves_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(leaderboard(), "play", interrupted)
    result = run()
    assert result.exit_code == 130
    assert result.output.strip().splitlines() == ["Interrupted: no file is half-written."]
    assert not list(folder.glob("results/*"))


def test_columns_that_do_not_fit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    printed = run("--products", "2").output
    assert "too wide for 80 characters" in printed
    assert "order, sec." in printed
    assert "…" not in printed


def test_a_gap_far_out_does_not_hide_the_small_ones() -> None:
    limits = import_module("inv_gym.leaderboard.page").gap_limits
    low, high = limits(
        np.array([[0, 0, 0], [-1, -2, 0], [-2, -3, -1], [1, 0, 2], [-300, -350, -250]], float)
    )
    assert -10 < low < -3
    assert 2 < high < 10
    low, _ = limits(np.array([[0, 0, 0], [-1, -2, 0], [-4, -6, -2.0]]))
    assert low < -6
    assert limits(np.array([[0, np.nan, np.nan]]))[0] < 0
