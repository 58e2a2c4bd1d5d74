"""Environments that count in each product's own units: ``units="scale"``."""

import pickle
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as sb3_check_env

import inv_gym
from inv_gym.agents.sb3.policy import SB3Policy
from inv_gym.agents.sb3.vec_env import SB3VecEnv
from inv_gym.envs.named_box import NamedBox

ENV_ID = "InvLostSalesLeadTime-v0"


def scaled(**arguments: Any) -> Any:
    return gym.make(ENV_ID, units="scale", **arguments).unwrapped


def test_an_action_of_one_orders_the_mean_demand() -> None:
    env = scaled()
    env.reset(seed=0)
    env.step(np.ones(1, np.float32))
    assert env.episode.state.pipeline[-1] == env.order_unit == env.products.scale[0]


@pytest.mark.parametrize("env_id", ["InvLostSales-v0", "InvProcurementRemoval-v0"])
def test_observations_and_rewards_do_not_tell_how_large_a_product_is(env_id: str) -> None:
    played = []
    for times in (1.0, 1000.0):
        env: Any = gym.make(env_id, units="scale", products="continuous").unwrapped
        env.reset(seed=1)
        products = env.products
        larger = products._replace(
            demand=products.demand * times,
            scale=products.scale * times,
            economics=type(products.economics)(*(7.0 * money for money in products.economics)),
            initial_state=type(products.initial_state)(
                *(
                    tuple(times * column for column in part)
                    if isinstance(part, tuple)
                    else times * part
                    for part in products.initial_state
                )
            ),
        )
        env._begin(larger, single=True)
        steps = [env.step(np.full(env.action_space.shape, 0.9)) for _ in range(10)]
        played.append([np.append(step[0], step[1]) for step in steps])
    np.testing.assert_allclose(*played, rtol=1e-5, atol=1e-6)


def test_short_histories_stay_within_the_space() -> None:
    env = scaled(products={"population": "poisson", "known_periods": [1, 32]})
    for seed in range(5):
        observation, _ = env.reset(seed=seed)
        assert observation in env.observation_space
    assert "known_periods" in env.observation_names


def test_unknown_units_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown units 'scaled'; known: pieces, scale"):
        gym.make(ENV_ID, units="scaled")
    with pytest.raises(TypeError, match=r"argument 'unit'; .* an environment units\."):
        gym.make(ENV_ID, unit="scale")
    with pytest.raises(ValueError, match="unknown units 'scaled'; known: pieces, scale"):
        SB3VecEnv(2, units="scaled")


@pytest.mark.parametrize("rewards", [None, "money", "product"])
def test_the_stable_baselines_view_plays_the_same_game_in_both_units(rewards: str | None) -> None:
    usual = rewards or "product"
    pieces = SB3VecEnv(5, task="InvDualSourcing-v0", rewards=usual, horizon=4)
    own = SB3VecEnv(5, task="InvDualSourcing-v0", rewards=rewards, horizon=4, units="scale")
    assert own.action_space == pieces.action_space
    names = pieces.get_attr("observation_names")[0]
    scale, demand = names.index("scale"), names.index("demand_1_ago")
    random = np.random.default_rng(0)
    seen = [env.seed(3) and env.reset() for env in (pieces, own)]
    for _ in range(9):  # over two ends of episodes
        np.testing.assert_allclose(seen[1][:, demand] * seen[0][:, scale], seen[0][:, demand], 1e-5)
        actions = random.uniform(-1.0, 1.0, (5, 2)).astype(np.float32)
        (*one, infos), (*other, other_infos) = (env.step(actions) for env in (pieces, own))
        seen = [one[0], other[0]]
        np.testing.assert_allclose(other[1], one[1], rtol=1e-5)
        money = [
            [info.get("episode", {}).get("r", 0.0) for info in i] for i in (infos, other_infos)
        ]
        np.testing.assert_allclose(*money, rtol=1e-9)
    np.testing.assert_array_equal(seen[1][:, scale], 1.0)


def test_a_model_of_the_stable_baselines_view_in_own_units_is_played(tmp_path: Path) -> None:
    env = SB3VecEnv(4, task=ENV_ID, units="scale")
    model = PPO("MlpPolicy", env, n_steps=16, batch_size=64, seed=0, device="cpu").learn(64)
    model.save(tmp_path / "model.zip")
    policy = SB3Policy.load(tmp_path / "model.zip", inv_gym.make_problem(ENV_ID))
    env.seed(5)
    vectors = env.reset()
    game = env.get_attr("episode")[0]
    orders = policy(game.show())
    env.step(model.predict(vectors, deterministic=True)[0])
    np.testing.assert_allclose(orders[:, 0], game.state.pipeline[-1], rtol=1e-5)


def test_spaces_of_other_units_are_not_equal() -> None:
    pieces, own = gym.make(ENV_ID), gym.make(ENV_ID, units="scale")
    assert pieces.observation_space != own.observation_space
    assert pieces.action_space != own.action_space
    assert "units='scale'" in repr(own.action_space)
    assert pickle.loads(pickle.dumps(own.action_space)) == own.action_space


def test_a_space_of_a_file_without_units_counts_in_pieces() -> None:
    low, high = np.zeros(1, np.float32), np.ones(1, np.float32)
    space = NamedBox(low, high, ["order"])
    del space.__dict__["units"]
    assert pickle.loads(pickle.dumps(space)) == NamedBox(low, high, ["order"])


def test_rendering_stays_in_pieces() -> None:
    shown = []
    for units in ("pieces", "scale"):
        env: Any = gym.make(ENV_ID, units=units, render_mode="ansi").unwrapped
        env.reset(seed=0)
        env.step(np.full(1, 2.0 * env.products.scale[0]) / env.order_unit)
        shown.append(env.render())
    assert shown[0] == shown[1]


@pytest.mark.filterwarnings("ignore:.*")
def test_stable_baselines_finds_no_fault() -> None:
    sb3_check_env(scaled())


def test_a_saved_model_orders_what_it_ordered_in_its_environment(tmp_path: Path) -> None:
    env = gym.make(ENV_ID, units="scale")
    model = PPO("MlpPolicy", env, n_steps=64, batch_size=64, seed=0, device="cpu").learn(128)
    model.save(tmp_path / "model.zip")
    policy = SB3Policy.load(tmp_path / "model.zip", inv_gym.make_problem(ENV_ID))
    game: Any = env.unwrapped
    vector, _ = game.reset(seed=3)
    for _ in range(game.problem.horizon):
        action, _ = model.predict(vector, deterministic=True)
        wanted = action * game.order_unit
        np.testing.assert_allclose(policy(game.observe())[0], wanted, rtol=1e-6)
        vector, *_ = game.step(action)
