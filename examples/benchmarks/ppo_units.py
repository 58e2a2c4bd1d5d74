"""What PPO reaches with the defaults of stable-baselines3 on ``units="scale"``, for docs/rl.md.

python examples/benchmarks/ppo_units.py --env InvLostSales-v0 --steps 300000 --seed 0
"""

import tempfile
import time
from pathlib import Path

import gymnasium as gym
import torch
import typer
from stable_baselines3 import PPO

import inv_gym
from inv_gym import baselines
from inv_gym.agents.sb3.policy import SB3Policy

UNITS_TEST_PRODUCTS = 2_000
UNITS_TEST_SEED = 1


def gap(model: PPO, task: inv_gym.Task) -> float:
    """Percent of the reference's reward that the model earns more, on held-out products."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.zip"
        model.save(path)
        reference = task.reference or baselines.reference(task.problem)
        policies = {
            reference: baselines.policies(task.problem)[reference],
            "PPO": SB3Policy.load(path, task.problem),
        }
    result = inv_gym.evaluate(task, policies, number=UNITS_TEST_PRODUCTS, seed=UNITS_TEST_SEED)
    gaps = dict(zip(result.frame["policy"], result.frame["gap"], strict=True))
    return float(gaps["PPO"])


def main(
    env: str = "InvLostSales-v0", steps: int = 300_000, seed: int = 0, reports: int = 6
) -> None:
    """Train in equal parts, and print the gap to the reference after each of them."""
    torch.set_num_threads(1)
    task = inv_gym.task(env)
    model = PPO("MlpPolicy", gym.make(env, units="scale"), seed=seed, device="cpu")
    seconds = 0.0
    for _ in range(reports):
        started = time.perf_counter()
        model.learn(steps // reports, reset_num_timesteps=False)
        seconds += time.perf_counter() - started
        print(
            f"{env} seed {seed}: {model.num_timesteps} steps, {seconds:.0f} s, "
            f"{gap(model, task):+.2f} % of {task.reference}",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(main)
