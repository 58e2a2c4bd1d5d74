"""The leaderboard's command line: files, a user's policy and data, messages without tracebacks."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from inv_gym import ENVIRONMENTS, agents, baselines, make_problem
from inv_gym.commands import main
from inv_gym.commands.app import app

ENV = "InvLostSales-v0"
ROOT = Path(__file__).parents[1]
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

def leaves(problem):
    raise SystemExit(3)

class Late(UpTo):
    """Raises in the second chunk of products that it plays."""

    asked = 0

    def __call__(self, seen):
        self.asked += 1
        if self.asked > 30:
            raise KeyError("late")
        return super().__call__(seen)

class Goes(Late):
    def __call__(self, seen):
        self.asked += 1
        if self.asked > 30:
            raise SystemExit("enough")
        return UpTo.__call__(self, seen)

class Closes(Late):
    def __call__(self, seen):
        self.asked += 1
        if self.asked > 30:
            raise GeneratorExit("closed")
        return UpTo.__call__(self, seen)

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


def ranking() -> ModuleType:
    return import_module("inv_gym.commands.ranking")


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
    assert page.count("<svg") == 4
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
        *agents.policies(make_problem(ENV), for_tables=True),
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
        (("--policy", "mine"), "'mine' names no policy"),
        (("--policy", "nowhere:policy"), "there is no module 'nowhere'"),
        (("--policy", "broken:policy"), "broken cannot be imported: SyntaxError"),
        (("--policy", "mine:UpToo"), "unknown factory of mine 'UpToo'; known: UpTo, knows_law"),
        (
            ("--policy", "mine:raises"),
            "mine:raises failed for LostSales: KeyError: 'oops' (mine.py, line 18)",
        ),
        (("--policy", "mine:leaves"), "mine:leaves failed for LostSales: SystemExit: 3 (mine.py, "),
        (
            ("--policy", "exits:policy"),
            "exits cannot be imported: SystemExit: 5 (exits.py, line 1)",
        ),
        (("--policy", "mine:number"), "mine:number must return a policy"),
        (("--policy", "mine:a_class"), "got the class UpTo"),
        (("--policy", "mine:strange"), "unknown knowledge of mine:strange, 'everything'"),
        (
            ("--policy", "mine:Negative"),
            "mine:Negative failed in InvLostSales-v0: ImpossibleOrdersError: policy Negative must",
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
    (folder / "exits.py").write_text("raise SystemExit(5)")
    (folder / "mine.csv").write_text("a,b\n1,2\n")
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert not list(folder.glob("results/*"))


def test_an_interrupt_is_one_line_and_leaves_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ranking(), "play", interrupted)
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
    limits = import_module("inv_gym.leaderboard.charts").gap_limits
    low, high = limits(
        np.array([[0, 0, 0], [-1, -2, 0], [-2, -3, -1], [1, 0, 2], [-300, -350, -250]], float)
    )
    assert -10 < low < -3
    assert 2 < high < 10
    low, _ = limits(np.array([[0, 0, 0], [-1, -2, 0], [-4, -6, -2.0]]))
    assert low < -6
    assert limits(np.array([[0, np.nan, np.nan]]))[0] < 0


def test_a_dot_far_out_is_listed_in_place_of_squeezing_the_others() -> None:
    far_out = import_module("inv_gym.leaderboard.charts").far_out
    near = [[18.0, 96.4], [19.6, 96.9], [18.3, 96.0], [17.8, 95.6], [17.7, 94.9]]
    assert far_out(np.array([*near, [41.8, 89.1]])).tolist() == [False] * 5 + [True]
    assert far_out(np.array([*near, [18.0, 60.0]])).tolist() == [False] * 5 + [True]
    assert not far_out(np.array([[18.0, 96.4], [41.8, 89.1]])).any()
    assert not far_out(np.array([[18.0, np.nan], [18.0, np.nan]])).any()


def test_the_page_says_which_dots_are_not_drawn() -> None:
    charts = import_module("inv_gym.leaderboard.charts")
    frame = pd.DataFrame(
        {
            "policy": ["first", "second", "third", "wild"],
            "knows": "history",
            "on_hand": [18.0, 18.5, 19.0, 90.0],
            "fill_rate": [0.96, 0.95, 0.97, 0.5],
        }
    )
    shown = charts.service_chart(SimpleNamespace(evaluation=SimpleNamespace(frame=frame)))
    assert "4 wild, not drawn: 90.0, 50.0 %" in shown
    assert "3 third" in shown
    assert "3 third, not drawn" not in shown


# ---------------------------------------------------------------- a run that is finished is kept

FEW = {"random orders", baselines.reference(make_problem(ENV))}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference and random orders alone play: what is tested does not depend on who does."""
    everyone = baselines.policies

    def two(problem: Any, distribution: bool = True) -> dict[str, Any]:
        names = {"random orders", baselines.reference(problem, distribution)}
        players = everyone(problem, distribution)
        return {name: policy for name, policy in players.items() if name in names}

    entries = import_module("inv_gym.leaderboard.entries")
    monkeypatch.setattr(entries.baselines, "policies", two)
    monkeypatch.setattr(entries.agents, "policies", lambda problem, **_: {})


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Late", "KeyError: 'late' (mine.py, line "),
        ("Goes", "SystemExit: enough"),
        ("Closes", "GeneratorExit: closed"),
    ],
)
def test_a_policy_that_raises_late_is_named_and_the_others_are_ranked(
    folder: Path, name: str, words: str
) -> None:
    result = run("--policy", f"mine:{name}", "--policy", "mine:UpTo", "--products", "4")
    assert result.exit_code == 1
    assert f"Error: mine:{name} failed in InvLostSales-v0: lost sales, no lead time: {words}" in (
        result.output
    )
    assert "Traceback" not in result.output
    frame = pd.read_csv(folder / "results" / "leaderboard.csv")
    assert set(frame["policy"]) == {*FEW, "mine:UpTo"}
    assert f"mine:{name} failed and is left out" in (
        folder / "results" / "leaderboard.html"
    ).read_text(encoding="utf-8")


@pytest.mark.usefixtures("few")
def test_an_interrupt_keeps_the_tables_that_are_played(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = ranking().play

    def second_is_interrupted(contest: Any, *rest: Any, **options: Any) -> Any:
        if contest.task.name != ENV:
            raise KeyboardInterrupt
        return played(contest, *rest, **options)

    monkeypatch.setattr(ranking(), "play", second_is_interrupted)
    result = run("--env", "InvProcurementRemoval-v0", "--products", "2")
    assert result.exit_code == 130
    assert result.output.rstrip().endswith("Interrupted: 1 table played.")
    assert set(pd.read_csv(folder / "results" / "leaderboard.csv")["environment"]) == {ENV}


@pytest.mark.usefixtures("few")
def test_a_table_that_cannot_be_played_does_not_lose_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = ranking().play

    def first_fails(contest: Any, *rest: Any, **options: Any) -> Any:
        if contest.task.name == ENV:
            raise ValueError("no products are left.")
        return played(contest, *rest, **options)

    monkeypatch.setattr(ranking(), "play", first_fails)
    result = run("--env", "InvProcurementRemoval-v0", "--products", "2")
    assert result.exit_code == 1
    assert "cannot be played: no products are left." in result.output
    assert len(set(pd.read_csv(folder / "results" / "leaderboard.csv")["environment"])) == 1


def test_the_place_of_the_files_is_tried_before_anything_is_played(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("played before the output was checked")

    monkeypatch.setattr(ranking(), "enter", never)
    (folder / "taken" / "leaderboard.html").mkdir(parents=True)
    result = run("--out", "taken")
    assert result.exit_code == 2
    assert "leaderboard.html is a folder: remove it, or write elsewhere." in result.output
    assert sorted(path.name for path in (folder / "taken").iterdir()) == ["leaderboard.html"]


@pytest.mark.usefixtures("few")
def test_a_disk_that_fills_up_is_one_message_and_the_last_run_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = folder / "results"
    assert run("--products", "2").exit_code == 0
    before = {path.name: path.read_bytes() for path in results.iterdir()}
    staged = import_module("inv_gym.util.files")._stage

    def full(path: Path, content: str | bytes) -> Path:
        if content and path.suffix == ".html":
            raise OSError(28, "No space left on device")
        return staged(path, content)

    monkeypatch.setattr("inv_gym.util.files._stage", full)
    result = run("--products", "3")
    assert result.exit_code == 1
    assert "Error: the tables cannot be written to results: [Errno 28]" in result.output
    assert {path.name: path.read_bytes() for path in results.iterdir()} == before


@pytest.mark.usefixtures("few")
def test_a_name_with_dollar_signs_is_written_as_it_is(folder: Path) -> None:
    (folder / "mine$x^2$.py").write_text(MINE)
    result = run("--policy", "mine$x^2$:UpTo", "--products", "2")
    assert result.exit_code == 0, result.output
    page = (folder / "results" / "leaderboard.html").read_text(encoding="utf-8")
    assert page.count(">mine$x^2$:UpTo</text>") == 3  # gaps, their spread, paths


@pytest.mark.usefixtures("few")
def test_a_terminal_that_writes_ascii_alone_gets_every_table() -> None:
    arguments = ["leaderboard", "--quick", "--env", ENV, "--products", "2"]
    result = CliRunner(charset="ascii").invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert " +/- " in result.output
    assert "Wrote results" in result.output


def test_a_character_that_the_terminal_cannot_write_does_not_end_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr("inv_gym.commands.app.app", lambda: print("10 \u20ac"))
    main()
    stream.flush()
    assert stream.buffer.getvalue() == b"10 \\u20ac\n"  # type: ignore[attr-defined]


# ---------------------------------------------------------------- tasks of users

TASK = """
import inv_gym
task = inv_gym.Task(
    inv_gym.LostSales(lead_time=1), "poisson", name="Mine-v0", title="my own", warm_up=30
)
nameless = inv_gym.Task(inv_gym.LostSales(), "poisson")
taken = inv_gym.Task(inv_gym.LostSales(), "poisson", name="CartPole-v1")
number = 3
"""


@pytest.fixture
def my_task(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (folder / "my_tasks.py").write_text(TASK)
    monkeypatch.delitem(sys.modules, "my_tasks", raising=False)
    yield
    ENVIRONMENTS.pop("Mine-v0", None)
    gymnasium.registry.pop("Mine-v0", None)


@pytest.mark.usefixtures("my_task", "few")
def test_a_task_of_a_user_is_played(folder: Path) -> None:
    result = CliRunner().invoke(
        app, ["leaderboard", "--quick", "--env", "my_tasks:task", "--products", "2"]
    )
    assert result.exit_code == 0, result.output
    assert "Mine-v0: my own" in result.output
    assert "the warm-up of 30 periods counts here" in result.output
    frame = pd.read_csv(folder / "results" / "leaderboard.csv")
    assert set(frame["environment"]) == {"Mine-v0"}


@pytest.mark.usefixtures("my_task")
@pytest.mark.parametrize(
    ("env", "message"),
    [
        ("my_tasks:tasks", "unknown task of my_tasks 'tasks'; known: task, nameless, taken."),
        ("my_tasks:number", "unknown task of my_tasks 'number'"),
        ("my_tasks:nameless", "a task needs a name to be registered"),
        ("my_tasks:taken", "'CartPole-v1' is an environment of another package"),
        ("my_tasks:", "'my_tasks:' must be written module:task, such as my_module:task."),
        ("nowhere:task", "there is no module 'nowhere'"),
    ],
)
def test_what_is_no_task_of_a_user_is_refused(env: str, message: str) -> None:
    result = CliRunner().invoke(app, ["leaderboard", "--env", env])
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())


# ---------------------------------------------------------------- the command and the Makefile


def test_the_help_loads_neither_torch_nor_the_agents() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; "
        "from inv_gym.commands.app import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        "assert CliRunner().invoke(app, ['train', '--help']).exit_code == 0; "
        "heavy = ('torch', 'pandas', 'matplotlib', 'inv_gym.agents', 'inv_gym.baselines'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_names_of_agents_in_the_help_are_those_that_can_be_trained() -> None:
    trainings = import_module("inv_gym.commands.trainings")
    assert tuple(trainings.AGENT_TITLES) == import_module("inv_gym.commands.train").AGENTS


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_passes_the_name_of_a_table_on_as_it_is(folder: Path) -> None:
    stub = folder / "inv-gym"
    stub.write_text('#!/bin/sh\nfor argument in "$@"; do echo "<$argument>"; done\n')
    stub.chmod(0o755)
    for name in ("my sales.csv", "it's $5; really.csv"):
        shown = subprocess.run(
            [
                *("make", "--silent", "-C", ROOT, "-o", ".venv", "leaderboard"),
                *(f"BIN={folder}", f"DATA={name.replace('$', '$$')}"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert [line for line in shown.stdout.splitlines() if line.startswith("<")] == [
            "<leaderboard>",
            "<--data>",
            f"<{name}>",
        ]


def test_the_page_has_its_style_sheet(ran: tuple[str, Path]) -> None:
    page = import_module("inv_gym.leaderboard.document")
    rules = page.STYLE_SHEET.read_text(encoding="utf-8")
    assert rules in (ran[1] / "leaderboard.html").read_text(encoding="utf-8")


def test_a_gap_that_is_not_finite_leaves_an_axis() -> None:
    limits = import_module("inv_gym.leaderboard.charts").gap_limits
    low, high = limits(np.array([[0, 0, 0], [-np.inf, np.nan, 2.0], [1.0, 0.0, 2.0]]))
    assert -1.0 < low < 0.0
    assert 2.0 < high < 3.0


# ---------------------------------------------------------------- workers


@pytest.mark.usefixtures("few")
def test_workers_play_the_same_tables_and_leave_out_who_fails(folder: Path) -> None:
    own = ("--policy", "mine:UpTo", "--policy", "mine:Late", "--products", "4")
    here = run(*own, "--out", "here")
    there = run(*own, "--out", "there", "--workers", "2")
    assert here.exit_code == there.exit_code == 1
    for result in (here, there):
        assert (
            "mine:Late failed in InvLostSales-v0: lost sales, no lead time: KeyError: 'late'"
            in (result.output)
        )
    frames = [
        pd.read_csv(folder / out / "leaderboard.csv").drop(columns="seconds")
        for out in ("here", "there")
    ]
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    assert set(frames[1]["policy"]) == {*FEW, "mine:UpTo"}


@pytest.mark.usefixtures("few")
def test_a_policy_that_cannot_be_sent_to_workers_is_one_message(folder: Path) -> None:
    (folder / "local.py").write_text(
        "class Local:\n"
        "    knows = 'history'\n"
        "    def __init__(self, problem):\n"
        "        self.rule = lambda seen: seen.scale[:, None]\n"
        "    def __call__(self, seen):\n"
        "        return self.rule(seen)\n"
    )
    result = run("--policy", "local:Local", "--products", "4", "--workers", "1")
    assert result.exit_code == 1
    assert "policy local:Local cannot be sent to workers" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--workers", "0"), "--workers"),
        (("--dask", "nowhere"), "no dask scheduler answers at 'nowhere'"),
        (("--dask", "nowhere", "--workers", "2"), "give either workers (2) or the address"),
    ],
)
def test_workers_that_cannot_be_had_are_one_message(
    arguments: tuple[str, ...], message: str
) -> None:
    pytest.importorskip("distributed")
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(re.sub("[│╭╰─╮╯]", " ", result.output).split())
