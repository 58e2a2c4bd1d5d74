"""The statistics of VecNormalize that belong to a saved model."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecNormalize

from inv_gym.agents.checkpoints import blaming

NORMALISATION = "vecnormalize.pkl"
SHARED = (NORMALISATION, "vec_normalize.pkl")
"""Names, beside a model, that do not say whose statistics they are: those of this project and of
stable-baselines3's own examples.
"""
CHECKPOINT_NAME = re.compile(r"(?P<prefix>.*)_(?P<steps>\d+)_steps")
"""What CheckpointCallback calls a model."""
BEST = "best_model"
"""What EvalCallback calls a model; RL Zoo keeps its statistics in the folder of the run's model."""


def read_normalisation(
    model: Path, observations: spaces.Space, used: bool | None
) -> VecNormalize | None:
    """The statistics that a model's observations went through in training; None if none did.

    Such files hold pickled objects: reading one runs whatever code its author put there.

    Args:
        model: The model's file.
        observations: Its observation space.
        used: Whether the model was trained under VecNormalize; None if its file does not tell.

    Raises:
        ValueError: Statistics are missing, damaged or of other observations, or it cannot be told
            whether they are this model's. It names the file and the remedy.
    """
    path = _file_of(model, used)
    if path is None:
        return None
    with blaming(path, "is not what VecNormalize saved"):
        statistics = pickle.loads(path.read_bytes())
        if not isinstance(statistics, VecNormalize):
            raise TypeError(f"it holds a {type(statistics).__name__}")
        if not statistics.norm_obs:
            return None
        running: Any = statistics.obs_rms
        moments = (running.mean, running.var)
        shapes = {np.shape(moment) for moment in moments}
        finite = all(np.isfinite(moment).all() for moment in moments)
    if shapes != {observations.shape}:
        raise ValueError(
            f"{path} holds statistics of observations of shape {shapes.pop()}, the model {model} "
            f"takes {observations.shape}: they are another model's, put its own there."
        )
    if not finite:
        raise ValueError(f"{path} holds statistics that are not finite: train anew.")
    return statistics


def _file_of(model: Path, used: bool | None) -> Path | None:
    """The file of a model's statistics, of those that lie near it."""
    own = [path for path in _own_names(model) if path.is_file()]
    shared = [path for name in SHARED if (path := model.with_name(name)).is_file()]
    near = own or shared
    if used is False and near:
        raise ValueError(
            f"{near[0]} is not of the model {model}, which was trained without VecNormalize: move "
            "one of them to another folder."
        )
    if used and not near:
        raise ValueError(
            f"the model {model} was trained under VecNormalize, and its statistics are missing: "
            f"save them with env.save({str(model.with_name(NORMALISATION))!r})."
        )
    if len(near) > 1 or (shared and not own and len(_models(model.parent)) > 1):
        raise ValueError(
            f"{near[0]} may be of another model than {model}, with {len(near)} such files and "
            f"{len(_models(model.parent))} models in the folder: move the statistics of this one "
            f"to {model.with_suffix('') / NORMALISATION}, and those of others out of the folder."
        )
    return near[0] if near else None


def _own_names(model: Path) -> list[Path]:
    """Where statistics lie that say whose they are: as RL Zoo and as CheckpointCallback do it."""
    names = [model.with_suffix("") / NORMALISATION]
    if checkpoint := CHECKPOINT_NAME.fullmatch(model.stem):
        prefix, steps = checkpoint["prefix"], checkpoint["steps"]
        names.append(model.with_name(f"{prefix}_vecnormalize_{steps}_steps.pkl"))
    if model.stem == BEST:
        names += [
            other.with_suffix("") / NORMALISATION
            for other in _models(model.parent)
            if other.stem != BEST
        ]
    return names


def _models(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.zip") if is_zipfile(path))
