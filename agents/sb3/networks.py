"""DirectBackprop's network in stable-baselines3: its features for every algorithm, and its head for
the actor.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network.sizes import Sizes
from inv_gym.agents.network_inputs import NetworkInputs
from inv_gym.agents.observation_reader import ObservationReader
from inv_gym.agents.sb3.scaled_orders import ScaledOrders, scale_of
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.sources import NO_EXTRAS, Extras


class NetworkFeatures(BaseFeaturesExtractor):
    """What DirectBackprop's head sees, from an environment's observations: exogenous features and
    state, scale-free.

    A network that knows the distribution is for a single instance: an observation does not show the
    distribution, which is kept here.

    Args:
        observation_space: Of the environment.
        problem: The environment's.
        covariate_names: Of its products.
        config: Size and input of the network.
        extras: What its products may have.
    """

    known_static: Tensor
    known_scale: Tensor

    def __init__(
        self,
        observation_space: spaces.Box,
        problem: Problem,
        covariate_names: tuple[str, ...],
        config: NetworkConfig,
        extras: Extras = NO_EXTRAS,
    ) -> None:
        sizes = Sizes.of((problem,), covariate_names, extras)
        network = PolicyNetwork(sizes, config)
        super().__init__(observation_space, network.features + network.sizes.layout.columns)
        self.network = network
        self._inputs = NetworkInputs(problem, network)
        self._read = ObservationReader(self._inputs)
        self.register_buffer("known_static", network.static.mean[None].clone())
        self.register_buffer("known_scale", torch.ones(1))

    def fit(self, products: Products) -> None:
        """Take the statistics of the static features of some products.

        Raises:
            ValueError: The network knows the distribution, and these products do not share one.
        """
        static = self._inputs.static_of(products)
        self.network.static.fit(static)
        if self._inputs.knows == "distribution":
            if not torch.equal(static, static[:1].expand_as(static)):
                raise ValueError(
                    "an observation does not show the distribution: knows='distribution' is "
                    "for single "
                    "instances."
                )
            self.known_static.copy_(static[:1])
            self.known_scale.fill_(float(scale_of(products, "distribution")[0]))

    def forward(self, observations: Tensor) -> Tensor:
        """``[B, features]`` of observations ``[B, n]``."""
        state, economics, scale, past, clock, covariates, earlier = self._read(observations)
        if self._inputs.knows == "distribution":
            scale, static = self.known_scale.expand_as(scale), self.known_static
        else:
            static = self._inputs.static(economics, scale)
        encoded = self.network.encode(past, scale)
        memory = self._inputs.memory(past.demand, scale, earlier)
        parts = self.network.exogenous(static, clock, encoded, covariates, memory)
        columns = self._inputs.columns(state, scale)
        return torch.cat([*(part.expand(1, len(scale), -1)[0] for part in parts), columns], -1)


class ActorAndCritic(nn.Module):
    """The network's head as the actor, and an MLP of the same sizes as the critic."""

    def __init__(self, network: PolicyNetwork, features: int) -> None:
        super().__init__()
        self.head, self._split = network.head, [network.features, features - network.features]
        self.latent_dim_pi, self.latent_dim_vf = (
            len(network.sizes.order_names),
            network.config.hidden[-1],
        )
        layers = [
            (nn.Linear(a, b), nn.ELU()) for a, b in pairwise([features, *network.config.hidden])
        ]
        self.critic = nn.Sequential(*(part for layer in layers for part in layer))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The head's outputs ``[B, K]`` and what the value is a linear function of."""
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Tensor) -> Tensor:
        """The head's outputs ``[B, K]``."""
        exogenous, state = features.split(self._split, -1)
        return self.head(self.head.prepare([exogenous]), state)

    def forward_critic(self, features: Tensor) -> Tensor:
        """What the value is a linear function of, ``[B, hidden]``."""
        return self.critic(features)


class MeanActions(nn.Module):
    """The mean actions that stand for what the head's outputs order."""

    def __init__(self, orders: nn.Module, space: ScaledOrders) -> None:
        super().__init__()
        self.orders, self._space = orders, space

    def forward(self, outputs: Tensor) -> Tensor:
        """``[B, K]``; below -1 where less than nothing is ordered."""
        return self._space.actions(self.orders(outputs))


class InventoryActorCritic(ActorCriticPolicy):
    """An actor that is DirectBackprop's network, exploring around its orders before they are cut
    off at 0.

    So it begins, as that network does, as a base-stock policy, and what was trained is an
    `InventoryAgent`. Needs `NetworkFeatures` as its features extractor and `ScaledOrders` as its
    action space.
    """

    features_extractor: NetworkFeatures
    action_space: ScaledOrders

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor: Any = ActorAndCritic(self.features_extractor.network, self.features_dim)

    def _build(self, lr_schedule: Any) -> None:
        self.ortho_init = False  # it would undo the head's start
        super()._build(lr_schedule)
        self.action_net = MeanActions(self.features_extractor.network.orders, self.action_space)
        optimiser: Any = self.optimizer_class
        self.optimizer = optimiser(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)
