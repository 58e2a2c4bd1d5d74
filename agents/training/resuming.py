"""What a training writes to go on from, checked in whole before any of it is taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, optim

from inv_gym.agents.checkpoints import (
    blaming,
    read_tensors,
    refuse_other_tensors,
    write_tensors,
)
from inv_gym.util.checks import real, whole

FOREIGN_TRAINING = "does not fit this training"


class Saved(NamedTuple):
    """What a training goes on from."""

    now: dict[str, Tensor]
    """The last weights."""
    best: dict[str, Tensor]
    """Those of the best validation."""
    optimiser: dict[str, Any]
    """The state of the optimiser, as its `load_state_dict` takes it."""
    step: int
    score: float
    """The score of the best validation; -inf before the first one."""
    curve: list[Any]
    """What was told of each validation."""


def describe_sources(training: Any, held_out: Any) -> str:
    """Where products to train on and to choose weights on come from, as a training's identity."""
    if held_out is training:
        return repr(training)
    return f"{training!r}, weights chosen on {held_out!r}"


def write_training(
    path: str | Path,
    facts: Mapping[str, Any],
    now: Mapping[str, Tensor],
    best: Mapping[str, Tensor],
    optimiser: optim.Optimizer,
    called: str,
) -> Path:
    """Write what `read_training` reads.

    Args:
        path: The file.
        facts: What makes the training this one, and ``step``, ``best`` (its score) and ``curve``.
        now: The weights.
        best: The best weights.
        optimiser: Whose state is written.
        called: What the optimiser's tensors are called.
    """
    states = _optimiser_tensors(optimiser)
    tensors = {f"now/{name}": value for name, value in now.items()}
    tensors |= {f"best/{name}": value for name, value in best.items()}
    tensors |= {f"{called}/{name}": value for name, value in states.items()}
    return write_tensors(path, tensors, {**facts, called: sorted(states)})


def read_training(
    path: str | Path,
    identity: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    optimiser: optim.Optimizer,
    called: str,
    steps: int,
    told: Callable[..., Any],
) -> tuple[Saved, dict[str, Any]]:
    """What was written of a training, and the facts of its file.

    Args:
        path: The file.
        identity: What makes the training this one.
        weights: Of this training, for their names, shapes and dtypes.
        optimiser: Of this training, for its parameters.
        called: What the optimiser's tensors are called.
        steps: Of the whole training.
        told: Makes of a row's figures what is told of a validation.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, of another training, or a part of it is missing or impossible.
    """
    tensors, facts = read_tensors(path)
    with blaming(path, FOREIGN_TRAINING):
        _refuse_other_training(path, facts, identity)
        now, best, states = (_part(tensors, name) for name in ("now", "best", called))
        for found in (now, best):
            refuse_other_tensors(path, found, weights, FOREIGN_TRAINING)
        if sorted(states) != facts[called]:
            raise ValueError(f"it needs the tensors {facts[called]} of {called}")
        step = whole("step", facts["step"], least=0)
        if step > steps:
            raise ValueError(f"step must be at most {steps}, got {step}")
        score = facts["best"] if facts["best"] == -math.inf else real("best", facts["best"])
        curve = [told(*row) for row in facts["curve"]]
        saved = Saved(now, best, _state(optimiser, states), step, score, curve)
        _check_curve(saved)
    return saved, facts


def _refuse_other_training(
    path: str | Path, facts: Mapping[str, Any], identity: Mapping[str, Any]
) -> None:
    for name, ours in identity.items():
        if (theirs := facts.get(name)) != ours:
            raise ValueError(f"{path} is of a training with {name} {theirs}, this one has {ours}.")


def _check_curve(saved: Saved) -> None:
    for row in saved.curve:
        for name, figure in row._asdict().items():
            if name != "loss" or figure is not None:  # steps that were all skipped have none
                real("a figure of the curve", figure)
    reached = [whole("a step of the curve", row.step, least=1) for row in saved.curve]
    if reached != sorted(set(reached)) or max(reached, default=0) > saved.step:
        raise ValueError(f"the curve's steps must rise to at most {saved.step}, got {reached}")


def _part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Those whose names begin so, without the beginning."""
    prefix = f"{name}/"
    return {
        whole_name.removeprefix(prefix): tensor
        for whole_name, tensor in tensors.items()
        if whole_name.startswith(prefix)
    }


def _optimiser_tensors(optimiser: optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's state, by the parameter's number and the name of the figure."""
    states = optimiser.state_dict()["state"].items()
    return {
        f"{index}/{name}": torch.as_tensor(value)
        for index, state in states
        for name, value in state.items()
    }


def _state(optimiser: optim.Optimizer, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The optimiser's state with what `_optimiser_tensors` gave put in."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state = optimiser.state_dict()
    for name, value in tensors.items():
        number, figure = name.split("/")
        shape = () if figure == "step" else parameters[int(number)].shape
        if value.shape != shape:
            raise ValueError(f"{name} must have shape {tuple(shape)}, got {tuple(value.shape)}")
        if figure == "step" and value < 0:
            raise ValueError(f"{name} must be at least 0, got {value.item()}")
        state["state"].setdefault(int(number), {})[figure] = value
    return state
