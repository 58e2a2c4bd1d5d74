"""Policies that users name: factories of their modules, files of models, folders of trainings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.weights import WEIGHTS
from inv_gym.leaderboard.loading import blamed, load, told
from inv_gym.play.policy import KNOWLEDGE
from inv_gym.util.checks import one_of
from inv_gym.util.extras import needs

SB3 = "sb3"
MODEL_FILE = "model.zip"
"""What a training with stable-baselines3 writes into its folder."""
FORMS = (
    "a policy is named module:factory (my_module:factory), sb3:FILE.zip, or by the folder that "
    "inv-gym train wrote"
)


class Inapplicable(NamedTuple):
    """Why a policy does not play a problem."""

    reason: str


Factory: TypeAlias = Callable[[inv_gym.Problem], inv_gym.Policy | Inapplicable | None]


def load_factory(spec: str) -> Factory:
    """The factory that ``module:factory`` names, the one of a model's file ``sb3:file.zip``, or of
    the folder that a training wrote.

    Raises:
        typer.BadParameter: The name is malformed, or what it names is missing or damaged.
    """
    kind, _, name = spec.partition(":")
    place = Path(spec).expanduser()
    if spec.strip() and place.is_dir():
        return folder_factory(place)
    with told("--policy"):
        if kind == SB3:
            return model_factory(_model_file(name))
        _refuse_malformed(spec)
    return load(spec, "--policy", "factory")


def _model_file(name: str) -> Path:
    """The file of ``sb3:NAME``.

    Raises:
        ValueError: There is no name, or it is a folder's.
        FileNotFoundError: There is no such file.
    """
    if not name.strip():
        raise ValueError(f"sb3: needs the file of a model after the colon, got {name!r}: {FORMS}.")
    file = Path(name).expanduser()
    if file.is_dir():
        raise ValueError(
            f"{file} is a folder: give the file in it, such as sb3:{file / MODEL_FILE}."
        )
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file} in {Path.cwd()}.")
    return file


def _refuse_malformed(spec: str) -> None:
    """Refuse what is no ``module:factory``.

    Raises:
        ValueError: It says what is wrong, and how policies are named.
    """
    module, _, name = spec.partition(":")
    if module.endswith(".py"):
        raise ValueError(
            f"{spec!r} names a file: write the module without .py, {module.removesuffix('.py')}:"
            f"{name or 'factory'}."
        )
    if module.strip() and name.strip():
        return
    if Path(spec).is_file():
        raise ValueError(f"{spec!r} is a file, write sb3:{spec} for a model: {FORMS}.")
    lacks = "there is no such folder" if module.strip() and ":" not in spec else "a part is missing"
    raise ValueError(f"{spec!r} names no policy ({lacks}): {FORMS}.")


def model_factory(file: Path) -> Factory:
    """Of a model that stable-baselines3 saved; it applies where it takes the observations and gives
    the orders.

    Raises:
        ValueError: It is damaged, or no problem's observations can be shown to it.
    """
    with needs("rl", "a model of stable-baselines3"):
        from inv_gym.agents.sb3.policy import SB3Policy
    model = SB3Policy.read(file)
    return lambda problem: _applied(lambda: SB3Policy(problem, *model))


def folder_factory(folder: Path) -> Factory:
    """Of the network in the folder of a training; it applies to problems that it was trained for.

    Raises:
        typer.BadParameter: There is no network, or it is damaged.
    """
    has_weights, has_model = ((folder / name).exists() for name in (WEIGHTS, MODEL_FILE))
    with told("--policy"):
        if not has_weights and not has_model:
            raise ValueError(
                f"the folder {folder} holds neither {WEIGHTS} nor {MODEL_FILE}: name the folder "
                "that inv-gym train wrote (--resume ends a training that was interrupted)."
            )
        if not has_weights:
            return model_factory(folder / MODEL_FILE)
        InventoryAgent.load(folder)
    return lambda problem: _applied(lambda: InventoryAgent.load(folder, problem))


def _applied(make: Callable[[], inv_gym.Policy]) -> inv_gym.Policy | Inapplicable:
    """A policy whose file was found sound: what is wrong with it now is the problem that it is
    asked for.
    """
    try:
        return make()
    except ValueError as error:
        return Inapplicable(str(error).rstrip("."))


def build(spec: str, factory: Factory, problem: inv_gym.Problem) -> inv_gym.Policy | Inapplicable:
    """The user's policy for a problem, or why it does not apply.

    Raises:
        typer.BadParameter: The factory fails, or gives something else.
    """
    with blamed(f"{spec} failed for {type(problem).__name__}", "--policy"):
        policy = factory(problem)
    if policy is None:
        return Inapplicable("it returned None")
    if isinstance(policy, Inapplicable):
        return policy
    with told("--policy"):
        if isinstance(policy, type) or not isinstance(policy, inv_gym.Policy):
            got = (
                f"the class {policy.__name__}"
                if isinstance(policy, type)
                else type(policy).__name__
            )
            raise ValueError(
                f"{spec} must return a policy (an object that takes an observation and has the "
                "attribute knows), or "
                f"None where it does not apply, got {got}."
            )
        one_of(f"knowledge of {spec},", policy.knows, KNOWLEDGE)
    return policy
