"""The pages of prose: links and paths lead somewhere, lines are short, snippets run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from inv_gym.commands.app import app

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md")),
    ROOT / "CONTRIBUTING.md",
    ROOT / "examples" / "README.md",
    ROOT / "examples" / "labs" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
GENERATED = ("evidence.md", "ppo.md", "structure.md")
PROSE = [page for page in PAGES if page.name not in GENERATED]
LINE_LENGTH = 100
TOP = r"(?:agents|baselines|docs|examples|inv_gym|tests|experiments|benchmarks)/"
LONG_LINES = ("|", "![")
"""Rows of tables and pictures may be long."""

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
prose = pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", page.read_text())
    for address, anchor in links:
        if address.startswith("https://"):
            continue
        target = (page.parent / address).resolve() if address else page
        assert target.exists(), address
        assert not anchor or anchor in anchors(target), f"{address}#{anchor}"


@pages
def test_every_picture_is_described(page: Path) -> None:
    described = re.findall(r"!\[([^]]*)\]\(", page.read_text())
    assert all(len(words.split()) >= 2 for words in described)


@pages
def test_files_that_a_page_names_exist(page: Path) -> None:
    paths = re.findall(rf"[` ]({TOP}[\w/.-]+\.(?:py|md|png|json))", page.read_text())
    folders = (ROOT, page.parent, ROOT / "examples")
    for path in paths:
        assert any((folder / path).exists() for folder in folders), path


@prose
def test_lines_of_prose_are_short(page: Path) -> None:
    lines = page.read_text().splitlines()
    long = [line for line in lines if len(line) > LINE_LENGTH]
    assert [line for line in long if not line.startswith(LONG_LINES)] == []


SNIPPET = re.compile(r"```python\n(.*?)```", re.DOTALL)
SHORTER = ((r"steps=\d+", "steps=2"), (r"number=\d{3,}", "number=8"))
"""Trainings and evaluations are cut short: what they reach is measured elsewhere."""
WITH_SNIPPETS = [page for page in PAGES if SNIPPET.search(page.read_text())]


@pytest.mark.parametrize("page", WITH_SNIPPETS, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_snippets_of_a_page_run_one_after_another(page: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    program = "\n".join(SNIPPET.findall(page.read_text()))
    for long, short in SHORTER:
        program = re.sub(long, short, program)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
WITH_COMMANDS = [page for page in PAGES if SHELL.search(page.read_text())]


def commands(page: Path) -> list[list[str]]:
    """The words of every command of a page."""
    text = "\n".join(SHELL.findall(page.read_text())).replace("\\\n", " ")
    lexer = shlex.shlex(re.sub(r"(?m)(^|\s)#.*$", "", text), posix=True, punctuation_chars="\n")
    lexer.whitespace, lexer.whitespace_split = " \t", True  # a quoted argument may have lines
    lines: list[list[str]] = [[]]
    for word in lexer:
        if word.strip("\n"):
            lines[-1].append(word)
        else:
            lines.append([])
    return [words for words in lines if words]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_are_understood(page: Path) -> None:
    program: Any = typer.main.get_command(app)
    makefile = (ROOT / "Makefile").read_text()
    for name, *arguments in commands(page):
        if name == "inv-gym" and arguments[0] in program.commands:
            program.commands[arguments[0]].make_context(arguments[0], arguments[1:])
        elif name == "inv-gym":
            assert arguments == ["--help"]
        elif name == "make":
            assert re.search(rf"^{re.escape(arguments[0])}:", makefile, re.MULTILINE), arguments
        elif name.endswith("python") and not arguments[0].startswith("-"):
            assert (ROOT / arguments[0]).exists(), arguments
