"""What users name on the command line: tasks and policies of their own modules."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

import inv_gym
from inv_gym.play.match import reason
from inv_gym.util.checks import one_of

ARGUMENT = re.compile(r"\b(missing|returns|duplicates|separator|frequency|decimal)=([\"'])(.+?)\2")
"""An argument of Python that is an option of the same name on the command line."""
ARGUMENT_OF_COLUMNS = re.compile(r"\bcolumns=\{(.*?)\}")
PAIR = re.compile(r"[\"']([^\"']+)[\"']: (?:[\"']([^\"']*)[\"']|(\.\.\.))")


def as_options(message: str) -> str:
    """A message whose remedies are options in place of arguments of Python."""

    def option(argument: re.Match[str]) -> str:
        value = argument[3].replace("\\t", "tab")
        return f"--{argument[1]} {shlex.quote(value)}"

    def columns(argument: re.Match[str]) -> str:
        pairs = [f"{ours}={theirs or dots}" for ours, theirs, dots in PAIR.findall(argument[1])]
        return f"--columns {shlex.quote(','.join(pairs))}"

    message = ARGUMENT_OF_COLUMNS.sub(columns, ARGUMENT.sub(option, message))
    return message.replace("wide=True", "--wide")


@contextmanager
def told(option: str) -> Iterator[None]:
    """Make what is wrong with a value a message about its option."""
    try:
        yield
    except (ImportError, OSError, TypeError, ValueError) as error:
        raise typer.BadParameter(as_options(str(error)), param_hint=option) from None


@contextmanager
def blamed(what: str, option: str) -> Iterator[None]:
    """Make any error of the user's code a message with the line that raised it."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise typer.BadParameter(f"{what}: {reason(error)}", param_hint=option) from error


def load(spec: str, option: str, kind: str) -> Any:
    """What ``module:name`` names; the module may lie in the current directory.

    Args:
        spec: The module and the name.
        option: Whose value it is.
        kind: What the name must be of, in a word.

    Raises:
        typer.BadParameter: There is no such module or name, or the module raises.
    """
    module_name, _, name = spec.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    with told(option):
        if not (module_name and name):
            raise ValueError(f"{spec!r} must be written module:{kind}, such as my_module:{kind}.")
    with blamed(f"{module_name} cannot be imported", option):
        exists = _exists(module_name)
    with told(option):
        if not exists:
            raise ValueError(
                f"there is no module {module_name!r} in {Path.cwd()} or among the installed "
                "packages."
            )
    with blamed(f"{module_name} cannot be imported", option):
        module = importlib.import_module(module_name)
    wanted = inv_gym.Task if kind == "task" else object
    public = [
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and (callable(value) or isinstance(value, inv_gym.Task))
        if isinstance(value, wanted)
    ]
    with told(option):
        return getattr(module, one_of(f"{kind} of {module_name}", name, public))


def _exists(module_name: str) -> bool:
    """Whether there is a module; the packages that it lies in are imported."""
    if not all(module_name.split(".")):
        return False
    try:
        return importlib.util.find_spec(module_name) is not None
    except ModuleNotFoundError as error:
        # A package that it lies in may be missing, or import what is.
        if f"{module_name}.".startswith(f"{error.name}."):
            return False
        raise


def load_task(spec: str) -> inv_gym.Task:
    """The task that is registered or published under a name, or a task ``module:task`` of the
    user's.

    Raises:
        typer.BadParameter: There is no such task.
    """
    if ":" in spec:
        return load(spec, "--env", "task")
    with told("--env"):
        return inv_gym.task(spec)


def load_environment(spec: str) -> str:
    """The id of an environment: one that is registered, or a task ``module:task`` of the user's,
    which is registered under its name.

    Raises:
        typer.BadParameter: There is no such environment, or the task cannot be registered.
    """
    if ":" in spec:
        task = load_task(spec)
        with told("--env"):
            inv_gym.register(task)
        return str(task.name)
    with told("--env"):
        return one_of("environment", spec, inv_gym.ENVIRONMENTS)
