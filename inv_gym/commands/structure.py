"""``inv-gym structure``: how far a trained network is from the structure of optimal orders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inv_gym.commands import needed_packages

STRUCTURE_EXAMPLES = """\b
Examples:
  inv-gym structure --run runs/mine
  inv-gym structure --run runs/mine --products 2000 --seed 1"""


def main(
    run: Annotated[Path, typer.Option(metavar="DIR", help="The folder that inv-gym train wrote.")],
    population: Annotated[
        str, typer.Option(metavar="NAME", help="Of the products that are judged.")
    ] = "default",
    products: Annotated[int, typer.Option(min=1, help="As many, each in one state.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Of the products and states.")] = 0,
) -> None:
    """Print in which share of states a network breaks each inequality of its problem.

    Theory says how optimal orders respond to stock: as one more unit on hand lowers an order by at
    most one unit. The states reach far beyond those that a policy visits. A slope counts as broken
    if it is wrong by more than 0.02 units of order per unit of stock.
    """
    with needed_packages():
        from inv_gym.commands.slopes import judge
    judge(run, population, products, seed)
