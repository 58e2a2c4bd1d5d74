"""DirectBackprop: the gradient of the discounted reward, straight through the simulator.

Demand does not depend on orders, so one demand path evaluates every policy, and the reward of a path can be
differentiated with respect to the orders; no critic and no exploration (Madeka et al., arXiv 2210.03137).
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from agents.checkpoints import read_tensors, write_tensors
from agents.features import money_unit
from agents.inventory_agent import InventoryAgent, describe
from agents.networks import NetworkConfig, PolicyNetwork, Sizes
from agents.starts import wide_starts
from inv_gym.arrays import Array, like, map_columns, unstack
from inv_gym.checks import one_of, real, whole
from inv_gym.episode import Episode
from inv_gym.problem import Problem
from inv_gym.products import BLOCK, Products, ProductSource, concatenate, draw_products
from inv_gym.rollout import rollout

VALIDATION_SEED = 10_007
"""Of the validation products; the leaderboard and the evidence play others."""
SETTLING = 10
"""Periods, beyond lead time and shelf life, at the end of a cut long-run problem whose orders teach nothing."""
WEIGHTINGS = ("product", "money")
ROUNDINGS = ("dithered", "straight_through", "none")
FRACTION, DITHERING = 0.02, 0.5
"""Share of a fraction of a unit that dithered rounding leaves; share of the steps over which its noise fades (our
choice)."""


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; the same defaults for all problems.

    Attributes:
        steps: Gradient steps.
        batch: Products per step, over all processes.
        learning_rate: Of Adam at its highest; it warms up, then falls along a cosine to a hundredth.
        warm_up: Steps of warming up.
        clip: Largest norm of the gradient.
        weighting: ``product``: rewards count in units of a product's scale and money unit; ``money``: as they are.
        fixed_products: So many products with one demand path each, drawn once; None draws fresh ones each step.
        wide: Whether starting states are drawn widely.
        truncate: Periods after which gradients are cut; None never.
        rounding: How orders are made whole in training, where the problem wants whole ones. ``dithered`` adds noise
            first, of up to half a unit either way, that fades over half of the training: an order of 4.3 is 4 or 5,
            with the right mean, so the gradient is that of the mean reward, which lies between that of 4 and of 5. It
            leaves 2 % of the fraction, so that derivatives are taken on the side on which the order lies.
            ``straight_through`` rounds; ``none`` trains on fractions. Gradients pass as if nothing were rounded.
        validation_products: Products whose reward picks the best weights.
        check_every: Steps between two validations (and checkpoints).
        patience: Validations without a better one after which training stops; None never.
        seed: Of weights and products.
        network: The network's size.
    """

    steps: int = 1000
    batch: int = 256
    learning_rate: float = 5e-3
    warm_up: int = 50
    clip: float = 1.0
    weighting: str = "product"
    fixed_products: int | None = None
    wide: bool = True
    truncate: int | None = None
    rounding: str = "dithered"
    validation_products: int = 2048
    check_every: int = 100
    patience: int | None = None
    seed: int = 0
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "validation_products", "check_every"):
            whole(name, getattr(self, name), least=1)
        for name in ("fixed_products", "truncate", "patience"):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), least=1)
        whole("warm_up", self.warm_up, least=0)
        whole("seed", self.seed, least=0)
        if real("learning_rate", self.learning_rate) <= 0.0 or real("clip", self.clip) <= 0.0:
            raise ValueError(f"learning_rate and clip must be above 0, got {self.learning_rate} and {self.clip}.")
        one_of("weighting", self.weighting, WEIGHTINGS)
        one_of("rounding", self.rounding, ROUNDINGS)

    def amplitude(self, step: int) -> float:
        """How far dithering reaches in a step: from half a unit either way, 1, to nothing, 0."""
        return max(0.0, 1.0 - step / (DITHERING * self.steps)) if self.rounding == "dithered" else 0.0

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        rise = min(1.0, (step + 1) / max(self.warm_up, 1))
        return self.learning_rate * rise * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * step / self.steps)))


class Progress(NamedTuple):
    """What a validation found."""

    step: int
    loss: float
    """Mean training loss since the last one."""
    reward: float
    """Discounted mean reward per period on the validation products, money."""
    best: float
    seconds: float


class DivergedError(RuntimeError):
    """The loss is not a finite number."""


class Batch(NamedTuple):
    """What is played in a gradient step."""

    products: Products
    dither: Array | None
    """``[T, B, K]`` noise that orders are rounded with, within half a unit of 0; None where nothing is rounded."""


class Loss(nn.Module):
    """Minus the mean discounted reward per period of a network on a batch of products."""

    def __init__(self, network: PolicyNetwork, config: TrainingConfig) -> None:
        super().__init__()
        self.network, self.config = network, config
        # It shares the weights but gives them no gradient: it plays the last periods of a long-run problem that is cut.
        settled = copy.deepcopy(network).requires_grad_(False)
        for theirs, ours in zip(settled.parameters(), network.parameters(), strict=True):
            theirs.data = ours.data
        self._settled = (settled,)  # in a tuple, which torch does not take for a part of this module

    def forward(self, problem: Problem, batch: Batch) -> Tensor:
        """Play a batch (torch) through the problem."""
        products, dither = batch
        free = replace(problem, integer_orders=False)  # its rounding would stop the gradient
        learner, settled = (InventoryAgent(free, network) for network in (self.network, *self._settled))
        planned = None if problem.censored else learner.prepare(problem, products)
        episode = Episode(free, products)
        last = problem.horizon - settling(problem)
        rewards = []
        while not episode.done:
            t = episode.period
            if self.config.truncate and t and t % self.config.truncate == 0:
                episode.state = map_columns(Tensor.detach, episode.state)
            player = learner if t < last else settled
            if planned is None:
                order = player(episode.observe())
            else:
                prepared, scale = planned
                order = player.orders(prepared[t] if t < last else prepared[t].detach(), episode.state, scale)
            if dither is not None:
                order = self._whole(order, dither[t])
            rewards.append(episode.step(unstack(order)).reward)
        discounts = products.scale.new_tensor([problem.discount**t for t in range(problem.horizon)])
        return -(discounts @ torch.stack(rewards) * self.weights(products)).mean() / discounts.sum()

    def _whole(self, order: Tensor, dither: Tensor) -> Tensor:
        """Whole orders with the gradient of the fractional ones."""
        left = FRACTION if self.config.rounding == "dithered" else 0.0
        whole = (order.detach() + dither).round().clamp(min=0.0)
        return order + (1.0 - left) * (whole - order).detach()

    def weights(self, products: Products) -> Any:
        """``[B]`` what a unit of money counts."""
        return product_weights(products) if self.config.weighting == "product" else 1.0


def product_weights(products: Products) -> Any:
    """``[B]`` one over the money that a period's mean demand is about worth."""
    return 1.0 / (products.scale * money_unit(products.economics))


def settling(problem: Problem) -> int:
    """Periods at the end of a problem whose orders cannot show their worth; none if the end is a true one."""
    if not problem.long_run:
        return 0
    return min(max(problem.lead_times) + getattr(problem, "shelf_life", 0) + SETTLING, problem.horizon - 1)


class DirectBackprop:
    """Trains one network for all products of a source.

    Everything random in a step follows from the seed and the step's number, so a training that was interrupted goes on
    as if it had not been, and processes that share a batch draw their parts of it.

    >>> import inv_gym
    >>> config = TrainingConfig(steps=4, batch=16, check_every=2, validation_products=16)
    >>> training = DirectBackprop(inv_gym.make_problem("InvLostSales-v0"), inv_gym.make_source("poisson"), config)
    >>> agent = training.fit()
    >>> agent.knows
    'history'

    Args:
        problem: What to train for; several (of one class) for one network that serves them all.
        source: Where products come from.
        config: How to train.
        device: Where to compute.
        compiled: Compile the whole rollout with its gradient into one graph (on a GPU, a CUDA graph): minutes at the
            first step, then no time between operations. Results differ from the plain ones in rounding.
    """

    def __init__(
        self,
        problem: Problem | Sequence[Problem],
        source: ProductSource,
        config: TrainingConfig | None = None,
        device: str = "cpu",
        compiled: bool = False,
    ) -> None:
        self.problems = (problem,) if isinstance(problem, Problem) else tuple(problem)
        self.source, self.config, self.device = source, config or TrainingConfig(), torch.device(device)
        self.processes = dist.get_world_size() if dist.is_initialized() else 1
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        if self.config.batch % self.processes:
            raise ValueError(f"batch must be a multiple of the {self.processes} processes, got {self.config.batch}.")
        torch.manual_seed(self.config.seed)
        sizes = Sizes.of(self.problems, source.covariate_names)
        self.network = PolicyNetwork(sizes, self.config.network)
        self.network.static.fit(self._first_features())
        self.network.to(self.device)
        self._loss: nn.Module = Loss(self.network, self.config)
        if self.processes > 1:
            self._loss = DistributedDataParallel(self._loss)
        if compiled:
            self._loss.compile(mode="reduce-overhead" if self.device.type == "cuda" else None)
        self._optimiser = torch.optim.Adam(self.network.parameters())
        self.validation = [
            draw_products(source, problem, self.config.validation_products, VALIDATION_SEED)
            for problem in self.problems
        ]
        self._fixed = self._draw_fixed()
        self.step, self.stale, self.curve = 0, 0, list[Progress]()
        self.best, self._best_weights = -math.inf, self._weights()

    def fit(
        self, progress: Callable[[Progress], None] | None = None, checkpoint: str | Path | None = None
    ) -> InventoryAgent:
        """Train to the end and return the agent of the best weights.

        Args:
            progress: Called after each validation.
            checkpoint: File to write then (by the first process), for `resume`.

        Raises:
            DivergedError: The loss is not finite; the weights of the last step and the last checkpoint are kept.
            OSError: The checkpoint cannot be written; the last one is kept.
        """
        begin, before = time.perf_counter(), self.curve[-1].seconds if self.curve else 0.0
        while not self.finished:
            steps = min(self.config.check_every, self.config.steps - self.step)
            losses = [self.train_step() for _ in range(steps)]
            reward = self._validate()
            seconds = before + time.perf_counter() - begin
            self.curve.append(Progress(self.step, float(np.mean(losses)), reward, self.best, seconds))
            if checkpoint is not None and self.rank == 0:
                self.save(checkpoint)
            if progress is not None:
                progress(self.curve[-1])
        self.network.load_state_dict(self._best_weights)
        return self.agent

    @property
    def finished(self) -> bool:
        """Whether all steps are done, or no validation was better for `patience` ones."""
        patience = self.config.patience
        return self.step >= self.config.steps or (patience is not None and self.stale >= patience)

    @property
    def agent(self) -> InventoryAgent:
        """The network as it is, as a policy for the first problem, computing in float64."""
        network = copy.deepcopy(self.network).double().cpu().requires_grad_(False)
        return InventoryAgent(self.problems[0], network)

    def train_step(self) -> float:
        """Take a gradient step on fresh products; its loss."""
        problem = self.problems[self.step % len(self.problems)]
        loss = self._loss(problem, self.to_device(self.batch(self.step)))
        value = float(loss.detach())
        if not math.isfinite(value):
            raise DivergedError(
                f"the loss is {value} in step {self.step} (products of seed {[self.config.seed, self.step]}); the "
                "weights before it and the last checkpoint are kept: lower the learning rate, or look at the products."
            )
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        for group in self._optimiser.param_groups:
            group["lr"] = self.config.rate(self.step)
        self._optimiser.step()
        self.step += 1
        return value

    def batch(self, step: int) -> Batch:
        """This process's share of a step's products (NumPy).

        They are drawn in blocks with a random stream each, as in `inv_gym.products.blocks`, so that the products of a
        step do not depend on the number of processes.
        """
        problem, share = self.problems[step % len(self.problems)], self.config.batch // self.processes
        first, size = self.rank * share, min(BLOCK, self.config.batch)
        products, noises = [], []
        for index in range(first // size, -(-(first + share) // size)):
            rng = np.random.default_rng([self.config.seed, 1, step, index])
            rows = slice(max(first - index * size, 0), first + share - index * size)
            products.append(self._draw(rng, size, problem).rows(rows))
            noise = rng.uniform(-0.5, 0.5, (problem.horizon, size, problem.order_dim))
            noises.append(noise[:, rows] * self.config.amplitude(step))
        whole = problem.integer_orders and self.config.rounding != "none"
        return Batch(concatenate(products), np.concatenate(noises, 1) if whole else None)

    def _draw(self, rng: np.random.Generator, size: int, problem: Problem) -> Products:
        """Products to train on, with their starting states."""
        if self._fixed is None:
            products = self.source.sample(rng, size, problem)
        else:
            products = self._fixed.rows(rng.integers(self._fixed.batch, size=size))
        return wide_starts(products, problem, rng) if self.config.wide else products

    def to_device(self, batch: Batch) -> Batch:
        """The batch as tensors where the network computes."""
        dither = None if batch.dither is None else like(batch.dither, self._like)
        return Batch(batch.products.to(self._like), dither)

    def _validate(self) -> float:
        """Play the validation products; keep the weights if they are the best. Mean reward per period, money."""
        scores, rewards = [], []
        for problem, products in zip(self.problems, self.validation, strict=True):
            agent = InventoryAgent(problem, self.network)
            with torch.no_grad():
                reward = rollout(problem, agent, products.to(self._like)).discounted_reward.double().cpu().numpy()
            reward /= sum(problem.discount**t for t in range(problem.horizon))
            weighted = reward * (product_weights(products) if self.config.weighting == "product" else 1.0)
            scores.append(weighted.mean())
            rewards.append(reward.mean())
        score = float(np.mean(scores))
        self.stale += 1
        if score > self.best:
            self.best, self.stale, self._best_weights = score, 0, self._weights()
        return float(np.mean(rewards))

    def save(self, path: str | Path) -> Path:
        """Write all that `resume` needs to one file."""
        adam = {
            f"adam/{index}/{name}": value
            for index, state in self._optimiser.state_dict()["state"].items()
            for name, value in state.items()
        }
        weights = {f"now/{name}": value for name, value in self.network.state_dict().items()}
        best = {f"best/{name}": value for name, value in self._best_weights.items()}
        facts = {
            "config": asdict(self.config),
            "problems": [describe(problem) for problem in self.problems],
            "best": self.best,
            "stale": self.stale,
            "step": self.step,
            "curve": self.curve,
        }
        return write_tensors(path, weights | best | adam, facts)

    def resume(self, path: str | Path) -> None:
        """Go on from a file of `save`, as if there had been no interruption.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged, or of a training of another problem or configuration.
        """
        tensors, facts = read_tensors(path)
        own = {"config": asdict(self.config), "problems": [describe(problem) for problem in self.problems]}
        for name, value in own.items():
            if facts[name] != (ours := json.loads(json.dumps(value))):
                raise ValueError(f"{path} is of a training with {name} {facts[name]}, this one has {ours}.")

        def part(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}

        self.network.load_state_dict(part("now/"))
        self._best_weights = part("best/")
        state = self._optimiser.state_dict()
        for name, value in part("adam/").items():
            index, key = name.split("/")
            state["state"].setdefault(int(index), {})[key] = value
        self._optimiser.load_state_dict(state)
        self.best, self.stale, self.step = facts["best"], facts["stale"], facts["step"]
        self.curve = [Progress(*row) for row in facts["curve"]]

    @property
    def _like(self) -> Tensor:
        return self.network.head.state.weight.detach()

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.network.state_dict().items()}

    def _draw_fixed(self) -> Products | None:
        number = self.config.fixed_products
        if number is None:
            return None
        if len(self.problems) > 1:
            raise ValueError("fixed_products needs one problem: their starting stock is of one; use None for several.")
        return draw_products(self.source, self.problems[0], number, self.config.seed)

    def _first_features(self) -> Tensor:
        """``[N, F]`` static features of some products of every problem."""
        samples = []
        for problem in self.problems:
            products = self.source.sample(np.random.default_rng([self.config.seed, 0]), BLOCK, problem)
            samples.append(InventoryAgent(problem, self.network).static(problem, products))
        return torch.cat(samples)
