"""The stable-baselines3 view plays what the vector environment plays."""

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import VecMonitor

import inv_gym
from inv_gym import INSTANCES, LostSales, draw_products, make_source
from inv_gym.agents.sb3.held_out import HeldOutVecEnv
from inv_gym.agents.sb3.vec_env import SB3VecEnv
from inv_gym.products.batch import product_weights


def play(env: SB3VecEnv, steps: int) -> list[tuple]:
    return [
        env.step(np.full((env.num_envs, env.action_space.shape[0]), -0.5, np.float32))
        for _ in range(steps)
    ]


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
        assert info["episode"]["r"] == pytest.approx(
            sum(float(step[1][row]) for step in steps), rel=1e-5
        )
        assert info["terminal_observation"].shape == observations[row].shape
        assert not np.array_equal(info["terminal_observation"], observations[row])


def test_a_seed_repeats_the_run() -> None:
    runs = []
    for _ in range(2):
        env = SB3VecEnv(3, problem="perishable")
        env.seed(5)
        runs.append([env.reset(), *(step[0] for step in play(env, 60))])
    assert all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))


@pytest.mark.parametrize("long_run", [False, True])
def test_a_cut_episode_is_bootstrapped_and_an_ended_one_is_not(long_run: bool) -> None:
    env = SB3VecEnv(3, problem="lost_sales", horizon=4, long_run=long_run)
    model = PPO("MlpPolicy", env, n_steps=4, batch_size=12, gamma=0.5, device="cpu", seed=0)
    with torch.no_grad():
        model.policy.value_net.weight.zero_()
        model.policy.value_net.bias.fill_(10.0)
    _, callback = model._setup_learn(12)
    model.collect_rollouts(env, callback, model.rollout_buffer, 4)
    played = SB3VecEnv(3, problem="lost_sales", horizon=4, long_run=long_run)
    played.seed(0)
    played.reset()
    buffer = model.rollout_buffer
    rewards = np.stack([played.step(actions)[1] for actions in buffer.actions])
    rewards[-1] += 0.5 * 10.0 * long_run
    assert buffer.rewards == pytest.approx(rewards, rel=1e-5)


def test_rewards_in_units_of_the_product_keep_episodes_in_money() -> None:
    money, product = (
        SB3VecEnv(3, rewards=rewards, problem="lost_sales", horizon=2)
        for rewards in ("money", "product")
    )
    for env in (money, product):
        env.seed(4)
        env.reset()
    unit = product_weights(money.get_attr("products")[0])
    for (_, paid, _, infos), (_, shown, _, others) in zip(
        play(money, 2), play(product, 2), strict=True
    ):
        assert shown == pytest.approx(paid * unit, rel=1e-5)
        assert [i.get("episode", {}).get("r") for i in infos] == [
            i.get("episode", {}).get("r") for i in others
        ]


def test_the_largest_order_removes_the_largest_starting_stock() -> None:
    assert SB3VecEnv(2, problem="lost_sales").action_space.reach == 6.0
    assert SB3VecEnv(2, problem="procurement_removal").action_space.reach == 20.0
    assert SB3VecEnv(2, reach=3.0, problem="lost_sales").action_space.reach == 3.0


def test_orders_may_be_in_units_of_the_true_mean() -> None:
    one = INSTANCES["zipkin2008-poisson5-p4-L1"]
    env = SB3VecEnv(4, reach=2.0, knows="distribution", problem=one.problem, products=one.source)
    env.reset()
    observations = env.step(np.zeros((4, 1)))[0]
    arriving = env.get_attr("observation_names")[0].index("on_hand")
    assert observations[:, arriving] == pytest.approx(5.0)
    with pytest.raises(ValueError, match="unknown knows .all."):
        SB3VecEnv(2, knows="all", problem="lost_sales")


def test_the_held_out_products_return_in_every_episode() -> None:
    problem, source = LostSales(horizon=3), make_source("poisson")
    env = HeldOutVecEnv(draw_products(source, problem, 5, 1), source, problem)
    first = [env.reset(), *(step[0] for step in play(env, 3))]
    assert np.array_equal(first[0], first[3])
    assert np.isfinite(env.reward)


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


def test_the_options_of_a_reset_are_used_once() -> None:
    env, trace = SB3VecEnv(3, problem="lost_sales", horizon=4), np.arange(1.0, 5.0)
    for options in ({"demand": trace}, [{"demand": trace}] * 3):
        env.set_options(options)
        env.reset()
        products = env.get_attr("products")[0]
        assert np.array_equal(products.demand[-4:], np.stack([trace] * 3, -1))
        env.reset()
        assert not np.array_equal(env.get_attr("products")[0].demand[-4:, 0], trace)


def test_each_row_may_have_a_demand_of_its_own() -> None:
    env, traces = SB3VecEnv(3, problem="lost_sales", horizon=4), np.arange(12.0).reshape(3, 4)
    env.set_options([{"demand": trace} for trace in traces])
    env.reset()
    assert np.array_equal(env.get_attr("products")[0].demand[-4:], traces.T)
    play(env, 4)  # the next episode draws its own demand again
    assert not np.array_equal(env.get_attr("products")[0].demand[-4:], traces.T)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"demnad": [1.0]}, "unknown reset option 'demnad'"),
        ([{"demand": [1.0] * 4}], "needs one dict for each of the 3 rows, or one for all, got 1"),
        (
            [{"demand": [1.0] * 4}, {}, {}],
            r"all rows must have the same reset options, got \['demand'\] and, in row 1, \[\]",
        ),
        ([{"a": 1}, {1: 1}, {"a": 1}], r"got \['a'\] and, in row 1, \[1\]"),
        (
            [{"demand": [1.0] * 4}, {"demand": [1.0]}, {"demand": [1.0] * 4}],
            r"'demand' must have the same shape in every row, got \(4,\) and, in row 1, \(1,\)",
        ),
        ("all", "set_options takes a dict such as .*, got 'all'"),
        (5, "set_options takes a dict such as .*, got 5"),
        ([None] * 3, "set_options takes a dict such as .*, got .None, None, None"),
    ],
)
def test_options_that_no_batch_has_are_refused(options: Any, message: str) -> None:
    env = SB3VecEnv(3, problem="lost_sales", horizon=4)
    env.set_options(options)
    with pytest.raises((TypeError, ValueError), match=message):
        env.reset()


def test_a_step_before_the_first_reset_is_refused() -> None:
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) before the first step"):
        play(SB3VecEnv(3, problem="lost_sales"), 1)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (np.zeros((1, 1)), r"of shape \(3, 1\) \(products, channels\), got shape \(1, 1\): give"),
        (np.zeros(1), r"got shape \(1,\)"),
        (np.zeros(3), r"got shape \(3,\)"),
        (0.0, r"got shape \(\)"),
        (np.zeros((3, 2)), r"got shape \(3, 2\)"),
        ([["a"], ["b"], ["c"]], "got dtype <U1"),
        (np.zeros((3, 1), bool), "got dtype bool"),
        ([[0.0], [0.0, 0.0], [0.0]], r"got shape \(3,\)"),
        (np.ma.masked_equal([[0.0], [1.0], [0.0]], 1.0), "got nan"),
        (np.array([[0.0], [np.nan], [0.0]]), "got nan, which no clipping mends: find what gave"),
    ],
)
def test_actions_that_are_not_one_row_of_numbers_for_each_product_are_refused(
    actions: object, message: str
) -> None:
    env = SB3VecEnv(3, problem="lost_sales", lead_time=2)
    env.reset()
    with pytest.raises(ValueError, match=message):
        env.step(actions)  # type: ignore[arg-type]
    assert env.get_attr("episode")[0].period == 0


def test_a_period_is_played_once_for_each_time_that_orders_are_given() -> None:
    env = SB3VecEnv(3, problem="lost_sales", lead_time=2)
    env.reset()
    with pytest.raises(gym.error.NoAsyncCallError, match=r"call step_async\(actions\) before"):
        env.step_wait()
    play(env, 1)
    with pytest.raises(gym.error.NoAsyncCallError, match=r"call step_async\(actions\) before"):
        env.step_wait()


def test_another_autoreset_mode_is_refused() -> None:
    with pytest.raises(TypeError, match="autoreset_mode is fixed here, got 'NextStep'"):
        SB3VecEnv(3, problem="lost_sales", autoreset_mode="NextStep")
