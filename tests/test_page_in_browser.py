"""The pages in a browser without a window; left out where there is no Chromium."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import inv_gym
from inv_gym.commands.app import app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000")


def answer(page: Path, program: str, width: int = 1200) -> Any:
    """What a program finds in a page, as plain data."""
    copy = page.with_name("with-program.html")
    told = f"<script>document.title = JSON.stringify((() => {{ {program} }})());</script>"
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{told}</body>"))
    assert CHROMIUM is not None
    command = (CHROMIUM, *OPTIONS, f"--window-size={width},900", "--dump-dom", copy.as_uri())
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None
    return json.loads(title[1].replace("&amp;", "&").replace("&lt;", "<"))


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("board")
    arguments = ["leaderboard", "--quick", "--env", "InvLostSales-v0", "--products", "4"]
    shown = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    return out / "leaderboard.html"


@needs_browser
def test_a_click_sorts_the_table_by_a_column(board: Path) -> None:
    program = """
        const column = [...document.querySelectorAll('th')].findIndex(
            (head) => head.textContent === 'mean stock');
        const button = document.querySelectorAll('th button')[column];
        const shown = () => [...document.querySelectorAll('tbody tr')].map(
            (row) => parseFloat(row.cells[column].textContent));
        button.click();
        const down = shown();
        button.click();
        return [down, shown()];
    """
    down, up = answer(board, program)
    assert len(down) > 5
    assert down == sorted(down, reverse=True)
    assert up == sorted(up)


@needs_browser
def test_boxes_hide_what_policies_know(board: Path) -> None:
    program = """
        document.querySelector('.filter input[value=history]').click();
        return [...document.querySelectorAll('tr[data-knows]')].map(
            (row) => [row.dataset.knows, row.hidden]);
    """
    rows = answer(board, program)
    assert {(knows, hidden) for knows, hidden in rows} == {
        ("history", True),
        ("distribution", False),
    }


@needs_browser
def test_a_narrow_window_has_no_bar_across_the_page(board: Path) -> None:
    assert answer(board, "return document.documentElement.scrollWidth", width=500) <= 500


def test_the_title_names_the_lead_time_that_is_played() -> None:
    changed = inv_gym.task("InvLostSalesLeadTime-v0", lead_time=3)
    assert changed.title == "lost sales, lead time 3"
    assert inv_gym.task("InvLostSales-v0", horizon=5).title == "lost sales, no lead time"
    assert (
        "expedited lead time 1" in inv_gym.task("InvDualSourcing-v0", expedited_lead_time=1).title
    )
