"""Train a policy and keep its weights.

    python examples/train.py --env InvLostSales-v0 --out runs/lost-sales
    python examples/train.py --env InvLostSalesLeadTime-v0 --field lead_time=10 --out runs/l10
    --resume torchrun --nproc-per-node 2 examples/train.py --env InvPerishable-v0 --out
    runs/perishable python examples/train.py --env InvLostSales-v0 --agent ppo --option
    gae_lambda=0.8 --out runs/ppo

DIR gets weights.safetensors and card.json (for `InventoryAgent.load`), metrics.jsonl (one line per
validation), checkpoint.safetensors (for --resume) and, where tensorboard is installed, its event
files. The agents of stable-baselines3 count steps in product-periods, begin with the parameters
that were tuned for the environment, and leave model.zip and vecnormalize.pkl too.
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

import inv_gym
from inv_gym import baselines
from inv_gym.agents.network.policy_network import NetworkConfig
from inv_gym.agents.training.config import KINDS, TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop, DivergedError
from inv_gym.products.sources import ProductSource
from inv_gym.tasks.naming import with_fields
from inv_gym.util.checks import one_of
from inv_gym.util.files import write_atomically

MODEL_FREE = {"ppo": "PPO", "a2c": "A2C", "sac": "SAC", "td3": "TD3"}
"""Agents of stable-baselines3, and what results are called in tables."""
AGENTS = KINDS | MODEL_FREE
CHECKPOINT = "checkpoint.safetensors"
console = Console(highlight=False)


def named_values(option: str, texts: list[str]) -> dict[str, Any]:
    """What ``name=value`` texts say, the values in JSON or plain."""
    values = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise ValueError(f"{option} must be name=value, got {text!r}.")
        try:
            values[name] = json.loads(value)
        except json.JSONDecodeError:
            values[name] = value
    return values


def refuse_foreign(agent: str, given: dict[str, Any], option: list[str] | None) -> None:
    """Refuse options of the other kind of agents."""
    foreign = (
        [name for name, value in given.items() if value is not None] if agent in MODEL_FREE else []
    )
    if foreign:
        raise ValueError(
            f"--{foreign[0].replace('_', '-')} is not for {agent}: give its parameters as --option."
        )
    if option and agent in KINDS:
        raise ValueError(f"--option is for {', '.join(MODEL_FREE)}, got agent {agent}.")


def reference_reward(training: Any) -> tuple[str, float]:
    """The reference heuristic's name, and what it earns on the validation products (mean per
    period, money).
    """
    ((problem, products),) = training.validation
    known = products.distribution is not None
    name = baselines.reference(problem, known)
    played = inv_gym.rollout(problem, baselines.policies(problem, known)[name], products)
    return name, float(np.mean(played.discounted_reward)) / problem.discounted_periods


class Log:
    """Writes what a training reports: a progress bar, metrics.jsonl and tensorboard's files."""

    def __init__(self, training: Any, out: Path, bar: Progress) -> None:
        self.training, self.out, self.bar = training, out, bar
        self.name, self.reference = reference_reward(training)
        self.task = bar.add_task(
            "training", total=training.config.steps, completed=training.step, last=""
        )
        self.board: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(out / "tensorboard"), purge_step=training.step)

    def gap(self, reward: float) -> float:
        """To the reference heuristic, % of its reward."""
        return 100.0 * (reward - self.reference) / abs(self.reference)

    def __call__(self, validation: Any) -> None:
        """Report a validation."""
        gap = self.gap(validation.reward)
        curve = self.training.curve
        rows = [json.dumps({**row._asdict(), "gap": self.gap(row.reward)}) for row in curve]
        write_atomically(self.out / "metrics.jsonl", "\n".join(rows) + "\n")
        last = (
            f"reward {validation.reward:.4f}, {gap:+.2f} % to {self.name}, "
            f"{validation.seconds:.0f} s"
        )
        self.bar.update(self.task, completed=validation.step, last=last)
        if not console.is_terminal:
            loss = f"loss {validation.loss:.5f}, " if "loss" in validation._fields else ""
            console.print(f"step {validation.step}: {loss}{last}", soft_wrap=True)
        if self.board is not None:
            for key in {"loss", "reward"} & set(validation._fields):
                self.board.add_scalar(key, getattr(validation, key), validation.step)
            self.board.add_scalar("gap", gap, validation.step)
            self.board.flush()


def card(training: Any, log: Log, agent: str, products: str) -> dict[str, Any]:
    """What the weights' card says beside their shapes."""
    best = max(training.curve, key=lambda row: row.best)
    packages = ("inv-gym", "torch", "numpy", *(() if agent in KINDS else ("stable-baselines3",)))
    return {
        "name": AGENTS[agent],
        "config": asdict(training.config),
        "products": products,
        "metrics": {
            "validation_reward": best.reward,
            "reference": log.name,
            "gap_percent": log.gap(best.reward),
            "steps": training.step,
            "seconds": training.curve[-1].seconds,
        },
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in packages},
        "command": shlex.join(["python", *sys.argv]),
    }


def join_processes(device: str) -> str:
    """Join the processes that torchrun started; this one's device."""
    if "WORLD_SIZE" not in os.environ:
        return device
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" else device


def direct_backprop(
    problem: inv_gym.Problem,
    source: ProductSource,
    agent: str,
    fields: dict[str, Any],
    device: str,
    compiled: bool,
) -> DirectBackprop:
    """A training of DirectBackprop."""
    penalty = fields.pop("penalty", None)
    config = TrainingConfig(**fields).of_kind(agent)
    config = config if penalty is None else replace(config, penalty=penalty)
    return DirectBackprop(problem, source, config, join_processes(device), compiled)


def model_free(
    problem: inv_gym.Problem,
    source: ProductSource,
    env: str,
    agent: str,
    fields: dict[str, Any],
    device: str,
    out: Path,
) -> Any:
    """A training with stable-baselines3, from the environment's tuned parameters on."""
    from inv_gym.agents.sb3.config import ModelFreeConfig, tuned
    from inv_gym.agents.sb3.training import ModelFree

    if "WORLD_SIZE" in os.environ:
        raise ValueError(f"{agent} trains in one process: start it without torchrun.")
    ours = {name for name in fields if name in ModelFreeConfig.__dataclass_fields__}
    found = tuned(env) if agent == "ppo" else {}
    options = found.pop("options", {}) | {name: fields[name] for name in fields.keys() - ours}
    config = ModelFreeConfig(
        agent, **found | {name: fields[name] for name in ours}, options=options
    )
    log = out / "tensorboard" if importlib.util.find_spec("tensorboard") else None
    return ModelFree(problem, source, config, device, log)


app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    env: Annotated[str, typer.Option(metavar="ID", help="The environment.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")],
    agent: Annotated[str, typer.Option(help=f"One of {', '.join(AGENTS)}.")] = next(iter(KINDS)),
    products: Annotated[
        str | None, typer.Option(help="A population, instance or demand table (a file).")
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of the problem; repeatable.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from DIR's checkpoint.")] = False,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Of stable-baselines3's agents; repeatable."),
    ] = None,
    steps: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    weighting: str | None = None,
    rounding: str | None = None,
    fixed_products: int | None = None,
    truncate: int | None = None,
    patience: int | None = None,
    penalty: Annotated[
        float | None, typer.Option(help="Of broken structure; of agent penalised by default 1.")
    ] = None,
    penalty_schedule: str | None = None,
    knows: str = NetworkConfig.knows,
    channels: int = NetworkConfig.channels,
    hidden: Annotated[
        list[int] | None, typer.Option(help="Units of a hidden layer; repeat for more.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Of torch; all cores if not given.")
    ] = None,
    device: str = "cpu",
    compiled: Annotated[
        bool, typer.Option("--compile", help="One graph of the rollout: for long trainings.")
    ] = False,
) -> None:
    """Train a policy across the products of a population, from their demand history alone."""
    given = {
        "batch": batch,
        "weighting": weighting,
        "rounding": rounding,
        "fixed_products": fixed_products,
        "truncate": truncate,
        "patience": patience,
        "penalty": penalty,
        "penalty_schedule": penalty_schedule,
    }
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        one_of("agent", agent, AGENTS)
        environment = inv_gym.ENVIRONMENTS[one_of("environment", env, inv_gym.ENVIRONMENTS)]
        origin = products or environment.origin
        source = inv_gym.make_source({"file": origin} if Path(origin).is_file() else origin)
        problem = with_fields(inv_gym.make_problem(env), named_values("--field", field or []))
        network = NetworkConfig(knows, channels, tuple(hidden or NetworkConfig.hidden))
        fields = {"steps": steps, "learning_rate": learning_rate, "seed": seed, "network": network}
        refuse_foreign(agent, {**given, "compile": compiled or None}, option)
        fields |= given if agent in KINDS else named_values("--option", option or [])
        fields = {name: value for name, value in fields.items() if value is not None}
        if agent in KINDS:
            training = direct_backprop(problem, source, agent, fields, device, compiled)
        else:
            training = model_free(problem, source, env, agent, fields, device, out)
        if resume:
            training.resume(out / CHECKPOINT)
        elif (out / CHECKPOINT).exists():
            raise ValueError(
                f"{out} holds a training already: go on with --resume, or give another --out."
            )
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


def run(training: Any, out: Path, agent: str, products: str) -> None:
    """Train with a progress bar, and save; of several processes only the first one reports."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, TextColumn("{task.fields[last]}"), console=console)
    if getattr(training, "rank", 0) > 0:
        training.fit()
        return
    with bar if console.is_terminal else nullcontext():
        log = Log(training, out, bar)
        trained = training.fit(log, out / CHECKPOINT)
    facts = card(training, log, agent, products)
    (trained.save if agent in KINDS else training.save_model)(out, facts)
    console.print(
        f"Wrote {out}: best validation reward {facts['metrics']['validation_reward']:.4f}, "
        f"{facts['metrics']['gap_percent']:+.2f} % to {log.name}.",
        soft_wrap=True,
    )


if __name__ == "__main__":
    app()
