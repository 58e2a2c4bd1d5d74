"""Keeping a folder for one process at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from inv_gym.util.files import make_folder, naming

fcntl: Any
try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

LOCK = ".lock"
"""The file in a folder that is kept; it holds the number of the process that keeps it."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a folder, made as needed, for this process alone.

    The system ends the lock with the process, however that ends. A folder that cannot be written is
    found out at once. Windows has no such locks: there, nothing is kept.

    Raises:
        ValueError: Another process keeps the folder.
        OSError: The folder cannot be made or written; it names the file.
    """
    make_folder(folder)
    path = folder / LOCK
    if fcntl is None:
        yield
        return
    with path.open("a+b", buffering=0) as file:
        if not _take(file):
            raise ValueError(
                f"{folder} is in use by process {path.read_text().strip() or 'unknown'}: wait for "
                "it, or give another folder."
            )
        try:
            _sign(file)
            yield
        finally:
            path.unlink(missing_ok=True)


def _take(file: IO[bytes]) -> bool:
    """Whether the lock on an open file could be had, and the file is still in its place."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # who had it before may have taken the file away since it was opened
    return _is_in_place(file)


def _is_in_place(file: IO[bytes]) -> bool:
    """Whether the name of an open file is still that of this file."""
    try:
        return os.path.samestat(Path(file.name).stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _sign(file: IO[bytes]) -> None:
    """Write this process's number, and nothing else, to the file."""
    with naming(Path(file.name)):
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
