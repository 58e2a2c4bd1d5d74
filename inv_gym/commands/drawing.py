"""What ``inv-gym pictures`` does: choose what is drawn, draw it and write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import typer

import inv_gym
from inv_gym import agents, baselines
from inv_gym.agents.catalogue import TRAINED_FOLDER
from inv_gym.leaderboard.loading import blamed, load_task, told
from inv_gym.leaderboard.named import Inapplicable, build, load_factory
from inv_gym.pictures.figures import plain_names, save
from inv_gym.pictures.standard import PICTURE_NAMES, draw_standard
from inv_gym.pictures.task_orders import task_picture
from inv_gym.util.checks import matching, one_of
from inv_gym.util.files import check_writable
from inv_gym.util.processes import report_finished


def draw_set(patterns: Sequence[str], weights: Path | None, jobs: int, out: Path) -> None:
    """Draw the standard pictures that match a pattern.

    Args:
        patterns: Of the names of pictures; all pictures if there is none.
        weights: The folder of networks; None for those of the package.
        jobs: Pictures at a time.
        out: The folder of the files.

    Raises:
        typer.BadParameter: A pattern matches nothing, a network is missing, or the folder cannot
            be written.
    """
    with told("--only"):
        names = matching("picture", patterns, PICTURE_NAMES)
    with told("--out"):
        check_writable(out / f"{name}.png" for name in names)
    arguments = {name: (out, name, weights or TRAINED_FOLDER) for name in names}
    with told("--weights"):
        drawn = report_finished(draw_standard, arguments, jobs, typer.echo)
    for path in (path for paths in drawn.values() for path in paths):
        typer.echo(f"Wrote {path}")


def draw_task(spec: str, names: Sequence[str], seed: int, out: Path) -> None:
    """Draw the orders of policies for a product of a task.

    Args:
        spec: The task, by its name or as MODULE:TASK.
        names: The policies, by their names or as MODULE:FACTORY.
        seed: Of the product.
        out: The folder of the file.

    Raises:
        typer.BadParameter: A task or policy is unknown or fails, or the folder cannot be written.
    """
    task = load_task(spec)
    policies = chosen_policies(task, names)
    name = re.sub(r"[^\w.-]+", "-", task.name) or type(task.problem).__name__
    path = out / f"orders-{name}.png"
    with told("--out"):
        check_writable([path])
    with plain_names():
        with blamed(f"{spec} cannot be drawn", "--policy"):
            figure = task_picture(task, policies, seed)
        with told("--out"):
            save(figure, path)
    typer.echo(f"Wrote {path}")


def chosen_policies(task: inv_gym.Task, names: Sequence[str]) -> dict[str, inv_gym.Policy]:
    """The named policies; without names the reference policy and the trained networks.

    Raises:
        typer.BadParameter: A policy is unknown, fails, or does not apply to the task.
    """
    networks = agents.policies(task.problem)
    known = baselines.policies(task.problem) | networks
    usual = (task.reference or baselines.reference(task.problem), *networks)
    return {name: _policy(task.problem, name, known) for name in names or usual}


def _policy(
    problem: inv_gym.Problem, name: str, known: dict[str, inv_gym.Policy]
) -> inv_gym.Policy:
    """A policy of the leaderboard, or one of the user's.

    Raises:
        typer.BadParameter: It is unknown, or does not apply.
    """
    if name in known or not (":" in name or Path(name).is_dir()):
        with told("--policy"):
            return known[one_of("policy", name, known)]
    policy = build(name, load_factory(name), problem)
    if isinstance(policy, Inapplicable):
        raise typer.BadParameter(
            f"{name} does not apply to {type(problem).__name__} ({policy.reason}).",
            param_hint="--policy",
        )
    return policy
