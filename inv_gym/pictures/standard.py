"""The standard pictures: optimal orders beside those of rules, and the orders of networks."""

from __future__ import annotations

from pathlib import Path

from inv_gym.pictures.figures import save, save_compact
from inv_gym.pictures.networks import ENVIRONMENT_VIEWS, network_pictures
from inv_gym.pictures.orders import ORDER_PICTURES

PICTURE_NAMES = (*ORDER_PICTURES, *ENVIRONMENT_VIEWS)


def draw_standard(path: Path, name: str, weights: Path) -> list[Path]:
    """Draw what a name stands for: a problem's optimal orders, or an environment's networks.

    Args:
        path: The file of optimal orders, in the format of its suffix. The pictures of networks are
            several: they go beside it, with names of their own.
        name: One of `PICTURE_NAMES`.
        weights: The folder of the networks.

    Returns:
        The files.

    Raises:
        ValueError: The folder lacks a network of the environment.
    """
    if name in ORDER_PICTURES:
        return [save(ORDER_PICTURES[name](), path)]
    figures = network_pictures(name, weights)
    files = {title: path.with_name(f"{title}{path.suffix}") for title in figures}
    return [save_compact(figure, files[title]) for title, figure in figures.items()]
