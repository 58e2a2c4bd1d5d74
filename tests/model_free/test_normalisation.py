"""Which statistics of VecNormalize belong to which model."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_free_cases import POPULATION, PROBLEM, training
from stable_baselines3 import PPO, SAC, TD3
from stable_baselines3.common.callbacks import CheckpointCallback
from stable_baselines3.common.vec_env import VecNormalize

from inv_gym import make_problem
from inv_gym.agents.sb3.policy import SB3Policy
from inv_gym.agents.sb3.vec_env import SB3VecEnv

STATISTICS = "vecnormalize.pkl"


def learned(env: SB3VecEnv | VecNormalize, **arguments: object) -> PPO:
    """A model that has played."""
    model = PPO("MlpPolicy", env, n_steps=5, batch_size=20, n_epochs=1, device="cpu", seed=0)
    return model.learn(40, **arguments)  # type: ignore[arg-type]


def batch(**fields: object) -> SB3VecEnv:
    return SB3VecEnv(4, **{"problem": PROBLEM, "products": POPULATION, **fields})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one model that was trained under VecNormalize, one that was not, and the
    statistics of the first.
    """
    folder = tmp_path_factory.mktemp("models")
    env = VecNormalize(batch())
    learned(env).save(folder / "normalised.zip")
    env.save(str(folder / STATISTICS))
    learned(batch()).save(folder / "plain.zip")
    return folder


def read(path: Path) -> VecNormalize | None:
    return SB3Policy.read(path)[1]


@pytest.mark.parametrize(
    ("model", "statistics"),
    [
        ("mine.zip", "vecnormalize.pkl"),
        ("ppo_inventory.zip", "vec_normalize.pkl"),
        ("InvLostSales-v0.zip", "InvLostSales-v0/vecnormalize.pkl"),
        ("rl_model_400_steps.zip", "rl_model_vecnormalize_400_steps.pkl"),
    ],
)
def test_statistics_are_found_where_others_put_them(
    model: str, statistics: str, saved: Path, tmp_path: Path
) -> None:
    (tmp_path / statistics).parent.mkdir(exist_ok=True)
    shutil.copy(saved / "normalised.zip", tmp_path / model)
    shutil.copy(saved / STATISTICS, tmp_path / statistics)
    found, wanted = read(tmp_path / model), pickle.loads((saved / STATISTICS).read_bytes())
    assert found is not None
    assert np.array_equal(found.obs_rms.mean, wanted.obs_rms.mean)  # type: ignore[union-attr]


def test_the_best_model_of_rl_zoo_has_the_statistics_of_its_run(
    saved: Path, tmp_path: Path
) -> None:
    for name in ("best_model.zip", "InvLostSales-v0.zip"):
        shutil.copy(saved / "normalised.zip", tmp_path / name)
    (tmp_path / "InvLostSales-v0").mkdir()
    shutil.copy(saved / STATISTICS, tmp_path / "InvLostSales-v0" / STATISTICS)
    assert read(tmp_path / "best_model.zip") is not None


def test_statistics_of_a_checkpoint_are_found(tmp_path: Path) -> None:
    callback = CheckpointCallback(5, str(tmp_path), "mine", save_vecnormalize=True)
    learned(VecNormalize(batch()), callback=callback)
    models = sorted(tmp_path.glob("*.zip"))
    assert len(models) == 2
    first, second = (read(model) for model in models)
    assert first is not None and second is not None
    assert first.obs_rms.count < second.obs_rms.count  # type: ignore[union-attr]


def test_statistics_that_may_be_another_models_are_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=rf"{STATISTICS} may be of another model than .*normalised.zip.*2 models"
    ):
        read(saved / "normalised.zip")
    shutil.copytree(saved, tmp_path / "copy")
    own = tmp_path / "copy" / "normalised" / STATISTICS
    own.parent.mkdir()
    shutil.move(tmp_path / "copy" / STATISTICS, own)  # as the message says
    assert read(tmp_path / "copy" / "normalised.zip") is not None
    assert read(tmp_path / "copy" / "plain.zip") is None


def test_two_files_of_statistics_are_refused(saved: Path, tmp_path: Path) -> None:
    shutil.copy(saved / "normalised.zip", tmp_path)
    for name in (STATISTICS, "vec_normalize.pkl"):
        shutil.copy(saved / STATISTICS, tmp_path / name)
    with pytest.raises(ValueError, match="may be of another model than .* with 2 such files"):
        read(tmp_path / "normalised.zip")


def test_a_model_that_was_not_normalised_takes_no_statistics(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=rf"{STATISTICS} is not of the model .*plain.zip, which was trained witho"
    ):
        read(saved / "plain.zip")
    shutil.copy(saved / "plain.zip", tmp_path)
    assert read(tmp_path / "plain.zip") is None


@pytest.mark.parametrize("algorithm", [SAC, TD3])
def test_an_algorithm_with_a_buffer_keeps_its_observations_all_the_same(
    algorithm: Any, tmp_path: Path
) -> None:
    for name, env in (("plain", batch()), ("normalised", VecNormalize(batch()))):
        model = algorithm("MlpPolicy", env, learning_starts=8, buffer_size=100, device="cpu")
        (tmp_path / name).mkdir()
        model.learn(40).save(tmp_path / name / "model.zip")
    assert read(tmp_path / "plain" / "model.zip") is None
    with pytest.raises(ValueError, match="statistics are missing"):
        read(tmp_path / "normalised" / "model.zip")
    env.save(str(tmp_path / "normalised" / STATISTICS))
    assert read(tmp_path / "normalised" / "model.zip") is not None


def test_missing_statistics_are_an_error(saved: Path, tmp_path: Path) -> None:
    shutil.copy(saved / "normalised.zip", tmp_path)
    with pytest.raises(
        ValueError, match=rf"statistics are missing: save them with env.save\('.*{STATISTICS}'\)"
    ):
        read(tmp_path / "normalised.zip")


@pytest.mark.parametrize(
    "content", [b"", b"nothing", pickle.dumps({"a": 1}), b"\x80\x04cno_such_module\nThing\n."]
)
def test_damaged_statistics_are_named(content: bytes, saved: Path, tmp_path: Path) -> None:
    shutil.copy(saved / "normalised.zip", tmp_path)
    (tmp_path / STATISTICS).write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"{tmp_path / STATISTICS} is not what VecNormalize saved .*another copy"
    ):
        read(tmp_path / "normalised.zip")


def test_statistics_of_other_observations_are_named(saved: Path, tmp_path: Path) -> None:
    shutil.copy(saved / "normalised.zip", tmp_path)
    env = VecNormalize(batch(problem=make_problem("InvPerishable-v0")))
    env.save(str(tmp_path / STATISTICS))
    with pytest.raises(
        ValueError,
        match=rf"{STATISTICS} holds statistics of observations of shape .* the model .* takes ",
    ):
        read(tmp_path / "normalised.zip")


def test_statistics_that_are_not_finite_are_refused(saved: Path, tmp_path: Path) -> None:
    shutil.copy(saved / "normalised.zip", tmp_path)
    env = VecNormalize(batch())
    env.obs_rms.var[0] = np.nan  # type: ignore[union-attr]
    env.save(str(tmp_path / STATISTICS))
    with pytest.raises(ValueError, match=f"{STATISTICS} holds statistics that are not finite"):
        read(tmp_path / "normalised.zip")


def test_rewards_alone_need_no_statistics_of_observations(tmp_path: Path) -> None:
    env = VecNormalize(batch(), norm_obs=False)
    learned(env).save(tmp_path / "model.zip")
    env.save(str(tmp_path / STATISTICS))
    assert read(tmp_path / "model.zip") is None


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("clip_obs", float("nan")),
        ("clip_obs", 0.0),
        ("clip_obs", "ten"),
        ("epsilon", -1.0),
        ("epsilon", float("inf")),
        ("norm_obs", "no"),
    ],
)
def test_settings_that_normalise_nothing_are_refused(
    name: str, figure: Any, saved: Path, tmp_path: Path
) -> None:
    shutil.copy(saved / "normalised.zip", tmp_path)
    env = VecNormalize(batch())
    setattr(env, name, figure)
    env.save(str(tmp_path / STATISTICS))
    with pytest.raises(ValueError, match=rf"{STATISTICS} is not what .*{name} must be"):
        read(tmp_path / "normalised.zip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda var: -var, "with a variance below 0"),
        (lambda var: var + 1j, "of dtype complex128"),
        (lambda var: var.astype(str), "of dtype <U32"),
    ],
)
def test_moments_that_are_none_are_refused(
    change: Any, message: str, saved: Path, tmp_path: Path
) -> None:
    shutil.copy(saved / "normalised.zip", tmp_path)
    env = VecNormalize(batch())
    env.obs_rms.var = change(env.obs_rms.var)  # type: ignore[union-attr]
    env.save(str(tmp_path / STATISTICS))
    with pytest.raises(ValueError, match=rf"{STATISTICS} .*{message}"):
        read(tmp_path / "normalised.zip")


def test_statistics_of_another_problem_with_as_many_entries_are_named(
    saved: Path, tmp_path: Path
) -> None:
    shutil.copy(saved / "normalised.zip", tmp_path)
    env = VecNormalize(batch(problem=make_problem("InvPerishable-v0", shelf_life=2)))
    env.save(str(tmp_path / STATISTICS))
    with pytest.raises(ValueError, match=r"shape \(41,\), .*stock_1.*they are another model's"):
        read(tmp_path / "normalised.zip")


def test_a_model_of_this_project_takes_the_statistics_that_it_was_saved_with(
    tmp_path: Path,
) -> None:
    trained, other = training("ppo", "plain", steps=80), training("ppo", "plain", seed=1, steps=80)
    for one, name in ((trained, "trained"), (other, "other")):
        one.fit()
        one.save_model(tmp_path / name)
    shutil.copy(tmp_path / "other" / STATISTICS, tmp_path / "trained")
    with pytest.raises(ValueError, match="other statistics than those that the model .* was saved"):
        read(tmp_path / "trained" / "model.zip")


def test_a_model_that_learned_more_has_statistics_of_its_own(tmp_path: Path) -> None:
    one = training("ppo", "plain", steps=80)
    one.fit()
    one.save_model(tmp_path)
    env = VecNormalize(batch())
    PPO.load(tmp_path / "model.zip", env, device="cpu").learn(40).save(tmp_path / "model.zip")
    env.save(str(tmp_path / STATISTICS))
    assert read(tmp_path / "model.zip") is not None
