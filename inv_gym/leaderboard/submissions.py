"""Policies that others hand in: folders with a card and a policy, played by one protocol."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import inv_gym
from inv_gym.leaderboard.named import (
    Factory,
    Inapplicable,
    folder_factory,
    model_factory,
)
from inv_gym.leaderboard.onnx_policy import onnx_factory
from inv_gym.play.match import reason
from inv_gym.play.policy import KNOWLEDGE
from inv_gym.testing import LAW_PERIODS, LawError, check_policy
from inv_gym.util.checks import one_of

SUBMISSION_CARD = "card.json"
REQUIRED = ("name", "author", "knows", "trained", "policy")
HONEST = tuple(word for word in KNOWLEDGE if word != "hindsight")
"""What a submission may know: nobody knows the demand to come."""


class Protocol(NamedTuple):
    """What all submissions of a version play."""

    version: int
    products: int
    seed: int
    """Of the products that anybody may look at."""
    final_seed: int
    """Of the products of the final ranking: no policy is chosen on them."""


PROTOCOL = Protocol(version=1, products=1000, seed=101, final_seed=20_261_101)
LAW_SEED = 77
"""Of the products on which submissions are checked."""


class Submission(NamedTuple):
    """A policy that was handed in."""

    name: str
    author: str
    knows: str
    trained: str
    factory: Factory

    @property
    def note(self) -> str:
        """What a reader must know of it."""
        return f"{self.name} is by {self.author}: {self.trained}"


def read_submissions(folder: Path) -> dict[str, Submission]:
    """Every submission of a folder, by name.

    Raises:
        ValueError: There is none, two have one name, or a card or a policy is damaged.
        FileNotFoundError: There is no such folder, or a policy is missing.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}.")
    cards = sorted(folder.glob(f"*/{SUBMISSION_CARD}"))
    if not cards:
        raise ValueError(
            f"no folder in {folder} holds a {SUBMISSION_CARD}: see docs/submissions.md."
        )
    submissions: dict[str, Submission] = {}
    for card in cards:
        submission = read_submission(card.parent)
        if submission.name in submissions:
            raise ValueError(f"two submissions are called {submission.name!r}: rename one.")
        submissions[submission.name] = submission
    return submissions


def read_submission(folder: Path) -> Submission:
    """The submission of one folder; see `read_submissions`."""
    card = _read_card(folder / SUBMISSION_CARD)
    one_of(f"knowledge of {card['name']},", card["knows"], HONEST)
    factory = _factory(folder, card["policy"])
    name, author, knows, trained, _ = (card[field] for field in REQUIRED)
    return Submission(name, author, knows, trained, _checked(factory, name, knows))


def _read_card(path: Path) -> dict[str, str]:
    """The fields of a card.

    Raises:
        ValueError: It is not JSON, or a field is missing or no text.
    """
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON ({error}).") from None
    for field in REQUIRED:
        value = card.get(field) if isinstance(card, dict) else None
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{path} must have a text for {field!r}, got {value!r}.")
    return card


def _factory(folder: Path, policy: str) -> Factory:
    """The factory of what a card names: ``module:factory``, ``weights``, or a file of the folder.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is of no kind that can be played.
    """
    if policy == "weights":
        return folder_factory(folder)
    module, colon, name = policy.partition(":")
    path = folder / (f"{module}.py" if colon else policy)
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder / SUBMISSION_CARD} names {policy!r}, but there is no file {path}."
        )
    if colon:
        return _named(_imported(path), name, path)
    if path.suffix == ".zip":
        return model_factory(path)
    if path.suffix == ".onnx":
        return onnx_factory(path)
    raise ValueError(
        f"{folder / SUBMISSION_CARD} must name module:factory, weights, a model.zip or a file "
        f".onnx, got {policy!r}."
    )


def _imported(path: Path) -> ModuleType:
    """The module of a submission, under a name of its own: two may have a file of one name."""
    name = f"inv_gym_submission_{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # the file was found
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # workers find it by its name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{path} cannot be imported: {reason(error)}.") from error
    return module


def _named(module: ModuleType, name: str, path: Path) -> Callable[[inv_gym.Problem], Any]:
    """The factory of a module.

    Raises:
        ValueError: There is none of that name.
    """
    public = [key for key, value in vars(module).items() if callable(value) and key[0] != "_"]
    return getattr(module, one_of(f"factory of {path}", name, public))


def _checked(factory: Factory, name: str, knows: str) -> Factory:
    """The factory, whose policies must know what the card says and keep the laws."""

    def checked(problem: inv_gym.Problem) -> inv_gym.Policy | Inapplicable | None:
        policy = factory(problem)
        if policy is None or isinstance(policy, Inapplicable):
            return policy
        if policy.knows != knows:
            return Inapplicable(f"refused: its card says {knows!r}, it knows {policy.knows!r}")
        try:
            # The laws play short episodes; a policy may look at the horizon of its problem.
            short = replace(problem, horizon=LAW_PERIODS)
            tried = factory(short)
            if tried is None or isinstance(tried, Inapplicable):
                return tried
            check_policy(tried, short, inv_gym.make_source("default"), LAW_SEED)
        except LawError as error:
            return Inapplicable(f"refused: {str(error).rstrip('.')}")
        except Exception as error:  # whatever the author's code raises
            return Inapplicable(f"refused: {reason(error)}")
        return policy

    checked.__name__ = f"checked_{name}"
    return checked


def seed_of(final: bool) -> int:
    """The seed of the products that a ranking plays."""
    return PROTOCOL.final_seed if final else PROTOCOL.seed
