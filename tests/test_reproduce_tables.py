"""The script of the published tables: its figures, its file, its errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        str(ROOT / "examples" / "experiments" / "reproduce_tables.py"),
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict]:
    file = tmp_path_factory.mktemp("tables") / "tables.json"
    names = ("zipkin2008-poisson5-p4-L1", "demoor2022-oldest-first", "removal-cost-form")
    shown = run(*(word for name in names for word in ("--only", name)), "--json", str(file))
    assert shown.returncode == 0, shown.stderr
    found = json.loads(file.read_text())
    assert f"{len(found)} of {len(found)} figures reproduced." in shown.stdout
    return {(cell["instance"], cell["figure"]): cell for cell in found}


def test_each_figure_stands_beside_its_exact_value(cells):
    cell = cells["zipkin2008-poisson5-p4-L1", "standard vector base-stock, % over optimal"]
    assert cell["published"] == 6.6
    assert abs(cell["exact"] - 6.6) < 0.05
    assert cell["difference"] == pytest.approx(cell["exact"] - 6.6)
    assert cells["removal-cost-form", "optimal discounted cost from stock 80"][
        "exact"
    ] == pytest.approx(586.428, abs=5e-4)


def test_each_simulation_agrees_with_the_exact_figure(cells):
    for name, cell in cells.items():
        # three half intervals of 1.96 standard errors
        assert abs(cell["simulated"] - cell["exact"]) <= 3.0 * cell["half"], name


def test_an_unknown_instance_is_refused_with_the_nearest_name():
    shown = run("--only", "zipkin2008-poisson5-p4-L5")
    assert shown.returncode == 2
    assert "Did you mean 'zipkin2008-poisson5-p4-L" in " ".join(shown.stderr.split())
