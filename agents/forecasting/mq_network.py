"""The network of MQ-RNN (Wen et al., 2017): an encoder, and global and local decoders."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from inv_gym.agents.network.encoder import DILATIONS, Encoder
from inv_gym.util.checks import one_of, whole

ENCODERS = ("lstm", "causal")
FIRST_SPREAD = 0.05
"""What the steps between quantiles are before training, in units of the scale."""
CONTEXT = 8
"""Numbers that the global decoder gives each period ahead."""
WINDOW = 1 + sum(DILATIONS)
"""Periods of history, H."""
FRESH = 2
"""Numbers that tell an origin's scale."""
SEASON = 7
"""Periods after which demand may repeat."""
SEASONS = 4
"""Periods of the target's place in the season that are looked at."""
LAST_PERIODS = 3
"""Single periods before the origin that are looked at."""
MEAN_WINDOWS = (4, 7, 14, 28, WINDOW)
"""Periods before the origin whose mean is looked at."""
CHANGE_LAGS = (1, SEASON)
"""Periods apart whose demands are compared, to see how unsteady demand is of late."""
CHANGE_WINDOWS = (7, WINDOW - SEASON)
"""Periods before the origin over which such changes are averaged."""
CHANGES = len(CHANGE_LAGS) * len(CHANGE_WINDOWS)
DROPPED = 0.1
"""Share of the local decoder's hidden units that is left out in a training step: few years of days
would be learned by heart.
"""
BINS = 16
"""Parts of [-1, 1] that a covariate is seen in too, as those of the calendar turn fast."""
POINTS = SEASONS + 1 + LAST_PERIODS + len(MEAN_WINDOWS)
"""What a quantile may start from."""


@dataclass(frozen=True)
class MQConfig:
    """Size of a network.

    Attributes:
        encoder: ``lstm``, or ``causal``: the convolutions of the policy networks.
        channels: Of the encoder.
        hidden: Units of a hidden layer of the decoders.

    Raises:
        TypeError: A number is no whole number.
        ValueError: The encoder is unknown, or a number is below 1.
    """

    encoder: str = "lstm"
    channels: int = 32
    hidden: int = 64

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
    ahead and one for all. The local decoder sees these, what is encoded, the period's own
    covariates, and the demand of the periods that resemble it (see `points_of`). It weights the
    latter to a point, and gives the lowest quantile, relative to the point, and the steps between
    quantiles, which are above 0, so that quantiles cannot cross.

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
        known = channels + FRESH + CHANGES
        self.globally = nn.Sequential(
            nn.Linear(known + horizon * covariates, hidden),
            nn.ELU(),
            nn.Linear(hidden, (horizon + 1) * CONTEXT),
        )
        self.locally = nn.Sequential(
            nn.Linear(known + 2 * CONTEXT + covariates * (1 + BINS) + 2 * POINTS, hidden),
            nn.ELU(),
            nn.Dropout(DROPPED),
            nn.Linear(hidden, hidden),
            nn.ELU(),
            nn.Dropout(DROPPED),
            nn.Linear(hidden, 2 * (POINTS + levels)),
        )
        last = self.locally[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.mul_(0.1)
            bias = last.bias.view(2, POINTS + levels)
            bias[:, :POINTS] = 0.0
            bias[:, POINTS] = -FIRST_SPREAD * (levels - 1) / 2
            bias[:, POINTS + 1 :] = math.log(math.expm1(FIRST_SPREAD))

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
        # what is the same for all periods ahead
        encoded = self._encode(demand, scale, before)
        known = torch.cat([encoded, self._fresh(scale), changes_of(demand, scale)], -1)
        n, b = scale.shape
        parts = [known] if ahead is None else [known, ahead.flatten(2)]
        context = self.globally(torch.cat(parts, -1)).view(n, b, self.horizon + 1, CONTEXT)
        common = torch.cat([known, context[:, :, -1]], -1)[:, :, None]
        common = common.expand(n, b, self.horizon, common.shape[-1])

        # what is a period's own
        points = points_of(demand, scale, self.horizon)
        own = [common, context[:, :, :-1], torch.log1p(points).flatten(3)]
        own += [] if ahead is None else [ahead, binned(ahead)]
        raw = self.locally(torch.cat(own, -1)).view(n, b, self.horizon, 2, -1)

        # quantiles around a mean of the points
        point = (raw[..., :POINTS].softmax(-1) * points).sum(-1, keepdim=True)
        lowest = point + raw[..., POINTS : POINTS + 1]
        steps = functional.softplus(raw[..., POINTS + 1 :])
        return torch.cat([lowest, steps], -1).cumsum(-1)

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


def points_of(demand: Tensor, scale: Tensor, horizon: int) -> Tensor:
    """``[N, B, K, 2, POINTS]`` demand that resembles that of each period ahead, and (mean of a
    period) that of all up to it, in units of each origin's scale: one to four seasons before it
    with their mean, the last periods, and means of the last ones. What is not known is the mean.

    Args:
        demand: ``[N + 31, B]`` units, NaN where it is not known.
        scale: ``[N, B]`` units.
        horizon: Periods ahead, K.
    """
    share = demand.unfold(0, WINDOW, 1) / scale[..., None]
    share = share.masked_fill(share.isnan(), 1.0)
    # of each period ahead, the positions of the latest periods of its place in the season
    ahead = torch.arange(horizon, device=share.device)[:, None]
    back = SEASON * (torch.arange(SEASONS, device=share.device) + 1) - ahead % SEASON
    seasonal = share[..., WINDOW - back]
    level = [share[..., -LAST_PERIODS:]]
    level += [share[..., -window:].mean(-1, keepdim=True) for window in MEAN_WINDOWS]
    recent = torch.cat(level, -1)[:, :, None].expand(-1, -1, horizon, -1)
    points = torch.cat([seasonal, seasonal.mean(-1, keepdim=True), recent], -1)
    number = torch.arange(1, horizon + 1, device=share.device)[:, None]
    return torch.stack([points, points.cumsum(2) / number], 3)


def changes_of(demand: Tensor, scale: Tensor) -> Tensor:
    """``[N, B, CHANGES]`` how far demand was of late from that of the period before, and of the
    season before: means of absolute differences, in units of each origin's scale, on a logarithmic
    scale. They tell how wide a forecast has to be. Pairs that are not known count as 0.

    Args:
        demand: ``[N + 31, B]`` units, NaN where it is not known.
        scale: ``[N, B]`` units.
    """
    share = demand.unfold(0, WINDOW, 1) / scale[..., None]
    means = []
    for lag in CHANGE_LAGS:
        change = (share[..., lag:] - share[..., :-lag]).abs().nan_to_num()
        means += [change[..., -window:].mean(-1) for window in CHANGE_WINDOWS]
    return torch.log1p(torch.stack(means, -1))


def binned(covariates: Tensor) -> Tensor:
    """``[..., C * BINS]`` how far each covariate ``[..., C]`` reaches into each part of [-1, 1],
    from 0 to 1: what a layer makes of it is any piecewise linear function.
    """
    edges = torch.linspace(-1.0, 1.0, BINS + 1, dtype=covariates.dtype, device=covariates.device)
    reach = (covariates[..., None] - edges[:-1]) * (BINS / 2.0)
    return reach.clamp(0.0, 1.0).flatten(-2)
