"""Train a policy and keep its weights.

DIR gets weights.safetensors and card.json (for `InventoryAgent.load`), metrics.jsonl (one line per
validation), checkpoint.safetensors (for --resume) and, where tensorboard is installed, its event
files. The agents of stable-baselines3 count steps in product-periods, begin with the parameters
that were tuned for the environment, and leave model.zip and vecnormalize.pkl too.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import distributed

import inv_gym
from inv_gym.agents.network.policy_network import NetworkConfig
from inv_gym.agents.training.config import KINDS
from inv_gym.agents.training.direct_backprop import DivergedError
from inv_gym.commands.report import Log, card, console
from inv_gym.commands.tables import (
    Columns,
    Duplicates,
    First,
    Horizon,
    Last,
    Missing,
    Returns,
    Separator,
    Wide,
    make_products,
)
from inv_gym.commands.trainings import AGENTS, MODEL_FREE, direct_backprop, model_free
from inv_gym.tasks.naming import with_fields
from inv_gym.util.checks import one_of

CHECKPOINT = "checkpoint.safetensors"


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


EXAMPLES = """\b
Examples:
  inv-gym train --env InvLostSales-v0 --out runs/lost-sales
  inv-gym train --env InvLostSales-v0 --out runs/lost-sales --resume
  inv-gym train --env InvLostSales-v0 --products sales.csv --last 2015-10-31 --out runs/mine
  inv-gym train --env InvLostSalesLeadTime-v0 --field lead_time=10 --out runs/l10
  inv-gym train --env InvLostSales-v0 --agent ppo --option gae_lambda=0.8 --out runs/ppo
  torchrun --nproc-per-node 2 -m inv_gym train --env InvPerishable-v0 --out runs/two"""


def main(
    env: Annotated[str, typer.Option(metavar="ID", help="The environment.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")],
    agent: Annotated[str, typer.Option(help=f"One of {', '.join(AGENTS)}.")] = next(iter(KINDS)),
    products: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="A population, an instance, or the file of a demand table."
        ),
    ] = None,
    missing: Missing = None,
    returns: Returns = None,
    duplicates: Duplicates = None,
    first: First = None,
    last: Last = None,
    separator: Separator = None,
    columns: Columns = None,
    wide: Wide = None,
    horizon: Horizon = None,
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
        described = {
            "missing": missing,
            "returns": returns,
            "duplicates": duplicates,
            "first": first,
            "last": last,
            "separator": separator,
            "columns": columns,
            "wide": wide,
        }
        source = make_products(origin, described)
        changes = named_values("--field", field or [])
        changes |= {} if horizon is None else {"horizon": horizon}
        problem = with_fields(inv_gym.make_problem(env), changes)
        network = NetworkConfig(knows, channels, tuple(hidden or NetworkConfig.hidden))
        fields: dict[str, Any] = {"steps": steps, "learning_rate": learning_rate}
        fields |= {"seed": seed, "network": network}
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
