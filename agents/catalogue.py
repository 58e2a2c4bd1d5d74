"""The trained networks that come with the package."""

from __future__ import annotations

from pathlib import Path

from inv_gym.agents.checkpoints import read_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.weights import fits
from inv_gym.play.policy import Policy
from inv_gym.problems.problem import Problem

TRAINED_FOLDER = Path(__file__).parent / "trained"
"""One weights file per registered environment; `make weights` makes them."""


def policies(problem: Problem) -> dict[str, Policy]:
    """The agents that were trained for a problem of this kind and structure, by name."""
    found: dict[str, Policy] = {}
    for path in sorted(TRAINED_FOLDER.glob("*.safetensors")):
        _, card = read_tensors(path)
        if fits(problem, card):
            found[card["name"]] = InventoryAgent.load(path, problem)
    return found
