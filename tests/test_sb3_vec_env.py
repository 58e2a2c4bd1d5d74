"""The stable-baselines3 view plays what the vector environment plays."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import VecMonitor

import inv_gym
from agents.sb3_vec_env import SB3VecEnv


def play(env: SB3VecEnv, steps: int) -> list[tuple]:
    return [env.step(np.full((env.num_envs, env.action_space.shape[0]), -0.5, np.float32)) for _ in range(steps)]


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_stable_baselines3_accepts_every_environment_as_registered(env_id: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*symmetric and normalized Box action space.*")
        check_env(gym.make(env_id))


def test_actions_are_orders_in_units_of_the_scale() -> None:
    env = SB3VecEnv(4, reach=6.0, problem="lost_sales", lead_time=2)
    env.seed(7)
    env.reset()
    scale = env.get_attr("products")[0].scale
    observations = env.step(np.array([[-1.0], [0.0], [1.0], [3.0]]))[0]
    arriving = env.get_attr("observation_names")[0].index("pipeline_1")
    assert observations[:, arriving] == pytest.approx(scale * [0.0, 3.0, 6.0, 6.0])


@pytest.mark.parametrize("long_run", [False, True])
def test_the_end_brings_the_terminal_observation_its_cause_and_the_episode(long_run: bool) -> None:
    env = SB3VecEnv(3, problem="lost_sales", horizon=4, long_run=long_run)
    env.seed(1)
    env.reset()
    steps = play(env, 4)
    assert all(not dones.any() and infos == [{}, {}, {}] for _, _, dones, infos in steps[:3])
    observations, _, dones, infos = steps[3]
    assert dones.all()
    for row, info in enumerate(infos):
        assert info["TimeLimit.truncated"] is long_run
        assert info["episode"]["l"] == 4
        assert info["episode"]["r"] == pytest.approx(sum(float(step[1][row]) for step in steps), rel=1e-5)
        assert info["terminal_observation"].shape == observations[row].shape
        assert not np.array_equal(info["terminal_observation"], observations[row])


def test_a_seed_repeats_the_run() -> None:
    runs = []
    for _ in range(2):
        env = SB3VecEnv(3, problem="perishable")
        env.seed(5)
        runs.append([env.reset(), *(step[0] for step in play(env, 60))])
    assert all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))


def test_an_attribute_of_one_row_cannot_be_set() -> None:
    env = SB3VecEnv(3, problem="lost_sales")
    with pytest.raises(ValueError, match="is shared by all rows: set it with indices=None"):
        env.set_attr("spec", None, indices=1)


@pytest.mark.filterwarnings("ignore:You are trying to run PPO on the GPU")
def test_ppo_learns_a_few_steps_and_its_monitor_sees_episodes() -> None:
    env = VecMonitor(SB3VecEnv(8, problem="dual_sourcing", horizon=5))
    model = PPO("MlpPolicy", env, n_steps=16, batch_size=32, device="cpu").learn(256)
    assert len(model.ep_info_buffer or ()) > 0
    actions, _ = model.predict(env.reset())
    assert actions.shape == (8, 2)
