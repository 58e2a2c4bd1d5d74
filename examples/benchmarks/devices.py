"""Seconds of a gradient step of DirectBackprop on the CPU and, where there is one, on a GPU: plain,
and compiled into one graph.

python examples/benchmarks/devices.py [--batch 256] [--compiled]
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Annotated

import torch
import typer

import inv_gym
from inv_gym.agents.training.config import TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop

TIMED_PROBLEM = inv_gym.LostSales(lead_time=4, horizon=50)
WARM_UP_STEPS, REPEATS = 2, 20


def seconds_of(action: Callable[[], object], device: str) -> float:
    """Seconds until the device has done what an action asks for."""
    begin = time.perf_counter()
    action()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begin


def report(device: str, compiled: bool, batch: int) -> str:
    """A line with the seconds of the first step, of a later one, and of drawing its products."""
    config = TrainingConfig(batch=batch, steps=10**9, validation_products=1)
    source = inv_gym.make_source("default")
    training = DirectBackprop(TIMED_PROBLEM, source, config, device, compiled)
    first = seconds_of(training.train_step, device)
    for _ in range(WARM_UP_STEPS):
        training.train_step()
    step = min(seconds_of(training.train_step, device) for _ in range(REPEATS))
    drawing = min(seconds_of(lambda: training.batch(0), device) for _ in range(REPEATS))
    kind = "compiled" if compiled else "plain"
    return (
        f"{device}, {kind}, batch {batch:,}: first step {first:.1f} s, a step {1e3 * step:.0f} ms, "
        f"{1e3 * drawing:.0f} ms of them for its products"
    )


def main(
    batch: Annotated[list[int] | None, typer.Option(help="Products of a step; repeatable.")] = None,
    compiled: Annotated[bool, typer.Option("--compiled", help="Compiled steps too.")] = False,
    threads: Annotated[int, typer.Option(help="Of torch, on the CPU.")] = 1,
) -> None:
    """Measure; a CPU takes minutes to compile."""
    torch.set_num_threads(threads)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    kinds = [False, *([True] if compiled else [])]
    for device, kind, size in itertools.product(devices, kinds, batch or (256, 4096)):
        typer.echo(report(device, kind, size))


if __name__ == "__main__":
    typer.run(main)
