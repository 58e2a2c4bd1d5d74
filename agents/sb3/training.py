"""Algorithms of stable-baselines3 on a batch of products; held-out products pick the weights."""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.utils import ConstantSchedule, configure_logger, set_random_seed
from stable_baselines3.common.vec_env import VecNormalize
from torch import Tensor

from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.sb3.config import ModelFreeConfig
from inv_gym.agents.sb3.held_out import HeldOutEvaluation, HeldOutVecEnv
from inv_gym.agents.sb3.model import build_model, normalised
from inv_gym.agents.sb3.networks import InventoryActorCritic
from inv_gym.agents.sb3.policy import SB3Policy
from inv_gym.agents.sb3.progress import (
    ModelFreeProgress,
    diverged,
    telling_divergence,
    told_returns,
)
from inv_gym.agents.sb3.saving import write_model
from inv_gym.agents.sb3.snapshot import restore, snapshot
from inv_gym.agents.sb3.vec_env import SB3VecEnv
from inv_gym.agents.training.device import usable_device
from inv_gym.agents.training.progress import (
    DivergedError,
    TrainingWarning,
    Validation,
    trouble,
)
from inv_gym.agents.training.resuming import (
    identity_of,
    read_training,
    write_training,
)
from inv_gym.agents.training.skips import MOST_RETURNS, Skips
from inv_gym.agents.training.validation import draw_validation
from inv_gym.agents.weights import describe, table_facts
from inv_gym.problems.problem import Problem
from inv_gym.products.sources import ProductSource
from inv_gym.tasks.task import Task, training_sources

OPTIMISER_TENSORS = "optimiser"


class ModelFree:
    """Trains a model of stable-baselines3 for all products of a source, or for a single instance.

    It trains in parts that each begin with fresh episodes and end with a validation (an
    EvalCallback on held-out products). Everything random in a part follows from the seed and the
    part's number, so a PPO or A2C training that was interrupted goes on as if it had not been. Like
    stable-baselines3, it seeds the global random numbers.

    After a part whose weights, actions or scores are not finite, PPO and A2C go back to the best
    weights, with half the learning rate; the fourth time ends the training.

    >>> import inv_gym
    >>> options = {"n_steps": 5, "batch_size": 40}
    >>> config = ModelFreeConfig(
    ...     steps=160, rows=8, check_every=80, validation_products=16, options=options
    ... )
    >>> training = ModelFree(inv_gym.task("InvLostSales-v0", products="poisson"), config=config)
    >>> agent = training.fit()
    >>> agent.knows, training.step
    ('history', 160)

    Args:
        task: What to train for: a task, or a problem with `source`.
        source: Where products come from; those of the task if None.
        config: How to train.
        device: Where to compute; ``auto``: on a GPU if there is one.
        log: Folder for tensorboard, made when `fit` begins; None: no logs.

    Raises:
        ValueError: The network knows the distribution and the products do not share one.
    """

    def __init__(
        self,
        task: Task | Problem,
        source: ProductSource | Mapping[str, Any] | str | None = None,
        config: ModelFreeConfig | None = None,
        device: str = "cpu",
        log: str | Path | None = None,
    ) -> None:
        problem, self.source, self.validation_source = training_sources(task, source)
        self.problem = problem
        self.config = config or ModelFreeConfig()
        config = self.config
        if device != "auto":
            usable_device(device)
        self.validation = [
            draw_validation(problem, self.validation_source, config.validation_products)
        ]
        longer, products = self.validation[0]
        shared: dict[str, Any] = {"knows": config.network.knows, "reach": config.reach}
        if config.policy == "plain":
            shared["knows"] = "history"
        held_out = HeldOutVecEnv(products, self.validation_source, longer, **shared)
        played = SB3VecEnv(
            config.rows, problem=problem, products=self.source, rewards="product", **shared
        )
        self.env = normalised(played, config, self.gamma, training=True)
        self.model = build_model(problem, self.source, self.env, config, self.gamma, device)
        self._evaluation = HeldOutEvaluation(self.model, held_out, config, self.gamma)
        self._log = log
        self.step, self.curve = 0, list[ModelFreeProgress]()
        self.best, self._best_weights = -math.inf, self._weights()
        self._skips = Skips()

    @property
    def gamma(self) -> float:
        """Discount factor of the learner."""
        return self.problem.discount if self.config.gamma is None else self.config.gamma

    def fit(
        self,
        progress: Callable[[ModelFreeProgress], None] | None = None,
        checkpoint: str | Path | None = None,
    ) -> InventoryAgent | SB3Policy:
        """Train to the end and return the policy of the best weights.

        Args:
            progress: Called after each validation.
            checkpoint: File to write then, for `resume` (PPO and A2C).

        Raises:
            DivergedError: Weights or rewards are not finite again and again; the last checkpoint is
                kept.
            OSError: The checkpoint cannot be written; the last one is kept.

        Warns:
            TrainingWarning: The training came to its end in `trouble`.
        """
        if self._log is not None:
            self.model.set_logger(configure_logger(0, str(self._log), "training"))
        begin, before = time.perf_counter(), self.curve[-1].seconds if self.curve else 0.0
        while self.step < self.config.steps:
            try:
                self._train_part()
                score, reward, ordering = self._validate()
            except DivergedError as error:
                self._go_back(error)
                continue
            seconds = before + time.perf_counter() - begin
            self.curve.append(
                ModelFreeProgress(self.step, reward, score, ordering, self.best, seconds)
            )
            if checkpoint is not None and self.config.on_policy:
                self.save(checkpoint)
            if progress is not None:
                progress(self.curve[-1])
        restore(self.model.policy, self.env, self._best_weights)
        if self.trouble is not None:
            warnings.warn(self.trouble, TrainingWarning, stacklevel=2)
        return self.agent

    @property
    def trouble(self) -> str | None:
        """What went wrong on the way to the end, as orders that are all 0; None if nothing did."""
        return trouble(self.curve, told_returns(self._skips))

    def _go_back(self, error: DivergedError) -> None:
        """Go on from the best weights after a part that cannot be learned from, with half the
        learning rate.

        Raises:
            DivergedError: That was done too often, nothing is left to play, or the algorithm keeps
                more than its weights.
        """
        self.step = self.model.num_timesteps
        is_over = self.step >= self.config.steps and not self.curve
        if self._skips.returns == MOST_RETURNS or is_over or not self.config.on_policy:
            raise error
        self._skips = self._skips.after_a_skip().after_a_return()
        restore(self.model.policy, self.env, self._best_weights)
        self.model.policy.optimizer.state.clear()
        with telling_divergence(self.model):  # the policy keeps its last actions: now these
            self._evaluation.play()

    def _train_part(self) -> None:
        """Play and learn until the next validation, from fresh episodes on."""
        again = [self._skips.returns] if self._skips.returns else []
        part = [self.config.seed, 1, len(self.curve), *again]
        seed = int(np.random.default_rng(part).integers(2**31))
        set_random_seed(seed)
        self.env.seed(seed)
        self.model._last_obs = None
        rate = self.config.learning_rate * self._skips.rate
        self.model.learning_rate = rate * (1.0 - self.step / self.config.steps)
        self.model.lr_schedule = ConstantSchedule(self.model.learning_rate)
        steps = min(self.config.check_every, self.config.steps - self.step)
        with telling_divergence(self.model):
            self.model.learn(steps, reset_num_timesteps=self.step == 0)
        self.step = self.model.num_timesteps

    def _validate(self) -> Validation:
        """Play the validation products; keep the weights if they are the best."""
        with telling_divergence(self.model):
            played = self._evaluation.play()
        if not played.is_finite():
            raise diverged(self.model, f"the score is {played.score}")
        if played.score > self.best:
            self.best, self._best_weights = played.score, self._weights()
        return played

    @property
    def agent(self) -> InventoryAgent | SB3Policy:
        """The model as it is, as a policy; an actor that is DirectBackprop's network computes in
        float64.
        """
        policy = copy.deepcopy(self.model.policy).cpu()
        if isinstance(policy, InventoryActorCritic):
            network = policy.features_extractor.network.double().requires_grad_(False)
            return InventoryAgent(self.problem, network, table_facts(self.source))
        return SB3Policy(self.problem, policy, copy.deepcopy(self._observations))

    @property
    def _observations(self) -> VecNormalize | None:
        """What observations go through."""
        return (
            self.env
            if self.config.normalise_observations and isinstance(self.env, VecNormalize)
            else None
        )

    def _weights(self) -> dict[str, Tensor]:
        """A copy of the model's weights and of the statistics of VecNormalize."""
        return snapshot(self.model.policy, self.env)

    def save_model(self, folder: str | Path, facts: Mapping[str, Any] | None = None) -> Path:
        """Write the model as stable-baselines3 does, with VecNormalize's statistics and a card of
        what it is.

        A model whose actor is DirectBackprop's network is written as an `InventoryAgent` too.

        Args:
            folder: Made as needed.
            facts: Plain data to put on the card.

        Raises:
            OSError: The place cannot be written; files that were there are as they were.
        """
        return write_model(
            Path(folder),
            self.model,
            self.env,
            self.problem,
            self.agent,
            {**table_facts(self.source), **(facts or {})},
        )

    def save(self, path: str | Path) -> Path:
        """Write all that `resume` needs to one file."""
        progress = {"step": self.step, "curve": self.curve, "best": self.best, "skips": self._skips}
        return write_training(
            path,
            {**self._identity(), **progress},
            self._weights(),
            self._best_weights,
            {OPTIMISER_TENSORS: self.model.policy.optimizer},
        )

    def _identity(self) -> dict[str, Any]:
        """What makes it the same training, as plain data."""
        return identity_of(
            self.config, self.source, self.validation_source, problem=describe(self.problem)
        )

    def resume(self, path: str | Path) -> None:
        """Go on from a file of `save`, as if there had been no interruption.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged, of another training, or a part of it is missing or impossible
                (this training is as it was then), or the algorithm learns from a buffer, which is
                not kept.
        """
        if not self.config.on_policy:
            raise ValueError(
                f"{self.config.algorithm} learns from its replay buffer, which is not kept: train "
                "anew."
            )
        saved, _ = read_training(
            path,
            self._identity(),
            self._weights(),
            {OPTIMISER_TENSORS: self.model.policy.optimizer},
            self.config.steps,
            ModelFreeProgress,
        )
        restore(self.model.policy, self.env, saved.now)
        self.model.policy.optimizer.load_state_dict(saved.optimisers[OPTIMISER_TENSORS])
        self.best, self._best_weights, self._skips = saved.score, saved.best, saved.skips
        self.step = self.model.num_timesteps = saved.step
        self.curve = saved.curve
