"""How long the tuner takes: every searched heuristic of every environment, for many products at
once.

python examples/benchmarks/tuning.py --products 10000
"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from inv_gym import ENVIRONMENTS, baselines


def main(
    products: Annotated[int, typer.Option(min=1, help="Per heuristic.")] = 10_000,
    only: Annotated[
        list[str] | None, typer.Option(help="Names of heuristics; all searched ones if not given.")
    ] = None,
) -> None:
    """Time the search of each heuristic from the true distribution."""
    for env_id, environment in ENVIRONMENTS.items():
        problem, drawn = environment.problem, environment.draw(products)
        for entry in baselines.applicable(problem).entries:
            searched = entry.fit.__name__ == "searched"
            if searched and (not only or entry.name in only):
                begin = time.perf_counter()
                entry.policy(problem, "distribution").plan(problem, drawn)
                seconds = time.perf_counter() - begin
                title = entry.title("distribution")
                print(f"{env_id:26} {title:42} {seconds:6.1f} s", flush=True)


if __name__ == "__main__":
    typer.run(main)
