"""A model of stable-baselines3 as a policy, whoever trained it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.save_util import load_from_zip_file
from stable_baselines3.common.utils import ConstantSchedule
from stable_baselines3.common.vec_env import VecNormalize

from inv_gym.agents.sb3.vec_env import ScaledOrders
from inv_gym.envs.observations import FlatObservations, flat
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import like, to_numpy

MODEL, NORMALISATION = "model.zip", "vecnormalize.pkl"


class SB3Policy:
    """The deterministic actions of a model, as orders.

    Args:
        problem: What to order for.
        policy: The model's policy; its actions are `ScaledOrders`, or units as in the registered
            environments.
        normalisation: What observations went through in training; None if nothing.

    Raises:
        ValueError: The model's actions are neither, or for another number of channels.
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
        self.problem, self.policy, self._normalisation = problem, policy, normalisation
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
        if trained != vectors.shape[1:]:
            raise ValueError(
                f"the model takes observations of {trained} entries, here they have "
                f"{vectors.shape[1:]}."
            )
        if self._normalisation is not None:
            vectors = np.asarray(self._normalisation.normalize_obs(vectors))
        actions, _ = self.policy.predict(vectors, deterministic=True)
        if isinstance(self.policy.action_space, ScaledOrders):
            actions = self.policy.action_space.orders(actions, to_numpy(observation.scale))
        return like(actions, observation.scale)

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
        """The policy of a file that a model's ``save`` wrote, and the ``vecnormalize.pkl`` beside
        it, if there is one.

        Such files hold pickled objects: reading one runs whatever code its author put there.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is not a model's file.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}.")
        try:
            data: Any
            data, params, _ = load_from_zip_file(path, device="cpu")
            more = {"use_sde": True} if data.get("use_sde") else {}
            spaces_of = (data["observation_space"], data["action_space"])
            policy = data["policy_class"](
                *spaces_of, ConstantSchedule(0.0), **more | data["policy_kwargs"]
            )
            policy.load_state_dict(params["policy"])
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise ValueError(
                f"{path} is not a model that stable-baselines3 saved ({error})."
            ) from None
        policy.set_training_mode(False)
        beside = path.with_name(NORMALISATION)
        return policy, pickle.loads(beside.read_bytes()) if beside.is_file() else None

    @classmethod
    def load(cls, path: str | Path, problem: Problem) -> SB3Policy:
        """The policy of such a file for a problem.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is not a model's file, or does not fit the problem.
        """
        return cls(problem, *cls.read(path))
