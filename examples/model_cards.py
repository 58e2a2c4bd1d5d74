"""Cards of the shipped weights in the form of model hubs, with their rows of a leaderboard.

python examples/model_cards.py results/leaderboard.json --out results/cards
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from inv_gym.agents.catalogue import TRAINED_FOLDER
from inv_gym.agents.checkpoints import read_tensors
from inv_gym.agents.model_card import model_card


def main(
    board: Annotated[Path, typer.Argument(help="The file that inv-gym leaderboard wrote.")],
    out: Annotated[Path, typer.Option(help="Where the cards go.")] = Path("results/cards"),
) -> None:
    """Write a folder with a README.md for every weights file."""
    boards = json.loads(board.read_text())
    for path in sorted(TRAINED_FOLDER.glob("*.safetensors")):
        _, card = read_tensors(path)
        rows = [
            row | {"environment": played["environment"], "reference": played["reference"]}
            for played in boards
            if path.name.startswith(f"{played['environment']}.")
            for row in played["rows"]
            if row["policy"] == card["name"]
        ]
        folder = out / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "README.md").write_text(model_card(path, rows))
        print(folder / "README.md")


if __name__ == "__main__":
    typer.run(main)
