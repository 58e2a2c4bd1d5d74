"""The plain head: an MLP with a linear path, and what turns its outputs into orders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from inv_gym.agents.network.constructed_head import (
    ORDERING_REACH,
    REMOVAL_GAP,
    first_layer,
)


class Head(nn.Module):
    """An MLP with a linear path beside it, on exogenous features (of all periods at once) and the
    state (of one).
    """

    def __init__(self, exogenous: int, state: int, hidden: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        first, *rest = hidden
        self.outputs = outputs
        self.exogenous = nn.Linear(exogenous, first + outputs)
        self.state = nn.Linear(state, first + outputs, bias=False)
        sizes = [first, *rest, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def begin_with(self, path: Sequence[tuple[float, float]]) -> None:
        """Make the linear path give each output a level and a slope on every column of the state;
        the MLP adds little.

        Args:
            path: ``(level, slope)`` per output; level 3 and slope -1 order up to an inventory
                position of 3.
        """
        levels, slopes = (
            self.exogenous.bias.new_tensor(values) for values in zip(*path, strict=True)
        )
        with torch.no_grad():
            self.state.weight[-self.outputs :] = slopes[:, None]
            self.exogenous.weight[-self.outputs :] = 0.0
            self.exogenous.bias[-self.outputs :] = levels
            for parameter in self.layers[-1].parameters():
                parameter.mul_(0.1)

    def prepare(self, parts: Sequence[Tensor]) -> Tensor:
        """The exogenous part of the first layer, ``[T, B, first + outputs]``."""
        return first_layer(self.exogenous, parts)

    def forward(self, prepared: Tensor, state: Tensor) -> Tensor:
        """``[B, outputs]`` from one period's exogenous part and the state ``[B, state]``."""
        mixed = torch.addmm(prepared, state, self.state.weight.T)
        x, path = mixed.split([mixed.shape[-1] - self.outputs, self.outputs], -1)
        for layer in self.layers:
            x = layer(functional.elu(x))
        return x + path


class Quantities(nn.Module):
    """Turns outputs into orders before they are cut off at 0; a slower channel counts what a faster
    one orders.

    They begin as orders up to the demand of the lead time and 1.5 periods more.
    """

    def __init__(self, lead_times: tuple[int, ...]) -> None:
        super().__init__()
        self.path = [(lead_time + ORDERING_REACH, -1.0) for lead_time in lead_times]
        self.channels = sorted(range(len(lead_times)), key=lambda k: lead_times[k])
        self.displaced = nn.ParameterList(torch.ones(()) for _ in lead_times[1:])

    def forward(self, outputs: Tensor) -> Tensor:
        """``[B, K]`` from ``[B, K]``."""
        columns = outputs.unbind(-1)
        orders: list[Any] = [None] * len(columns)
        fastest, *slower = self.channels
        orders[fastest] = columns[fastest]
        ordered: Any = 0.0
        for faster, k, displaced in zip(self.channels, slower, self.displaced, strict=False):
            ordered = ordered + orders[faster].clamp(min=0.0)
            orders[k] = columns[k] - displaced * ordered
        return torch.stack(orders, -1)


class NetAction(nn.Module):
    """Turns two outputs into an order or a removal before they are cut off at 0: never both are
    positive.

    The first output is ordered where it is positive; what lies further below 0 than the gap, which
    the second one gives, is removed. They begin as an interval from 1.5 to 6.5 periods' demand.
    """

    path = ((ORDERING_REACH, -1.0), (REMOVAL_GAP, 0.0))

    def forward(self, outputs: Tensor) -> Tensor:
        """``[B, 2]`` from ``[B, 2]``."""
        action, gap = outputs.unbind(-1)
        return torch.stack([action, -action - functional.softplus(gap)], -1)
