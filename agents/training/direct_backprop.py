"""DirectBackprop: the gradient of the discounted reward, straight through the simulator.

Demand does not depend on orders, so one demand path evaluates every policy, and the reward of a
path can be differentiated with respect to the orders; no critic and no exploration (Madeka et al.,
arXiv 2210.03137).
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from inv_gym.agents.checkpoints import blaming
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network_inputs import refuse_other_network
from inv_gym.agents.training.batches import Batch, Batches
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.device import process_and_number, usable_device
from inv_gym.agents.training.given import (
    config_of,
    problems_of,
    refuse_share_without_start,
    refuse_unknown_structure,
)
from inv_gym.agents.training.learner import Architecture, Learner, weights_of
from inv_gym.agents.training.progress import (
    DivergedError as DivergedError,
)
from inv_gym.agents.training.progress import (
    TrainingProgress,
    TrainingWarning,
    Validation,
    has_fallen,
    mean_loss,
    trouble,
)
from inv_gym.agents.training.resuming import (
    FOREIGN_TRAINING,
    identity_of,
    read_training,
    write_training,
)
from inv_gym.agents.training.skips import MOST_RETURNS, NotFiniteError, Skips
from inv_gym.agents.training.validation import draw_validation, play_all
from inv_gym.agents.weights import describe, table_facts
from inv_gym.problems.problem import Problem
from inv_gym.products.sources import ProductSource
from inv_gym.tasks.task import Task, training_sources
from inv_gym.util.checks import whole

__all__ = ["DirectBackprop", "DivergedError", "TrainingProgress"]


class DirectBackprop:
    """Trains one network for all products of a source.

    Everything random in a step follows from the seed and the step's number, so a training that was
    interrupted goes on as if it had not been, and processes that share a batch draw their parts of
    it.

    What goes wrong is mended where it can be, and told in `trouble` if much of it did:

    - Where a validation scores less than the first one and far below the best, the training has
      blown up; it goes on from its best weights.
    - A step whose loss or gradient is not finite is skipped; the weights stay. After 10 skipped
      steps in a row, or where a validation has no finite score, the training goes on from its best
      weights with half the learning rate. It ends with an error when that happens a fourth time.

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
            graph): no time between operations. The first step of each problem takes minutes on a
            CPU and seconds on a GPU. Results differ from the plain ones in rounding.
        serves: Further problems (longer lead times, say) that the network takes without having been
            trained on them.
        start: An agent whose network the training begins with, as a generalist that is fitted to a
            table (see `fine_tuning`). Its weights are validated before the first step, so what
            comes out scores no less. What comes out may lie between it and what was trained, see
            `TrainingConfig.start_share`. The network of `config` does not count then.
        network: Makes a network of your own, as ``network(sizes, config.network)``: a
            `PolicyNetwork`, some of whose parts are others; None for a plain `PolicyNetwork`.

    Raises:
        TypeError: What is to be trained for is no task, problem or sequence of problems, or
            `network` gives no `PolicyNetwork`.
        ValueError: The problems do not share what a network needs, the device cannot be used, or
            the network knows the distribution and the products have none, or `config` has a
            `start_share` and there is no `start`.
    """

    def __init__(
        self,
        task: Task | Problem | Sequence[Problem],
        source: ProductSource | Mapping[str, Any] | str | None = None,
        config: TrainingConfig | None = None,
        device: str = "cpu",
        compiled: bool = False,
        serves: Sequence[Problem] = (),
        start: InventoryAgent | None = None,
        network: Architecture | None = None,
    ) -> None:
        first, *further = (task,) if isinstance(task, Task) else problems_of("task", task)
        problem, self.source, self.validation_source = training_sources(first, source)
        self.problems = (problem, *further)
        self.serves = problems_of("serves", serves) if serves else ()
        self.config = config_of(config or TrainingConfig())
        self.device = usable_device(device)
        self.rank, self.processes = process_and_number(self.config.batch)
        if start is None:
            refuse_share_without_start(self.config)
        else:
            if network is not None:
                raise ValueError(f"give start or network, not both: got network={network!r}.")
            self.config = replace(self.config, network=start.network.config)
            for each in (*self.problems, *self.serves):
                refuse_other_network(each, start.network)
        refuse_unknown_structure((*self.problems, *self.serves), self.config, compiled)
        self._learner = Learner(
            self.problems,
            self.serves,
            self.source,
            self.config,
            self.device,
            self.processes > 1,
            compiled,
            None if start is None else start.network,
            network or PolicyNetwork,
        )
        self._architecture = network
        self.start = start
        # long episodes stand for those without an end, so of a mixture only the others are played
        ending = [problem for problem in self.problems if not problem.long_run]
        self.validation = [
            draw_validation(problem, self.validation_source, self.config.validation_products)
            for problem in ending or self.problems
        ]
        self._batches = Batches(self.problems, self.source, self.config)
        self.step, self.stale, self.curve = 0, 0, list[TrainingProgress]()
        self.best, self._best_weights = -math.inf, weights_of(self.network)
        self._skips = Skips()

    def fit(
        self,
        progress: Callable[[TrainingProgress], None] | None = None,
        checkpoint: str | Path | None = None,
    ) -> InventoryAgent:
        """Train to the end and return the agent of the best weights.

        Args:
            progress: Called after each validation.
            checkpoint: File to write then (by the first process), for `resume`.

        Raises:
            DivergedError: Losses, gradients or scores are not finite again and again; the best
                weights are taken up and the last checkpoint is kept.
            OSError: The checkpoint cannot be written; the last one is kept.

        Warns:
            TrainingWarning: The training came to its end in `trouble`.
        """
        begin, before = time.perf_counter(), self.curve[-1].seconds if self.curve else 0.0
        while not self.finished:
            if self.start is not None and not self.curve:
                loss = None  # what it begins with is validated first
            else:
                steps = min(self.config.check_every, self.config.steps - self.step)
                loss = mean_loss([self.train_step() for _ in range(steps)])
            score, reward, ordering = self._validate()
            seconds = before + time.perf_counter() - begin
            self.curve.append(
                TrainingProgress(self.step, loss, reward, score, ordering, self.best, seconds)
            )
            if has_fallen(self.curve):
                self._learner.go_back(self._best_weights)
            if checkpoint is not None and self.rank == 0:
                self.save(checkpoint)
            if progress is not None:
                progress(self.curve[-1])
        self.network.load_state_dict(self._best_weights)
        if self.trouble is not None:
            warnings.warn(self.trouble, TrainingWarning, stacklevel=2)
        return self.agent

    @property
    def trouble(self) -> str | None:
        """What went wrong on the way to the end, as orders that are all 0; None if nothing did."""
        return trouble(self.curve, self._skips.trouble(self.step))

    @property
    def network(self) -> PolicyNetwork:
        """The network as it is."""
        return self._learner.network

    @property
    def finished(self) -> bool:
        """Whether all steps are done, or no validation was better for `patience` ones."""
        patience = self.config.patience
        return self.step >= self.config.steps or (patience is not None and self.stale >= patience)

    @property
    def agent(self) -> InventoryAgent:
        """The network as it is, as a policy for the first problem, computing in float64."""
        network = copy.deepcopy(self.network).double().cpu().requires_grad_(False)
        return InventoryAgent(self.problems[0], network, table_facts(self.source))

    def train_step(self) -> float:
        """Take a gradient step on fresh products; its loss, NaN if it was skipped.

        Raises:
            DivergedError: See `fit`.
        """
        batch, problem = self.to_device(self.batch(self.step)), self._batches.problem(self.step)
        try:
            loss = self._learner.learn(problem, batch, self.step, self._skips.rate)
            self._skips = self._skips.after_a_step()
        except NotFiniteError as error:
            loss, self._skips = math.nan, self._skips.after_a_skip()
            if self._skips.too_many:
                self._return_to_best(str(error))
        self.step += 1
        return loss

    def _return_to_best(self, cause: str) -> None:
        """Go back to the best weights, to go on with half the learning rate."""
        self._learner.go_back(self._best_weights)
        if self._skips.returns == MOST_RETURNS:
            raise DivergedError(
                f"{cause}, after {self._skips.total} skipped steps and {MOST_RETURNS} returns to "
                "the best weights; these and the last checkpoint are kept: lower the learning "
                "rate, or look at the products."
            )
        self._skips = self._skips.after_a_return()

    def batch(self, step: int) -> Batch:
        """This process's share of a step's products (NumPy)."""
        return self._batches.of_step(step, self.rank, self.processes)

    def to_device(self, batch: Batch) -> Batch:
        """The batch as tensors where the network computes."""
        return batch.to(self.network.like)

    def _validate(self) -> Validation:
        """Play the validation products of all problems, and keep the weights if they are the
        best; weights that are not finite, or have no finite score, give way to the best.
        """
        candidate = self._candidate()
        while not ((mean := self._play(candidate)).is_finite() and self._learner.is_finite()):
            self._return_to_best(f"a weight or the score is not finite after step {self.step}")
            candidate = self._candidate()
        self.stale += 1
        if mean.score > self.best:
            self.best, self.stale, self._best_weights = mean.score, 0, weights_of(candidate)
        return mean

    def _candidate(self) -> PolicyNetwork:
        """The network that would come out now: as it is, or between it and what it began with."""
        share = self.config.start_share
        if self.start is None or not share:
            return self.network
        begun, trained = self.start.network.state_dict(), self.network.state_dict()
        candidate = copy.deepcopy(self.network)
        candidate.load_state_dict(
            {name: value.lerp(begun[name].to(value), share) for name, value in trained.items()}
        )
        return candidate

    def _play(self, network: PolicyNetwork) -> Validation:
        return play_all(network, self.validation, self.config.weighting)

    def save(self, path: str | Path) -> Path:
        """Write all that `resume` needs to one file."""
        progress = {"best": self.best, "stale": self.stale, "step": self.step, "curve": self.curve}
        facts = {**self._identity(), **progress, "skips": self._skips}
        return write_training(
            path,
            facts,
            weights_of(self.network),
            self._best_weights,
            self._learner.optimisers,
        )

    def _identity(self) -> dict[str, Any]:
        """What makes it the same training, as plain data."""
        return identity_of(
            self.config,
            self.source,
            self.validation_source,
            problems=[describe(problem) for problem in self.problems],
            serves=[describe(problem) for problem in self.serves],
            architecture=getattr(self._architecture, "__qualname__", self._architecture),
        )

    def resume(self, path: str | Path) -> None:
        """Go on from a file of `save`, as if there had been no interruption.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged, of a training of another problem, configuration or other
                products, or a part of it is missing or impossible; this training is as it was.
        """
        saved, facts = read_training(
            path,
            self._identity(),
            weights_of(self.network),
            self._learner.optimisers,
            self.config.steps,
            TrainingProgress,
        )
        with blaming(path, FOREIGN_TRAINING):
            stale = whole("stale", facts["stale"], least=0, most=len(saved.curve))
        self.network.load_state_dict(saved.now)
        for name, optimiser in self._learner.optimisers.items():
            optimiser.load_state_dict(saved.optimisers[name])
        self.step, self.stale, self.curve = saved.step, stale, saved.curve
        self.best, self._best_weights, self._skips = saved.score, saved.best, saved.skips
