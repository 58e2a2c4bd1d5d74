"""What the command says when it is interrupted while modules are still imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType

PACKAGE = "inv_gym"
SCRIPTS = ("inv-gym", "inv-gym.exe", "inv-gym-script.py")
"""What the installed command is called."""


def is_command(script: str, arguments: Sequence[str]) -> bool:
    """Whether a process is the command ``inv-gym``, or ``python -m inv_gym``.

    Args:
        script: ``sys.argv[0]``.
        arguments: Of the interpreter, ``sys.orig_argv``.
    """
    return Path(script).name in SCRIPTS or ("-m", PACKAGE) in pairwise(arguments)


def tell_interrupts() -> None:
    """Have an interrupt that nothing else catches end this process in one line, without a
    traceback.
    """
    usual = sys.excepthook

    def tell(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            print("Interrupted.", file=sys.stderr)
        else:
            usual(kind, error, traceback)

    sys.excepthook = tell


if is_command(sys.argv[0] if sys.argv else "", sys.orig_argv):
    tell_interrupts()
