"""Train once, and keep what became of it."""

from __future__ import annotations

import warnings
from pathlib import Path

from experiments.results import Results
from experiments.trainings.plan import config, tasks
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.progress import DivergedError, TrainingWarning


def measure(folder: Path, name: str, seed: int) -> None:
    """Train with a seed; keep the best score, the share of orders above 0, and trouble if any."""
    task, _ = tasks()[name]
    training = DirectBackprop(task, config=config(name, seed))
    diverged = None
    with warnings.catch_warnings():  # trouble is kept below
        warnings.simplefilter("ignore", TrainingWarning)
        try:
            training.fit()
        except DivergedError as error:
            diverged = str(error)
    facts = {
        "score": training.best,
        "ordering": training.curve[-1].ordering if training.curve else 0.0,
        "trouble": diverged or training.trouble,
        "seconds": training.curve[-1].seconds if training.curve else 0.0,
    }
    Results(folder).keep(f"{name}/{seed}.json", facts)
