"""How to install the packages that only some uses need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def install(extra: str) -> str:
    """How to install an extra of this package, in words with the command."""
    folder = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else "FOLDER"
    return f"install the extra {extra} (pip install -e '{folder}[{extra}]')"


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Make a package that is missing an error that says how to install it.

    Args:
        extra: Which holds the package.
        what: What needs it.

    Raises:
        ImportError: An import failed.
    """
    try:
        yield
    except ImportError as error:
        raise ImportError(
            f"{what} needs a package that is missing ({error}): {install(extra)}."
        ) from error
