"""Train a policy and keep its weights.

DIR gets weights.safetensors and card.json (for `InventoryAgent.load`), metrics.jsonl (one line per
validation), checkpoint.safetensors (for --resume) and, where tensorboard is installed, its event
files. The agents of stable-baselines3 count steps in product-periods, begin with the parameters
that were tuned for the environment, and leave model.zip and vecnormalize.pkl too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from inv_gym.commands import needed_packages, tables

AGENTS = ("direct-backprop", "penalised", "constructed", "generalist", "ppo", "a2c", "sac", "td3")
"""Names of the agents; `inv_gym.commands.trainings` says what each is."""


LIKE = "like"
"""Name of made-up products that are like those of the table that is given."""


class Options(NamedTuple):
    """What ``inv-gym train`` was asked for."""

    env: str
    out: Path
    agent: str
    products: str | None
    data: str | None
    """The file of a demand table."""
    table: dict[str, Any]
    """What was said of a demand table."""
    from_pretrained: bool
    """Whether the training begins with the generalist."""
    horizon: int | None
    field: list[str]
    resume: bool
    option: list[str]
    common: dict[str, Any]
    """Fields that both kinds of configurations have; None where not given."""
    own: dict[str, Any]
    """Fields of DirectBackprop's configuration; None where not given."""
    network: dict[str, Any]
    """Fields of the network's configuration; None where not given."""
    threads: int
    """Of torch."""
    device: str
    compiled: bool


TRAIN_EXAMPLES = """\b
Examples:
  inv-gym train --env InvLostSales-v0 --out runs/lost-sales
  inv-gym train --env InvLostSales-v0 --out runs/lost-sales --resume
  inv-gym train --env InvLostSales-v0 --data sales.csv --out runs/mine
  inv-gym train --env InvLostSales-v0 --data sales.csv --from-pretrained --out runs/fitted
  inv-gym train --env InvLostSales-v0 --data sales.csv --products like --out runs/like
  inv-gym train --env InvLostSalesLeadTime-v0 --field lead_time=10 --out runs/l10
  inv-gym train --env my_problem:task --out runs/mine
  inv-gym train --env InvLostSales-v0 --agent ppo --option gae_lambda=0.8 --out runs/ppo
  torchrun --nproc-per-node 2 -m inv_gym train --env InvPerishable-v0 --out runs/two"""


def main(
    context: typer.Context,
    env: Annotated[
        str, typer.Option(metavar="ID", help="The environment, or MODULE:TASK, a task of your own.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")],
    agent: Annotated[str, typer.Option(help=f"One of {', '.join(AGENTS)}.")] = AGENTS[0],
    products: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"A population or an instance; {LIKE} with --data: made-up products like those of "
            "its training days.",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="A table of demand by the day, week or month to train on."
        ),
    ] = None,
    missing: tables.Missing = None,
    returns: tables.Returns = None,
    duplicates: tables.Duplicates = None,
    first: tables.First = None,
    last: tables.Last = None,
    train_until: tables.TrainUntil = None,
    validate_until: tables.ValidateUntil = None,
    separator: tables.Separator = None,
    frequency: tables.FrequencyOption = None,
    decimal: tables.Decimal = None,
    holidays: tables.HolidaysOption = None,
    columns: tables.ColumnsOption = None,
    wide: tables.Wide = None,
    from_pretrained: Annotated[
        bool,
        typer.Option(
            "--from-pretrained", help="Begin with the generalist that comes with the package."
        ),
    ] = False,
    horizon: tables.Horizon = None,
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
    knows: str | None = None,
    channels: int | None = None,
    hidden: Annotated[
        list[int] | None, typer.Option(help="Units of a hidden layer; repeat for more.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    threads: Annotated[
        int,
        typer.Option(
            min=1,
            help="Of torch. More gain little, and cost much beside other programs.",
        ),
    ] = 1,
    device: str = "cpu",
    compiled: Annotated[
        bool, typer.Option("--compile", help="One graph of the rollout: for long trainings.")
    ] = False,
) -> None:
    """Train a policy across the products of a population, from their demand history alone.

    TASK is an inv_gym.Task with a name; MODULE may lie in the current directory.
    """
    options = Options(
        env,
        out,
        agent,
        products,
        data,
        tables.described_table(context.params),
        from_pretrained,
        horizon,
        field or [],
        resume,
        option or [],
        {"steps": steps, "learning_rate": learning_rate, "seed": seed},
        {
            "batch": batch,
            "weighting": weighting,
            "rounding": rounding,
            "fixed_products": fixed_products,
            "truncate": truncate,
            "patience": patience,
            "penalty": penalty,
            "penalty_schedule": penalty_schedule,
        },
        {"knows": knows, "channels": channels, "hidden": hidden},
        threads,
        device,
        compiled,
    )
    with needed_packages():
        from inv_gym.commands.training import train
    train(options)
