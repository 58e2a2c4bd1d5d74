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
from inv_gym.pictures.figures import FILE_SUFFIXES, plain_names, save
from inv_gym.pictures.orders import ORDER_PICTURES
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
        out: The folder of the files; of one picture of optimal orders also the file.

    Raises:
        typer.BadParameter: A pattern matches nothing, a network is missing, the folder cannot be
            written, or a file is given for several pictures.
    """
    with told("--only"):
        names = matching("picture", patterns, PICTURE_NAMES)
    with told("--out"):
        files = files_of(names, out)
        check_writable(files.values())
    arguments = {name: (files[name], name, weights or TRAINED_FOLDER) for name in names}
    with told("--weights"):
        drawn = report_finished(draw_standard, arguments, jobs, typer.echo)
    for path in (path for paths in drawn.values() for path in paths):
        typer.echo(f"Wrote {path}")


def is_picture(path: Path) -> bool:
    """Whether a path names a file that a picture can be written to, not a folder."""
    return path.suffix in FILE_SUFFIXES and not path.is_dir()


def files_of(names: Sequence[str], out: Path) -> dict[str, Path]:
    """The file of each standard picture.

    Raises:
        ValueError: The place is a file, and the pictures are several.
    """
    if not is_picture(out):
        return {name: out / f"{name}.png" for name in names}
    if len(names) > 1 or names[0] not in ORDER_PICTURES:
        raise ValueError(
            f"{str(out)!r} is one file, and {', '.join(names)} are several pictures: give a "
            f"folder, or one of {', '.join(ORDER_PICTURES)} with --only."
        )
    return {names[0]: out}


def draw_task(spec: str, names: Sequence[str], seed: int, out: Path) -> None:
    """Draw the orders of policies for a product of a task.

    Args:
        spec: The task, by its name or as MODULE:TASK.
        names: The policies, by their names or as MODULE:FACTORY.
        seed: Of the product.
        out: The folder of the file, or the file, in the format of its suffix.

    Raises:
        typer.BadParameter: A task or policy is unknown or fails, or the folder cannot be written.
    """
    task = load_task(spec)
    policies = chosen_policies(task, names)
    name = re.sub(r"[^\w.-]+", "-", task.name) or type(task.problem).__name__
    path = out if is_picture(out) else out / f"orders-{name}.png"
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
