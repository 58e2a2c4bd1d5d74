"""The standard pictures: optimal orders beside those of rules, and the orders of networks."""

from __future__ import annotations

from pathlib import Path

from inv_gym.pictures.figures import save, save_compact
from inv_gym.pictures.networks import ENVIRONMENT_VIEWS, network_pictures
from inv_gym.pictures.orders import ORDER_PICTURES

PICTURE_NAMES = (*ORDER_PICTURES, *ENVIRONMENT_VIEWS)


def draw_standard(folder: Path, name: str, weights: Path) -> list[Path]:
    """Draw what a name stands for: a problem's optimal orders, or an environment's networks.

    Args:
        folder: Where the files go.
        name: One of `PICTURE_NAMES`.
        weights: The folder of the networks.

    Returns:
        The files.

    Raises:
        ValueError: The folder lacks a network of the environment.
    """
    if name in ORDER_PICTURES:
        figure = ORDER_PICTURES[name]()
        return [save(figure, folder / f"{name}.png")]
    figures = network_pictures(name, weights)
    return [save_compact(figure, folder / f"{title}.png") for title, figure in figures.items()]
