"""Train networks for unsteady demand: ``python -m inv_gym.agents.unsteady --help``."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from inv_gym.agents.unsteady.agent import DRAWN, UnsteadyAgent
from inv_gym.agents.unsteady.network import UnsteadySizes
from inv_gym.agents.unsteady.training import UnsteadyTraining, train_unsteady


def main(
    lead_time: Annotated[str, typer.Option(help=f"Periods, or '{DRAWN}': an order draws its own.")],
    out: Annotated[Path, typer.Option(help="A safetensors file.")],
    members: Annotated[int, typer.Option(min=1, help="Networks; their orders are averaged.")] = 1,
    steps: Annotated[int, typer.Option(min=1)] = UnsteadyTraining.steps,
) -> None:
    """Train networks on made-up products, one after the other, on one core, and write them to one
    file.
    """
    torch.set_num_threads(1)
    sizes = UnsteadySizes(None if lead_time == DRAWN else int(lead_time))
    config = UnsteadyTraining(steps=steps)
    begun = time.process_time()

    def tell(done: int, score: float) -> None:
        seconds = time.process_time() - begun
        typer.echo(f"{done} steps, validation score {score:.4f}, {seconds:.0f} s")

    networks = [
        train_unsteady(sizes, replace(config, seed=seed), tell=tell) for seed in range(members)
    ]
    facts = {"steps": steps, "batch": config.batch, "seconds": round(time.process_time() - begun)}
    UnsteadyAgent(networks, facts).save(out)


trainer = typer.Typer(add_completion=False)
trainer.command()(main)

if __name__ == "__main__":
    trainer()
