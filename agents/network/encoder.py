"""The encoder of demand: causal convolutions, run once for all periods."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

DILATIONS = (1, 2, 4, 8, 16)


class Encoder(nn.Module):
    """Causal convolutions of kernel 2 over time-major demand ``[N + 31, B, inputs]``, giving
    ``[N, B, channels]``.

    Output n depends on inputs n .. n + 31 alone. A convolution of kernel 2 is two matrix products
    of shifted slices.
    Of a single window not all positions are needed: its pairs, the pairs of these and so on, a
    binary tree.
    """

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, channels)
        self.earlier = nn.ModuleList(nn.Linear(channels, channels, bias=False) for _ in DILATIONS)
        self.later = nn.ModuleList(nn.Linear(channels, channels) for _ in DILATIONS)

    def forward(self, x: Tensor) -> Tensor:
        """Encode every window of 32 periods."""
        window = len(x) == 1 + sum(DILATIONS)
        x = functional.elu(self.embed(x))
        for dilation, old, new in zip(DILATIONS, self.earlier, self.later, strict=True):
            earlier, later = (x[::2], x[1::2]) if window else (x[:-dilation], x[dilation:])
            mixed = torch.addmm(
                new(later).flatten(0, 1), earlier.flatten(0, 1), old.get_parameter("weight").T
            ).view_as(later)
            x = functional.elu(mixed) + torch.lerp(earlier, later, 0.5)
        return x
