"""A network that learns from a batch of products at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network.sizes import Sizes
from inv_gym.agents.network_inputs import NetworkInputs
from inv_gym.agents.training.batches import Batch
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.progress import DivergedError
from inv_gym.agents.training.rollout_loss import Loss
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import DRAW_BLOCK
from inv_gym.products.sources import ProductSource, short_histories


class Learner:
    """The network, its loss and its optimiser.

    Args:
        problems: What it learns.
        serves: Further problems that it takes.
        source: Where products come from.
        config: How to train.
        device: Where to compute.
        shared: Whether several processes share each batch.
        compiled: Whether to compile the whole rollout with its gradient into one graph.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        serves: Sequence[Problem],
        source: ProductSource,
        config: TrainingConfig,
        device: torch.device,
        shared: bool,
        compiled: bool,
    ) -> None:
        self._config = config
        with torch.random.fork_rng(devices=[]):  # the user's own random numbers stay as they are
            torch.manual_seed(config.seed)
            sizes = Sizes.of((*problems, *serves), source.covariate_names, short_histories(source))
            self.network = PolicyNetwork(sizes, config.network)
        self.network.static.fit(self._first_features(problems, source))
        self.network.to(device)
        self._loss: nn.Module = Loss(self.network, config)
        if shared:
            self._loss = DistributedDataParallel(self._loss)
        if compiled:
            self._loss.compile(mode="reduce-overhead" if device.type == "cuda" else None)
        self.optimiser = torch.optim.Adam(self.network.parameters())

    def _first_features(self, problems: Sequence[Problem], source: ProductSource) -> Tensor:
        """``[N, F]`` static features of some products of every problem."""
        samples = []
        for problem in problems:
            rng = np.random.default_rng([self._config.seed, 0])
            products = source.sample(rng, DRAW_BLOCK, problem)
            samples.append(NetworkInputs(problem, self.network).static_of(products))
        return torch.cat(samples)

    def learn(self, problem: Problem, batch: Batch, step: int) -> float:
        """Take the gradient step of a number on a batch (torch); its loss.

        Raises:
            DivergedError: The loss or its gradient is not finite; the weights are as they were.
        """
        value, norm = self._differentiate(problem, batch, step)
        if norm == 0.0:  # nothing is ordered anywhere
            with self.network.reviving():
                value, _ = self._differentiate(problem, batch, step)
        for group in self.optimiser.param_groups:
            group["lr"] = self._config.rate(step)
        self.optimiser.step()
        return value

    def _differentiate(self, problem: Problem, batch: Batch, step: int) -> tuple[float, float]:
        """The loss of a batch, and the norm of its gradient before it is clipped."""
        loss = self._loss(problem, batch)
        value = self._finite("loss", loss, step)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self._config.clip)
        return value, self._finite("gradient", norm, step)

    def _finite(self, what: str, figure: Tensor, step: int) -> float:
        if math.isfinite(value := float(figure.detach())):
            return value
        raise DivergedError(
            f"the {what} is {value} in step {step} (products of seed {[self._config.seed, step]}); "
            "the weights before it and the last checkpoint are kept: lower the learning rate, or "
            "look at the products."
        )

    def go_back(self, weights: Mapping[str, Tensor]) -> None:
        """Take up these weights, with an optimiser that remembers no gradient."""
        self.network.load_state_dict(weights)
        for moments in self.optimiser.state.values():
            for tensor in moments.values():
                tensor.zero_()

    def weights(self) -> dict[str, Tensor]:
        """A copy of the network's weights."""
        return {name: value.detach().clone() for name, value in self.network.state_dict().items()}
