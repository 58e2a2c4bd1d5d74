"""The installed command ``inv-gym``."""


def main() -> None:
    """Run the command line.

    Raises:
        SystemExit: A package that the command line needs is missing; the message says which.
    """
    try:
        from inv_gym.commands.app import app
    except ImportError as error:
        raise SystemExit(
            f"inv-gym needs a package that is missing ({error}): pip install 'inv-gym[examples]'."
        ) from error
    app()
