"""The network: an encoder of all demand, and a head that turns it and the stock into orders."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from inv_gym.agents.unsteady.histories import INPUTS, Histories
from inv_gym.products.unsteady import KNOWN_DEMANDS
from inv_gym.util.checks import whole

SMALL = 0.1
"""What the last layers' first weights are multiplied by."""
AGES = 3
"""Ages of outstanding orders, and lead times that are told apart, where they are drawn."""
EXPECTED_DELAY = 2
"""Periods, where lead times are drawn."""
ARRIVED_UNIT = 10.0
"""Orders, in which what has arrived is counted."""


@dataclass(frozen=True)
class UnsteadySizes:
    """Sizes of a network.

    Attributes:
        lead_time: Periods; None where each order draws its own.
        hidden: Units of each hidden layer.
        channels: Of the encoder.

    Raises:
        TypeError: A number is no whole number.
        ValueError: It is out of bounds.
    """

    lead_time: int | None = 0
    hidden: int = 64
    channels: int = 48

    def __post_init__(self) -> None:
        if self.lead_time is not None:
            whole("lead_time", self.lead_time, least=0, most=30)
        whole("hidden", self.hidden, least=1)
        whole("channels", self.channels, least=1)

    @property
    def delay(self) -> int:
        """Periods until an order is expected."""
        return EXPECTED_DELAY if self.lead_time is None else self.lead_time

    @property
    def state_features(self) -> int:
        """How many numbers tell the stock: none without lead time, as the level tells the order."""
        if self.lead_time is None:
            return 2 * (1 + AGES + 2) + AGES + 1
        return 2 * (self.lead_time + 2) if self.lead_time else 0


class Prepared(tuple[Tensor, Tensor, Tensor]):
    """``[T, B]`` scale and level, and ``[T, B, hidden]`` what the head needs beside the stock."""

    __slots__ = ()


class UnsteadyNetwork(nn.Module):
    """Levels from what was met, and orders from the level and the stock.

    Without lead time an order is what the stock lacks to the level. With one, it is about what the
    stock on hand and on order lacks, and what the projected stock lacks, half and half, and what a
    small network adds to it.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int, sizes: UnsteadySizes) -> None:
        super().__init__()
        self.sizes = sizes
        hidden = sizes.hidden
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.encoder = nn.GRU(INPUTS, sizes.channels)
        self.reader = nn.Sequential(
            nn.Linear(features + sizes.channels, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
        )
        self.level = _small(hidden, 1)
        if sizes.state_features:
            self.of_history = nn.Linear(hidden, hidden)
            self.of_state = nn.Linear(sizes.state_features, hidden, bias=False)
            self.inner = nn.Linear(hidden, hidden)
            self.added = _small(hidden, 1)

    def standardise(self, features: Tensor) -> None:
        """Take means and deviations of features ``[T, B, F]``, once, before training."""
        self.mean.copy_(features.mean((0, 1)))
        self.deviation.copy_(features.std((0, 1), correction=0) + 1e-3)

    def prepare(self, histories: Histories) -> Prepared:
        """All that does not depend on the network's own orders, for every period."""
        features = (histories.features() - self.mean) / self.deviation
        encoded = self.encoder(histories.inputs())[0][KNOWN_DEMANDS - 1 :]
        met = self.reader(torch.cat([features, encoded], -1))
        level = functional.softplus(self.level(met)[..., 0] + self.sizes.delay + 1.0)
        known = self.of_history(met) if self.sizes.state_features else met
        return Prepared((histories.scale, level, known))

    def order(self, prepared: Prepared, period: int, state: Tensor) -> Tensor:
        """``[B]`` units to order.

        Args:
            prepared: Of `prepare`.
            period: From 0 on.
            state: ``[B, S]`` units on hand with what is due now, and in the L - 1 periods after it;
                where lead times are drawn, on hand, and `AGES` columns of what is outstanding, by
                age, then how many orders arrived with each of `AGES` lead times, and how many were
                lost.
        """
        scale, level = (part[period] for part in prepared[:2])
        if not self.sizes.state_features:
            return (level * scale - state[:, 0]).clamp(min=0.0)
        position, projected, seen = self._stock(state, scale)
        inner = functional.silu(prepared[2][period] + self.of_state(seen))
        inner = functional.silu(self.inner(inner))
        lacking = level - 0.5 * position - 0.5 * (projected + self.sizes.delay)
        return (scale * (self.added(inner)[..., 0] + lacking)).clamp(min=0.0)

    def _stock(self, state: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``[B]`` stock on hand and on order, and what is projected to be left when an order
        arrives, in units of the scale, and ``[B, .]`` all that the head sees of the stock.
        """
        units = state[:, : 1 + AGES] if self.sizes.lead_time is None else state
        share = units / scale[:, None]
        position = share.sum(1)
        ahead = (
            list(share.T) if self.sizes.lead_time is not None else _expected_in_turn(share, state)
        )
        projected = torch.zeros_like(scale)
        for arriving in ahead:
            projected = (projected + arriving - 1.0).clamp(min=0.0)
        seen = torch.cat([share, torch.stack([position, projected], 1)], 1)
        parts = [seen, torch.log1p(seen)]
        if self.sizes.lead_time is None:
            parts.append(_reliability(state[:, 1 + AGES :]))
        return position, projected, torch.cat(parts, 1)


def _expected_in_turn(share: Tensor, state: Tensor) -> list[Tensor]:
    """``[B]`` what is on hand now and expected now, and what is expected later, in the unit of the
    shares ``[B, 1 + AGES]`` on hand and outstanding, from how often each lead time was seen.
    """
    seen = state[:, 1 + AGES : 1 + 2 * AGES]
    # an order that has been out for k periods has a lead time of k or more
    at_least = seen.flip(1).cumsum(1).flip(1)
    now = (share[:, 1:] * seen / at_least).sum(1)
    return [share[:, 0] + now, share[:, 1:].sum(1) - now]


def _reliability(counts: Tensor) -> Tensor:
    """``[B, AGES + 1]`` shares of the first lead times, how many orders arrived, share that was
    lost, of counts ``[B, AGES + 1]``.
    """
    arrived, lost = counts[:, :AGES], counts[:, AGES:]
    total = arrived.sum(1, keepdim=True)
    shares = arrived[:, : AGES - 1] / total
    return torch.cat([shares, torch.log(total / ARRIVED_UNIT), lost / (total + lost)], 1)


def _small(inputs: int, outputs: int) -> nn.Linear:
    """A layer with small weights, so that an untrained network orders by its level."""
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.mul_(SMALL)
        layer.bias.zero_()
    return layer
