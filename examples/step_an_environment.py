"""Step an environment: what an observation holds, and an order computed from it.

python examples/step_an_environment.py      (a second)
"""

import gymnasium as gym
import numpy as np

import inv_gym  # noqa: F401 - importing it registers the environments

LEAD_TIME = 3
COVERED_PERIODS = 1.2 * (LEAD_TIME + 1)
"""Periods of mean demand that stock and orders together should cover."""


def main() -> None:
    """Play one episode of one product and print what it earned."""
    env = gym.make("InvLostSalesLeadTime-v0", lead_time=LEAD_TIME, products="poisson")
    observation, _ = env.reset(seed=0)

    # Every entry of the observation has a name: stock, past demand, prices, the clock.
    names = env.get_wrapper_attr("observation_names")
    print("first entries:", ", ".join(names[:5]))
    on_hand_and_ordered = slice(0, LEAD_TIME)
    scale = names.index("scale")

    reward_in_all, done = 0.0, False
    while not done:
        # Order up to a level: so many periods of the product's mean demand.
        position = observation[on_hand_and_ordered].sum()
        missing = COVERED_PERIODS * observation[scale] - position
        order = np.array([max(missing, 0.0)], np.float32)
        observation, reward, terminated, truncated, info = env.step(order)
        reward_in_all += float(reward)
        done = terminated or truncated
    print("last period:", {name: round(float(units), 1) for name, units in info.items()})
    print(f"earned in the episode: {reward_in_all:.1f}")


if __name__ == "__main__":
    main()
