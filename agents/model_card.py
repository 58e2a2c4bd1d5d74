"""A description of trained weights in the form that hubs of models read: Markdown with a head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inv_gym.agents.checkpoints import read_tensors

LICENCE = "mit"


def model_card(weights: str | Path, rows: Sequence[Mapping[str, Any]] = ()) -> str:
    """The text of the card ``README.md`` of a weights file.

    Args:
        weights: A file ``*.safetensors`` of an agent.
        rows: Its results: each with ``environment``, ``gap`` (percent of the reference's reward)
            and ``reference``, as in the leaderboard's JSON file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds no weights.
    """
    path = Path(weights)
    tensors, card = read_tensors(path)
    structure = ", ".join(f"{name} {value}" for name, value in card["structure"].items())
    numbers = sum(tensor.numel() for tensor in tensors.values())
    knows = card["network"]["knows"]
    sees = knows == "history" and card["sizes"].get("sold_out", False)
    seen = " and which periods sold out" if sees else ""
    head = [
        "---",
        f"license: {LICENCE}",
        "library_name: inv_gym",
        "tags: [reinforcement-learning, inventory-control]",
        "model-index:",
        f"- name: {path.stem}",
        "  results:",
        *(line for row in rows for line in _result(row)),
        "---",
    ]
    body = [
        f"# {path.stem}",
        "",
        f"{card.get('name', 'A network')} for {card['problem']['problem']} ({structure}).",
        f"It has {numbers:,} numbers, and knows the {knows} of demand{seen}.",
        "",
        f"`inv_gym.agents.inventory_agent.InventoryAgent.load({path.name!r})` plays it.",
        "",
    ]
    return "\n".join(head + body)


def _result(row: Mapping[str, Any]) -> list[str]:
    """A result as lines of the card's head."""
    return [
        "  - task: {type: reinforcement-learning}",
        f"    dataset: {{name: {row['environment']}, type: {row['environment']}}}",
        "    metrics:",
        f"    - {{type: gap, name: '% of the reward of {row['reference']}', "
        f"value: {row['gap']:.2f}}}",
    ]
