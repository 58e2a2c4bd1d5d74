"""How the networks for unsteady demand are trained: by the gradient of the reward of whole games
with made-up products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from inv_gym.agents.unsteady.game import Games, draw_games, play_games
from inv_gym.agents.unsteady.histories import Histories
from inv_gym.agents.unsteady.network import UnsteadyNetwork, UnsteadySizes
from inv_gym.products.sources import ProductSource
from inv_gym.products.unsteady import UNSTEADY
from inv_gym.util.checks import real, whole
from inv_gym.util.schedules import warmed_cosine

FIRST_STREAM, STEP_STREAM = 0, 1
"""Random streams of a seed: for the statistics of the inputs, and for the steps."""
HELD_OUT_SEED = 12_345
RISING_STEPS = 50
"""Steps in which the learning rate rises."""
STATISTICS_GAMES = 512
AVERAGED_SHARE = 0.1
"""Share of the steps, the last ones, that the average of the weights is about."""
DECAY, NORM = 1e-4, 1.0
"""Of AdamW, and the largest norm of a gradient."""

Tell = Callable[[int, float], None]
"""Called with the steps done and the mean score on the validation games."""


@dataclass(frozen=True)
class UnsteadyTraining:
    """How to train.

    Attributes:
        steps: Gradient steps.
        batch: Games per step.
        learning_rate: At its highest; it falls along a cosine.
        seed: Of weights and games.
        check_every: Steps between two looks at the validation games.
        validation_games: How many.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: A field is out of bounds.
    """

    steps: int = 2000
    batch: int = 128
    learning_rate: float = 3e-3
    seed: int = 0
    check_every: int = 250
    validation_games: int = 3000

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "check_every", "validation_games"):
            whole(name, getattr(self, name), least=1)
        whole("seed", self.seed, least=0)
        real("learning_rate", self.learning_rate, least=1e-8, most=1.0)

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        return warmed_cosine(self.learning_rate, step, self.steps, RISING_STEPS)


def train_unsteady(
    sizes: UnsteadySizes,
    config: UnsteadyTraining | None = None,
    source: ProductSource = UNSTEADY,
    tell: Tell | None = None,
) -> UnsteadyNetwork:
    """The average of a network's weights over its last steps.

    Args:
        sizes: Of the network, with the lead time that it learns.
        config: How to train.
        source: Of products, of which the last five demands before the start are known.
        tell: Told of the score on the validation games.
    """
    config = config or UnsteadyTraining()
    # the user's own random numbers stay as they are
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = _new(sizes, config, source)
    kept = max(0.0, 1.0 - 1.0 / (AVERAGED_SHARE * config.steps))
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(kept), use_buffers=True)
    averaged = average.module
    assert isinstance(averaged, UnsteadyNetwork)
    optimiser = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=DECAY)
    held_out = None if tell is None else validation_games(sizes.lead_time, config, source)
    for step in range(config.steps):
        _descend(network, optimiser, _games(sizes, config, source, step), config.rate(step))
        average.update_parameters(network)
        done = step + 1
        due = done % config.check_every == 0 or done == config.steps
        if due and tell is not None and held_out is not None:
            tell(done, score(averaged, held_out))
    return averaged


def _new(sizes: UnsteadySizes, config: UnsteadyTraining, source: ProductSource) -> UnsteadyNetwork:
    """An untrained network that knows the statistics of its inputs."""
    rng = np.random.default_rng([config.seed, FIRST_STREAM])
    games = draw_games(source, rng, STATISTICS_GAMES, sizes.lead_time)
    features = Histories(games.demand, games.ratio).features()
    network = UnsteadyNetwork(features.shape[-1], sizes)
    network.standardise(features)
    return network


def _games(
    sizes: UnsteadySizes, config: UnsteadyTraining, source: ProductSource, step: int
) -> Games:
    rng = np.random.default_rng([config.seed, STEP_STREAM, step])
    return draw_games(source, rng, config.batch, sizes.lead_time)


def _descend(
    network: UnsteadyNetwork, optimiser: torch.optim.Optimizer, games: Games, rate: float
) -> None:
    """One step."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    loss = -play_games(network, games).mean()
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), NORM)
    optimiser.step()


def validation_games(
    lead_time: int | None, config: UnsteadyTraining, source: ProductSource = UNSTEADY
) -> Games:
    """Games that no training plays."""
    rng = np.random.default_rng(HELD_OUT_SEED)
    return draw_games(source, rng, config.validation_games, lead_time)


def score(network: UnsteadyNetwork, games: Games) -> float:
    """The mean over games of the reward over the perfect one, none below 0."""
    with torch.no_grad():
        return float(play_games(network, games).clamp(min=0.0).mean())
