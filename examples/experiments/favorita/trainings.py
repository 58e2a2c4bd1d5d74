"""Trainings whose results are kept, so that an interrupted measurement goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from experiments.fitted import without_warnings
from experiments.results import Results
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.sb3.training import ModelFree
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.problems.problem import Problem
from inv_gym.tasks.task import Task

CHECKPOINT, OUTCOME = "checkpoint", "training.json"


class Trained(Protocol):
    """A forecaster that is trained."""

    def fit(self, task: Task) -> Self:
        """Learn from a task."""
        ...

    def save(self, path: str | Path) -> Path:
        """Write what is learned."""
        ...

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what is written."""
        ...


TrainedForecaster = TypeVar("TrainedForecaster", bound=Trained)


def kept_forecaster(path: Path, untrained: TrainedForecaster, task: Task) -> TrainedForecaster:
    """A forecaster as its file has it, trained if there is none."""
    if not path.exists():
        untrained.fit(task).save(path)
    return type(untrained).load(path)


def kept_agent(
    folder: Path, problem: Problem, begin: Callable[[], DirectBackprop | ModelFree]
) -> InventoryAgent:
    """An agent as its folder has it; if it has none, a training goes on from its last validation,
    or begins.
    """
    if not Results(folder).has(OUTCOME):
        training, checkpoint = begin(), folder / CHECKPOINT
        if checkpoint.exists():
            training.resume(checkpoint)
        with without_warnings():
            agent = training.fit(checkpoint=checkpoint)
        assert isinstance(agent, InventoryAgent)
        agent.save(folder)
        outcome = {"score": training.best, "trouble": training.trouble}
        Results(folder).keep(OUTCOME, outcome | {"seconds": training.curve[-1].seconds})
    return InventoryAgent.load(folder, problem)


def outcome_of(folder: Path) -> dict[str, Any]:
    """The best score on the validation products, trouble if any, and the seconds of a training."""
    return Results(folder).read(OUTCOME)
