"""The exercises of lab 9: model-free learning."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import inv_gym
from inv_gym.envs.vector import InventoryVectorEnv
from labs.answers import chosen, close, expect, number, numbers, value_of

TOLERANCE = 1e-4
ROWS, ENTRIES = 6, 40
UNITS, MONEY, SCALE, LEFT = slice(0, 33), slice(33, 38), 38, 39
STEPS, BATCH, HORIZON = 80, 64, 30


def right_advantages(
    rewards: np.ndarray, values: np.ndarray, last_value: float, gamma: float, lam: float
) -> np.ndarray:
    """Generalised advantage estimation, as a sum over all later steps."""
    following = np.append(values[1:], last_value)
    errors = rewards + gamma * following - values
    periods = np.arange(len(rewards))
    ahead = periods[None, :] - periods[:, None]
    weights = np.where(ahead >= 0, (gamma * lam) ** np.maximum(ahead, 0), 0.0)
    result: np.ndarray = weights @ errors
    return result


def check_9_1(answer: Any) -> str:
    """The advantages."""
    rewards, values = np.array([1.0, -2.0, 4.0, 0.5]), np.array([3.0, 2.0, 2.5, 1.0])
    for last, gamma, lam in ((2.0, 0.9, 0.0), (2.0, 0.9, 1.0), (0.0, 0.99, 0.95)):
        given = numbers(value_of(answer, rewards, values, last, gamma, lam), 4, "the advantages")
        right = right_advantages(rewards, values, last, gamma, lam)
        without_end = right_advantages(rewards, values, 0.0, gamma, lam)
        expect(
            not close(given, right_advantages(rewards, values, last, gamma, 0.0), TOLERANCE)
            or lam == 0.0,
            "you have the one-step errors: add gamma * lam times the advantage of the next step.",
        )
        expect(
            not close(given, without_end, TOLERANCE) or close(right, without_end, TOLERANCE),
            "after the last step comes last_value, not 0.",
        )
        expect(
            close(given, right, TOLERANCE),
            f"for gamma {gamma} and lambda {lam} the advantages are {right.round(3).tolist()}, "
            f"yours are {given.round(3).tolist()}. Begin at the last step and go back.",
        )
    return "With lambda = 1 it is what was earned, less what was predicted."


def check_9_2(answer: Any) -> str:
    """Orders of actions."""
    action, scale = np.array([[-1.0], [0.0], [1.0], [3.0]]), np.array([2.0, 10.0, 5.0, 1.0])
    orders = numbers(value_of(answer, action, scale, 6.0), (4, 1), "the orders")
    right = (np.clip(action, -1.0, 1.0) + 1.0) / 2.0 * 6.0 * scale[:, None]
    expect((orders >= 0.0).all(), "action -1 stands for an order of 0, none for less.")
    expect(
        orders[3] <= right[3],
        "actions beyond 1 are cut off at 1: the most is reach * scale.",
    )
    expect(
        close(orders, right, TOLERANCE),
        f"actions -1, 0, 1, 3 of products of scale 2, 10, 5, 1 are orders of "
        f"{right[:, 0].tolist()}; yours are {orders[:, 0].tolist()}.",
    )
    return "A network that gives 0 now orders three days of demand, for every product."


@cache
def observations() -> np.ndarray:
    """``[6, 40]`` of the lab's environment, after some periods."""
    env = InventoryVectorEnv(ROWS, task="InvLostSales-v0", products="poisson", horizon=HORIZON)
    seen, _ = env.reset(seed=3)
    for _ in range(3):
        seen, *_ = env.step(seen[:, SCALE, None])
    result: np.ndarray = seen
    return result


def check_9_3(answer: Any) -> str:
    """Scaled observations."""
    seen = observations().copy()
    given = numbers(value_of(answer, seen), (ROWS, ENTRIES), "the scaled observations")
    expect(
        close(seen, observations()),
        "you change the observations that you are given: change the copy, result, alone.",
    )
    expect(
        not close(given, seen),
        "nothing is scaled yet: put your code where the function has `...`.",
    )
    right = seen.astype(float)
    right[:, UNITS] /= seen[:, SCALE, None]
    right[:, MONEY] /= seen[:, MONEY].sum(1)[:, None]
    right[:, SCALE] = 1.0
    places: dict[str, Any] = {
        "entries 0 to 32, in units, must be divided by the scale": UNITS,
        "entries 33 to 37, in money, must be divided by their sum": MONEY,
        "entry 38, the scale over itself, must be 1": [SCALE],
        "entry 39 must stay as it is": [LEFT],
    }
    for name, place in places.items():
        expect(close(given[:, place], right[:, place], 1e-3), f"{name}.")
    return "All entries are of about the same size now, whatever a product's size."


def check_9_4(answer: Any) -> str:
    """Why PPO fails on raw units."""
    hints = {
        "b": "print raw.predict(...) for some observations: are the orders large?",
        "c": "it is the same gamma, 0.99, in both trainings.",
    }
    chosen(answer, "a", hints)
    return "What an action of 1 means decides whether anything can be learned."


def check_9_5(answer: Any) -> str:
    """The leaderboard's number."""
    rewards = np.array([5.0, -3.0, 8.0, 2.0])
    for discount in (1.0, 0.9):
        given = number(value_of(answer, rewards, discount), "the reward")
        problem = inv_gym.LostSales(horizon=4, discount=discount)
        in_all = float((discount ** np.arange(4) * rewards).sum())
        right = in_all / problem.discounted_periods
        expect(
            not close(given, in_all, TOLERANCE),
            "this is the discounted sum: divide by the sum of the discount factors.",
        )
        expect(
            not close(given, in_all / 4.0, TOLERANCE) or close(right, in_all / 4.0, TOLERANCE),
            "divide by the sum of the discount factors, not by the number of periods.",
        )
        expect(
            close(given, right, TOLERANCE),
            f"for rewards {rewards.tolist()} and discount {discount} it is {right:.4f}, yours is "
            f"{given:.4f}.",
        )
    return "Now your model and the leaderboard speak of the same thing."


def check_9_6(answer: Any) -> str:
    """The data of DirectBackprop."""
    given, right = number(answer), STEPS * BATCH * HORIZON
    expect(given != STEPS * BATCH, "these are the products. Each is played for HORIZON periods.")
    expect(given != STEPS * HORIZON, "in each step BATCH products are played at once.")
    expect(given == right, "multiply the steps, the products of a step and their periods.")
    return "About as many as PPO had: compare the two curves."


def check_9_7(answer: Any) -> str:
    """What makes the difference."""
    hints = {
        "a": "knows = 'history': it sees the same observations.",
        "b": "the size is not the point: what would PPO do with a larger one?",
    }
    chosen(answer, "c", hints)
    return "Where demand does not depend on orders, this is free; elsewhere PPO still works."
