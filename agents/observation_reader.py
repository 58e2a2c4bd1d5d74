"""Reads an environment's flat observations in torch, for networks."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from inv_gym.agents.network.features import clock
from inv_gym.agents.network.policy_network import PastPeriods
from inv_gym.agents.network_inputs import NetworkInputs
from inv_gym.envs.observations import FlatObservations
from inv_gym.products.batch import HISTORY
from inv_gym.products.earlier import Earlier
from inv_gym.products.sources import Extras
from inv_gym.util.arrays import unflatten


class Reading(NamedTuple):
    """What observations of B products show; rows may be of different periods."""

    state: Any
    economics: Any
    scale: Tensor
    """``[B]``, units."""
    past: PastPeriods
    """The H periods of the history."""
    clock: Tensor
    """``[1, B, 2]``."""
    covariates: Tensor | None
    """``[1, B, C]``."""
    earlier: Earlier | None
    """Columns ``[B]``."""


class ObservationReader(nn.Module):
    """Takes the observations ``[B, n]`` of a problem's environment apart.

    Args:
        inputs: Of the problem and the network that read them.
    """

    times: Tensor
    place: Tensor

    def __init__(self, inputs: NetworkInputs) -> None:
        super().__init__()
        self._problem, sizes = inputs.problem, inputs.network.sizes
        extras = Extras(sizes.short_histories, sizes.earlier, sizes.sold_out)
        shown = extras.shown_in(self._problem)
        self._flat = FlatObservations(self._problem, sizes.covariates, shown)
        self.entries = len(self._flat.names)
        times = clock(self._problem, range(self._problem.horizon + 1), inputs.network.like)
        self.register_buffer("times", times[:, 0])
        self.register_buffer("place", torch.arange(HISTORY)[:, None], persistent=False)

    def forward(self, observation: Tensor) -> Reading:
        """The observation's columns."""
        rows, flat, horizon = observation.T, self._flat, self._problem.horizon
        calendar = observation[None, :, flat.covariates]
        history = rows[flat.history]
        if flat.extras.short_histories:
            unknown = self.place < HISTORY - rows[flat.known_periods]
            history = history.masked_fill(unknown, torch.nan)
        period = ((1.0 - rows[-1]) * horizon).round().long().clamp(0, horizon)
        return Reading(
            unflatten(rows[flat.state], self._problem.initial_state(0.0)),
            self._problem.Economics(*rows[flat.economics]),
            rows[flat.scale],
            PastPeriods(
                history,
                rows[flat.sold_out] if flat.extras.sold_out else None,
                flat.by_period(rows[flat.past_covariates]) if flat.past_names else None,
            ),
            self.times[period][None],
            calendar if flat.covariate_names else None,
            Earlier(*rows[flat.earlier]) if flat.extras.earlier else None,
        )
