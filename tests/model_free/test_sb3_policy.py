"""Models of stable-baselines3 as policies, in the leaderboard too."""

from __future__ import annotations

import json
import pickle
import zipfile
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from model_free_cases import POPULATION, PROBLEM, training
from stable_baselines3 import A2C, PPO, SAC
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import DummyVecEnv
from typer.testing import CliRunner

from inv_gym import INSTANCES, draw_products, make_problem, make_source, rollout
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.sb3.policy import SB3Policy
from inv_gym.agents.sb3.scaled_orders import ScaledOrders
from inv_gym.agents.sb3.vec_env import SB3VecEnv
from inv_gym.commands.app import app
from inv_gym.envs.named_box import NamedBox
from inv_gym.leaderboard.entries import lacking
from inv_gym.leaderboard.named import Inapplicable, load_factory

PRODUCTS = draw_products(POPULATION, PROBLEM, 30, 4)
CENSORED = replace(PROBLEM, censored=True)
FIELDS = {"lead_time": 2, "horizon": 5, "products": "poisson"}


@pytest.mark.filterwarnings("ignore::inv_gym.agents.training.progress.TrainingWarning")
@pytest.mark.parametrize("policy", ["encoder", "plain"])
@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_a_saved_model_gives_the_same_orders(algorithm: str, policy: str, tmp_path: Path) -> None:
    one = training(algorithm, policy)
    trained = one.fit()
    one.save_model(tmp_path, {"name": "mine"})
    expected = rollout(PROBLEM, trained, PRODUCTS).orders
    loaded = SB3Policy.load(tmp_path / "model.zip", PROBLEM)
    assert rollout(PROBLEM, loaded, PRODUCTS).orders == pytest.approx(expected, rel=1e-4, abs=1e-4)
    if isinstance(trained, InventoryAgent):
        again = InventoryAgent.load(tmp_path)
        assert rollout(PROBLEM, again, PRODUCTS).orders == pytest.approx(expected, rel=1e-6)


def test_normalisation_is_saved_restored_and_needed(tmp_path: Path) -> None:
    one = training("ppo", "plain", steps=400)
    expected = rollout(PROBLEM, one.fit(), PRODUCTS).orders
    one.save_model(tmp_path)
    loaded = SB3Policy.load(tmp_path / "model.zip", PROBLEM)
    assert np.array_equal(rollout(PROBLEM, loaded, PRODUCTS).orders, expected)
    without = SB3Policy(PROBLEM, loaded.policy)
    assert not np.allclose(rollout(PROBLEM, without, PRODUCTS).orders, expected)
    (tmp_path / "vecnormalize.pkl").unlink()
    with pytest.raises(ValueError, match="model.zip was trained under VecNormalize, and its stat"):
        SB3Policy.load(tmp_path / "model.zip", PROBLEM)


@pytest.mark.parametrize("policy", ["encoder", "plain"])
def test_a_model_whose_space_says_no_reach_is_refused(policy: str, tmp_path: Path) -> None:
    trained = training("ppo", policy)
    del trained.model.action_space.reach, trained.model.action_space.knows
    trained.model.save(tmp_path / "early.zip")
    with pytest.raises(ValueError, match=r"early\.zip does not say what .* no reach .*train anew"):
        SB3Policy.load(tmp_path / "early.zip", PROBLEM)


def test_a_loaded_model_acts_as_in_its_environment(tmp_path: Path) -> None:
    one = training("ppo", "plain")
    one.fit()
    one.save_model(tmp_path)
    model = PPO.load(tmp_path / "model.zip", device="cpu")
    env = SB3VecEnv(6, problem=PROBLEM, products=POPULATION)
    env.seed(2)
    observations = env.reset()
    normalise = pickle.loads((tmp_path / "vecnormalize.pkl").read_bytes())
    actions, _ = model.predict(normalise.normalize_obs(observations), deterministic=True)
    products = env.get_attr("products")[0]
    first = rollout(PROBLEM, SB3Policy.load(tmp_path / "model.zip", PROBLEM), products).orders[0]
    assert env.action_space.orders(actions, products.scale) == pytest.approx(first, rel=1e-5)


@pytest.mark.parametrize("algorithm", [PPO, A2C, SAC])
def test_a_users_model_of_the_environment_as_registered_plays_in_units(
    algorithm, tmp_path: Path
) -> None:
    env = DummyVecEnv([lambda: gym.make("InvLostSalesLeadTime-v0", **FIELDS)])
    model = algorithm("MlpPolicy", env, device="cpu", seed=0)
    model.save(tmp_path / "mine.zip")
    policy = SB3Policy.load(tmp_path / "mine.zip", PROBLEM)
    env.seed(1)
    observations = env.reset()
    expected, _ = model.predict(observations, deterministic=True)
    products = env.get_attr("products")[0]
    assert rollout(PROBLEM, policy, products).orders[0] == pytest.approx(expected, rel=1e-5)


def test_a_model_trained_without_covariates_is_not_shown_any(tmp_path: Path) -> None:
    one = training("ppo", "plain")
    one.save_model(tmp_path)
    products = draw_products(make_source("seasonal"), PROBLEM, 5)
    policy = SB3Policy.load(tmp_path / "model.zip", PROBLEM)
    blind = rollout(PROBLEM, policy, products._replace(covariates=None)).orders
    assert np.array_equal(rollout(PROBLEM, policy, products).orders, blind)


@pytest.mark.parametrize("policy", ["encoder", "plain"])
def test_a_model_that_learns_from_sales_sees_which_periods_sold_out(
    policy: str, tmp_path: Path
) -> None:
    training("ppo", policy, problem=CENSORED).save_model(tmp_path)
    model = SB3Policy.load(tmp_path / "model.zip", CENSORED)
    products = draw_products(POPULATION, CENSORED, 20)
    turned = products._replace(sold_out=1.0 - products.sold_out)
    orders = [rollout(CENSORED, model, batch).orders[0] for batch in (products, turned)]
    assert not np.isclose(*orders, rtol=1e-9).any()


class WithoutSoldOut(gym.ObservationWrapper):
    """Shows all entries but those that tell which periods sold out."""

    def __init__(self, env: gym.Env) -> None:
        super().__init__(env)
        space = env.observation_space
        assert isinstance(space, NamedBox)
        self._kept = [n for n, name in enumerate(space.names) if "sold_out" not in name]
        names = [space.names[n] for n in self._kept]
        self.observation_space = NamedBox(
            space.low[self._kept], space.high[self._kept], names, space.units
        )

    def observation(self, observation: np.ndarray) -> np.ndarray:
        return observation[self._kept]


def test_a_model_that_was_never_shown_it_still_plays(tmp_path: Path) -> None:
    fields = {**FIELDS, "censored": True}
    env = DummyVecEnv([lambda: WithoutSoldOut(gym.make("InvLostSalesLeadTime-v0", **fields))])
    model = PPO("MlpPolicy", env, device="cpu", seed=0)
    model.save(tmp_path / "mine.zip")
    policy = SB3Policy.load(tmp_path / "mine.zip", CENSORED)
    env.seed(1)
    expected, _ = model.predict(env.reset(), deterministic=True)
    products = env.get_attr("products")[0]
    assert rollout(CENSORED, policy, products).orders[0] == pytest.approx(expected, rel=1e-5)


def test_models_of_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file"):
        SB3Policy.load(tmp_path / "none.zip", PROBLEM)
    (tmp_path / "bad.zip").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is not a model that stable-baselines3 saved"):
        SB3Policy.load(tmp_path / "bad.zip", PROBLEM)
    training("ppo", "plain").save_model(tmp_path)
    with pytest.raises(ValueError, match="DualSourcing takes"):
        SB3Policy.load(tmp_path / "model.zip", make_problem("InvDualSourcing-v0"))
    perishable = make_problem("InvPerishable-v0", shelf_life=2)  # as many entries
    with pytest.raises(ValueError, match="takes observations of on_hand, pipeline_1, Perishable"):
        SB3Policy.load(tmp_path / "model.zip", perishable)


@pytest.mark.parametrize("least", [-1.0, 0.0])
def test_a_model_whose_actions_were_rescaled_is_refused(least: float, tmp_path: Path) -> None:
    rescaled = gym.wrappers.RescaleAction(
        gym.make("InvLostSalesLeadTime-v0", **FIELDS), np.float32(least), np.float32(1.0)
    )
    PPO("MlpPolicy", rescaled, device="cpu").save(tmp_path / "rescaled.zip")
    with pytest.raises(ValueError, match="train it on SB3VecEnv"):
        SB3Policy.load(tmp_path / "rescaled.zip", PROBLEM)


@pytest.mark.parametrize(
    "wrap",
    [
        gym.wrappers.NormalizeObservation,
        lambda env: gym.wrappers.DtypeObservation(env, np.float64),
    ],
)
def test_a_model_whose_observations_a_wrapper_changed_is_refused(wrap, tmp_path: Path) -> None:
    env = wrap(gym.make("InvLostSalesLeadTime-v0", **FIELDS))
    PPO("MlpPolicy", env, device="cpu").save(tmp_path / "wrapped.zip")
    with pytest.raises(ValueError, match="without a wrapper that changes them"):
        SB3Policy.load(tmp_path / "wrapped.zip", PROBLEM)


def test_a_model_is_not_loaded_for_an_environment_of_other_entries(tmp_path: Path) -> None:
    PPO("MlpPolicy", SB3VecEnv(2, problem=PROBLEM), device="cpu").save(tmp_path / "model.zip")
    other = SB3VecEnv(2, problem=make_problem("InvPerishable-v0", shelf_life=2, horizon=5))
    with pytest.raises(ValueError, match=r"on_hand, pipeline_1, .* != .*stock_1, "):
        PPO.load(tmp_path / "model.zip", env=other, device="cpu")


@pytest.mark.parametrize("algorithm", [PPO, SAC])
def test_weights_that_are_not_finite_are_named(algorithm, tmp_path: Path) -> None:
    model = algorithm("MlpPolicy", SB3VecEnv(2, problem=PROBLEM), device="cpu")
    next(model.policy.actor.parameters() if algorithm is SAC else model.policy.parameters()).data[
        0
    ] = np.nan
    model.save(tmp_path / "model.zip")
    with pytest.raises(ValueError, match="has weights that are not finite: train anew"):
        SB3Policy.load(tmp_path / "model.zip", PROBLEM)


def test_a_model_of_a_package_that_is_missing_says_so(tmp_path: Path, monkeypatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'sb3_contrib'", name="sb3_contrib")

    monkeypatch.setattr("inv_gym.agents.sb3.policy.load_from_zip_file", missing)
    (tmp_path / "model.zip").write_bytes(b"")
    with pytest.raises(ValueError, match=r"model\.zip needs the package sb3_contrib, which is not"):
        SB3Policy.load(tmp_path / "model.zip", PROBLEM)


def test_a_model_trained_with_covariates_needs_them(tmp_path: Path) -> None:
    seasonal = SB3VecEnv(2, problem=PROBLEM, products="seasonal")
    PPO("MlpPolicy", seasonal, device="cpu").save(tmp_path / "model.zip")
    policy = SB3Policy.load(tmp_path / "model.zip", PROBLEM)
    assert policy.covariates == tuple(make_source("seasonal").covariate_names)
    seen = draw_products(make_source("seasonal"), PROBLEM, 3)
    assert rollout(PROBLEM, policy, seen).orders.shape == (5, 3, 1)
    with pytest.raises(ValueError, match="was trained with weekday_sin, .*: play it on products"):
        rollout(PROBLEM, policy, PRODUCTS)
    others = seen._replace(covariate_names=tuple("abcd"))
    with pytest.raises(ValueError, match="was trained with weekday_sin, .*: play it on products"):
        rollout(PROBLEM, policy, others)
    by_hand = rollout(PROBLEM, policy, seen._replace(covariate_names=None)).orders
    assert np.array_equal(by_hand, rollout(PROBLEM, policy, seen).orders)
    assert lacking(policy, POPULATION) == policy.covariates
    assert lacking(policy, make_source("seasonal")) == ()


def test_a_recurrent_model_is_refused() -> None:
    class Recurrent(ActorCriticPolicy):
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            actions, _ = super().predict(observation, deterministic=deterministic)
            return actions, (np.zeros(3),)

    model = PPO(Recurrent, SB3VecEnv(2, problem=PROBLEM, products=POPULATION), device="cpu")
    with pytest.raises(ValueError, match=r"is recurrent \(Recurrent\): its memory cannot be carr"):
        SB3Policy(PROBLEM, model.policy)


def test_a_model_of_other_observations_than_vectors_is_refused() -> None:
    policy = PPO("MlpPolicy", SB3VecEnv(2, problem=PROBLEM), device="cpu").policy
    policy.observation_space = gym.spaces.Dict({"a": policy.observation_space})
    with pytest.raises(ValueError, match="an environment's are vectors"):
        SB3Policy(PROBLEM, policy)


def test_a_model_in_units_of_the_true_mean_is_refused() -> None:
    one = INSTANCES["zipkin2008-poisson5-p4-L2"]
    env = SB3VecEnv(2, knows="distribution", problem=PROBLEM, products=one.source)
    with pytest.raises(ValueError, match=r"ScaledOrders\(1, reach=6, knows='distribution'\), in u"):
        SB3Policy(PROBLEM, PPO("MlpPolicy", env, device="cpu").policy)


@pytest.mark.parametrize("other", [{"reach": 12.0}, {"channels": 2}, {"knows": "distribution"}])
def test_spaces_of_another_meaning_are_not_equal(other: dict) -> None:
    fields = {"channels": 1, "reach": 6.0, "knows": "history"}
    space, another = ScaledOrders(**fields), ScaledOrders(**fields | other)
    assert space == ScaledOrders(**fields) == pickle.loads(pickle.dumps(space)) == deepcopy(space)
    assert space != another
    assert repr(space) == "ScaledOrders(1, reach=6, knows='history')" != repr(another)
    plain = gym.spaces.Box(-1.0, 1.0, (1,))
    assert space != plain
    assert plain != space


def test_a_model_is_not_loaded_for_an_environment_of_another_reach(tmp_path: Path) -> None:
    six, twelve = (SB3VecEnv(2, reach=reach, problem=PROBLEM) for reach in (6.0, 12.0))
    PPO("MlpPolicy", six, device="cpu").save(tmp_path / "model.zip")
    PPO.load(tmp_path / "model.zip", env=six, device="cpu")
    with pytest.raises(ValueError, match=r"reach=6, .* != .*reach=12, "):
        PPO.load(tmp_path / "model.zip", env=twelve, device="cpu")
    data = json.loads(zipfile.ZipFile(tmp_path / "model.zip").read("data"))
    assert data["action_space"]["reach"] == 6.0


@pytest.mark.parametrize("reach", [0.0, -1.0, float("nan"), float("inf")])
def test_a_reach_that_orders_nothing_is_refused(reach: float) -> None:
    with pytest.raises(ValueError, match="reach must be"):
        ScaledOrders(1, reach)


def test_the_space_tells_what_actions_stand_for() -> None:
    space = pickle.loads(pickle.dumps(ScaledOrders(2, 4.0)))
    orders = np.array([[0.0, 2.0], [4.0, 1.0]])
    scale = np.array([10.0, 3.0])
    assert space.orders(space.actions(orders), scale) == pytest.approx(orders * scale[:, None])
    assert space.orders(np.full((2, 2), 7.0), scale) == pytest.approx(
        4.0 * scale[:, None] * np.ones(2)
    )


def test_the_leaderboard_plays_a_users_model(tmp_path: Path) -> None:
    one = training("ppo", "plain", problem=make_problem("InvLostSales-v0", horizon=5))
    one.fit()
    one.save_model(tmp_path)
    spec = f"sb3:{tmp_path / 'model.zip'}"
    arguments = ["--quick", "--products", "4", "--out", str(tmp_path / "out"), "--policy", spec]
    result = CliRunner().invoke(app, ["leaderboard", *arguments, "--env", "InvLostSales-v0"])
    assert result.exit_code == 0, result.output
    rows = (tmp_path / "out" / "leaderboard.csv").read_text().splitlines()
    assert sum(spec in row for row in rows) == 1
    elsewhere = load_factory(spec)(make_problem("InvPerishable-v0"))
    assert isinstance(elsewhere, Inapplicable)
    assert "Perishable shows" in elsewhere.reason


def test_the_leaderboard_says_what_is_wrong_with_a_model(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["leaderboard", "--quick", "--policy", f"sb3:{tmp_path / 'none.zip'}"]
    )
    assert result.exit_code == 2
    assert "there is no file" in result.output
    helped = CliRunner().invoke(app, ["leaderboard", "--help"]).output
    assert "runs what code its author put there" in " ".join(helped.split())
