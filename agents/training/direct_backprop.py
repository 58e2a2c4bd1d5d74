"""DirectBackprop: the gradient of the discounted reward, straight through the simulator.

Demand does not depend on orders, so one demand path evaluates every policy, and the reward of a
path can be differentiated with respect to the orders; no critic and no exploration (Madeka et al.,
arXiv 2210.03137).
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from inv_gym.agents.checkpoints import (
    describe_sources,
    optimiser_tensors,
    part,
    read_tensors,
    refuse_other_training,
    restore_optimiser,
    table_facts,
    write_tensors,
)
from inv_gym.agents.inventory_agent import InventoryAgent, describe
from inv_gym.agents.network.policy_network import PolicyNetwork, Sizes
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.rollout_loss import Batch, Loss, product_weights
from inv_gym.agents.training.starts import wide_starts
from inv_gym.agents.training.structure_informed import Probes, draw_probes
from inv_gym.agents.training.validation import draw_validation
from inv_gym.play.rollout import rollout
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import BLOCK, Products, concatenate
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.structure import inequalities
from inv_gym.tasks.task import Task, training_sources
from inv_gym.util.arrays import like, map_columns

FIXED_SEED = 50_000
"""Of fixed products, plus the training's seed; leaderboard and evidence play others."""


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
    """The loss or its gradient is not finite."""


class DirectBackprop:
    """Trains one network for all products of a source.

    Everything random in a step follows from the seed and the step's number, so a training that was
    interrupted goes on as if it had not been, and processes that share a batch draw their parts of
    it.

    >>> import inv_gym
    >>> config = TrainingConfig(steps=4, batch=16, check_every=2, validation_products=16)
    >>> task = inv_gym.task("InvLostSales-v0", products="poisson")
    >>> training = DirectBackprop(task, config=config)
    >>> agent = training.fit()
    >>> agent.knows
    'history'

    Args:
        task: What to train for: a task, or a problem with `source`; several problems (of one
            class) make one network that serves them all.
        source: Where products come from; those of the task if None.
        config: How to train.
        device: Where to compute.
        compiled: Compile the whole rollout with its gradient into one graph (on a GPU, a CUDA
            graph): minutes at the first step, then no time between operations. Results differ from
            the plain ones in rounding.
        serves: Further problems (longer lead times, say) that the network takes without having been
            trained on them.
    """

    def __init__(
        self,
        task: Task | Problem | Sequence[Problem],
        source: ProductSource | Mapping[str, Any] | str | None = None,
        config: TrainingConfig | None = None,
        device: str = "cpu",
        compiled: bool = False,
        serves: Sequence[Problem] = (),
    ) -> None:
        first, *further = (task,) if isinstance(task, (Task, Problem)) else task
        problem, self.source, self.validation_source = training_sources(first, source)
        self.problems = (problem, *further)
        self.serves = tuple(serves)
        self.config = config or TrainingConfig()
        self.device = torch.device(device)
        self.processes = dist.get_world_size() if dist.is_initialized() else 1
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        if self.config.batch % self.processes:
            raise ValueError(
                f"batch must be a multiple of the {self.processes} processes, got "
                f"{self.config.batch}."
            )
        self._check_structure(compiled)
        with torch.random.fork_rng(devices=[]):  # the user's own random numbers stay as they are
            torch.manual_seed(self.config.seed)
            sizes = Sizes.of((*self.problems, *self.serves), self.source.covariate_names)
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
            draw_validation(problem, self.validation_source, self.config.validation_products)
            for problem in self.problems
        ]
        self._fixed = self._draw_fixed()
        self.step, self.stale, self.curve = 0, 0, list[Progress]()
        self.best, self._best_weights = -math.inf, self._weights()

    def _check_structure(self, compiled: bool) -> None:
        """Refuse to inform a network of a structure that is not known, or not shared by all
        problems.
        """
        if not self.config.penalty and self.config.network.head == "plain":
            return
        problems = (*self.problems, *self.serves)
        for problem in problems:
            inequalities(problem)
        if len({getattr(problem, "expedited_lead_time", 0) for problem in problems}) > 1:
            raise ValueError(
                "problems that share a structure must have one expedited_lead_time: train one for "
                "each."
            )
        if self.config.penalty and compiled:
            raise ValueError(
                "a penalty needs second derivatives, which do not compile: set compiled=False."
            )

    def fit(
        self,
        progress: Callable[[Progress], None] | None = None,
        checkpoint: str | Path | None = None,
    ) -> InventoryAgent:
        """Train to the end and return the agent of the best weights.

        Args:
            progress: Called after each validation.
            checkpoint: File to write then (by the first process), for `resume`.

        Raises:
            DivergedError: The loss or its gradient is not finite; the weights before it and the
                last checkpoint are kept.
            OSError: The checkpoint cannot be written; the last one is kept.
        """
        begin, before = time.perf_counter(), self.curve[-1].seconds if self.curve else 0.0
        while not self.finished:
            steps = min(self.config.check_every, self.config.steps - self.step)
            losses = [self.train_step() for _ in range(steps)]
            reward = self._validate()
            seconds = before + time.perf_counter() - begin
            self.curve.append(
                Progress(self.step, float(np.mean(losses)), reward, self.best, seconds)
            )
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
        agent = InventoryAgent(self.problems[0], network)
        agent.card = table_facts(self.source)
        return agent

    def train_step(self) -> float:
        """Take a gradient step on fresh products; its loss."""
        problem = self.problems[self.step % len(self.problems)]
        loss = self._loss(problem, self.to_device(self.batch(self.step)))
        value = self._finite("loss", loss)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._finite(
            "gradient", nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        )
        for group in self._optimiser.param_groups:
            group["lr"] = self.config.rate(self.step)
        self._optimiser.step()
        self.step += 1
        return value

    def _finite(self, what: str, figure: Tensor) -> float:
        if math.isfinite(value := float(figure.detach())):
            return value
        raise DivergedError(
            f"the {what} is {value} in step {self.step} (products of seed "
            f"{[self.config.seed, self.step]}); the "
            "weights before it and the last checkpoint are kept: lower the learning rate, or look "
            "at the products."
        )

    def batch(self, step: int) -> Batch:
        """This process's share of a step's products (NumPy).

        They are drawn in blocks with a random stream each, as in `inv_gym.products.sources.blocks`,
        so that the products of a step do not depend on the number of processes.
        """
        problem, share = (
            self.problems[step % len(self.problems)],
            self.config.batch // self.processes,
        )
        first, size = self.rank * share, min(BLOCK, self.config.batch)
        whole = problem.integer_orders and self.config.rounding != "none"
        penalty = self.config.penalty_weight(step)
        products, noises, probes = [], [], []
        for index in range(first // size, -(-(first + share) // size)):
            rng = np.random.default_rng([self.config.seed, 1, step, index])
            rows = slice(max(first - index * size, 0), first + share - index * size)
            products.append(self._draw(rng, size, problem).rows(rows))
            if whole:
                noise = rng.uniform(-0.5, 0.5, (problem.horizon, size, problem.order_dim))
                noises.append(noise[:, rows] * self.config.amplitude(step))
            if penalty:
                probes.append(
                    map_columns(lambda x, rows=rows: x[rows], draw_probes(problem, rng, size))
                )
        return Batch(
            concatenate(products),
            np.concatenate(noises, 1) if whole else None,
            Probes(*map(np.concatenate, zip(*probes, strict=True))) if penalty else None,
            penalty,
        )

    def _draw(self, rng: np.random.Generator, size: int, problem: Problem) -> Products:
        """Products to train on, with their starting states."""
        if self._fixed is None:
            products = self.source.sample(rng, size, problem)
        else:
            products = self._fixed.rows(rng.integers(self._fixed.batch, size=size))
        return wide_starts(products, problem, rng) if self.config.wide else products

    def to_device(self, batch: Batch) -> Batch:
        """The batch as tensors where the network computes."""
        rest = map_columns(lambda x: like(x, self._like), (batch.dither, batch.probes))
        return Batch(batch.products.to(self._like), *rest, batch.penalty)

    def _validate(self) -> float:
        """Play the validation products; keep the weights if they are the best. Mean reward per
        period, money.
        """
        scores, rewards = [], []
        for problem, products in self.validation:
            agent = InventoryAgent(problem, self.network)
            with torch.no_grad():
                reward = (
                    rollout(problem, agent, products.to(self._like))
                    .discounted_reward.double()
                    .cpu()
                    .numpy()
                )
            reward /= problem.discounted_periods
            weighted = reward * (
                product_weights(products) if self.config.weighting == "product" else 1.0
            )
            scores.append(weighted.mean())
            rewards.append(reward.mean())
        score = float(np.mean(scores))
        self.stale += 1
        if score > self.best:
            self.best, self.stale, self._best_weights = score, 0, self._weights()
        return float(np.mean(rewards))

    def save(self, path: str | Path) -> Path:
        """Write all that `resume` needs to one file."""
        adam = {f"adam/{name}": value for name, value in optimiser_tensors(self._optimiser).items()}
        weights = {f"now/{name}": value for name, value in self.network.state_dict().items()}
        best = {f"best/{name}": value for name, value in self._best_weights.items()}
        progress = {"best": self.best, "stale": self.stale, "step": self.step, "curve": self.curve}
        return write_tensors(path, weights | best | adam, {**self._identity(), **progress})

    def _identity(self) -> dict[str, Any]:
        """What makes it the same training, as plain data."""
        problems, serves = (
            [describe(problem) for problem in some] for some in (self.problems, self.serves)
        )
        identity = {
            "config": asdict(self.config),
            "problems": problems,
            "serves": serves,
            "products": describe_sources(self.source, self.validation_source),
        }
        return json.loads(json.dumps(identity))

    def resume(self, path: str | Path) -> None:
        """Go on from a file of `save`, as if there had been no interruption.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged, or of a training of another problem, configuration or other
                products.
        """
        tensors, facts = read_tensors(path)
        refuse_other_training(path, facts, self._identity())

        self.network.load_state_dict(part(tensors, "now/"))
        self._best_weights = part(tensors, "best/")
        restore_optimiser(self._optimiser, part(tensors, "adam/"))
        self.best, self.stale, self.step = facts["best"], facts["stale"], facts["step"]
        self.curve = [Progress(*row) for row in facts["curve"]]

    @property
    def _like(self) -> Tensor:
        return self.network.like

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.network.state_dict().items()}

    def _draw_fixed(self) -> Products | None:
        number = self.config.fixed_products
        if number is None:
            return None
        if len(self.problems) > 1:
            raise ValueError(
                "fixed_products needs one problem: their starting stock is of one; use None for "
                "several."
            )
        return draw_products(self.source, self.problems[0], number, FIXED_SEED + self.config.seed)

    def _first_features(self) -> Tensor:
        """``[N, F]`` static features of some products of every problem."""
        samples = []
        for problem in self.problems:
            products = self.source.sample(
                np.random.default_rng([self.config.seed, 0]), BLOCK, problem
            )
            samples.append(InventoryAgent(problem, self.network).static(problem, products))
        return torch.cat(samples)
