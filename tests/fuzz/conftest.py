"""Counts the bad inputs of a run."""

from __future__ import annotations

import os

import pytest
from bad_inputs import refusals


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if refusals.number:  # in several processes, each counts its own
        terminalreporter.write_line(f"{refusals.number} bad inputs were refused.")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that must try so many inputs fails with fewer."""
    if refusals.number < int(os.environ.get("FUZZ_LEAST", "0")):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
