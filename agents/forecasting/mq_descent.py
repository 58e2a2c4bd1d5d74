"""How MQ-RNN learns: gradient descent on the pinball loss, and the average of its weights."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from inv_gym.agents.forecasting.grid import LEVELS
from inv_gym.agents.forecasting.mq_network import MQNetwork
from inv_gym.agents.forecasting.origins import Origins
from inv_gym.products.batch import HISTORY

AVERAGED = 0.95
"""What the average of the weights keeps of itself in each step."""
WEIGHT_DECAY = 0.01
"""Of AdamW."""
GRADIENT_NORM = 1.0
"""Largest norm of a gradient."""


class Descent:
    """Steps of gradient descent, and the average of a network's weights over the last of them.

    Args:
        network: What learns.
        learning_rate: At the start; it falls to 0 as half a cosine.
        steps: In all.
    """

    def __init__(self, network: MQNetwork, learning_rate: float, steps: int) -> None:
        self._network = network
        self._average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))
        self._average.eval()
        self._optimiser = torch.optim.AdamW(
            network.parameters(), learning_rate, weight_decay=WEIGHT_DECAY
        )
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self._optimiser, steps)

    @property
    def averaged(self) -> MQNetwork:
        """The network with the averaged weights, which leaves no units out."""
        return cast(MQNetwork, self._average.module)

    def step(self, origins: Origins) -> None:
        """Learn from origins."""
        loss = pinball(self._network, origins)
        self._optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), GRADIENT_NORM)
        self._optimiser.step()
        self._schedule.step()
        self._average.update_parameters(self._network)


def pinball(network: MQNetwork, origins: Origins) -> Tensor:
    """The mean pinball loss over origins, periods ahead, both targets and all levels, in units of
    each origin's scale (times the periods summed).
    """
    scale = torch.as_tensor(origins.scale, dtype=torch.float32)
    number, horizon = origins.number, origins.horizon
    demand = torch.as_tensor(origins.demand[: HISTORY + number - 1], dtype=torch.float32)
    before, ahead = None, None
    if origins.covariates is not None:
        known = origins.covariates[: HISTORY + number - 1]
        before = torch.as_tensor(known, dtype=torch.float32)
        ahead = torch.as_tensor(origins.known_ahead, dtype=torch.float32)
    given = network(demand, scale, before, ahead)
    targets = torch.as_tensor(origins.targets, dtype=torch.float32) / scale[..., None, None]
    summed: Any = torch.arange(1, horizon + 1, dtype=torch.float32)
    units = torch.stack([torch.ones(horizon), summed], -1)
    miss = (targets / units)[..., None] - given
    levels = torch.tensor(LEVELS)
    return torch.maximum(levels * miss, (levels - 1.0) * miss).mean()
