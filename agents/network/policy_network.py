"""The policy network: a causal encoder of demand, run once for all periods, and a small head, run
in each.

The architecture is that of the source paper as far as it is known (window 32, five causal
convolutions with dilations 1 to 16, an MLP with two hidden layers of 32, ELU). Our choices:
residual connections that average both taps, so that sums over the window (the sufficient statistics
of exchangeable demand) pass through linearly; a linear path beside the MLP that starts as an
order-up-to rule on the inventory position; input statistics fixed from the first products drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from inv_gym.agents.network.constructed_head import (
    ORDERING_REACH,
    REMOVAL_GAP,
    ConstructedHead,
    OneOrder,
    OrderOrRemoval,
    TwoSources,
    first_layer,
)
from inv_gym.agents.network.features import CLOCK_FEATURES, QUANTILES, StateLayout
from inv_gym.problems.problem import Problem
from inv_gym.util.checks import one_of, real, whole

DILATIONS = (1, 2, 4, 8, 16)
KNOWS = ("history", "distribution")
HEADS = ("plain", "constructed")


@dataclass(frozen=True)
class NetworkConfig:
    """Size and input of a policy network.

    Attributes:
        knows: ``history``, or ``distribution``: quantiles of the true distribution in place of the
            demand history.
        channels: Of the encoder.
        hidden: Units of the head's hidden layers.
        head: ``plain``, or ``constructed``: orders have the structure of optimal ones for every
            input.
        most: The largest order, in units of the scale; None: no limit.
    """

    knows: str = "history"
    channels: int = 16
    hidden: tuple[int, ...] = (32, 32)
    head: str = "plain"
    most: float | None = None

    def __post_init__(self) -> None:
        one_of("knows", self.knows, KNOWS)
        one_of("head", self.head, HEADS)
        whole("channels", self.channels, least=1)
        if self.most is not None and real("most", self.most) <= 0.0:
            raise ValueError(f"most must be above 0, got {self.most}; None means no limit.")
        if isinstance(self.hidden, str) or not isinstance(self.hidden, Sequence):
            raise TypeError(f"hidden must be a sequence of whole numbers, got {self.hidden!r}.")
        object.__setattr__(
            self, "hidden", tuple(whole("hidden", units, least=1) for units in self.hidden)
        )
        if not self.hidden:
            raise ValueError("hidden must have at least one layer, got none.")


def check_network(network: Any) -> None:
    """Refuse what is no `NetworkConfig`.

    Raises:
        TypeError: It is something else; the message shows how to write one.
    """
    if not isinstance(network, NetworkConfig):
        raise TypeError(
            f"network must be a NetworkConfig, such as NetworkConfig(channels=8), got {network!r}."
        )


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


@dataclass(frozen=True)
class Sizes:
    """What the shapes of a network depend on, beside its configuration."""

    layout: StateLayout
    economics: tuple[str, ...]
    covariates: tuple[str, ...]
    order_names: tuple[str, ...]
    lead_times: tuple[int, ...]

    @property
    def removes(self) -> bool:
        """Whether the second channel takes stock away."""
        return self.order_names == ("order", "removal")

    @classmethod
    def of(cls, problems: Sequence[Problem], covariates: Sequence[str] = ()) -> Sizes:
        """For these problems, with covariates of these names."""
        one = problems[0]
        return cls(
            StateLayout.of(problems),
            one.Economics._fields,
            tuple(covariates),
            one.order_names,
            one.lead_times,
        )


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


class PolicyNetwork(nn.Module):
    """Encoder, head and what turns its outputs into orders in units of the scale."""

    encoder: Encoder | None

    def __init__(self, sizes: Sizes, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.sizes, self.config = sizes, config or NetworkConfig()
        self._reviving = False
        channels, layout = self.config.channels, sizes.layout
        static = 2 * len(sizes.economics) + 1 + len(layout.structure)
        static += len(QUANTILES) if self.config.knows == "distribution" else 0
        self.encoder = Encoder(3, channels) if self.config.knows == "history" else None
        self.static = Standardise(static)
        exogenous = (
            static
            + CLOCK_FEATURES
            + len(sizes.covariates)
            + (channels if self.encoder is not None else 0)
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

    def encode(self, demand: Tensor, scale: Tensor) -> Tensor | None:
        """``[N, B, channels]`` from demand ``[N + 31, B]``, units; None for a network that knows
        the distribution instead.
        """
        if self.encoder is None:
            return None
        share = demand / scale
        size = torch.log(scale).expand_as(share) / 4.0
        return self.encoder(torch.stack([share, torch.log1p(share), size], -1))

    def prepare(
        self, static: Tensor, clock: Tensor, encoded: Tensor | None, covariates: Tensor | None
    ) -> Tensor:
        """What the head needs beside the state, for all periods.

        Args:
            static: ``[B, F]``, not standardised.
            clock: ``[T, 1, 2]``.
            encoded: ``[T, B, channels]`` or None.
            covariates: ``[T, B, C]`` or None.
        """
        return self.head.prepare(self.exogenous(static, clock, encoded, covariates))

    def exogenous(
        self, static: Tensor, clock: Tensor, encoded: Tensor | None, covariates: Tensor | None
    ) -> list[Tensor]:
        """The parts of what the head sees beside the state, ``[T | 1, B | 1, F_i]``; arguments as
        in `prepare`.
        """
        return [self.static(static), clock, *(x for x in (covariates, encoded) if x is not None)]

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
