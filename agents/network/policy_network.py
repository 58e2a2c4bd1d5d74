"""The policy network: a causal encoder of demand, run once for all periods, and a small head, run
in each.

The architecture is that of the source paper as far as it is known (window 32, five causal
convolutions with dilations 1 to 16, an MLP with two hidden layers of 32, ELU). Our choices:
residual connections that average both taps, so that sums over the window (the sufficient statistics
of exchangeable demand) pass through linearly; a linear path beside the MLP that starts as an
order-up-to rule on the inventory position; input statistics fixed from the first products drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.network.constructed_head import (
    ConstructedHead,
    OneOrder,
    OrderOrRemoval,
    TwoSources,
)
from inv_gym.agents.network.encoder import Encoder
from inv_gym.agents.network.features import CLOCK_FEATURES, MEMORY_FEATURES, QUANTILES
from inv_gym.agents.network.plain_head import Head, NetAction, Quantities
from inv_gym.agents.network.sizes import Sizes
from inv_gym.util.arrays import known_or_zero


class Standardise(nn.Module):
    """Features less their mean, over their standard deviation, both fixed from a first sample."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))

    def fit(self, sample: Tensor) -> None:
        """Take the statistics of ``[N, features]``; a feature that never changes becomes 0."""
        self.mean.copy_(sample.mean(0))
        deviation = sample.std(0, correction=0)
        self.deviation.copy_(
            torch.where(deviation > 1e-4 * (1.0 + self.mean.abs()), deviation, 1.0)
        )

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return (x - self.mean) / self.deviation


class PastPeriods(NamedTuple):
    """What is seen of N past periods, in their order."""

    demand: Tensor
    """``[N, B]``, units, NaN where it is not known."""
    sold_out: Tensor | None = None
    """``[N, B]`` 1 in periods in which demand may have been larger, else 0; None where it was not,
    or where that is not told.
    """
    covariates: Tensor | None = None
    """``[N, B, C]`` those that the network sees of past periods, NaN where they are not known; None
    where none is.
    """

    def rows(self, periods: slice) -> PastPeriods:
        """Some of the periods."""
        sold_out, covariates = (
            None if column is None else column[periods]
            for column in (self.sold_out, self.covariates)
        )
        return PastPeriods(self.demand[periods], sold_out, covariates)


class PolicyNetwork(nn.Module):
    """Encoder, head and what turns its outputs into orders in units of the scale."""

    encoder: Encoder | None

    def __init__(self, sizes: Sizes, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.sizes, self.config = sizes, config or NetworkConfig()
        self._reviving = False
        channels, layout = self.config.channels, sizes.layout
        static = (1 + len(self.config.magnified)) * len(sizes.economics) + 1 + layout.described
        static += len(QUANTILES) if self.config.knows == "distribution" else 0
        inputs = 3 + sizes.short_histories + sizes.sold_out
        inputs += len(sizes.past_covariates)
        self.encoder = Encoder(inputs, channels) if self.config.knows == "history" else None
        self.remembers = self.encoder is not None and sizes.earlier
        self.static = Standardise(static)
        exogenous = (
            static
            + CLOCK_FEATURES
            + len(sizes.covariates)
            + (channels if self.encoder is not None else 0)
            + (MEMORY_FEATURES if self.remembers else 0)
        )
        self.features = exogenous
        if self.config.head == "constructed":
            self.head: Head | ConstructedHead = constructed(sizes, exogenous, self.config.hidden)
            self.orders: nn.Module = nn.Identity()
        else:
            orders = NetAction() if sizes.removes else Quantities(sizes.lead_times)
            head = Head(exogenous, layout.columns, self.config.hidden, len(sizes.order_names))
            head.begin_with(orders.path)
            self.head, self.orders = head, orders

    @property
    def like(self) -> Tensor:
        """A tensor of the dtype and device in which it computes."""
        return self.static.mean

    @property
    def output_layer(self) -> nn.Module:
        """The last layer of the head: what it gives becomes orders."""
        return self.head.layers[-1]

    def encode(self, past: PastPeriods, scale: Tensor) -> Tensor | None:
        """``[N, B, channels]`` from what is seen of ``N + 31`` periods and the scale ``[B]``,
        units; None for a network that knows the distribution instead.
        """
        if self.encoder is None:
            return None
        return self.encoder(self.encoder_inputs(past, scale))

    @property
    def advances(self) -> bool:
        """Whether demand may be encoded period by period, as by a network whose encoder is not one
        of the user's own.
        """
        return isinstance(self.encoder, Encoder) and type(self).encode is PolicyNetwork.encode

    def encoder_inputs(self, past: PastPeriods, scale: Tensor) -> Tensor:
        """``[N, B, inputs]`` of what is seen of N periods; see `encode`."""
        share = past.demand / scale
        unknown = share.isnan()
        # what is not known looks like the mean of what is
        share = share.masked_fill(unknown, 1.0)
        size = torch.log(scale).expand_as(share) / 4.0
        inputs = [share, torch.log1p(share), size]
        if self.sizes.short_histories:
            inputs.append(unknown.to(share))
        if self.sizes.sold_out:
            inputs.append(torch.zeros_like(share) if past.sold_out is None else past.sold_out)
        return torch.stack([*inputs, *self._covariates_of(past)], -1)

    def _covariates_of(self, past: PastPeriods) -> Iterable[Tensor]:
        """``[N, B]`` each covariate of past periods, 0 where it is not known."""
        if past.covariates is None:
            return [torch.zeros_like(past.demand)] * len(self.sizes.past_covariates)
        return known_or_zero(past.covariates).unbind(-1)

    def prepare(self, static: Tensor, clock: Tensor, *known: Tensor | None) -> Tensor:
        """What the head needs beside the state, for all periods.

        Args:
            static: ``[B, F]``, not standardised.
            clock: ``[T, 1, 2]``.
            known: ``[T, B, .]`` what is encoded of the history, the covariates, and what is
                remembered of the time before, each None if the network has none.
        """
        return self.head.prepare(self.exogenous(static, clock, *known))

    def exogenous(self, static: Tensor, clock: Tensor, *known: Tensor | None) -> list[Tensor]:
        """The parts of what the head sees beside the state, ``[T | 1, B | 1, F_i]``; arguments as
        in `prepare`.
        """
        encoded, covariates, memory = known
        parts = (covariates, encoded, memory)
        return [self.static(static), clock, *(part for part in parts if part is not None)]

    def unclipped(self, prepared: Tensor, state: Tensor) -> Tensor:
        """Orders ``[B, K]`` in units of the scale before they are cut off at 0, from one period and
        the state.
        """
        return self.orders(self.head(prepared, state))

    def forward(self, prepared: Tensor, state: Tensor) -> Tensor:
        """Orders ``[B, K]`` in units of the scale."""
        # While reviving, an order's gradient does not go on through the state to earlier orders: a
        # chain of orders that are cut off could let it grow without end.
        order = self.unclipped(prepared, state.detach() if self._reviving else state)
        within = order.clamp(min=0.0, max=self.config.most)
        if not self._reviving:
            return within
        beyond = order - within
        return within + (beyond - beyond.detach())

    def passes(self, order: Tensor, scale: Tensor) -> Tensor:
        """``[B, K]`` which of the orders, units, are not cut off: their gradient passes.

        Args:
            order: ``[B, K]`` what `forward` gave, times the scale.
            scale: ``[B]``.
        """
        most = self.config.most
        return order > 0.0 if most is None else (order > 0.0) & (order < most * scale[:, None])

    @contextmanager
    def reviving(self) -> Iterator[None]:
        """Let the gradient pass where orders are cut off, for as long as the context lasts.

        A network that orders nothing anywhere has no gradient and would never learn again.
        """
        self._reviving = True
        try:
            yield
        finally:
            self._reviving = False


def constructed(sizes: Sizes, exogenous: int, hidden: tuple[int, ...]) -> ConstructedHead:
    """The head that has the structure of the problem by construction."""
    if sizes.removes:
        return OrderOrRemoval(exogenous, hidden)
    if len(sizes.order_names) > 1:
        return TwoSources(exogenous, hidden, sizes.layout.columns, sizes.lead_times)
    return OneOrder(exogenous, hidden, sizes.layout.columns, *sizes.lead_times)
