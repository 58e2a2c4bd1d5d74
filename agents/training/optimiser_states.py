"""What an optimiser remembers, as tensors with names, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn, optim

NEVER_NEGATIVE = ("step", "exp_avg_sq", "max_exp_avg_sq", "square_avg")
"""Figures of optimisers that are counts or means of squares: a root is taken of them."""


def optimiser_tensors(optimiser: optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's state, by the parameter's number and the name of the figure."""
    states = optimiser.state_dict()["state"].items()
    return {
        f"{index}/{name}": torch.as_tensor(value)
        for index, state in states
        for name, value in state.items()
    }


def optimiser_state(optimiser: optim.Optimizer, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The optimiser's state, as its `load_state_dict` takes it, with what `optimiser_tensors` gave
    put in: of all parameters, or of none before the first step.

    Raises:
        ValueError: A figure of a parameter is missing, unknown, impossible, or has another shape or
            dtype.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state, kept = optimiser.state_dict(), _figures(optimiser)
    wanted = {f"{number}/{name}" for number in range(len(parameters)) for name in kept}
    if tensors and (odd := sorted(wanted ^ tensors.keys())):
        raise ValueError(f"{odd[0]} is missing or is no figure of this optimiser")
    for place, value in tensors.items():
        number, name = place.split("/")
        _check_figure(place, value, kept[name], parameters[int(number)])
        state["state"].setdefault(int(number), {})[name] = value
    return state


def _figures(optimiser: optim.Optimizer) -> dict[str, Tensor]:
    """What the optimiser remembers of a parameter after a step, here of a small matrix."""
    matrix = nn.Parameter(torch.zeros(1, 1))
    matrix.grad = torch.zeros(1, 1)
    probe = type(optimiser)([matrix], **optimiser.defaults)
    probe.step()
    return {name: torch.as_tensor(value) for name, value in probe.state[matrix].items()}


def _check_figure(place: str, value: Tensor, kept: Tensor, parameter: Tensor) -> None:
    """Refuse a figure that this optimiser cannot have kept of the parameter."""
    shape = parameter.shape if kept.shape else kept.shape
    if value.shape != shape:
        raise ValueError(f"{place} must have shape {tuple(shape)}, got {tuple(value.shape)}")
    if value.dtype != kept.dtype:
        raise ValueError(f"{place} must have dtype {kept.dtype}, got {value.dtype}")
    if place.rpartition("/")[2] in NEVER_NEGATIVE and (value < 0).any():
        raise ValueError(f"{place} must be at least 0, got {value.min().item()}")
