"""``inv-gym inventorybench``: play the outside board's instances and write a submission."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inv_gym.commands import needed_packages

INVENTORYBENCH_EXAMPLES = """\b
Examples:
  inv-gym inventorybench --data benchmark
  inv-gym inventorybench --data benchmark --out submission
  inv-gym inventorybench --data benchmark --policy 'myopic' --out submission"""
SCORES_FILE = "score_table.csv"


def main(
    data: Annotated[Path, typer.Option(metavar="DIR", help="The benchmark's folder.")],
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this policy; all of them if left out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where a submission goes, of one policy.")
    ] = None,
) -> None:
    """Play every instance below DIR, and print the mean scores by setting.

    With --out, the folder that the board expects is written: of the policy that is named, or of
    the networks.
    """
    with needed_packages():
        from inv_gym.inventorybench.instances import read_benchmark
        from inv_gym.inventorybench.players import BENCH_POLICY, named, players
        from inv_gym.inventorybench.playing import play_instances
        from inv_gym.inventorybench.submission import score_table, write_submission
        from inv_gym.util.files import write_atomically
    try:
        instances = read_benchmark(data)
        name = policy or (None if out is None else BENCH_POLICY)
        if name is not None:
            chosen = {name: named(name, instances)}
        else:
            settings = {instance.setting for instance in instances}
            chosen = {n: p for n, p in players(instances).items() if settings <= p.keys()}
        scores = {n: play_instances(instances, by_setting) for n, by_setting in chosen.items()}
    except (ValueError, FileNotFoundError) as error:
        raise typer.BadParameter(str(error)) from None
    table = score_table(scores)
    typer.echo(table.to_string(index=False, float_format="%.3f", na_rep="-"))
    if out is not None and name is not None:
        write_submission(scores[name], out, name)
        write_atomically(out / SCORES_FILE, table.to_csv(index=False))
        typer.echo(f"Wrote the submission of {name} to {out}")
