"""Draw pictures into the folder of results."""

from __future__ import annotations

from pathlib import Path

from experiments.figures import save, save_compact
from experiments.pictures.networks import network_pictures
from experiments.pictures.orders import ORDER_PICTURES


def measure(folder: Path, name: str, weights: Path) -> None:
    """Draw what a name stands for: a problem's optimal orders, or an environment's networks."""
    if name in ORDER_PICTURES:
        figure = ORDER_PICTURES[name]()
        for suffix in ("png", "svg"):
            save(figure, folder / f"{name}.{suffix}")
        return
    for title, figure in network_pictures(name, weights).items():
        save_compact(figure, folder / f"{title}.png")
