"""Speed as ratios within one run: the figures of the README's table. Run it on an idle machine.

python examples/benchmarks/speed.py [--quick]
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

import inv_gym
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.policy_network import PastPeriods
from inv_gym.agents.sb3.vec_env import SB3VecEnv
from inv_gym.agents.training.config import STRUCTURE_KINDS, TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.play.policy import Observation
from inv_gym.play.rollout import rollout
from inv_gym.util.arrays import Array

HORIZON, LARGE_BATCH, LEAD_TIME = 50, 4096, 4
PLAIN_KIND = next(iter(STRUCTURE_KINDS))
terminal = Console(width=110)


def timed(action: Callable[[], object], repeats: int) -> float:
    """Least seconds of an action, after one run that does not count: what disturbs a run only adds
    to it.
    """
    action()
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def alternate(
    first: Callable[[], object], second: Callable[[], object], repeats: int
) -> tuple[float, float]:
    """Least seconds of two actions run in turn, so that a drifting clock or a noisy neighbour meets
    both.
    """
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
        action = np.full_like(env.action_space.sample(), 5.0)
        ours, reference = alternate(steps(env, action, number), cart, 5)
        rate = f"{number / ours:,.0f} steps/s"
        report.add(f"step API, {env_id}", rate, reference / ours, "x CartPole-v1", 1.0)


def vector(report: Report, number: int) -> None:
    """Product-steps per second of the native vector environment against 64 synchronised single
    ones.
    """
    env_id = "InvLostSalesLeadTime-v0"

    def run(rows: int, mode: str) -> float:
        env = gym.make_vec(env_id, num_envs=rows, vectorization_mode=mode)
        env.reset(seed=0)
        actions = np.full_like(env.action_space.sample(), 5.0)
        count = number if mode == "vector_entry_point" else number // 10
        return rows * count / timed(lambda: [env.step(actions) for _ in range(count)], 3)

    synchronised = run(64, "sync")
    for rows in (64, 256, 1024, 4096):
        speed = run(rows, "vector_entry_point")
        least, rate = 15.0 if rows == 64 else None, f"{speed:,.0f} product-steps/s"
        report.add(f"vector env, {rows} rows", rate, speed / synchronised, "x sync", least)


# ---------------------------------------------------------------- stable-baselines3


def model_free(report: Report, steps: int) -> None:
    """PPO end to end on the native batch of 64 rows against 64 single environments."""
    rows, env_id = 64, "InvLostSalesLeadTime-v0"
    native = SB3VecEnv(rows, task=env_id)
    dummy = DummyVecEnv([lambda: gym.make(env_id)] * rows)

    def learn(env: VecEnv) -> Callable[[], object]:
        model = PPO(
            "MlpPolicy", env, n_steps=128, batch_size=4096, n_epochs=4, device="cpu", seed=0
        )
        return lambda: model.learn(steps)

    ours, reference = alternate(learn(native), learn(dummy), 3)
    rate = f"{steps / ours:,.0f} product-steps/s"
    report.add("PPO, 64 rows", rate, reference / ours, "x DummyVecEnv", 1.4)


# ---------------------------------------------------------------- differentiable rollout


@dataclass(frozen=True)
class Level:
    """A base-stock policy with given levels ``[B]``."""

    level: Array
    knows = "history"

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, 1]``, units."""
        return (self.level - observation.state.inventory_position).clamp(min=0.0)[:, None]


class Training:
    """A training of the default network, and what it is made of.

    Attributes:
        backprop: The training; its steps draw products, play them, differentiate and update.
        products: A batch of them.
        states: What the network met on them: what it works on alone.
    """

    def __init__(self, horizon: int, batch: int, kind: str = PLAIN_KIND) -> None:
        problem = inv_gym.LostSales(lead_time=LEAD_TIME, horizon=horizon)
        config = TrainingConfig(batch=batch, steps=10**9, validation_products=1).of_kind(kind)
        self.problem = problem
        self.backprop = DirectBackprop(problem, inv_gym.make_source("default"), config)
        self.agent = InventoryAgent(problem, self.backprop.network)
        self.products = self.backprop.to_device(self.backprop.batch(0)).products
        layout = self.backprop.network.sizes.layout
        with torch.no_grad():
            steps = rollout(problem, self.agent, self.products).steps
            self.states = [
                layout.stack(step.observation.state, self.products.scale) for step in steps
            ]

    def train(self) -> None:
        """A whole step."""
        self.backprop.train_step()

    def draw(self) -> None:
        """Only the products of a step."""
        self.backprop.batch(self.backprop.step)

    def network(self) -> None:
        """Only the network's forward and backward passes."""
        self.backprop.network.zero_grad()
        periods = self.agent.inputs.of_products(self.products)
        orders = [
            self.backprop.network(given.exogenous, state)
            for given, state in zip(periods, self.states, strict=True)
        ]
        torch.stack(orders).mean().backward()

    def encoder(self) -> None:
        """Only the encoder's."""
        past = PastPeriods(self.products.demand[:-1])
        encoded = self.backprop.network.encode(past, self.products.scale)
        assert encoded is not None
        encoded.mean().backward()

    def simulate(self) -> None:
        """Only the simulation, under a base-stock policy."""
        with torch.no_grad():
            _ = rollout(
                self.problem, Level(self.products.scale * (LEAD_TIME + 2)), self.products
            ).discounted_reward


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
    """The training step against the network's own work and its other parts; simulation alone;
    memory.
    """
    for batch in (TrainingConfig.batch, LARGE_BATCH):
        training, work = Training(HORIZON, batch), HORIZON * batch
        step, network = alternate(training.train, training.network, repeats)
        rate = f"{work / step / 1e6:.2f} M product-periods/s"
        name = f"training step, batch {batch}"
        report.add(name, rate, step / network, "x bare network", 1.2, most=True)
        parts = {"encoder": (training.encoder, 1 / 3), "drawing products": (training.draw, 0.1)}
        for part, (action, most) in parts.items():
            seconds = timed(action, repeats)
            name, figure = f"{part}, batch {batch}", f"{1e3 * seconds:.1f} ms"
            report.add(name, figure, seconds / step, "of the step", most, most=True)
    simulation = timed(training.simulate, repeats)
    rate = f"{work / simulation / 1e6:.1f} M product-periods/s"
    report.add("simulation alone", rate, step / simulation, "x training", 25.0)
    memory, least = saved_bytes(training.train) / work, saved_bytes(training.network) / work
    figure = f"{memory:.0f} bytes/product-period"
    report.add("memory kept for backward", figure, memory / least, "x bare network", None)


def structured(report: Report, repeats: int) -> None:
    """Steps of networks that are informed of the structure against a plain network's."""
    plain = Training(HORIZON, TrainingConfig.batch)
    for kind, most in (("penalised", 1.1), ("constructed", 1.2)):
        training = Training(HORIZON, TrainingConfig.batch, kind)
        step, reference = alternate(training.train, plain.train, repeats)
        name, figure = f"training step, {kind}", f"{1e3 * step:.0f} ms"
        report.add(name, figure, step / reference, "x plain", most, most=True)


def scaling(report: Report, repeats: int) -> None:
    """Log-log slopes of the training step's time in batch and in horizon."""
    batches = [(HORIZON, batch) for batch in (512, 1024, 2048, 4096)]
    horizons = [(horizon, 1024) for horizon in (25, 50, 100, 200)]
    for name, sizes in (("batch", batches), ("horizon", horizons)):
        seconds = [timed(Training(*size).train, repeats) for size in sizes]
        work = [horizon * batch for horizon, batch in sizes]
        slope = float(np.polyfit(np.log(work), np.log(seconds), 1)[0])
        report.add(f"time against {name}", "log-log slope", slope, "", 1.1, most=True)


class Report:
    """The table, row by row."""

    def __init__(self) -> None:
        header = ("what", "figure", "ratio", "wanted", "")
        self.table = Table(*header, title="speed, ratios within this run")

    def add(
        self,
        what: str,
        figure: str,
        ratio: float,
        unit: str,
        wanted: float | None,
        most: bool = False,
    ) -> None:
        """A row; `wanted` is the least (or the most) the ratio should be."""
        target = "" if wanted is None else f"{'<=' if most else '>='} {wanted:g}"
        met = wanted is None or (ratio <= wanted if most else ratio >= wanted)
        verdict = "" if wanted is None else "ok" if met else "MISSED"
        self.table.add_row(what, figure, f"{ratio:.2f} {unit}".strip(), target, verdict)
        terminal.log(f"{what}: {figure}, {ratio:.2f} {unit}")


def main(quick: bool = False, threads: int = 1) -> None:
    """Measure, with so many torch threads: on a busy machine two can be ten times
    slower than one.
    """
    torch.set_num_threads(threads)
    report = Report()
    step_api(report, 2_000 if quick else 20_000)
    vector(report, 200 if quick else 2_000)
    model_free(report, 128 * 64 * (1 if quick else 8))
    differentiable(report, 3 if quick else 15)
    structured(report, 3 if quick else 15)
    if not quick:
        scaling(report, 5)
    terminal.print(report.table)
    terminal.print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, numpy {np.__version__}"
    )


if __name__ == "__main__":
    typer.run(main)
