"""The examples run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_sixth_problem_fits_in_80_lines_and_keeps_the_laws() -> None:
    shown = run("examples/own_problem.py")
    assert "setups" in shown
    assert len((ROOT / "examples/own_problem.py").read_text().splitlines()) < 80


@pytest.mark.parametrize(
    "snippet", re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
)
def test_a_snippet_of_the_readme_runs(snippet: str) -> None:
    run("-c", snippet)
    assert len([line for line in snippet.splitlines() if line]) <= 12
