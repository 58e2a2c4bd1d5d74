"""A network that learns from a batch of products at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network.sizes import Sizes
from inv_gym.agents.network_inputs import NetworkInputs
from inv_gym.agents.training.batches import Batch
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.optimisers import optimisers_of
from inv_gym.agents.training.rollout_loss import Loss
from inv_gym.agents.training.skips import NotFiniteError
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import DRAW_BLOCK
from inv_gym.products.sources import ProductSource, extras_of

Architecture: TypeAlias = Callable[[Sizes, NetworkConfig], PolicyNetwork]
"""Makes a network with random weights."""


class Learner:
    """The network, its loss and its optimisers.

    Args:
        problems: What it learns.
        serves: Further problems that it takes.
        source: Where products come from.
        config: How to train.
        device: Where to compute.
        shared: Whether several processes share each batch.
        compiled: Whether to compile the whole rollout with its gradient into one graph.
        start: The network that it begins with a copy of; None for a fresh one.
        architecture: Makes a fresh one.
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
        start: PolicyNetwork | None = None,
        architecture: Architecture = PolicyNetwork,
    ) -> None:
        self._architecture = architecture
        self._config, self._shared = config, shared
        if start is None:
            self.network = self._fresh(problems, serves, source)
        else:
            self.network = copy.deepcopy(start).float().requires_grad_(True)
        self.network.to(device)
        self._loss: nn.Module = Loss(self.network, config)
        if shared:
            self._loss = DistributedDataParallel(self._loss)
        if compiled:
            backend = "cudagraphs" if device.type == "cuda" else "inductor"
            self._loss.compile(backend=backend, dynamic=False)
        self.optimisers = optimisers_of(self.network, config.optimiser)

    def _fresh(
        self, problems: Sequence[Problem], serves: Sequence[Problem], source: ProductSource
    ) -> PolicyNetwork:
        """A network with random weights, and the statistics of some products."""
        with torch.random.fork_rng(devices=[]):  # the user's own random numbers stay as they are
            torch.manual_seed(self._config.seed)
            extras = extras_of(source)
            sizes = Sizes.of((*problems, *serves), source.covariate_names, extras)
            network = self._architecture(sizes, self._config.network)
        if not isinstance(network, PolicyNetwork):
            raise TypeError(
                "network(sizes, config) must return a PolicyNetwork, as a subclass of it, got "
                f"{type(network).__name__}."
            )
        network.static.fit(self._first_features(network, problems, source))
        return network

    def _first_features(
        self, network: PolicyNetwork, problems: Sequence[Problem], source: ProductSource
    ) -> Tensor:
        """``[N, F]`` static features of some products of every problem."""
        samples = []
        for problem in problems:
            rng = np.random.default_rng([self._config.seed, 0])
            products = source.sample(rng, DRAW_BLOCK, problem)
            samples.append(NetworkInputs(problem, network).static_of(products))
        return torch.cat(samples)

    def learn(self, problem: Problem, batch: Batch, step: int, rate: float = 1.0) -> float:
        """Take the gradient step of a number on a batch (torch); its loss.

        Args:
            problem: What is played.
            batch: The products, of which this process has its share.
            step: Its number.
            rate: What is left of the learning rate.

        Raises:
            NotFiniteError: The loss or its gradient is not finite; the weights are as they were.
        """
        loss, norm, alive = self._differentiate(problem, batch)
        if norm == 0.0 or not alive:  # all orders are cut off, whatever the penalty says
            with self.network.reviving():
                loss, norm, _ = self._differentiate(problem, batch)
        self._refuse_not_finite(loss, norm, step)
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = rate * self._config.rate(step)
            optimiser.step()
        return float(loss)

    def _differentiate(self, problem: Problem, batch: Batch) -> tuple[Tensor, Tensor, bool]:
        """The loss of a batch, the norm of its gradient before it is clipped, and whether its
        rewards have a gradient in any process.
        """
        loss, alive = self._loss(problem, batch)
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self._config.clip)
        return loss.detach(), norm, bool(self._of_all(alive.to(loss.dtype)) > 0.0)

    def _refuse_not_finite(self, loss: Tensor, norm: Tensor, step: int) -> None:
        """Refuse a step in all processes if its loss is not finite in one of them.

        The gradient is the same in all.
        """
        for what, figure in (("loss", self._of_all(loss)), ("gradient", norm)):
            if not figure.isfinite():
                raise NotFiniteError(
                    f"the {what} is {float(figure)} in step {step} (products of seed "
                    f"{[self._config.seed, step]})"
                )

    def _of_all(self, figure: Tensor) -> Tensor:
        """The sum of a figure over the processes."""
        if not self._shared:
            return figure
        total = figure.detach().clone()
        dist.all_reduce(total)
        return total

    def is_finite(self) -> bool:
        """Whether all weights and all that the optimisers remember are finite."""
        return all(bool(tensor.isfinite().all()) for tensor in self._tensors())

    def _tensors(self) -> Iterator[Tensor]:
        yield from self.network.state_dict().values()
        yield from self._remembered()

    def _remembered(self) -> Iterator[Tensor]:
        """What the optimisers remember of gradients."""
        for optimiser in self.optimisers.values():
            for moments in optimiser.state.values():
                yield from moments.values()

    def go_back(self, weights: Mapping[str, Tensor]) -> None:
        """Take up these weights, with optimisers that remember no gradient."""
        self.network.load_state_dict(weights)
        for tensor in self._remembered():
            tensor.zero_()


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """A copy of a network's weights, by name."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
