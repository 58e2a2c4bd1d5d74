"""What ``inv-gym structure`` does: load the network, measure its slopes and print them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.leaderboard.loading import told
from inv_gym.structure import Violations, violations, wide_states


def judge(run: Path, population: str, number: int, seed: int) -> None:
    """Measure the network of a folder, and print what it breaks.

    Raises:
        typer.BadParameter: The folder holds no network of an agent, the population is unknown, or
            nothing is known of the structure of the network's problem.
    """
    with told("--run"):
        agent = InventoryAgent.load(run)
    with told("--population"):
        products = inv_gym.draw_products(inv_gym.make_source(population), agent.problem, number)
    states = wide_states(agent.problem, np.random.default_rng([seed, number]), number)
    with told("--run"):
        measured = violations(agent.problem, agent, products, states * products.scale[:, None])
    show(measured, agent.problem, Console(highlight=False))


def show(measured: Violations, problem: inv_gym.Problem, console: Console) -> None:
    """Print a table with a row for each inequality."""
    table = Table(title=f"{type(problem).__name__}: {len(measured.excess)} states")
    table.add_column("inequality")
    for header in ("broken in, % of states", "largest excess", "mean excess"):
        table.add_column(header, justify="right")
    for row in measured.rows():
        figures = (f"{100.0 * row['share']:.1f}", f"{row['largest']:.3f}", f"{row['mean']:.4f}")
        table.add_row(row["inequality"], *figures)
    console.print(table)
    console.print(f"Any of them: broken in {100.0 * measured.share():.1f} % of states.")
