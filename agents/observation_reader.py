"""Reads an environment's flat observations in torch, for networks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from torch import Tensor, nn

from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.features import clock
from inv_gym.envs.observations import FlatObservations
from inv_gym.util.arrays import map_columns


class Reading(NamedTuple):
    """What observations of B products show; rows may be of different periods."""

    state: Any
    economics: Any
    scale: Tensor
    """``[B]``, units."""
    history: Tensor
    """``[H, B]``, units."""
    clock: Tensor
    """``[1, B, 2]``."""
    covariates: Tensor | None
    """``[1, B, C]``."""


class ObservationReader(nn.Module):
    """Takes observations ``[B, n]`` of the environment of an agent's problem apart."""

    times: Tensor

    def __init__(self, agent: InventoryAgent) -> None:
        super().__init__()
        self._flat = FlatObservations(agent.problem, agent.network.sizes.covariates)
        self.entries = len(self._flat.names)
        where = self._flat.read(
            np.arange(self.entries)[None]
        )  # an observation of the places of its entries
        self._columns = map_columns(
            lambda at: int(at[0]), (where.state, where.economics, where.scale)
        )
        self._covariates = None if where.covariates is None else where.covariates.ravel().tolist()
        self._horizon = agent.problem.horizon
        times = clock(agent.problem, range(self._horizon + 1), agent.network.like)
        self.register_buffer("times", times[:, 0])

    def forward(self, observation: Tensor) -> Reading:
        """Views of the observation's columns."""
        rows = observation.T
        state, economics, scale = map_columns(rows.__getitem__, self._columns)
        covariates = None if self._covariates is None else observation[None, :, self._covariates]
        period = ((1.0 - rows[-1]) * self._horizon).round().long().clamp(0, self._horizon)
        return Reading(
            state, economics, scale, rows[self._flat.history], self.times[period][None], covariates
        )
