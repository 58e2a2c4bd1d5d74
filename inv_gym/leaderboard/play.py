"""Playing a table, with a progress bar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import inv_gym
from inv_gym.leaderboard.board import Board, Contest
from inv_gym.leaderboard.loading import reason
from inv_gym.play.policy import planned


class Watch:
    """Remembers which policy was last asked for an order."""

    playing: str | None = None


class Watched:
    """A policy that tells a watch when it is asked.

    Args:
        name: Of the policy in the table.
        policy: Who orders.
        watch: What is told.
    """

    def __init__(self, name: str, policy: inv_gym.Policy, watch: Watch) -> None:
        self.knows = policy.knows
        self.name = getattr(policy, "name", type(policy).__name__)
        self._title, self._policy, self._watch = name, policy, watch

    def plan(self, problem: inv_gym.Problem, products: inv_gym.Products) -> Watched:
        """The policy after its planning."""
        self._watch.playing = self._title
        policy = planned(self._policy, problem, products)
        return Watched(self._title, policy, self._watch)

    def __call__(self, observation: inv_gym.Observation) -> Any:
        """The policy's orders."""
        self._watch.playing = self._title
        return self._policy(observation)


class Played(NamedTuple):
    """What became of a contest."""

    board: Board | None
    """None if the reference policy failed, or every policy."""
    failures: tuple[str, ...]
    """Which policies failed, and how."""


def play(contest: Contest, number: int, seed: int, console: Console) -> Played:
    """Evaluate a contest. A policy that raises is left out, and the others play again."""
    failures: list[str] = []
    while contest.reference in contest.policies:
        watch = Watch()
        try:
            evaluation = evaluate(contest, watch, number, seed, console)
        except (Exception, SystemExit) as error:
            name = watch.playing
            if name is None:
                raise
            failures.append(f"{name} failed in {contest.title}: {reason(error)}.")
            contest = without(contest, name, reason(error))
        else:
            return Played(Board(contest, evaluation), tuple(failures))
    return Played(None, tuple(failures))


def without(contest: Contest, name: str, words: str) -> Contest:
    """The contest of the other policies."""
    others = {other: policy for other, policy in contest.policies.items() if other != name}
    note = f"{name} failed and is left out ({words})"
    return replace(contest, policies=others, notes=(*contest.notes, note))


def evaluate(
    contest: Contest, watch: Watch, number: int, seed: int, console: Console
) -> inv_gym.Evaluation:
    """Evaluate a contest, with a progress bar if somebody looks on."""
    policies = {name: Watched(name, policy, watch) for name, policy in contest.policies.items()}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        row = bar.add_task(contest.task.name, total=number * len(contest.policies), last="")
        done = dict.fromkeys(contest.policies, 0)

        def progress(name: str, products: int, number: int) -> None:
            done[name] = products
            watch.playing = None
            bar.update(
                row, completed=sum(done.values()), last=f"{name}: {products} of {number} products"
            )

        return inv_gym.evaluate(
            contest.task,
            policies,
            number=number,
            seed=seed,
            reference=contest.reference,
            progress=progress,
        )
