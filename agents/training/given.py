"""Checks of what a training is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inv_gym.agents.training.config import TrainingConfig
from inv_gym.problems.problem import Problem
from inv_gym.structure import inequalities
from inv_gym.tasks.task import Task


def problems_of(name: str, given: Any) -> tuple[Problem, ...]:
    """The problems that were given: one alone, or a sequence of them.

    Raises:
        TypeError: There are none, or something else is among them.
    """
    problems = (given,) if isinstance(given, Problem) else given
    if isinstance(problems, str) or not isinstance(problems, Sequence) or not problems:
        raise TypeError(
            f"{name} must be a Task, a Problem or a sequence of problems of one class, got "
            f"{given!r}."
        )
    for problem in problems:
        if isinstance(problem, Task):
            raise TypeError(
                f"{name} must hold problems, got the task {problem.name!r}: several tasks cannot "
                "be trained for at once; give [task.problem, ...] and one source."
            )
        if not isinstance(problem, Problem):
            raise TypeError(f"{name} must hold problems, got {problem!r}.")
    return tuple(problems)


def config_of(config: Any) -> TrainingConfig:
    """The configuration that was given.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(config, TrainingConfig):
        raise TypeError(f"config must be a TrainingConfig, got {config!r}.")
    return config


def refuse_share_without_start(config: TrainingConfig) -> None:
    """Refuse a share of the starting weights in a training that begins with random ones.

    Raises:
        ValueError: That is so.
    """
    if config.start_share:
        raise ValueError(
            f"start_share is {config.start_share}, but no agent is given to start with: give "
            "start=, or set start_share=0."
        )


def refuse_unknown_structure(
    problems: Sequence[Problem], config: TrainingConfig, compiled: bool
) -> None:
    """Refuse to inform a network of a structure that is not known, or not shared by all problems.

    Raises:
        ValueError: That is so, or the penalty for breaking it is to be compiled.
    """
    if not config.penalty and config.network.head == "plain":
        return
    for problem in problems:
        inequalities(problem)
    if len({getattr(problem, "expedited_lead_time", 0) for problem in problems}) > 1:
        raise ValueError(
            "problems that share a structure must have one expedited_lead_time: train one for each."
        )
    if config.penalty and compiled:
        raise ValueError(
            "a penalty needs second derivatives, which do not compile: set compiled=False."
        )
