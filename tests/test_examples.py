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


NEWCOMER = {
    "step_an_environment.py": "earned in the episode: ",
    "own_policy.py": "base-stock in a step loop earned ",
    "differentiable_base_stock.py": "test products, one level: reward ",
    "train_on_own_data.py": "DirectBackprop",
    "compare_with_the_optimum.py": "optimal average cost: 4.3953, published 4.4",
    "stable_baselines.py": "PPO, trained",
    "own_problem.py": "setups",
}
"""What each example prints if it works."""


@pytest.mark.parametrize("name", NEWCOMER)
def test_an_example_for_a_newcomer_runs_and_is_short(name: str) -> None:
    assert NEWCOMER[name] in run(f"examples/{name}")
    assert 25 <= len((ROOT / "examples" / name).read_text().splitlines()) <= 80
    assert name in (ROOT / "examples" / "README.md").read_text()


@pytest.mark.parametrize(
    "snippet", re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
)
def test_a_snippet_of_the_readme_runs(snippet: str) -> None:
    run("-c", snippet)
    assert len([line for line in snippet.splitlines() if line]) <= 12
