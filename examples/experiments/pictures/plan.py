"""Which pictures are drawn."""

from __future__ import annotations

from pathlib import Path

from experiments.campaign import Measurement
from experiments.pictures.networks import ENVIRONMENT_VIEWS
from experiments.pictures.orders import ORDER_PICTURES
from inv_gym.agents.catalogue import TRAINED_FOLDER


def plan(weights: Path = TRAINED_FOLDER) -> list[Measurement]:
    """Optimal orders problem by problem, and networks of a folder environment by environment."""
    return [
        *(Measurement(name, (name, weights)) for name in ORDER_PICTURES),
        *(Measurement(env, (env, weights), "networks") for env in ENVIRONMENT_VIEWS),
    ]
