"""stable-baselines3: PPO on the native batch of products, and its model in the evaluation.

python examples/stable_baselines.py      (half a minute; needs the extra rl)
"""

import tempfile
from pathlib import Path

from stable_baselines3 import PPO

import inv_gym
from inv_gym import baselines
from inv_gym.agents.sb3.policy import SB3Policy
from inv_gym.agents.sb3.vec_env import SB3VecEnv

STEPS = 40_000


def main() -> None:
    """Train for a short time and print the reward before and after."""
    task = inv_gym.task("InvLostSales-v0", products="poisson")
    # Actions in [-1, 1] stand for orders in units of each product's mean demand, and rewards are
    # in units of what a product's demand is worth: without that, PPO hardly learns.
    env = SB3VecEnv(64, task=task.name, products="poisson", rewards="product")
    model = PPO("MlpPolicy", env, n_steps=50, batch_size=640, gamma=0.99, seed=0, device="cpu")

    with tempfile.TemporaryDirectory() as folder:
        policies = {"base-stock": baselines.policies(task.problem)["base-stock"]}
        for name in ("untrained", "trained"):
            path = Path(folder) / f"{name}.zip"
            model.save(path)
            policies[f"PPO, {name}"] = SB3Policy.load(path, task.problem)
            if name == "untrained":
                model.learn(STEPS)
    result = inv_gym.evaluate(task, policies, number=500, reference="base-stock")
    shown = result.frame[["policy", "reward", "gap", "fill_rate", "on_hand"]]
    print(shown.to_string(index=False, float_format="%.2f"))


if __name__ == "__main__":
    main()
