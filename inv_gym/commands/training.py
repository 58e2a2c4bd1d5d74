"""What ``inv-gym train`` does."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import distributed

import inv_gym
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.agents.training.progress import DivergedError, TrainingWarning
from inv_gym.agents.weights import CARD
from inv_gym.commands.report import METRICS_FILE, Log, card, console
from inv_gym.commands.tables import (
    given,
    read_described,
    refuse_given_twice,
    refuse_table_name,
    refuse_without_table,
)
from inv_gym.commands.train import AGENTS, LIKE, Options
from inv_gym.commands.trainings import (
    AGENT_TITLES,
    GENERALIST_AGENT,
    MODEL_FREE,
    direct_backprop,
    fine_tuned,
    generalist,
    model_free,
)
from inv_gym.leaderboard.loading import as_options, load_environment
from inv_gym.leaderboard.remarks import covariate_remark
from inv_gym.tasks.tables import unplayed_notes
from inv_gym.util.checks import one_of
from inv_gym.util.files import check_writable
from inv_gym.util.locks import locked

CHECKPOINT_FILE = "checkpoint.safetensors"
TRAINED_NAMES = ("weights.safetensors", "model.zip")
"""What a training leaves in the end, with a checkpoint or without one."""
WRITTEN_NAMES = (CHECKPOINT_FILE, METRICS_FILE, CARD, *TRAINED_NAMES)
"""Files that a training writes, some of them at its end."""


def train(options: Options) -> None:
    """Train as it was asked for, and save.

    Raises:
        typer.Exit: Interrupted, or something is wrong; the message says what.
    """
    torch.set_num_threads(options.threads)
    try:
        for played, out in asked_trainings(options):
            train_one(options._replace(out=out), played)
    except (typer.BadParameter, ValueError, TypeError, OSError) as error:
        typer.echo(f"Error: {as_options(str(error))}", err=True)
        raise typer.Exit(1) from None


def train_one(options: Options, played: inv_gym.Task) -> None:
    """Train for a task, and save.

    Raises:
        typer.Exit: Interrupted, or something is wrong; the message says what.
    """
    checkpoint = options.out / CHECKPOINT_FILE
    try:
        for note in unplayed_notes(played, "training"):
            console.print(f"Note: {note}.", soft_wrap=True)
        training, origin = begin(options, played)
        if options.from_pretrained:
            tell_unseen(training)
        if options.resume:
            training.resume(checkpoint)
        with locked(options.out) if rank(training) == 0 else nullcontext():
            if not options.resume:
                refuse_used(options.out)
            check_writable(options.out / name for name in WRITTEN_NAMES)
            run(training, options.out, options.agent, origin)
    except (typer.BadParameter, ValueError, TypeError, OSError, DivergedError) as error:
        typer.echo(f"Error: {as_options(str(error))}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo(f"Interrupted: {advice(checkpoint)}.", err=True)
        raise typer.Exit(130) from None
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def tell_unseen(training: DirectBackprop) -> None:
    """Say which holidays and promotions the generalist does not see that a training begins with."""
    if training.start and (unseen := covariate_remark(training.source, training.start)):
        console.print(f"Note: the generalist {unseen}.", soft_wrap=True)


def refuse_used(out: Path) -> None:
    """Refuse a folder in which a training would overwrite what another one left.

    Raises:
        ValueError: There is a checkpoint, or a trained model without one.
    """
    if (out / CHECKPOINT_FILE).exists():
        raise ValueError(
            f"{out} holds a training already: go on with --resume, or give another --out."
        )
    for name in TRAINED_NAMES:
        if (out / name).exists():
            raise ValueError(f"{out} holds a trained model already, {name}: give another --out.")


def rank(training: Any) -> int:
    """Which of the processes that train together this is."""
    return getattr(training, "rank", 0)


def advice(checkpoint: Path) -> str:
    """How to go on after an interruption."""
    if checkpoint.exists():
        return f"go on with --resume from {checkpoint}"
    return "there is no checkpoint yet, so begin again without --resume"


def asked_trainings(options: Options) -> list[tuple[inv_gym.Task, Path]]:
    """The tasks that are trained for and their folders: of a table with several structures, one
    for each, in a folder of its own.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A name is unknown, or a value out of bounds.
        OSError: A file cannot be read.
    """
    one_of("agent", options.agent, AGENT_TITLES)
    env_id = load_environment(options.env)
    changes = named_values("--field", options.field) | given({"horizon": options.horizon})
    tasks = played_tasks(env_id, options, changes)
    if len(tasks) == 1:
        return [(played, options.out) for played in tasks.values()]
    console.print(f"The table has {len(tasks)} structures: {'; '.join(tasks)}.", soft_wrap=True)
    return [(played, options.out / re.sub(r"\W+", "-", label)) for label, played in tasks.items()]


def begin(options: Options, played: inv_gym.Task) -> tuple[Any, str]:
    """The training that was asked for, and the name of its products.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A name is unknown, or a value out of bounds.
        OSError: A file cannot be read.
    """
    agent = one_of("agent", options.agent, AGENT_TITLES)
    env_id = load_environment(options.env)
    refuse_foreign(agent, {**options.own, "compile": options.compiled or None}, options.option)
    own = named_values("--option", options.option) if agent in MODEL_FREE else options.own
    fields, network = given({**options.common, **own}), given(options.network)
    where = options.device, options.compiled
    refuse_unfit(agent, options)
    if agent in MODEL_FREE:
        fields["network"] = NetworkConfig(**network)
        training: Any = model_free(played, env_id, agent, fields, options.device, options.out)
    elif agent == GENERALIST_AGENT:
        training = generalist(played, fields, network, *where)
    elif options.from_pretrained:
        training = fine_tuned(played, fields, network, *where)
    else:
        training = direct_backprop(played, agent, fields, network, *where)
    return training, products_name(env_id, options)


def refuse_unfit(agent: str, options: Options) -> None:
    """Refuse to fit what is no generalist, and a generalist of other products.

    Raises:
        ValueError: That is so.
    """
    if options.from_pretrained and agent != AGENTS[0]:
        raise ValueError(f"--from-pretrained is for {AGENTS[0]}, got agent {agent}.")
    if agent == GENERALIST_AGENT and (options.data, options.products) != (None, None):
        raise ValueError(
            "a generalist is trained on the broad population: leave out --data and --products, or "
            "fit the one that comes with the package by --from-pretrained."
        )


def played_tasks(env_id: str, options: Options, changes: dict[str, Any]) -> dict[str, inv_gym.Task]:
    """The tasks that are trained for, by their structure, with changes to the fields of the
    problem.

    Raises:
        ValueError: The table cannot be read, or something was said about a table where there is
            none.
    """
    refuse_table_name(options.products)
    if options.data is None:
        refuse_without_table(options.table)
        if options.products == LIKE:
            raise ValueError(f"--products {LIKE} needs a table to be like: give it by --data FILE.")
        return {"": inv_gym.task(env_id, products=options.products, warm_up=0, **changes)}
    if options.products not in (None, LIKE):
        raise ValueError(
            f"give either --products NAME or --data FILE, got both; with --data, --products {LIKE} "
            "trains on made-up products like those of the table."
        )
    horizon = changes.pop("horizon", None)
    registered = inv_gym.task(env_id, warm_up=0, **changes)
    panel, said = read_described(options.data, options.table)
    refuse_given_twice(panel, changes)
    tasks = inv_gym.table_tasks(panel, registered, horizon=horizon, **said)
    if options.products != LIKE:
        return tasks
    return {
        label: replace(played, training=inv_gym.population_like(played))
        for label, played in tasks.items()
    }


def products_name(env_id: str, options: Options) -> str:
    """What the card calls the products: the table's file, the population or the instance."""
    if options.data is not None:
        name = Path(options.data).name
        if options.products is not None:
            return f"{options.products} {name}"
        return f"{name} and products like it" if options.from_pretrained else name
    if options.agent == GENERALIST_AGENT:
        return "broad"
    return options.products or inv_gym.ENVIRONMENTS[env_id].origin


def named_values(option: str, texts: Sequence[str]) -> dict[str, Any]:
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


def refuse_foreign(agent: str, own: dict[str, Any], option: list[str]) -> None:
    """Refuse options of the other kind of agents."""
    foreign = list(given(own)) if agent in MODEL_FREE else []
    if foreign:
        raise ValueError(
            f"--{foreign[0].replace('_', '-')} is not for {agent}: give its parameters as --option."
        )
    if option and agent not in MODEL_FREE:
        raise ValueError(f"--option is for {', '.join(MODEL_FREE)}, got agent {agent}.")


def run(training: Any, out: Path, agent: str, products: str) -> None:
    """Train with a progress bar, and save; of several processes only the first one reports."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, TextColumn("{task.fields[last]}"), console=console)
    if rank(training) > 0:
        training.fit()
        return
    with bar if console.is_terminal else nullcontext():
        log = Log(training, out, bar)
        with warnings.catch_warnings():  # trouble is told at the end
            warnings.simplefilter("ignore", TrainingWarning)
            trained = training.fit(log, out / CHECKPOINT_FILE)
    facts = card(training, log, agent, products)
    (training.save_model if agent in MODEL_FREE else trained.save)(out, facts)
    best = log.compared(facts["metrics"]["validation_score"])
    console.print(f"Wrote {out}: best validation {best}.", soft_wrap=True)
    if facts["metrics"]["trouble"] is not None:
        console.print(f"Warning: {facts['metrics']['trouble']}.", soft_wrap=True)
