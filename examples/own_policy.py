"""A policy of your own: ranked beside heuristics, and a heuristic in a step loop.

python examples/own_policy.py      (some seconds)
"""

import gymnasium as gym
import numpy as np

import inv_gym
from inv_gym import Observation, baselines
from inv_gym.envs.single import InventoryEnv
from inv_gym.play.policy import planned


class TwoWeeks:
    """Orders up to so many days of the mean demand of the last two weeks."""

    knows = "history"  # what it is based on: shown in every table

    def __init__(self, days: float) -> None:
        self.days = days

    def __call__(self, observation: Observation) -> np.ndarray:
        """Orders ``[B, 1]`` for B products at once, units."""
        # a real table has short histories: they are NaN where nothing is known
        level = self.days * np.nanmean(observation.history[-14:], 0)
        missing = level - observation.state.inventory_position
        return missing.clip(0.0)[:, None]


def main() -> None:
    """Rank the policy, then play a heuristic in an environment."""
    task = inv_gym.task("InvLostSalesLeadTime-v0", lead_time=2, products="poisson")
    heuristics = baselines.policies(task.problem)
    policies = {
        "two weeks, 4 days": TwoWeeks(4.0),
        "two weeks, 5 days": TwoWeeks(5.0),
        "base-stock": heuristics["base-stock"],
    }
    result = inv_gym.evaluate(task, policies, number=500, reference="base-stock")
    shown = result.frame[["policy", "knows", "reward", "gap", "fill_rate", "on_hand"]]
    print(shown.to_string(index=False, float_format="%.2f"))

    # In a step loop, a heuristic plans for the environment's products and sees what it observes.
    env = gym.make(task.name, lead_time=2, products="poisson")
    env.reset(seed=0)
    view = env.unwrapped
    assert isinstance(view, InventoryEnv)
    heuristic = heuristics["base-stock (knows distribution)"]
    policy = planned(heuristic, view.problem, view.products)
    reward_in_all, done = 0.0, False
    while not done:
        order = policy(view.observe())[0]
        _, reward, terminated, truncated, _ = env.step(order)
        reward_in_all += float(reward)
        done = terminated or truncated
    print(f"base-stock in a step loop earned {reward_in_all:.1f}")


if __name__ == "__main__":
    main()
