"""How long the tuner takes: every searched heuristic of every environment, for many products at
once.

python examples/benchmarks/tuning.py --products 10000
"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from inv_gym import ENVIRONMENTS, baselines, draw_products, make_problem
from inv_gym.baselines import Fitted


def main(
    products: Annotated[int, typer.Option(min=1, help="Per heuristic.")] = 10_000,
    only: Annotated[
        list[str] | None, typer.Option(help="Names of heuristics; all searched ones if not given.")
    ] = None,
) -> None:
    """Time the search of each heuristic from the true law."""
    for env_id, environment in ENVIRONMENTS.items():
        problem = make_problem(env_id)
        drawn = draw_products(environment.source, problem, products)
        for name, policy in baselines.policies(problem).items():
            searched = (
                isinstance(policy, Fitted)
                and policy.fit.__name__ == "searched"
                and "knows law" in name
            )
            if searched and (not only or name.removesuffix(" (knows law)") in only):
                begin = time.perf_counter()
                policy.plan(problem, drawn)
                print(f"{env_id:26} {name:42} {time.perf_counter() - begin:6.1f} s", flush=True)


if __name__ == "__main__":
    typer.run(main)
