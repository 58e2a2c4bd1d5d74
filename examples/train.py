"""Train a policy and keep its weights.

    python examples/train.py --env InvLostSales-v0 --out runs/lost-sales
    python examples/train.py --env InvLostSalesLeadTime-v0 --field lead_time=10 --out runs/l10 --resume
    torchrun --nproc-per-node 2 examples/train.py --env InvPerishable-v0 --out runs/perishable

DIR gets weights.safetensors and card.json (for `InventoryAgent.load`), metrics.jsonl (one line per validation),
checkpoint.safetensors (for --resume) and, where tensorboard is installed, its event files.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shlex
import sys
from contextlib import nullcontext
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import distributed

import baselines
import inv_gym
from agents.direct_backprop import DirectBackprop, DivergedError
from agents.direct_backprop import Progress as Validation
from agents.networks import NetworkConfig
from agents.training_config import KINDS, TrainingConfig
from inv_gym.checks import one_of
from inv_gym.files import write_atomically
from inv_gym.registry import problem_from

CHECKPOINT = "checkpoint.safetensors"
console = Console(highlight=False)


def with_fields(problem: inv_gym.Problem, fields: list[str]) -> inv_gym.Problem:
    """The problem with fields changed as in ``name=value``, the value in JSON."""
    changes = {}
    for text in fields:
        name, separator, value = text.partition("=")
        if not separator:
            raise ValueError(f"--field must be name=value, got {text!r}.")
        try:
            changes[name] = json.loads(value)
        except json.JSONDecodeError:
            changes[name] = value
    return problem_from(problem, changes)


def reference_reward(training: DirectBackprop) -> tuple[str, float]:
    """The reference heuristic's name, and what it earns on the validation products (mean per period, money)."""
    ((problem, products),) = training.validation
    known = products.distribution is not None
    name = baselines.reference(problem, known)
    played = inv_gym.rollout(problem, baselines.policies(problem, known)[name], products)
    return name, float(np.mean(played.discounted_reward)) / problem.discounted_periods


class Log:
    """Writes what a training reports: a progress bar, metrics.jsonl and tensorboard's files."""

    def __init__(self, training: DirectBackprop, out: Path, bar: Progress) -> None:
        self.training, self.out, self.bar = training, out, bar
        self.name, self.reference = reference_reward(training)
        self.task = bar.add_task("training", total=training.config.steps, completed=training.step, last="")
        self.board: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(out / "tensorboard"), purge_step=training.step)

    def gap(self, reward: float) -> float:
        """To the reference heuristic, % of its reward."""
        return 100.0 * (reward - self.reference) / abs(self.reference)

    def __call__(self, validation: Validation) -> None:
        """Report a validation."""
        gap = self.gap(validation.reward)
        curve = self.training.curve
        rows = [json.dumps({**row._asdict(), "gap": self.gap(row.reward)}) for row in curve]
        write_atomically(self.out / "metrics.jsonl", "\n".join(rows) + "\n")
        last = f"reward {validation.reward:.4f}, {gap:+.2f} % to {self.name}, {validation.seconds:.0f} s"
        self.bar.update(self.task, completed=validation.step, last=last)
        if not console.is_terminal:
            console.print(f"step {validation.step}: loss {validation.loss:.5f}, {last}", soft_wrap=True)
        if self.board is not None:
            for key in ("loss", "reward"):
                self.board.add_scalar(key, getattr(validation, key), validation.step)
            self.board.add_scalar("gap", gap, validation.step)
            self.board.flush()


def card(training: DirectBackprop, log: Log, agent: str, products: str) -> dict[str, Any]:
    """What the weights' card says beside their shapes."""
    best = max(training.curve, key=lambda row: row.best)
    packages = ("inv-gym", "torch", "numpy")
    return {
        "name": KINDS[agent],
        "config": asdict(training.config),
        "products": products,
        "metrics": {
            "validation_reward": best.reward,
            "reference": log.name,
            "gap_percent": log.gap(best.reward),
            "steps": training.step,
            "seconds": training.curve[-1].seconds,
        },
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in packages},
        "command": shlex.join(["python", *sys.argv]),
    }


def join_processes(device: str) -> str:
    """Join the processes that torchrun started; this one's device."""
    if "WORLD_SIZE" not in os.environ:
        return device
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" else device


app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    env: Annotated[str, typer.Option(metavar="ID", help="The environment.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")],
    agent: Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.")] = next(iter(KINDS)),
    products: Annotated[str | None, typer.Option(help="A population, instance or demand table (a file).")] = None,
    field: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of the problem; repeatable.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from DIR's checkpoint.")] = False,
    steps: int = TrainingConfig.steps,
    batch: int = TrainingConfig.batch,
    learning_rate: float = TrainingConfig.learning_rate,
    weighting: str = TrainingConfig.weighting,
    rounding: str = TrainingConfig.rounding,
    fixed_products: int | None = None,
    truncate: int | None = None,
    patience: int | None = None,
    penalty: Annotated[float | None, typer.Option(help="Of broken structure; of agent penalised by default 1.")] = None,
    penalty_schedule: str = TrainingConfig.penalty_schedule,
    knows: str = NetworkConfig.knows,
    channels: int = NetworkConfig.channels,
    hidden: Annotated[list[int] | None, typer.Option(help="Units of a hidden layer; repeat for more.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="Of torch; all cores if not given.")] = None,
    device: str = "cpu",
    compiled: Annotated[bool, typer.Option("--compile", help="One graph of the rollout: for long trainings.")] = False,
) -> None:
    """Train a policy across the products of a population, from their demand history alone."""
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        one_of("agent", agent, KINDS)
        environment = inv_gym.ENVIRONMENTS[one_of("environment", env, inv_gym.ENVIRONMENTS)]
        origin = products or environment.products
        source = inv_gym.make_source({"file": origin} if Path(origin).is_file() else origin)
        network = NetworkConfig(knows, channels, tuple(hidden or NetworkConfig.hidden))
        config = TrainingConfig(
            steps=steps,
            batch=batch,
            learning_rate=learning_rate,
            weighting=weighting,
            rounding=rounding,
            fixed_products=fixed_products,
            truncate=truncate,
            patience=patience,
            penalty_schedule=penalty_schedule,
            seed=seed,
            network=network,
        ).of_kind(agent)
        if penalty is not None:
            config = replace(config, penalty=penalty)
        problem = with_fields(inv_gym.make_problem(env), field or [])
        training = DirectBackprop(problem, source, config, join_processes(device), compiled)
        if resume:
            training.resume(out / CHECKPOINT)
        elif (out / CHECKPOINT).exists():
            raise ValueError(f"{out} holds a training already: go on with --resume, or give another --out.")
        run(training, out, agent, Path(origin).name)
    except (ValueError, TypeError, OSError, DivergedError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo(f"Interrupted: go on with --resume from {out / CHECKPOINT}.", err=True)
        raise typer.Exit(130) from None
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def run(training: DirectBackprop, out: Path, agent: str, products: str) -> None:
    """Train with a progress bar, and save; of several processes only the first one reports."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, TextColumn("{task.fields[last]}"), console=console)
    if training.rank > 0:
        training.fit()
        return
    with bar if console.is_terminal else nullcontext():
        log = Log(training, out, bar)
        trained = training.fit(log, out / CHECKPOINT)
    facts = card(training, log, agent, products)
    trained.save(out, facts)
    console.print(
        f"Wrote {out}: best validation reward {facts['metrics']['validation_reward']:.4f}, "
        f"{facts['metrics']['gap_percent']:+.2f} % to {log.name}.",
        soft_wrap=True,
    )


if __name__ == "__main__":
    app()
