"""Run a campaign of measurements: what is measured already is kept, so an interrupted run goes on.

python examples/experiments evidence --list
python examples/experiments evidence --only lead-time-5    # measure a part, some minutes
python examples/experiments evidence            # all of it: hours; goes on where it was interrupted
python examples/experiments evidence --write    # only write the page from what has been measured
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from experiments.campaign import Campaign, Measurement
from experiments.settings import given_settings, settings_of
from inv_gym.util.checks import matching, one_of
from inv_gym.util.processes import report_finished

CAMPAIGNS = {
    "evidence": "DirectBackprop beside heuristics and optima, docs/evidence.md",
    "structure": "what a network gains from structure, docs/structure.md",
    "sample_efficiency": "PPO beside DirectBackprop, docs/ppo.md",
    "trainings": "how many short trainings die, docs/trainings.md",
    "favorita": "forecasts against end-to-end learning, docs/real-demand.md",
    "tuning": "parameters of PPO, agents/sb3/tuned.json",
    "zero_shot": "the generalists on real tables, docs/zero-shot.md",
}
"""Every campaign is a package of this name, which holds a `CAMPAIGN`."""


def chosen(plan: Sequence[Measurement], patterns: Sequence[str]) -> list[Measurement]:
    """The measurements whose names match a pattern; all if there is none.

    Raises:
        ValueError: A pattern matches nothing.
    """
    names = list(dict.fromkeys(measurement.name for measurement in plan))
    wanted = set(matching("measurement", patterns, names))
    return [measurement for measurement in plan if measurement.name in wanted]


def check_results(plan: Sequence[Measurement], folder: Path, write: bool) -> None:
    """Refuse a folder that cannot hold results, and a page that would have none.

    Raises:
        ValueError: It is a file, or nothing of the plan lies in the folder that is to be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"the folder of results, {str(folder)!r}, is a file: give a folder.")
    if write and not any(part.has_begun(folder) for part in plan):
        raise ValueError(f"nothing is measured in {str(folder)!r}: leave out --write to measure.")


def measure(
    campaign: Campaign, measurements: Sequence[Measurement], folder: Path, jobs: int
) -> None:
    """Measure, so many at a time with one torch thread each, and say what is done."""
    arguments = {m.title: (folder, *m.arguments) for m in measurements}
    report_finished(campaign.measure, arguments, jobs, typer.echo)


def main(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")],
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Measurements; repeatable.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Only list the measurements.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Only write what is measured.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Measurements at a time.")] = 2,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of results.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Tables, where they are used.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Short measurements, for a look.")] = False,
) -> None:
    """Measure what is not measured yet; pages go to the folder of results, with --write to docs."""
    try:
        package = import_module(f"experiments.{one_of('campaign', name, CAMPAIGNS)}")
        campaign: Campaign = package.CAMPAIGN
        folder = out or campaign.folder
        settings = settings_of(campaign, changes or ()) | given_settings(campaign, data, quick)
        plan = chosen(list(campaign.plan(**settings)), only or ())
        check_results(plan, folder, write)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if listed:
        for part in plan:
            typer.echo(f"{part.title}{' (measured)' if part.is_done(folder) else ''}")
        return
    if not write:
        measure(campaign, [part for part in plan if not part.is_done(folder)], folder, jobs)
    for path in campaign.publish(folder, campaign.pages if write else folder):
        typer.echo(f"Wrote {path}")


def app() -> typer.Typer:
    """The command line; its help lists the campaigns."""
    listing = "\n\n".join(f"{name}: {summary}" for name, summary in CAMPAIGNS.items())
    line = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    line.command(epilog=listing)(main)
    return line
