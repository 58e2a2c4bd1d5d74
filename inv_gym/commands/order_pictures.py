"""``inv-gym pictures``: what policies order in each state."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inv_gym.commands import needed_packages

PICTURES_EXAMPLES = """\b
Examples:
  inv-gym pictures
  inv-gym pictures --only lost-sales-lead-time --out orders.pdf
  inv-gym pictures --env InvPerishable-v0
  inv-gym pictures --env InvLostSales-v0 --policy 'base-stock (knows distribution)' \\
    --policy my_policies:cautious
  inv-gym pictures --env my_problem:task --policy 'random orders'"""


def main(
    env: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="An environment, a published instance, or MODULE:TASK, a task of your own.",
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="With --env: a policy of the leaderboard, MODULE:FACTORY, a policy of your own, "
            "or sb3:FILE.zip; repeat for more.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="With --env: of the product.")] = 0,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Without --env: standard pictures; repeatable."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Without --env: the folder of networks to draw."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Pictures at a time.")] = 2,
    out: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="The folder of the files; for one picture also a file, .png, .svg or .pdf.",
        ),
    ] = Path("results/pictures"),
) -> None:
    """Draw what policies order in each state.

    With --env one picture is drawn: the orders of the policies for one product over the first two
    columns of the state. Without --policy they are the reference policy and the trained networks.
    Without --env the standard pictures are drawn: the orders of optimal policies beside those of
    heuristics, and the orders of networks.
    """
    with needed_packages():
        from inv_gym.commands.drawing import draw_set, draw_task
    if env is None:
        if policy:
            raise typer.BadParameter("needs --env ID.", param_hint="--policy")
        draw_set(only or [], weights, jobs, out)
        return
    if only or weights:
        option = "--only" if only else "--weights"
        raise typer.BadParameter("chooses among the standard pictures.", param_hint=option)
    draw_task(env, policy or [], seed, out)
