"""Train once, and keep what became of it."""

from __future__ import annotations

from pathlib import Path

from experiments.fitted import fitted
from experiments.results import Results
from experiments.trainings.plan import config, tasks
from inv_gym.agents.training.direct_backprop import DirectBackprop


def measure(folder: Path, name: str, seed: int) -> None:
    """Train with a seed; keep the best score, the share of orders above 0, and trouble if any."""
    task, _ = tasks()[name]
    training = DirectBackprop(task, config=config(name, seed))
    facts = fitted(training)
    facts["ordering"] = training.curve[-1].ordering if training.curve else 0.0
    Results(folder).keep(f"{name}/{seed}.json", facts)
