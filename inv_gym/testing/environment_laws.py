"""The laws of environments."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np

from inv_gym.play.rollout import rollout
from inv_gym.testing.common import (
    LAW_PERIODS,
    Replay,
    close,
    random_orders,
    require,
)

ADVICE = (
    ".*we recommend using a symmetric and normalized space.*",
    ".*A Box observation space (minimum|maximum) value is -?infinity.*",
)
"""Beginnings of what Gymnasium's checker warns of without there being a fault."""


def check_environment(env_id: str, **kwargs: Any) -> None:
    """Check that an environment keeps Gymnasium's contract and is a view of its problem.

    Two pieces of Gymnasium's advice are not heeded: to normalise actions (orders are in units;
    rescale them with its RescaleAction), and to bound observations (demand has no largest value).

    Raises:
        LawError: A law does not hold.
        AssertionError: Gymnasium's own checker found a fault.
    """
    import gymnasium as gym
    from gymnasium.utils.env_checker import check_env

    env = gym.make(env_id, **kwargs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for advice in ADVICE:
            warnings.filterwarnings("ignore", message=advice)
        check_env(gym.make(env_id, **kwargs).unwrapped)
    spec = copy.deepcopy(gym.spec(env_id))
    spec.kwargs = {**spec.kwargs, **kwargs}
    again = gym.make(gym.envs.registration.EnvSpec.from_json(spec.to_json()))
    copied = pickle.loads(pickle.dumps(env.unwrapped))
    runs = [_trace(copy_of_it, 5) for copy_of_it in (env, again, copied)]
    require(
        all(np.array_equal(runs[0], run) for run in runs[1:]),
        "a copy by spec or by pickle plays differently",
    )
    _replay_equals_rollout(env.unwrapped)
    _vector_equals_single(env_id, kwargs)
    _units_are_converted(env_id, kwargs)
    _what_is_handed_out_is_no_part_of_the_game(env_id, kwargs)


def _trace(env: Any, seed: int) -> np.ndarray:
    """Observations of an episode under a fixed order, one after another."""
    env.reset(seed=seed)
    order = np.asarray(env.unwrapped.action_space.high) / 100.0
    return np.stack([env.step(order)[0] for _ in range(env.unwrapped.problem.horizon)])


def _replay_equals_rollout(env: Any) -> None:
    """Stepping the environment earns what the rollout of the same product and orders earns."""
    env.reset(seed=1)
    orders = random_orders(env.problem, env.products)
    wanted = rollout(env.problem, Replay(orders), env.products).rewards[:, 0]
    actions = orders[:, 0] / env.order_unit
    got = np.array([env.step(action)[1] for action in actions]) * env.reward_unit
    close(got, wanted, "stepped and rolled-out rewards differ", 1e-12)


def _vector_equals_single(env_id: str, kwargs: Any) -> None:
    """One row of the native vector environment plays what `gym.make` plays, on the
    same products.
    """
    import gymnasium as gym

    single: Any = gym.make(env_id, **kwargs).unwrapped
    vector = gym.make_vec(env_id, num_envs=1, **kwargs)
    observations = [single.reset(seed=2)[0], vector.reset(seed=2)[0][0]]
    orders = random_orders(single.problem, single.products)[:, 0] / single.order_unit
    for order in orders:
        require(np.array_equal(*observations), "single and vector observations differ")
        alone, batch = single.step(order), vector.step(order[None])
        close(batch[1][0], alone[1], "single and vector rewards differ", 1e-12)
        require(
            alone[2] == batch[2][0] and alone[3] == batch[3][0], "single and vector ends differ"
        )
        observations = [alone[0], batch[0][0]]


def _units_are_converted(env_id: str, kwargs: Any) -> None:
    """With ``units="scale"`` the same game is played: actions times `order_unit` are the orders,
    rewards times `reward_unit` the money, and each entry of an observation is that in pieces over
    its divisor.
    """
    import gymnasium as gym

    others = {name: value for name, value in kwargs.items() if name != "units"}
    pieces: Any = gym.make_vec(env_id, num_envs=3, **others)
    scaled: Any = gym.make_vec(env_id, num_envs=3, **others, units="scale")
    seen, shown = pieces.reset(seed=4)[0], scaled.reset(seed=4)[0]
    products = pieces.products
    divisors = scaled._observations.divisors(products.scale, products.economics).T
    low, high = scaled.single_observation_space.low, scaled.single_observation_space.high
    for order in random_orders(pieces.problem, products):
        require(np.array_equal(shown, seen / divisors), "a scale-free observation differs")
        require(((low <= shown) & (shown <= high)).all(), "an observation is out of its space")
        # What the action stands for is what the scaled environment plays, rounding included.
        action = order / products.scale[:, None]
        seen, money, *ends, moved = pieces.step(action * products.scale[:, None])
        shown, reward, *scaled_ends, scaled_moved = scaled.step(action)
        require(np.array_equal(reward, money / scaled.reward_unit), "a scale-free reward differs")
        require(np.array_equal(ends, scaled_ends), "ends differ in scale-free units")
        require(
            all(np.array_equal(moved[name], scaled_moved[name]) for name in moved),
            "what moves differs in scale-free units",
        )


def _what_is_handed_out_is_no_part_of_the_game(env_id: str, kwargs: Any) -> None:
    """Writing into observations, rewards and infos of the vector environment changes no later
    reward.
    """
    import gymnasium as gym

    envs: list[Any] = [gym.make_vec(env_id, num_envs=2, **kwargs) for _ in range(2)]
    rewards: list[list[np.ndarray]] = [[], []]
    for env, earned in zip(envs, rewards, strict=True):
        env.reset(seed=3)
        order = np.asarray(env.action_space.high) / 100.0
        for _ in range(min(env.unwrapped.problem.horizon, LAW_PERIODS)):
            observation, reward, *_, info = env.step(order)
            earned.append(reward.copy())
            if env is envs[1]:
                for array in (observation, reward, *info.values()):
                    array[:] = 1
    require(
        np.array_equal(rewards[0], rewards[1]),
        "what a step returns is a part of the environment's state",
    )
