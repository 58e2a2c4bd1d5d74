"""The encoder of demand: causal convolutions, run once for all periods or period by period."""

from __future__ import annotations

from collections.abc import Iterator

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
        for dilation, old, new in self.layers():
            earlier, later = (x[::2], x[1::2]) if window else (x[:-dilation], x[dilation:])
            x = convolved(earlier, later, old, new)
        return x

    def layers(self) -> Iterator[tuple[int, nn.Module, nn.Module]]:
        """The dilation of every convolution, and what its earlier and its later tap go through."""
        return zip(DILATIONS, self.earlier, self.later, strict=True)


class PeriodByPeriod:
    """An encoder that takes one period after the other, for demand that is not known before the
    orders are: each period is encoded once, where windows that overlap would encode it in each.

    Args:
        encoder: Whose outputs it gives, but for rounding.
        before: ``[31, B, inputs]`` the periods before the first one.
    """

    def __init__(self, encoder: Encoder, before: Tensor) -> None:
        self._embed = encoder.embed
        self._kept: list[list[Tensor]] = []
        self._taps: list[tuple[Tensor, Tensor]] = []
        x = functional.elu(encoder.embed(before))
        for dilation, old, new in encoder.layers():
            self._kept.append(list(x[-dilation:].unbind()))
            weights = (layer.get_parameter("weight") for layer in (old, new))
            self._taps.append((torch.cat([*weights], 1), new.get_parameter("bias")))
            if len(x) > dilation:  # after the last convolution nothing is kept
                x = convolved(x[:-dilation], x[dilation:], old, new)

    def advance(self, x: Tensor) -> Tensor:
        """``[B, channels]`` the encoded window that ends with the next period ``[B, inputs]``."""
        x = functional.elu(self._embed(x))
        for kept, (weight, bias) in zip(self._kept, self._taps, strict=True):
            earlier = kept.pop(0)
            kept.append(x)
            # both taps in one product: of a single period, operations cost more than figures
            mixed = functional.linear(torch.cat([earlier, x], -1), weight, bias)
            x = functional.elu(mixed) + torch.lerp(earlier, x, 0.5)
        return x


def convolved(earlier: Tensor, later: Tensor, old: nn.Module, new: nn.Module) -> Tensor:
    """A convolution of two taps ``[N, B, channels]``, and beside it their mean."""
    mixed = torch.addmm(
        new(later).flatten(0, 1), earlier.flatten(0, 1), old.get_parameter("weight").T
    ).view_as(later)
    return functional.elu(mixed) + torch.lerp(earlier, later, 0.5)
