"""Training with stable-baselines3: what is trained, validated, kept and resumed."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from model_free_cases import NETWORK, POPULATION, PROBLEM, config, equal, training, weights
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.utils import set_random_seed

import inv_gym
from inv_gym import (
    INSTANCES,
    LostSales,
    SyntheticProducts,
    draw_products,
    make_problem,
    make_source,
    rollout,
)
from inv_gym.agents.checkpoints import read_tensors, write_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.sb3.config import ModelFreeConfig, tuned
from inv_gym.agents.sb3.training import ModelFree
from inv_gym.agents.training.progress import DivergedError, TrainingWarning
from inv_gym.envs.observations import FlatObservations, flat
from inv_gym.envs.vector import InventoryVectorEnv
from inv_gym.products.batch import product_weights

KINDS = [
    (algorithm, policy)
    for algorithm in ("ppo", "a2c", "sac", "td3")
    for policy in ("encoder", "plain")
]


@pytest.mark.filterwarnings("ignore::inv_gym.agents.training.progress.TrainingWarning")
@pytest.mark.parametrize(("algorithm", "policy"), KINDS)
def test_every_algorithm_trains_both_networks_and_its_policy_plays(
    algorithm: str, policy: str
) -> None:
    one = training(algorithm, policy)
    agent = one.fit()
    assert one.step == 160
    assert [row.step for row in one.curve] == [40, 80, 120, 160]
    assert isinstance(agent, InventoryAgent) == (
        policy == "encoder" and algorithm in ("ppo", "a2c")
    )
    orders = rollout(PROBLEM, agent, draw_products(POPULATION, PROBLEM, 20)).orders
    assert np.isfinite(orders).all()
    assert (orders >= 0.0).all()


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_every_environment_trains(env_id: str) -> None:
    source = make_source(inv_gym.ENVIRONMENTS[env_id].source)
    one = training(problem=make_problem(env_id, horizon=5), source=source, steps=40)
    one.fit()
    assert np.isfinite(one.curve[-1].reward)


def test_a_population_with_a_calendar_trains() -> None:
    agent = training(source=make_source("seasonal"), steps=40).fit()
    assert isinstance(agent, InventoryAgent)
    assert len(agent.network.sizes.covariates) > 0


@pytest.mark.parametrize("head", ["plain", "constructed"])
@pytest.mark.parametrize(
    "problem",
    [
        PROBLEM,
        replace(PROBLEM, censored=True),
        make_problem("InvDualSourcing-v0"),
        make_problem("InvProcurementRemoval-v0"),
    ],
)
def test_the_actor_is_direct_backprops_network(problem: inv_gym.Problem, head: str) -> None:
    one = training(problem=problem, network=NetworkConfig(channels=4, hidden=(8,), head=head))
    observations = one.env.reset()
    actions, _ = one.model.predict(observations, deterministic=True)
    agent = one.agent
    assert isinstance(agent, InventoryAgent)
    scale = one.env.get_attr("products")[0].scale
    expected = agent.predict(observations)
    assert one.env.action_space.orders(actions, scale) == pytest.approx(
        expected, rel=1e-4, abs=1e-4
    )
    assert (expected <= 1.0001 * one.env.action_space.reach * scale[:, None]).all()


def test_validation_returns_are_the_objective_of_the_shared_rollout() -> None:
    one = training()
    score, reward, _ = one._validate()
    ((problem, products),) = one.validation
    agent = one.agent
    assert isinstance(agent, InventoryAgent)
    played = rollout(problem, agent, products).discounted_reward / problem.discounted_periods
    assert reward == pytest.approx(played.mean(), rel=1e-4)
    assert score == pytest.approx((played * product_weights(products)).mean(), rel=1e-4)


@pytest.mark.parametrize("censored", [False, True])
def test_observations_of_a_policy_are_those_of_the_environment(censored: bool) -> None:
    source = make_source("seasonal")
    problem = make_problem("InvDualSourcing-v0", horizon=6, backlog=not censored, censored=censored)
    env = InventoryVectorEnv(5, problem=problem, products=source)
    seen, _ = env.reset(seed=3)
    for _ in range(4):
        assert flat(problem, env.observe()) == pytest.approx(seen)
        again = FlatObservations.of_names(problem, env.observation_names).read(seen)
        assert flat(problem, again) == pytest.approx(seen)
        seen, *_ = env.step(np.full((5, 2), 3.0))


@pytest.mark.parametrize("algorithm", ["ppo", "a2c"])
@pytest.mark.parametrize("policy", ["encoder", "plain"])
def test_an_interrupted_training_resumes_to_the_same_bits(
    algorithm: str, policy: str, tmp_path
) -> None:
    class StopError(Exception):
        pass

    def interrupt(progress) -> None:
        if progress.step >= 80:
            raise StopError

    whole = training(algorithm, policy)
    whole.fit()
    cut = training(algorithm, policy)
    with pytest.raises(StopError):
        cut.fit(interrupt, tmp_path / "checkpoint")
    set_random_seed(99)  # another process begins with other random numbers
    again = training(algorithm, policy)
    again.resume(tmp_path / "checkpoint")
    assert again.step == 80
    again.fit()
    assert equal(weights(whole), weights(again))
    assert [row[:3] for row in whole.curve] == [row[:3] for row in again.curve]


def test_a_seed_repeats_a_training_and_another_does_not() -> None:
    first, second, other = training(), training(), training(seed=1)
    for one in (first, second, other):
        one.fit()
    assert equal(weights(first), weights(second))
    assert not equal(weights(first), weights(other))


def test_fit_ends_with_the_best_weights() -> None:
    one = training(learning_rate=1.0, steps=400)  # far too high: it gets worse
    one.fit()
    assert one.curve[-1].best > one.curve[-1].reward or one.curve[-1].best == max(
        row.best for row in one.curve
    )
    score, reward, _ = one._validate()
    assert score == one.curve[-1].best
    assert reward == pytest.approx(max(row.reward for row in one.curve), rel=0.2)


def test_another_training_is_refused(tmp_path) -> None:
    one = training(steps=40)
    one.fit(checkpoint=tmp_path / "checkpoint")
    with pytest.raises(ValueError, match="is of a training with config"):
        training(seed=1).resume(tmp_path / "checkpoint")
    with pytest.raises(ValueError, match="replay buffer, which is not kept: train anew"):
        training("sac").resume(tmp_path / "checkpoint")


@pytest.mark.parametrize("algorithm", ["ppo", "a2c"])
def test_a_checkpoint_with_an_impossible_or_a_missing_part_is_refused(
    algorithm: str, tmp_path
) -> None:
    path = tmp_path / "checkpoint"
    training(algorithm, "plain", steps=40).fit(checkpoint=path)
    tensors, facts = read_tensors(path)
    moments = {name: value for name, value in tensors.items() if name.startswith("optimiser/")}
    assert moments
    faults: list[tuple[dict, dict, str]] = [
        (tensors, {**facts, "step": -5}, "step must be at least 0, got -5"),
        (tensors, {**facts, "step": 80}, "step must be at most 40, got 80"),
        (tensors, {**facts, "curve": [[40]]}, "missing"),
        ({k: v for k, v in tensors.items() if k not in moments}, facts, "it needs the tensors"),
        (
            {k: v for k, v in tensors.items() if not k.startswith("now/observations/")},
            facts,
            "observations/0 has shape None",
        ),
    ]
    for found, said, message in faults:
        write_tensors(path, found, said)
        again = training(algorithm, "plain", steps=40)
        before = weights(again)
        with pytest.raises(ValueError, match=f"{path} does not fit this training.*{message}"):
            again.resume(path)
        assert equal(weights(again), before)
        assert (again.step, again.curve) == (0, [])


def test_the_folder_of_logs_is_made_when_the_training_begins(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def open_log(verbose: int, folder: str, name: str) -> Logger:
        opened.append((folder, name))
        return Logger(None, [])

    monkeypatch.setattr("inv_gym.agents.sb3.training.configure_logger", open_log)
    one = ModelFree(PROBLEM, POPULATION, config(steps=40), log=tmp_path / "log")
    assert opened == []
    one.fit()
    assert opened == [(str(tmp_path / "log"), "training")]
    assert list(tmp_path.iterdir()) == []


def test_a_reward_that_is_not_finite_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    one = training()
    monkeypatch.setattr(one._evaluation.env, "_shown", lambda rewards: rewards * np.nan)
    with pytest.raises(
        DivergedError, match="the score is nan after 160 product-periods.*lower the learning rate"
    ):
        one.fit()


def test_weights_that_are_not_finite_stop() -> None:
    one = training()
    with torch.no_grad():
        one.model.policy.log_std.fill_(np.nan)
    one._best_weights = one._weights()
    with pytest.raises(DivergedError, match="weights are not finite after 0 product-periods"):
        one.fit()


@pytest.mark.parametrize(("algorithm", "policy"), KINDS)
@pytest.mark.parametrize("rate", [1e10, 1e30])
def test_a_learning_rate_beyond_all_bounds_is_told(
    algorithm: str, policy: str, rate: float
) -> None:
    one = training(algorithm, policy, learning_rate=rate, steps=80)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingWarning)
            one.fit()
        told = str(one.trouble)
    except DivergedError as error:
        told = str(error)
    assert re.search("(weights|actions)( are|, actions or scores were) not finite", told)
    assert "lower the learning rate" in told


def test_only_an_instance_may_know_its_law() -> None:
    distribution = NetworkConfig("distribution", 4, (8,))
    with pytest.raises(ValueError, match="knows='distribution' is for single instances"):
        training(network=distribution)
    one = INSTANCES["zipkin2008-poisson5-p4-L2"]
    instance = training(
        problem=LostSales(lead_time=2, horizon=5, long_run=True),
        source=one.source,
        network=distribution,
    )
    agent = instance.fit()
    assert isinstance(agent, InventoryAgent)
    assert agent.knows == "distribution"
    observations = instance.env.reset()
    actions, _ = instance.model.predict(observations, deterministic=True)
    products = instance.env.get_attr("products")[0]
    first = rollout(instance.problem, agent, products).orders[0]
    assert instance.env.action_space.orders(actions, np.full(8, 5.0)) == pytest.approx(
        first, rel=1e-4
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": "dqn"}, "algorithm"),
        ({"policy": "cnn"}, "policy"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"learning_rate": 1e39}, "learning_rate must be at most 1e.30, got 1e.39"),
        ({"normalise_observations": True}, "the encoder reads observations in units"),
        ({"options": {"n_step": 5}}, "n_step"),
        ({"options": {"gamma": 0.9}}, "option of ppo"),
    ],
)
def test_a_wrong_configuration_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelFreeConfig(**changes)


@pytest.mark.parametrize(
    "name", [*inv_gym.ENVIRONMENTS, "zipkin2008-poisson5-p4-L4", "gijsbrechts2022-l2-c105"]
)
def test_tuned_parameters_make_a_configuration(name: str) -> None:
    assert ModelFreeConfig(**tuned(name)).algorithm == "ppo"
    with pytest.raises(ValueError, match="tuned environment or instance"):
        tuned("nothing")


def random_reward(one: ModelFree) -> float:
    """What uniformly random actions earn on the validation products."""
    env, rng = one._evaluation.env, np.random.default_rng(0)
    env.reset()
    for _ in range(one.validation[0][0].horizon):
        env.step(rng.uniform(-1.0, 1.0, (env.num_envs, 1)))
    return env.reward


@pytest.mark.parametrize(
    ("policy", "better"), [("encoder", 0.002), ("plain", 0.02)]
)  # the encoder starts near by
def test_half_a_minute_of_ppo_improves_on_random_and_on_its_start(
    policy: str, better: float
) -> None:
    options = {"n_steps": 20, "batch_size": 640, "n_epochs": 5}
    problem = make_problem("InvLostSales-v0", horizon=20)
    changes = {
        "rows": 128,
        "steps": 51_200,
        "check_every": 51_200,
        "validation_products": 256,
        "learning_rate": 3e-3,
    }
    one = training(
        "ppo", policy, problem=problem, options=options, network=NETWORK, reach=4.0, **changes
    )
    _, start, _ = one._validate()
    one.fit()
    assert one.curve[-1].reward > start + better * abs(start)
    assert one.curve[-1].reward > random_reward(one)


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
@pytest.mark.filterwarnings("ignore:You are trying to run PPO on the GPU")
def test_ppo_takes_every_environment_as_registered(env_id: str) -> None:
    from stable_baselines3 import PPO

    model = PPO(
        "MlpPolicy", gym.make(env_id), n_steps=16, batch_size=16, n_epochs=1, device="cpu"
    ).learn(32)
    assert torch.isfinite(next(iter(model.policy.parameters()))).all()


@pytest.mark.parametrize("policy", ["encoder", "plain"])
def test_products_with_short_histories_train_and_play(policy: str) -> None:
    source = SyntheticProducts(known_periods=(1, 32))
    agent = training(policy=policy, source=source, steps=40).fit()
    products = draw_products(source, PROBLEM, 20)
    orders = rollout(PROBLEM, agent, products).orders
    assert np.isfinite(orders).all()
