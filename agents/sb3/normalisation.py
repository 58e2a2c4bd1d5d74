"""The statistics of VecNormalize that belong to a saved model."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import is_zipfile

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecNormalize

from inv_gym.agents.checkpoints import blaming
from inv_gym.agents.sb3.config import above_zero
from inv_gym.util.checks import flag

NORMALISATION = "vecnormalize.pkl"
SHARED = (NORMALISATION, "vec_normalize.pkl")
"""Names, beside a model, that do not say whose statistics they are: those of this project and of
stable-baselines3's own examples.
"""
CHECKPOINT_NAME = re.compile(r"(?P<prefix>.*)_(?P<steps>\d+)_steps")
"""What CheckpointCallback calls a model."""
DIGEST = "normalisation_digest"
"""Attribute of a model that tells which statistics it was saved with, and after how many steps: a
model that learned more has others.
"""
BEST = "best_model"
"""What EvalCallback calls a model; RL Zoo keeps its statistics in the folder of the run's model."""


class Kept(NamedTuple):
    """What a model's file tells of VecNormalize."""

    used: bool | None
    """Whether the model was trained under it; None if that is not told."""
    digest: str | None
    """Of the statistics that the model was saved with; None if that is not told."""


def kept_of(data: Mapping[str, Any]) -> Kept:
    """What a model's data tell of VecNormalize."""
    steps, digest = data.get(DIGEST, (None, None))
    if digest is None or steps != data.get("num_timesteps"):
        return Kept(_used(data), None)
    return Kept(True, digest)


def _used(data: Mapping[str, Any]) -> bool | None:
    """Whether a model was trained under VecNormalize; None if what is kept of it does not tell."""
    played, original = (data.get(name) for name in ("_last_obs", "_last_original_obs"))
    if played is None:
        return None
    # an algorithm without a buffer keeps the original observations under VecNormalize alone
    if original is None or "replay_buffer_class" not in data:
        return original is not None
    # one with a buffer keeps them always, but only normalised ones leave the space
    space = data["observation_space"]
    return None if ((played >= space.low) & (played <= space.high)).all() else True


def read_normalisation(model: Path, observations: spaces.Space, kept: Kept) -> VecNormalize | None:
    """The statistics that a model's observations went through in training; None if none did.

    Such files hold pickled objects: reading one runs whatever code its author put there.

    Args:
        model: The model's file.
        observations: Its observation space.
        kept: What its file tells of VecNormalize.

    Raises:
        ValueError: Statistics are missing, damaged or of other observations, or it cannot be told
            whether they are this model's. It names the file and the remedy.
    """
    path = _file_of(model, kept.used)
    if path is None:
        return None
    with blaming(path, "is not what VecNormalize saved"):
        statistics = pickle.loads(path.read_bytes())
        if not isinstance(statistics, VecNormalize):
            raise TypeError(f"it holds a {type(statistics).__name__}")
        if not flag("norm_obs", statistics.norm_obs):
            return None
        fault = _fault(statistics)
        running: Any = statistics.obs_rms
        seen, shape = statistics.observation_space, running.mean.shape
    if shape != observations.shape or seen != observations:
        raise ValueError(
            f"{path} holds statistics of observations of shape {shape}, {seen}, the model {model} "
            f"takes {observations.shape}, {observations}: they are another model's, put its own "
            "there."
        )
    if fault:
        raise ValueError(f"{path} holds statistics {fault}: train anew.")
    if kept.digest not in (None, digest_of(statistics)):
        raise ValueError(
            f"{path} holds other statistics than those that the model {model} was saved with: they "
            "are another model's, put its own there."
        )
    return statistics


def digest_of(statistics: VecNormalize) -> str:
    """Of the figures that observations are normalised with."""
    running: Any = statistics.obs_rms
    figures = (running.mean, running.var, statistics.clip_obs, statistics.epsilon)
    sha = hashlib.sha256()
    for figure in figures:
        sha.update(np.asarray(figure, np.float64).tobytes())
    return sha.hexdigest()


def _fault(statistics: VecNormalize) -> str:
    """What is wrong with the figures that observations are normalised with; empty if nothing is."""
    running: Any = statistics.obs_rms
    moments = np.stack([np.asarray(moment) for moment in (running.mean, running.var)])
    if moments.dtype.kind != "f":
        raise TypeError(f"its statistics are of dtype {moments.dtype}")
    if not np.isfinite(moments).all():
        return "that are not finite"
    if (moments[1] < 0.0).any():
        return "with a variance below 0"
    above_zero("its clip_obs", statistics.clip_obs)
    above_zero("its epsilon", statistics.epsilon)
    return ""


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
