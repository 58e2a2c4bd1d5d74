"""The network of MQ-RNN (Wen et al., 2017): an encoder, and global and local decoders."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from inv_gym.agents.network.encoder import DILATIONS, Encoder
from inv_gym.util.checks import one_of, whole

ENCODERS = ("lstm", "causal")
FIRST_SPREAD = -1.5
"""What the steps between quantiles are before training, as an argument of softplus."""
CONTEXT = 8
"""Numbers that the global decoder gives each period ahead."""
WINDOW = 1 + sum(DILATIONS)
"""Periods of history, H."""
FRESH = 2
"""Numbers that tell an origin's scale."""


@dataclass(frozen=True)
class MQConfig:
    """Size of a network.

    Attributes:
        encoder: ``lstm``, or ``causal``: the convolutions of the policy networks.
        channels: Of the encoder.
        hidden: Units of the hidden layer of each decoder.

    Raises:
        TypeError: A number is no whole number.
        ValueError: The encoder is unknown, or a number is below 1.
    """

    encoder: str = "lstm"
    channels: int = 32
    hidden: int = 32

    def __post_init__(self) -> None:
        one_of("encoder", self.encoder, ENCODERS)
        whole("channels", self.channels, least=1)
        whole("hidden", self.hidden, least=1)


class RecurrentEncoder(nn.Module):
    """An LSTM over time-major demand ``[N + 31, B, inputs]``, giving ``[N, B, channels]``: what it
    knows before each of N origins.
    """

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Encode what lies before each origin."""
        return self.lstm(x)[0][WINDOW - 1 :]


class MQNetwork(nn.Module):
    """Quantiles of the periods ahead of every origin, and of all up to each together.

    The global decoder turns what is encoded and all covariates ahead into a context per period
    ahead and one for all; the local decoder turns these, what is encoded, and the period's own
    covariates, into the quantiles. They are the lowest one and steps that are above 0, so that they
    cannot cross.

    Args:
        covariates: C, known ahead.
        horizon: Periods ahead, K.
        levels: Quantiles, Q.
        config: Sizes.
    """

    def __init__(self, covariates: int, horizon: int, levels: int, config: MQConfig) -> None:
        super().__init__()
        self.horizon = horizon
        channels, hidden = config.channels, config.hidden
        kind = RecurrentEncoder if config.encoder == "lstm" else Encoder
        self.encoder = kind(3 + covariates, channels)
        known = channels + FRESH
        self.globally = nn.Sequential(
            nn.Linear(known + horizon * covariates, hidden),
            nn.ELU(),
            nn.Linear(hidden, (horizon + 1) * CONTEXT),
        )
        self.locally = nn.Sequential(
            nn.Linear(known + 2 * CONTEXT + covariates, hidden),
            nn.ELU(),
            nn.Linear(hidden, 2 * levels),
        )
        last = self.locally[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.view(2, levels)[:, 1:] = FIRST_SPREAD
            last.bias.view(2, levels)[:, 0] = 0.0

    def forward(
        self, demand: Tensor, scale: Tensor, before: Tensor | None, ahead: Tensor | None
    ) -> Tensor:
        """``[N, B, K, 2, Q]`` quantiles in units of each origin's scale; those of sums in units of
        the scale times the periods summed.

        Args:
            demand: ``[N + 31, B]`` units, NaN where it is not known.
            scale: ``[N, B]`` units.
            before: ``[N + 31, B, C]`` covariates of these periods, or None.
            ahead: ``[N, B, K, C]`` covariates ahead of each origin, or None.
        """
        encoded = self._encode(demand, scale, before)
        known = torch.cat([encoded, self._fresh(scale)], -1)
        n, b = scale.shape
        parts = [known] if ahead is None else [known, ahead.flatten(2)]
        context = self.globally(torch.cat(parts, -1)).view(n, b, self.horizon + 1, CONTEXT)
        common = torch.cat([known, context[:, :, -1]], -1)[:, :, None]
        common = common.expand(n, b, self.horizon, common.shape[-1])
        own = [common, context[:, :, :-1]] + ([] if ahead is None else [ahead])
        raw = self.locally(torch.cat(own, -1)).view(n, b, self.horizon, 2, -1)
        steps = functional.softplus(raw[..., 1:])
        return torch.cat([raw[..., :1], steps], -1).cumsum(-1)

    def _encode(self, demand: Tensor, scale: Tensor, before: Tensor | None) -> Tensor:
        """``[N, B, channels]``; demand is seen in units of the first origin's scale."""
        share = demand / scale[0]
        unknown = share.isnan()
        share = share.masked_fill(unknown, 1.0)
        inputs = [torch.stack([share, torch.log1p(share), unknown.to(share)], -1)]
        if before is not None:
            inputs.append(before.nan_to_num())
        return self.encoder(torch.cat(inputs, -1))

    @staticmethod
    def _fresh(scale: Tensor) -> Tensor:
        """``[N, B, 2]`` the size of each origin, and what it is beside that of the first."""
        size = torch.log(scale)
        return torch.stack([size / 4.0, size - size[0]], -1)
