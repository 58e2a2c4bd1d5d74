"""The trained networks that come with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from inv_gym.agents.checkpoints import read_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.training.generalists import GENERALIST
from inv_gym.agents.weights import serves
from inv_gym.play.policy import Policy
from inv_gym.problems.problem import Problem

TRAINED_FOLDER = Path(__file__).parent / "trained"
"""Weights files of registered environments, and of the generalists; `make weights` makes them."""


def policies(problem: Problem, for_tables: bool = False) -> dict[str, Policy]:
    """The agents that were trained for a problem of this kind and structure, by name.

    Args:
        problem: What they order for.
        for_tables: Whether only those that are meant for real tables: the generalists.
    """
    found: dict[str, Policy] = {}
    for path, card in _cards().items():
        if serves(problem, card) and (card["name"] == GENERALIST or not for_tables):
            found[card["name"]] = InventoryAgent.load(path, problem)
    return found


@cache
def _cards() -> dict[Path, dict[str, Any]]:
    """The card of each file, read once: a table may ask for many structures."""
    return {path: read_tensors(path)[1] for path in sorted(TRAINED_FOLDER.glob("*.safetensors"))}
