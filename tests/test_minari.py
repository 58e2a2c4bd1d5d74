"""Episodes as Minari datasets: what is stored is what the environment plays."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import minari
import numpy as np
import pytest

import inv_gym
from inv_gym import baselines
from inv_gym.envs.minari_dataset import write_minari
from inv_gym.envs.view import PRODUCTS_AHEAD

CARD = {
    "author": "a test",
    "author_email": "test@example.org",
    "code_permalink": "https://example.org",
    "algorithm_name": "base-stock",
    "description": "episodes of a rule",
}
SEED = 3


@pytest.fixture(autouse=True)
def datasets_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))


def rule(env_id: str, name: str, **fields: Any) -> Any:
    return baselines.policies(inv_gym.task(env_id, **fields).problem)[name]


@pytest.mark.parametrize(
    ("env_id", "name", "options"),
    [
        ("InvLostSales-v0", "base-stock (knows distribution)", {"horizon": 6, "units": "scale"}),
        ("InvDualSourcing-v0", "dual index", {"horizon": 5, "long_run": True}),
    ],
)
def test_a_loaded_dataset_holds_what_its_environment_plays(
    env_id: str, name: str, options: dict[str, Any]
) -> None:
    fields = {key: value for key, value in options.items() if key != "units"}
    number = PRODUCTS_AHEAD + 2  # more than are drawn at once
    write_minari("played-v0", env_id, rule(env_id, name, **fields), number, SEED, CARD, **options)
    stored = minari.load_dataset("played-v0")
    assert stored.total_episodes == number
    assert stored.total_steps == number * options["horizon"]
    assert stored.spec.env_spec.kwargs.items() >= options.items()
    env = stored.recover_environment()
    for place, episode in enumerate(stored.iterate_episodes()):
        observation, _ = env.reset(seed=SEED if place == 0 else None)
        observations, answers = [observation], []
        for action in episode.actions:
            observation, *answer, _ = env.step(action)
            observations.append(observation)
            answers.append(answer)
        rewards, ended, cut = map(np.array, zip(*answers, strict=True))
        np.testing.assert_allclose(episode.observations, observations, rtol=1e-6)
        np.testing.assert_allclose(episode.rewards, rewards, rtol=1e-6)
        assert (episode.terminations == ended).all() and (episode.truncations == cut).all()
        assert ended[-1] or cut[-1]


def test_the_actions_are_the_orders_of_the_policy() -> None:
    class Constant:
        """Orders 7 of everything."""

        knows = "nothing"

        def __call__(self, observation: inv_gym.Observation) -> np.ndarray:
            return np.full((len(observation.scale), 1), 7.0)

    for units in ("pieces", "scale"):
        name = f"sevens-{units}-v0"
        write_minari(name, "InvLostSales-v0", Constant(), 2, SEED, CARD, units=units, horizon=4)
        env = minari.load_dataset(name).recover_environment()
        for place, episode in enumerate(minari.load_dataset(name).iterate_episodes()):
            env.reset(seed=SEED if place == 0 else None)
            factor = env.unwrapped.order_unit if units == "scale" else 1.0
            np.testing.assert_allclose(episode.actions * factor, 7.0, rtol=1e-6)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="episodes must be .*, got 0"):
        write_minari("none-v0", "InvLostSales-v0", rule("InvLostSales-v0", "base-stock"), 0)


def test_without_minari_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minari", None)
    with pytest.raises(ImportError, match="a Minari dataset needs .* extra minari"):
        write_minari("none-v0", "InvLostSales-v0", rule("InvLostSales-v0", "base-stock"), 1)
