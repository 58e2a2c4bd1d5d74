"""The command is interrupted while its modules are imported."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inv_gym.util.interrupts import is_command

INTERRUPTED_AT = """
import builtins, os, signal, sys

usual = builtins.__import__

def interrupted(name, *rest, **named):
    if name == {module!r}:
        builtins.__import__ = usual
        os.kill(os.getpid(), signal.SIGINT)
    return usual(name, *rest, **named)

builtins.__import__ = interrupted
from inv_gym.commands import main

main()
"""


def run(folder: Path, name: str, module: str) -> subprocess.CompletedProcess[str]:
    """Run a script that is interrupted when it imports a module."""
    script = folder / name
    script.write_text(INTERRUPTED_AT.format(module=module))
    command = [sys.executable, str(script), "leaderboard", "--help"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("module", ["inv_gym.advice.advising", "scipy", "inv_gym.commands.app"])
def test_an_interrupt_during_imports_is_one_line(tmp_path: Path, module: str) -> None:
    ended = run(tmp_path, "inv-gym", module)
    assert ended.returncode == -signal.SIGINT
    assert ended.stderr == "Interrupted.\n"
    assert ended.stdout == ""


def test_other_programs_show_their_own_traceback(tmp_path: Path) -> None:
    ended = run(tmp_path, "mine.py", "inv_gym.advice.advising")
    assert ended.returncode == -signal.SIGINT
    assert "Traceback" in ended.stderr
    assert "Interrupted" not in ended.stderr


@pytest.mark.parametrize(
    ("script", "arguments", "is_ours"),
    [
        ("/usr/bin/inv-gym", ["python", "/usr/bin/inv-gym"], True),
        ("-m", ["python", "-u", "-m", "inv_gym", "train"], True),
        ("train.py", ["python", "train.py", "inv_gym"], False),
        ("-m", ["python", "-m", "pytest", "inv_gym"], False),
        ("", ["python"], False),
    ],
)
def test_the_command_is_told_by_how_it_is_run(
    script: str, arguments: list[str], is_ours: bool
) -> None:
    assert is_command(script, arguments) is is_ours
