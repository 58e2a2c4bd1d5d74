"""A model of stable-baselines3 as a policy, whoever trained it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.save_util import load_from_zip_file
from stable_baselines3.common.utils import ConstantSchedule
from stable_baselines3.common.vec_env import VecNormalize

from inv_gym.agents.checkpoints import blaming
from inv_gym.agents.sb3.normalisation import read_normalisation
from inv_gym.agents.sb3.scaled_orders import ScaledOrders
from inv_gym.envs.observations import FlatObservations, flat
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import like, to_numpy

MODEL = "model.zip"


class SB3Policy:
    """The deterministic actions of a model, as orders.

    Args:
        problem: What to order for.
        policy: The model's policy; its actions are `ScaledOrders`, or units as in the registered
            environments.
        normalisation: What observations went through in training; None if nothing.

    Raises:
        ValueError: The model's actions are neither, or for another number of channels, or the model
            carries a memory from period to period.
    """

    knows = "history"

    def __init__(
        self, problem: Problem, policy: BasePolicy, normalisation: VecNormalize | None = None
    ) -> None:
        space = policy.action_space
        if not isinstance(space, spaces.Box) or space.shape != (problem.order_dim,):
            raise ValueError(
                f"the model's actions are {space}, {type(problem).__name__} takes "
                f"{problem.order_names}."
            )
        if not isinstance(space, ScaledOrders) and space.low.min() < 0.0:
            raise ValueError(
                f"the model's actions are {space}: train it on SB3VecEnv, or on the environment as "
                "registered, whose "
                "actions are units; what others stand for its file does not tell."
            )
        if isinstance(space, ScaledOrders) and space.knows != self.knows:
            raise ValueError(
                f"the model's actions are {space}, in units of a mean that an observation does not "
                "show: train it on an SB3VecEnv with knows='history'."
            )
        self._refuse_memory(policy)
        self.problem, self.policy, self.normalisation = problem, policy, normalisation
        self._blind = self.fits(problem, policy)  # trained without covariates, it is not shown any

    def __call__(self, observation: Observation) -> Any:
        """Orders ``[B, K]``, units.

        Raises:
            ValueError: Observations have another number of entries than those the model was trained
                on.
        """
        if self._blind:
            observation = observation._replace(covariates=None)
        vectors = flat(self.problem, observation)
        trained = self.policy.observation_space.shape
        if np.ndim(observation.known_periods) and trained == (vectors.shape[1] + 1,):
            vectors = flat(self.problem, observation, short_histories=True)
        if trained != vectors.shape[1:]:
            raise ValueError(
                f"the model takes observations of {trained} entries, here they have "
                f"{vectors.shape[1:]}."
            )
        if self.normalisation is not None:
            vectors = np.asarray(self.normalisation.normalize_obs(vectors))
        actions, _ = self.policy.predict(vectors, deterministic=True)
        if isinstance(self.policy.action_space, ScaledOrders):
            actions = self.policy.action_space.orders(actions, to_numpy(observation.scale))
        return like(actions, observation.scale)

    @staticmethod
    def _refuse_memory(policy: BasePolicy) -> None:
        """Refuse a recurrent model: a policy is asked for any period of any batch, in any order."""
        shape = policy.observation_space.shape
        if shape is None or len(shape) != 1:
            raise ValueError(
                f"the model's observations are {policy.observation_space}, an environment's are "
                "vectors: train it on one."
            )
        _, memory = policy.predict(np.ones((1, *shape), np.float32), deterministic=True)
        if memory is not None:
            raise ValueError(
                f"the model is recurrent ({type(policy).__name__}): its memory cannot be carried "
                "from period to period here; train one without, such as PPO with MlpPolicy, which "
                "sees the last periods' demand."
            )

    @staticmethod
    def fits(problem: Problem, policy: BasePolicy) -> bool:
        """Whether a model takes the problem's observations (without covariates) and gives as many
        orders.
        """
        entries = len(FlatObservations(problem, ()).names)
        return policy.observation_space.shape == (entries,) and policy.action_space.shape == (
            problem.order_dim,
        )

    @staticmethod
    def read(path: str | Path) -> tuple[BasePolicy, VecNormalize | None]:
        """The policy of a file that a model's ``save`` wrote, and the statistics of VecNormalize
        near it that are its own.

        Statistics are found where stable-baselines3's examples, its CheckpointCallback, RL Zoo and
        `ModelFree.save_model` put them. Such files hold pickled objects: reading one runs whatever
        code its author put there.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is not a model's file, or its statistics are missing, damaged or may be
                another model's.
        """
        policy, used = _read_policy(Path(path))
        return policy, read_normalisation(Path(path), policy.observation_space, used)

    @classmethod
    def load(cls, path: str | Path, problem: Problem) -> SB3Policy:
        """The policy of such a file for a problem.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is not a model's file, does not fit the problem, or its statistics are
                missing, damaged or may be another model's.
        """
        policy, used = _read_policy(Path(path))
        loaded = cls(problem, policy)  # a model of something else is refused as such
        loaded.normalisation = read_normalisation(Path(path), policy.observation_space, used)
        return loaded


def _read_policy(path: Path) -> tuple[BasePolicy, bool | None]:
    """The policy of a model's file, and whether it was trained under VecNormalize; None if its file
    does not tell.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}.")
    with blaming(path, "is not a model that stable-baselines3 saved"):
        data: Any
        data, params, _ = load_from_zip_file(path, device="cpu")
        more = {"use_sde": True} if data.get("use_sde") else {}
        spaces_of = (data["observation_space"], data["action_space"])
        _refuse_unknown_reach(path, data["action_space"])
        policy = data["policy_class"](
            *spaces_of, ConstantSchedule(0.0), **more | data["policy_kwargs"]
        )
        policy.load_state_dict(params["policy"])
    policy.set_training_mode(False)
    with blaming(path, "is not a model that stable-baselines3 saved"):
        return policy, _normalised(data)


def _refuse_unknown_reach(path: Path, space: spaces.Space) -> None:
    """Refuse a model of an early version, whose file does not say what its actions stand for."""
    if not isinstance(space, ScaledOrders):
        return
    missing = [name for name in ("reach", "knows") if not hasattr(space, name)]
    if missing:
        raise ValueError(
            f"{path} does not say what its actions stand for (its ScaledOrders have no "
            f"{' and no '.join(missing)}; an early version saved it): train anew."
        )


def _normalised(data: Mapping[str, Any]) -> bool | None:
    """Whether a model was trained under VecNormalize; None if what is kept of it does not tell."""
    played, original = (data.get(name) for name in ("_last_obs", "_last_original_obs"))
    if played is None:
        return None
    # an algorithm without a buffer keeps the original observations under VecNormalize alone
    if original is None or "replay_buffer_class" not in data:
        return original is not None
    # one with a buffer keeps them always, but only normalised ones leave the space
    space = data["observation_space"]
    return None if ((played >= space.low) & (played <= space.high)).all() else True
