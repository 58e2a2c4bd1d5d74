"""What a training writes to go on from, checked in whole before any of it is taken."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, optim

from inv_gym.agents.checkpoints import (
    blaming,
    read_tensors,
    refuse_other_tensors,
    write_tensors,
)
from inv_gym.agents.training.optimiser_states import optimiser_state, optimiser_tensors
from inv_gym.agents.training.skips import Skips, read_skips
from inv_gym.util.checks import real, whole

FOREIGN_TRAINING = "does not fit this training"
ABSENT = "nothing"
"""What a message shows of a setting that there is on one side alone."""
SHOWN_BEFORE, SHOWN_LENGTH = 60, 160
"""Characters of a long value that a message shows: before what differs, and in all."""


class Saved(NamedTuple):
    """What a training goes on from."""

    now: dict[str, Tensor]
    """The last weights."""
    best: dict[str, Tensor]
    """Those of the best validation."""
    optimisers: dict[str, dict[str, Any]]
    """The state of each optimiser, as its `load_state_dict` takes it."""
    step: int
    score: float
    """The score of the best validation; -inf before the first one."""
    curve: list[Any]
    """What was told of each validation."""
    skips: Skips
    """What was left out."""


def identity_of(config: Any, source: Any, held_out: Any, **parts: Any) -> dict[str, Any]:
    """What makes a training the same one, as plain data.

    Args:
        config: How it trains, a dataclass.
        source: Where its products come from.
        held_out: Where those come from that the weights are chosen on.
        parts: What else belongs to it, plain data.
    """
    products = repr(source)
    if held_out is not source:
        products += f", weights chosen on {held_out!r}"
    return json.loads(json.dumps({"config": asdict(config), **parts, "products": products}))


def write_training(
    path: str | Path,
    facts: Mapping[str, Any],
    now: Mapping[str, Tensor],
    best: Mapping[str, Tensor],
    optimisers: Mapping[str, optim.Optimizer],
) -> Path:
    """Write what `read_training` reads.

    Args:
        path: The file.
        facts: What makes the training this one, and ``step``, ``best`` (its score) and ``curve``.
        now: The weights.
        best: The best weights.
        optimisers: Whose states are written, each under its name.
    """
    states = {name: optimiser_tensors(optimiser) for name, optimiser in optimisers.items()}
    parts = {"now": now, "best": best, **states}
    tensors = {
        f"{part}/{name}": value for part, values in parts.items() for name, value in values.items()
    }
    names = {name: sorted(state) for name, state in states.items()}
    return write_tensors(path, tensors, {**facts, **names})


def read_training(
    path: str | Path,
    identity: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    optimisers: Mapping[str, optim.Optimizer],
    steps: int,
    told: Callable[..., Any],
) -> tuple[Saved, dict[str, Any]]:
    """What was written of a training, and the facts of its file.

    Args:
        path: The file.
        identity: What makes the training this one.
        weights: Of this training, for their names, shapes and dtypes.
        optimisers: Of this training, by name, for their parameters.
        steps: Of the whole training.
        told: Makes of a row's figures what is told of a validation.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, of another training, or a part of it is missing or impossible.
    """
    tensors, facts = read_tensors(path)
    with blaming(path, FOREIGN_TRAINING):
        _refuse_other_training(path, facts, identity)
        now, best = _part(tensors, "now"), _part(tensors, "best")
        for found in (now, best):
            refuse_other_tensors(path, found, weights, FOREIGN_TRAINING)
        states = {name: _part(tensors, name) for name in optimisers}
        for name, state in states.items():
            if sorted(state) != facts[name]:
                raise ValueError(f"it needs the tensors {facts[name]} of {name}")
        step = whole("step", facts["step"], least=0)
        if step > steps:
            raise ValueError(f"step must be at most {steps}, got {step}")
        score = facts["best"] if facts["best"] == -math.inf else real("best", facts["best"])
        curve = [told(*row) for row in _rows(facts["curve"])]
        skips = read_skips(facts.get("skips", []), step)
        remembered = {
            name: optimiser_state(optimiser, states[name]) for name, optimiser in optimisers.items()
        }
        saved = Saved(now, best, remembered, step, score, curve, skips)
        _check_progress(saved)
    return saved, facts


def _refuse_other_training(
    path: str | Path, facts: Mapping[str, Any], identity: Mapping[str, Any]
) -> None:
    for name, ours in identity.items():
        if facts.get(name) != ours:
            place, *values = _first_difference(name, facts.get(name), ours)
            there, here = _beside(*values)
            raise ValueError(
                f"{path} is of a training with {place} {there}, this one has {here}: go on as it "
                "was begun, or train in another folder."
            )


def _first_difference(place: str, theirs: Any, ours: Any) -> tuple[str, Any, Any]:
    """Where two plain values that differ do so first, and what stands there in each."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        pairs = [(name, theirs.get(name, ABSENT), ours.get(name, ABSENT)) for name in ours | theirs]
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = [(str(number), *pair) for number, pair in enumerate(zip(theirs, ours, strict=True))]
    else:
        return place, theirs, ours
    name, *values = next(pair for pair in pairs if pair[1] != pair[2])
    return _first_difference(f"{place} {name}", *values)


def _beside(theirs: Any, ours: Any) -> tuple[str, str]:
    """Two values as text. Products have long ones: what is shown begins shortly before the first
    character that differs.
    """
    texts = str(theirs), str(ours)
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False))
    start = max(len(list(alike)) - SHOWN_BEFORE, 0)
    first, second = (
        ("... " if start else "")
        + text[start : start + SHOWN_LENGTH]
        + (" ..." if len(text) > start + SHOWN_LENGTH else "")
        for text in texts
    )
    return first, second


def _rows(figures: Any) -> list[Any]:
    """The rows of a curve; plain iteration would take an empty text for an empty curve."""
    if not isinstance(figures, list):
        raise TypeError(f"a curve must be a list of rows, {figures!r} is not iterable as one")
    return figures


def _check_progress(saved: Saved) -> None:
    """Refuse a curve that no training draws, or a best score or optimiser that is not its own."""
    reached = [whole("a step of the curve", row.step, least=0) for row in saved.curve]
    if reached != sorted(set(reached)) or max(reached, default=0) > saved.step:
        raise ValueError(f"the curve's steps must rise to at most {saved.step}, got {reached}")
    best = -math.inf
    for row in saved.curve:
        for name, figure in row._asdict().items():
            if name != "loss" or figure is not None:  # steps that were all skipped have none
                real("a figure of the curve", figure)
        real("ordering", row.ordering, least=0.0, most=1.0)
        real("seconds", row.seconds, least=0.0)
        best = max(best, row.score)
        if row.best != best:
            raise ValueError(f"the best score of step {row.step} must be {best}, got {row.best}")
    if saved.score != best:
        raise ValueError(f"best must be {best}, as in the curve, got {saved.score}")
    stepped = saved.step > saved.skips.total
    if stepped and not all(optimiser["state"] for optimiser in saved.optimisers.values()):
        raise ValueError("it lacks what the optimiser remembers")


def _part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Those whose names begin so, without the beginning."""
    prefix = f"{name}/"
    return {
        whole_name.removeprefix(prefix): tensor
        for whole_name, tensor in tensors.items()
        if whole_name.startswith(prefix)
    }
