"""The campaign of the published tables: its figures and its file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from experiments.tables.measure import TableCell

ROOT = Path(__file__).parents[2]


NAMES = ("zipkin2008-poisson5-p4-L1", "demoor2022-oldest-first", "removal-cost-form")


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("tables")
    chosen = (word for name in NAMES for word in ("--only", name))
    command = [sys.executable, "examples/experiments", "tables", "--out", str(folder), *chosen]
    shown = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert shown.returncode == 0, shown.stderr
    cells = json.loads((folder / "tables.json").read_text())
    assert f"{len(cells)} of {len(cells)} figures reproduced." in shown.stdout
    assert all(f"of 3: {name}" in shown.stdout for name in NAMES)
    return {(cell["instance"], cell["figure"]): cell for cell in cells}


def test_each_figure_stands_beside_its_exact_value(cells):
    cell = cells["zipkin2008-poisson5-p4-L1", "standard vector base-stock, % over optimal"]
    assert cell["published"] == 6.6
    assert abs(cell["exact"] - 6.6) < 0.05
    assert cell["difference"] == pytest.approx(cell["exact"] - 6.6)
    assert cells["removal-cost-form", "optimal discounted cost from stock 80"][
        "exact"
    ] == pytest.approx(586.428, abs=5e-4)


@pytest.mark.parametrize(
    ("figure", "published", "within"),
    [
        ("myopic, average cost", 4.1113, 1e-4),
        ("myopic-2, average cost", 4.0407, 1e-4),
        ("best projected inventory level, % over optimal", 0.04, 0.02),
        ("projected inventory level 6.8, % over optimal", 0.04, 0.02),
    ],
)
def test_rules_that_look_ahead_stand_beside_their_published_figures(
    cells, figure, published, within
):
    cell = cells["zipkin2008-poisson5-p4-L1", figure]
    assert cell["published"] == published
    assert cell["exact"] == pytest.approx(published, abs=within)
    assert cell["within"] <= 0.02


@pytest.mark.parametrize(
    ("exact", "bettered", "reproduced"),
    [(0.9, False, False), (0.9, True, True), (1.01, True, True), (1.1, True, False)],
)
def test_a_searched_figure_may_be_bettered_and_no_other(exact, bettered, reproduced):
    cell = TableCell("instance", "figure", 1.0, exact, 0.02, bettered)
    assert cell.reproduced is reproduced


def test_each_simulation_agrees_with_the_exact_figure(cells):
    for name, cell in cells.items():
        # three half intervals of 1.96 standard errors
        assert abs(cell["simulated"] - cell["exact"]) <= 3.0 * cell["half"], name
