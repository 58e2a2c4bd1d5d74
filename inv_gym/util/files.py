"""Writing files so that a kill leaves the old file or the new one, never half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: str | Path, content: str | bytes) -> Path:
    """Write text (or bytes) under a temporary name beside `path`, then rename it; folders are made
    as needed.

    Raises:
        OSError: The disk is full or the place cannot be written; it names `path`, which is as it
            was.
    """
    return write_together({Path(path): content})[0]


def write_together(contents: Mapping[Path, str | bytes]) -> list[Path]:
    """Write files so that all of them are new or all are old: each is written whole under a
    temporary name beside its path, and then all are renamed.

    Raises:
        OSError: The disk is full or a place cannot be written; the files are as they were.
    """
    staged: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            staged[path] = _stage(path, content)
        for path, temporary in staged.items():
            temporary.replace(path)
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
    return list(contents)


def check_writable(paths: Iterable[Path]) -> None:
    """Try whether files can be written, before the work whose results they will hold; folders are
    made as needed.

    Raises:
        OSError: A path is a folder, or its folder cannot be written to.
    """
    for path in paths:
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder: remove it, or write elsewhere.")
        _stage(path, b"").unlink()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Make an error of the system that names no file name this one."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def _stage(path: Path, content: str | bytes) -> Path:
    """The content in a new file beside `path`, with a temporary name."""
    with naming(path):
        return _write_beside(path, content)


def make_folder(folder: Path) -> None:
    """Make a folder and those that it lies in, where they are missing.

    Raises:
        NotADirectoryError: A file stands where a folder is needed.
        OSError: It cannot be made.
    """
    for part in (folder, *folder.parents):
        if part.exists() and not part.is_dir():
            raise NotADirectoryError(
                f"{part} is a file, and a folder is needed there: remove it, or write elsewhere."
            )
    folder.mkdir(parents=True, exist_ok=True)


def _write_beside(path: Path, content: str | bytes) -> Path:
    make_folder(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        Path(temporary).chmod(0o644)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Path(temporary)
