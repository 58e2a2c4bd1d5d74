"""The labs: sheets stop at their blanks, solutions run and are accepted, wrong answers are not."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import jupytext
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from inv_gym import baselines
from labs import NotYetError, check, solution
from labs.checks import JUDGES
from labs.sheets import FOLDER, cells, sheets, solutions_of, solved_cells
from labs.sizes import SHORT
from notebooks import write_all
from wrong_answers import NO_ANSWERS, WRONG

SHEETS = {sheet.stem: sheet for sheet in sheets()}
FEWEST_EXERCISES = 4
FEWEST_PICTURES = 2
BLANK = re.compile(r"^(?:.*(?:=|return) |\s*)\.\.\.$", re.MULTILINE)
"""A line that a student fills."""

each_lab = pytest.mark.parametrize("sheet", SHEETS.values(), ids=list(SHEETS))
each_exercise = pytest.mark.parametrize("exercise", JUDGES)


class Pictures:
    """Closes the figures of a lab in place of showing them, and counts them."""

    def __init__(self) -> None:
        self.number = 0

    def show(self) -> None:
        self.number += len(plt.get_fignums())
        plt.close("all")


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pictures]:
    matplotlib.use("Agg")
    shown = Pictures()
    monkeypatch.setattr(plt, "show", shown.show)
    with matplotlib.rc_context():
        yield shown


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHORT, "1")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the cells of a lab see."""
    monkeypatch.chdir(FOLDER)
    return {"__name__": "lab"}


@each_lab
def test_every_blank_is_open_and_every_solution_is_right(
    sheet: Path, pictures: Pictures, runs: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    solved = solutions_of(sheet)
    for cell in cells(sheet.read_text()):
        if cell.exercise is None:
            exec(compile(cell.text, sheet.name, "exec"), runs)
            continue
        with pytest.raises(NotYetError, match=r"open|\.\.\.|missing"):
            exec(compile(cell.text, sheet.name, "exec"), runs)
        exec(compile(solved[cell.exercise], sheet.name, "exec"), runs)
        assert f"{cell.exercise} is right." in capsys.readouterr().out
    assert pictures.number >= FEWEST_PICTURES


@each_lab
def test_a_sheet_is_valid_python_and_has_its_exercises(sheet: Path) -> None:
    text = sheet.read_text()
    ast.parse(text)
    exercises = [cell.exercise for cell in cells(text) if cell.exercise]
    number = sheet.stem.removeprefix("lab")
    assert exercises == [f"{number}.{place}" for place in range(1, len(exercises) + 1)]
    assert len(exercises) >= FEWEST_EXERCISES
    assert set(exercises) == {name for name in JUDGES if name.startswith(f"{number}.")}
    assert set(solutions_of(sheet)) == set(exercises)


@each_lab
def test_a_solution_only_fills_blanks(sheet: Path) -> None:
    solved = solutions_of(sheet)
    for cell in cells(sheet.read_text()):
        if cell.exercise is None:
            assert "# %% [markdown]" in cell.text or "..." not in cell.text
            continue
        given = [line for line in cell.text.splitlines() if line.strip() and "..." not in line]
        filled = iter(solved[cell.exercise].splitlines())
        assert len(given) < len(cell.text.split("\n")), cell.exercise
        assert all(line in filled for line in given), cell.exercise


@each_lab
def test_a_sheet_says_its_aims_theory_and_references(sheet: Path) -> None:
    text = sheet.read_text()
    for part in ("**Aims.**", "**Time.**", "Theory", "## More to try", "## References"):
        assert part in text
    assert f"[lab{sheet.stem.removeprefix('lab')}.py]" in (FOLDER / "README.md").read_text()


@each_exercise
def test_an_answer_of_the_wrong_kind_is_refused_in_words(exercise: str) -> None:
    for answer in NO_ANSWERS:
        with pytest.raises(NotYetError, match=exercise) as refused:
            check(exercise, answer)
        assert len(str(refused.value)) > 20


@each_exercise
def test_a_wrong_answer_gets_a_hint_of_its_own(exercise: str) -> None:
    assert WRONG[exercise]
    for answer, hint in WRONG[exercise]:
        with pytest.raises(NotYetError) as refused:
            check(exercise, answer)
        assert hint in str(refused.value), refused.value


def test_wrong_answers_are_of_exercises_that_there_are() -> None:
    assert set(WRONG) == set(JUDGES)


def test_an_unknown_exercise_is_named() -> None:
    with pytest.raises(ValueError, match=r"'0\.9'"):
        check("0.9", 1.0)
    with pytest.raises(ValueError, match=r"'0\.9'"):
        solution("0.9")


def test_a_solution_is_printed_for_who_is_stuck(capsys: pytest.CaptureFixture[str]) -> None:
    solution("1.1")
    assert "SHORTAGE / (SHORTAGE + HOLDING)" in capsys.readouterr().out


def test_notebooks_are_written_once(tmp_path: Path) -> None:
    write_all(tmp_path, solved=False)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == sorted(f"{name}.ipynb" for name in SHEETS)
    notebook = jupytext.read(tmp_path / "lab1.ipynb")
    assert any(BLANK.search(cell.source) for cell in notebook.cells)
    answers = tmp_path / "lab1.ipynb"
    answers.write_text("a student's answers")
    write_all(tmp_path, solved=False)
    assert answers.read_text() == "a student's answers"


def test_solved_notebooks_have_no_blanks(tmp_path: Path) -> None:
    write_all(tmp_path, solved=True)
    assert len(list(tmp_path.iterdir())) == len(SHEETS)
    for path in tmp_path.iterdir():
        code = [cell.source for cell in jupytext.read(path).cells if cell.cell_type == "code"]
        assert not [source for source in code if BLANK.search(source)], path


def test_a_script_shows_the_line_and_the_hint_without_a_traceback() -> None:
    command = [sys.executable, "lab1.py"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    line, message = done.stderr.strip().splitlines()
    assert re.fullmatch(r".*lab1\.py, line \d+", line)
    assert message == "1.1 is open: put your answer where the cell has `...`."


def test_a_notebook_shows_the_hint_alone() -> None:
    assert NotYetError("look again")._render_traceback_() == ["look again"]


def test_a_mistake_in_a_function_is_shown_with_its_line() -> None:
    def cost(level: float) -> float:
        return level / 0.0

    with pytest.raises(NotYetError, match=r"ZeroDivisionError.*in line \d+ of cost") as refused:
        check("1.3", cost)
    assert "`return level / 0.0`" in str(refused.value)


def test_labs_go_without_their_solutions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(SHEETS["lab1"], tmp_path)
    monkeypatch.setattr("labs.sheets.FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="solutions are not here"):
        solution("1.1")
    check("1.1", 0.8)


def run_until(sheet: Path, words: tuple[str, ...], runs: dict[str, Any]) -> None:
    """Run the solved cells of a lab before the first that has one of the words."""
    for cell in solved_cells(sheet):
        if any(word in cell.text for word in words):
            break
        exec(compile(cell.text, sheet.name, "exec"), runs)


def test_lab_7_compares_the_networks_that_its_text_names(runs: dict[str, Any]) -> None:
    run_until(SHEETS["lab7"], ("Exercise 7.4",), runs)
    kinds = ("", ", penalised", ", constructed")
    assert list(runs["trained"]) == [f"DirectBackprop{kind}" for kind in kinds]


def test_what_a_lab_costs_is_printed_and_its_pictures_are_saved(tmp_path: Path) -> None:
    command = [sys.executable, "measure.py", "lab1", "--pictures", str(tmp_path / "pictures")]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True)
    assert re.fullmatch(
        r"lab1: \d+ s of the processor, \d+ s on the clock", done.stdout.splitlines()[-1]
    )
    saved = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert saved == ["lab1-1.png", "lab1-2.png"]


def test_the_reference_of_lab_9_plays_the_products_of_its_policies(runs: dict[str, Any]) -> None:
    run_until(SHEETS["lab9"], ("ppo_curve", "plt.figure"), runs)
    shops: Any = gym.make_vec(runs["task"].name, num_envs=300, **runs["OPTIONS"]).unwrapped
    rule = baselines.policies(shops.problem)["base-stock"]
    shops.reset(seed=12345)
    rewards = [shops.step(rule(shops.observe()))[1].mean() for _ in range(runs["HORIZON"])]
    discounts = shops.problem.discount ** np.arange(runs["HORIZON"])
    assert runs["reference"] == pytest.approx((discounts * rewards).sum())
