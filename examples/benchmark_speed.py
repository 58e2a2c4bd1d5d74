"""Speed as ratios within one run: the figures of the README's table. Run it on an idle machine.

python examples/benchmark_speed.py [--quick]
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import gymnasium as gym
import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

import inv_gym
from inv_gym.arrays import Array, flatten, stack
from inv_gym.policy import Observation
from inv_gym.products import Products, draw_products
from inv_gym.rollout import rollout

HORIZON, BATCH, LEAD_TIME = 50, 8192, 4
console = Console(width=110)


def timed(action: Callable[[], object], repeats: int) -> float:
    """Least seconds of an action, after one run that does not count: what disturbs a run only adds to it."""
    action()
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def alternate(first: Callable[[], object], second: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Least seconds of two actions run in turn, so that a drifting clock or a noisy neighbour meets both."""
    pairs = [(timed(first, 1), timed(second, 1)) for _ in range(repeats)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


# ---------------------------------------------------------------- step API


def steps(env: gym.Env, action: object, number: int) -> Callable[[], None]:
    """Play a number of steps, resets included."""
    env.reset(seed=0)

    def run() -> None:
        for _ in range(number):
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()

    return run


def step_api(report: Report, number: int) -> None:
    """Steps per second of every environment against CartPole."""
    cart = steps(gym.make("CartPole-v1"), 1, number)
    for env_id in inv_gym.ENVIRONMENTS:
        env = gym.make(env_id)
        action = np.full(env.action_space.shape, 5.0, np.float32)
        ours, reference = alternate(steps(env, action, number), cart, 5)
        report.add(f"step API, {env_id}", f"{number / ours:,.0f} steps/s", reference / ours, "x CartPole-v1", 1.0)


def vector(report: Report, number: int) -> None:
    """Product-steps per second of the native vector environment against 64 synchronised single ones."""
    env_id = "InvLostSalesLeadTime-v0"

    def run(rows: int, mode: str) -> float:
        env = gym.make_vec(env_id, num_envs=rows, vectorization_mode=mode)
        env.reset(seed=0)
        actions = np.full(env.action_space.shape, 5.0, np.float32)
        count = number if mode == "vector_entry_point" else number // 10
        return rows * count / timed(lambda: [env.step(actions) for _ in range(count)], 3)

    synchronised = run(64, "sync")
    for rows in (64, 256, 1024, 4096):
        speed = run(rows, "vector_entry_point")
        floor = 15.0 if rows == 64 else None
        report.add(f"vector env, {rows} rows", f"{speed:,.0f} product-steps/s", speed / synchronised, "x sync", floor)


# ---------------------------------------------------------------- differentiable rollout


class NetworkPolicy(torch.nn.Module):
    """Three hidden layers of 32 on the state in units of the scale; softplus keeps orders positive."""

    knows = "history"

    def __init__(self, inputs: int) -> None:
        super().__init__()
        sizes = [inputs, 32, 32, 32]
        hidden = [layer for a, b in pairwise(sizes) for layer in (torch.nn.Linear(a, b), torch.nn.ELU())]
        self.network = torch.nn.Sequential(*hidden, torch.nn.Linear(32, 1), torch.nn.Softplus())

    def forward(self, observation: Observation) -> Array:
        """Orders ``[B, 1]``, units."""
        scale = observation.scale[:, None]
        return self.network(stack(flatten(observation.state)) / scale) * scale


@dataclass(frozen=True)
class Level:
    """A base-stock policy with given levels ``[B]``."""

    level: Array
    knows = "history"

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, 1]``, units."""
        return (self.level - observation.state.inventory_position).clamp(min=0.0)[:, None]


def training(horizon: int, batch: int) -> tuple[Callable[[], None], Callable[[], None], Callable[[], None]]:
    """A training step through the rollout, the bare network's own on the same inputs, and a base-stock simulation."""
    torch.manual_seed(0)
    problem = inv_gym.LostSales(lead_time=LEAD_TIME, horizon=horizon)
    products: Products = draw_products(inv_gym.make_source("default"), problem, batch).to(torch.empty(0))
    policy = NetworkPolicy(LEAD_TIME)
    optimiser = torch.optim.Adam(policy.parameters(), lr=1e-4)
    with torch.no_grad():
        played = rollout(problem, policy, products)
        inputs = [stack(flatten(s.observation.state)) / products.scale[:, None] for s in played.steps]

    def update(loss: torch.Tensor) -> None:
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def train() -> None:
        update(-rollout(problem, policy, products).discounted_reward.mean())

    def bare() -> None:
        update(torch.stack([policy.network(x) for x in inputs]).mean())

    def simulate() -> None:
        with torch.no_grad():
            _ = rollout(problem, Level(products.scale * (LEAD_TIME + 2)), products).discounted_reward

    return train, bare, simulate


def saved_bytes(action: Callable[[], None]) -> int:
    """Bytes that autograd keeps for the backward pass, each storage counted once."""
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        action()
    return sum(kept.values())


def differentiable(report: Report, repeats: int) -> None:
    """The training step against the network's own work; simulation alone; memory."""
    train, bare, simulate = training(HORIZON, BATCH)
    work = HORIZON * BATCH
    ours, network = alternate(train, bare, repeats)
    report.add(
        "training step",
        f"{work / ours / 1e6:.2f} M product-periods/s",
        ours / network,
        "x bare network",
        1.25,
        most=True,
    )
    simulation = timed(simulate, repeats)
    report.add(
        "simulation alone", f"{work / simulation / 1e6:.1f} M product-periods/s", ours / simulation, "x training", 25.0
    )
    memory, least = saved_bytes(train) / work, saved_bytes(bare) / work
    report.add("memory kept for backward", f"{memory:.0f} bytes/product-period", memory / least, "x bare network", None)


def scaling(report: Report, repeats: int) -> None:
    """Log-log slopes of the training step's time in batch and in horizon."""
    for name, sizes in (
        ("batch", [(HORIZON, b) for b in (2048, 4096, 8192, 16384)]),
        ("horizon", [(t, 4096) for t in (25, 50, 100, 200)]),
    ):
        seconds = [timed(training(*size)[0], repeats) for size in sizes]
        work = [horizon * batch for horizon, batch in sizes]
        slope = float(np.polyfit(np.log(work), np.log(seconds), 1)[0])
        report.add(f"time against {name}", "log-log slope", slope, "", 1.1, most=True)


class Report:
    """The table, row by row."""

    def __init__(self) -> None:
        self.table = Table("what", "figure", "ratio", "wanted", "", title="speed, ratios within this run")

    def add(self, what: str, figure: str, ratio: float, unit: str, wanted: float | None, most: bool = False) -> None:
        """A row; `wanted` is the least (or the most) the ratio should be."""
        target = "" if wanted is None else f"{'<=' if most else '>='} {wanted:g}"
        met = wanted is None or (ratio <= wanted if most else ratio >= wanted)
        self.table.add_row(
            what, figure, f"{ratio:.2f} {unit}".strip(), target, "" if wanted is None else "ok" if met else "MISSED"
        )
        console.log(f"{what}: {figure}, {ratio:.2f} {unit}")


def main(quick: bool = False, threads: int = 1) -> None:
    """Measure, with so many torch threads: on a busy machine two can be ten times slower than one."""
    torch.set_num_threads(threads)
    report = Report()
    step_api(report, 2_000 if quick else 20_000)
    vector(report, 200 if quick else 2_000)
    differentiable(report, 3 if quick else 15)
    if not quick:
        scaling(report, 5)
    console.print(report.table)
    console.print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, numpy {np.__version__}")


if __name__ == "__main__":
    typer.run(main)
