"""MQ-RNN (Wen, Torkkola, Narayanaswamy and Madeka, 2017): quantiles of demand from one network for
all products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from inv_gym.agents.checkpoints import blaming, read_tensors, refuse_other_tensors, write_tensors
from inv_gym.agents.forecasting.boosted import refuse_other_use
from inv_gym.agents.forecasting.grid import LEVELS, at_levels, scale_of
from inv_gym.agents.forecasting.mq_descent import Descent, pinball
from inv_gym.agents.forecasting.mq_network import WINDOW, MQConfig, MQNetwork
from inv_gym.agents.forecasting.origins import ORIGINS_SEED, TRAINING_SEED, Origins, drawn
from inv_gym.products.batch import HISTORY
from inv_gym.tasks.task import Task
from inv_gym.util.checks import real, whole

KIND = "mq"
"""What the facts of a file say that it is."""
DRAWN_STEPS = 32
"""Steps whose products are drawn together."""

Watch = Callable[[int, float], None]
"""Called with the steps done and the loss on the validation products."""


@dataclass
class MQForecaster:
    """Quantiles from a network that is trained on every period of every product at once.

    The loss is the pinball loss of each period ahead and of all up to it together, in units of the
    mean of each history. It forecasts from the last 32 periods. The weights are averages over the
    last steps, those with the least loss on products of the task's validation source.

    >>> import inv_gym
    >>> task = inv_gym.task("InvLostSales-v0", horizon=16)
    >>> forecaster = MQForecaster(horizon=2, steps=3, batch=8, validation_products=8).fit(task)
    >>> products = task.draw(5)
    >>> forecaster.quantiles(products.demand[:32], None, np.array([0.1, 0.9]), 2).shape
    (5, 2, 2)

    Attributes:
        horizon: Most periods ahead, K.
        network: Its sizes.
        steps: Of gradient descent.
        batch: Products of a step.
        learning_rate: Of AdamW at the start; it falls to 0 as half a cosine.
        check_every: Steps between two looks at the validation products.
        validation_products: How many.
        members: Networks that are trained one after the other; forecasts are the mean of theirs.
        seed: Of weights and products.

    Raises:
        TypeError: A number is no number, or no whole one.
        ValueError: It is out of bounds.
    """

    horizon: int = 4
    network: MQConfig = field(default_factory=MQConfig)
    steps: int = 600
    batch: int = 32
    learning_rate: float = 1e-2
    check_every: int = 50
    validation_products: int = 256
    members: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("horizon", "steps", "batch", "check_every", "validation_products", "members"):
            whole(name, getattr(self, name), least=1)
        whole("seed", self.seed, least=0)
        real("learning_rate", self.learning_rate, least=1e-8, most=1.0)
        self._trained: nn.ModuleList | None = None
        self._covariates = 0
        self.loss = float("nan")
        """Least loss on the validation products, the mean of all members'."""

    def fit(self, task: Task, watch: Watch | None = None) -> Self:
        """Train on products of a task's training source.

        Args:
            task: Its demand is seen, and its episodes have at least as many periods as the horizon.
            watch: Told of the loss on the validation products.

        Raises:
            ValueError: Demand is censored, the episodes are too short, or the loss is no number.
        """
        held_out = drawn(task, self.validation_products, ORIGINS_SEED, "validation", self.horizon)
        self._covariates = 0 if held_out.covariates is None else held_out.covariates.shape[-1]
        trained, losses = [], []
        for seed in range(self.seed * self.members, (self.seed + 1) * self.members):
            # the user's own random numbers stay as they are
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                network, loss = self._fitted(task, held_out, seed, watch)
            trained.append(network)
            losses.append(loss)
        self.loss = float(np.mean(losses))
        self._trained = nn.ModuleList(trained).double().requires_grad_(False)
        return self

    def _fitted(
        self, task: Task, held_out: Origins, seed: int, watch: Watch | None
    ) -> tuple[MQNetwork, float]:
        """A network with its best weights, and its least loss on the validation products."""
        descent = Descent(self._sized(), self.learning_rate, self.steps)
        best: dict[str, Tensor] | None = None
        least = float("inf")
        for step, origins in enumerate(self._batches(task, seed), 1):
            descent.step(origins)
            if step % self.check_every and step < self.steps:
                continue

            # the averaged weights are looked at, and the best of them kept
            with torch.no_grad():
                held = float(pinball(descent.averaged, held_out))
            if watch is not None:
                watch(step, held)
            if held < least:
                least = held
                weights = descent.averaged.state_dict()
                best = {name: value.clone() for name, value in weights.items()}
        if best is None:
            raise ValueError(
                "the loss is no number in any step: look at the demand, or lower learning_rate."
            )
        descent.averaged.load_state_dict(best)
        return descent.averaged, least

    def _batches(self, task: Task, training: int) -> Iterator[Origins]:
        """The origins of every step; products of several steps are drawn together, as a table takes
        about as long for few as for many.
        """
        for first in range(0, self.steps, DRAWN_STEPS):
            number = min(DRAWN_STEPS, self.steps - first)
            seed = TRAINING_SEED + training * self.steps + first
            pool = drawn(task, number * self.batch, seed, "training", self.horizon)
            for step in range(number):
                yield pool.rows(slice(step * self.batch, (step + 1) * self.batch))

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`.

        Raises:
            ValueError: It is not trained, or not for so long a horizon or these covariates.
        """
        given = self._forecast(history, covariates, horizon)[:, :horizon, 0]
        scale = scale_of(history)
        return at_levels(given, np.array(LEVELS), levels) * scale[:, None, None]

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`; errors as of `quantiles`."""
        given = self._forecast(history, covariates, horizon)[:, horizon - 1, 1]
        scale = scale_of(history) * horizon
        return at_levels(given, np.array(LEVELS), levels) * scale[:, None]

    def save(self, path: str | Path) -> Path:
        """Write weights and sizes to one safetensors file.

        Raises:
            ValueError: It is not trained.
            OSError: The place cannot be written.
        """
        facts = {
            "forecaster": KIND,
            "horizon": self.horizon,
            "covariates": self._covariates,
            "levels": list(LEVELS),
            "members": self.members,
            "network": asdict(self.network),
            "loss": self.loss,
        }
        weights = {name: value.float() for name, value in self._ready().state_dict().items()}
        return write_tensors(path, weights, facts)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a forecaster that was saved.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged, or holds something else.
        """
        weights, facts = read_tensors(path)
        if facts.get("forecaster") != KIND:
            raise ValueError(f"{path} holds no forecaster of this kind: give a file of save(path).")
        fault = "does not fit its facts"
        with blaming(path, fault):
            if tuple(facts["levels"]) != LEVELS:
                raise ValueError(f"its levels are {facts['levels']}")
            sizes, members = MQConfig(**facts["network"]), facts["members"]
            loaded = cls(horizon=facts["horizon"], network=sizes, members=members)
            loaded._covariates = whole("covariates", facts["covariates"], least=0)
            whole("members", members, least=1, most=len(weights))
            with torch.device("meta"):  # shapes alone, before anything is allocated
                needed = loaded._all_sized().state_dict()
            refuse_other_tensors(path, weights, needed, fault)
            with torch.random.fork_rng(devices=[]):
                networks = loaded._all_sized()
            networks.load_state_dict(weights)
            loaded.loss = float(facts["loss"])
        loaded._trained = networks.double().eval().requires_grad_(False)
        return loaded

    def _all_sized(self) -> nn.ModuleList:
        return nn.ModuleList(self._sized() for _ in range(self.members))

    def _sized(self) -> MQNetwork:
        return MQNetwork(self._covariates, self.horizon, len(LEVELS), self.network)

    def _ready(self) -> nn.ModuleList:
        if self._trained is None:
            raise ValueError("it is not trained: call fit(task) or MQForecaster.load(path) first.")
        return self._trained

    def _forecast(
        self, history: np.ndarray, covariates: np.ndarray | None, horizon: int
    ) -> np.ndarray:
        """``[B, K, 2, Q]`` as `MQNetwork` gives them for one origin, their mean over members."""
        networks = self._ready()
        refuse_other_use(horizon, self.horizon, covariates, self._covariates)
        if len(history) != WINDOW:
            raise ValueError(f"history must have {WINDOW} periods, got {len(history)}.")
        before, ahead = None, None
        if covariates is not None:
            before = torch.tensor(covariates[:HISTORY])
            # what lies beyond the horizon that is asked for has no part in it
            rest = [covariates[-1:]] * (self.horizon - horizon)
            later = np.concatenate([covariates[HISTORY : HISTORY + horizon], *rest])
            ahead = torch.tensor(later).transpose(0, 1)[None]
        scale = torch.tensor(scale_of(history))[None]
        with torch.no_grad():
            given = [network(torch.tensor(history), scale, before, ahead) for network in networks]
        return torch.stack(given).mean(0)[0].numpy()
