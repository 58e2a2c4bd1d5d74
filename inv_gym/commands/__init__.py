"""The installed command ``inv-gym``."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from inv_gym.util.extras import install


@contextmanager
def needed_packages() -> Iterator[None]:
    """Make a package that is missing a message that says how to install it.

    Raises:
        SystemExit: An import failed.
    """
    try:
        yield
    except ImportError as error:
        raise SystemExit(
            f"inv-gym needs a package that is missing ({error}): {install('examples')}."
        ) from error


def main() -> None:
    """Run the command line.

    Raises:
        SystemExit: A package that the command line needs is missing; the message says which.
    """
    with needed_packages():
        from inv_gym.commands.app import app
    # A name that the terminal cannot write shall not end a run.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    app()
