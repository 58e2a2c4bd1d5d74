"""A base-stock level by gradient: the reward of a whole episode is differentiable.

python examples/differentiable_base_stock.py      (some seconds)
"""

import torch
from torch import Tensor

import inv_gym
from inv_gym import Observation, baselines


class BaseStock:
    """Orders up to one level, in units of each product's mean demand."""

    knows = "history"

    def __init__(self, level: Tensor) -> None:
        self.level = level

    def __call__(self, observation: Observation) -> Tensor:
        """Orders ``[B, 1]``, units; gradients flow back to the level."""
        missing = self.level * observation.scale - observation.state.on_hand
        return missing.clamp(min=0.0)[:, None]


def main() -> None:
    """Learn the level on some products, and judge it on others."""
    task = inv_gym.task("InvLostSales-v0", products="poisson")
    products = task.draw(512, seed=1).torch()
    level = torch.tensor(1.0, requires_grad=True)
    optimiser = torch.optim.Adam([level], lr=0.02)
    for step in range(61):
        reward = inv_gym.rollout(task, BaseStock(level), products).discounted_reward.mean()
        optimiser.zero_grad()
        (-reward).backward()
        optimiser.step()
        if step % 20 == 0:
            print(f"step {step:2d}: level {level.item():.3f}, reward {reward.item():.1f}")

    # On products that were not trained on, beside the rule that knows each product's history.
    test = task.draw(512, seed=2).torch()
    closed_form = baselines.policies(task.problem)["base-stock"]
    for name, policy in (("one level", BaseStock(level.detach())), ("closed form", closed_form)):
        reward = inv_gym.rollout(task, policy, test).discounted_reward.mean()
        print(f"test products, {name}: reward {reward.item():.1f}")


if __name__ == "__main__":
    main()
