"""`inv-gym tables`: its figures, its file and its messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inv_gym.commands.app import app
from inv_gym.published.cells import TableCell

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-c", "from inv_gym.commands import main; main()", "tables"]
NAMES = ("zipkin2008-poisson5-p4-L1", "demoor2022-oldest-first", "removal-cost-form")


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("tables")
    chosen = (word for name in NAMES for word in ("--only", name))
    command = [*COMMAND, "--out", str(folder), *chosen]
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "zipkn*"), "--only: unknown published instance 'zipkn*'"),
        (("--jobs", "0"), "--jobs"),
        (("--out", "file/below"), "--out: "),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(app, ["tables", *arguments])
    assert refused.exit_code == 2
    assert isinstance(refused.exception, SystemExit)
    assert message in " ".join(refused.output.split())


def test_the_figures_are_readable_where_only_ascii_can_be_written(tmp_path: Path) -> None:
    command = [*COMMAND, "--only", "removal-cost-form", "--out", str(tmp_path), "--jobs", "1"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "60"}
    shown = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert shown.returncode == 0, shown.stderr
    assert "+/-" in shown.stdout
    assert "\\u" not in shown.stdout
    assert "3 of 3 figures reproduced." in shown.stdout
