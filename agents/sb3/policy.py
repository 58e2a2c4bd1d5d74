"""A model of stable-baselines3 as a policy, whoever trained it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.save_util import load_from_zip_file
from stable_baselines3.common.utils import ConstantSchedule
from stable_baselines3.common.vec_env import VecNormalize

from inv_gym.agents.checkpoints import blaming
from inv_gym.agents.sb3.normalisation import Kept, kept_of, read_normalisation
from inv_gym.agents.sb3.playable import refuse_unknown_reach, refuse_unplayable
from inv_gym.agents.sb3.scaled_orders import ScaledOrders
from inv_gym.envs.named_box import NamedBox
from inv_gym.envs.observations import FlatObservations, extra_names, flat
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
        ValueError: The model's observations or actions are of another problem, or are neither; its
            weights are not finite; or it carries a memory from period to period.
    """

    knows = "history"

    def __init__(
        self, problem: Problem, policy: BasePolicy, normalisation: VecNormalize | None = None
    ) -> None:
        refuse_unplayable(policy, self.knows)
        self.problem, self.policy, self.normalisation = problem, policy, normalisation
        orders = policy.action_space
        if orders.shape != (problem.order_dim,):
            raise ValueError(
                f"the model's actions are {orders}, {type(problem).__name__} takes "
                f"{problem.order_names}."
            )
        if not self.fits(problem, policy):
            seen, wanted = _entries(policy), _shown(problem, policy)
            raise ValueError(
                f"the model takes observations of {', '.join(_apart(seen, wanted))}, "
                f"{type(problem).__name__} shows {', '.join(_apart(wanted, seen))}: it was "
                "trained for another problem or structure."
            )

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates that the model was trained with; without any it is not shown
        any.
        """
        return _layout(self.problem, self.policy).covariate_names

    def __call__(self, observation: Observation) -> Any:
        """Orders ``[B, K]``, units.

        Raises:
            ValueError: The products have other covariates than those that the model was trained on,
                by their number or names.
        """
        layout = _layout(self.problem, self.policy)
        covariates, extras = self.covariates, layout.extras
        shown = observation._replace(
            covariates=observation.covariates if covariates else None,
            covariate_names=covariates,
            earlier=observation.earlier if extras.earlier else None,
            sold_out=observation.sold_out if extras.sold_out else None,
            lots=observation.lots if extras.lots else None,
            price=observation.price if extras.prices else None,
        )
        vectors = flat(self.problem, shown, extras.short_histories)
        others = bool(covariates) and observation.covariate_names not in (None, covariates)
        if others or self.policy.observation_space.shape != vectors.shape[1:]:
            trained_with = ", ".join((*covariates, *extra_names(extras)))
            raise ValueError(
                f"the model was trained with {trained_with}: play it on products that have them."
            )
        if _counts_in_scale(self.policy.observation_space):
            vectors = vectors / layout.divisors(observation.scale, observation.economics).T
        if self.normalisation is not None:
            vectors = np.asarray(self.normalisation.normalize_obs(vectors))
        actions, _ = self.policy.predict(vectors, deterministic=True)
        if isinstance(self.policy.action_space, ScaledOrders):
            actions = self.policy.action_space.orders(actions, to_numpy(observation.scale))
        elif _counts_in_scale(self.policy.action_space):
            actions = actions * to_numpy(observation.scale)[:, None]
        return like(actions, observation.scale)

    @staticmethod
    def fits(problem: Problem, policy: BasePolicy) -> bool:
        """Whether a model's observations (covariates and what tables add apart) and orders are
        those of the problem.
        """
        shown = _shown(problem, policy)
        orders: Any = policy.action_space
        channels = orders.names if isinstance(orders, NamedBox) else problem.order_names
        return (
            _entries(policy) == shown
            and channels == tuple(problem.order_names)
            and orders.shape == (problem.order_dim,)
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
        policy, kept = _read_policy(Path(path))
        refuse_unplayable(policy, SB3Policy.knows)
        return policy, read_normalisation(Path(path), policy.observation_space, kept)

    @classmethod
    def load(cls, path: str | Path, problem: Problem) -> SB3Policy:
        """The policy of such a file for a problem.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is not a model's file, does not fit the problem, or its statistics are
                missing, damaged or may be another model's.
        """
        policy, kept = _read_policy(Path(path))
        loaded = cls(problem, policy)  # a model of something else is refused as such
        loaded.normalisation = read_normalisation(Path(path), policy.observation_space, kept)
        return loaded


def _entries(policy: BasePolicy) -> tuple[str, ...]:
    """The names of a model's observations."""
    space: Any = policy.observation_space
    return space.names


def _counts_in_scale(space: Any) -> bool:
    """Whether the entries of a space are in each product's own units."""
    return space.units == "scale"


def _layout(problem: Problem, policy: BasePolicy) -> FlatObservations:
    """The problem's observations with a model's covariates and extras."""
    return FlatObservations.of_names(problem, _entries(policy))


def _shown(problem: Problem, policy: BasePolicy) -> tuple[str, ...]:
    """The names of the problem's observations with a model's covariates and extras."""
    return tuple(_layout(problem, policy).names)


def _apart(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """The names that the others lack; all if they are the same in another order."""
    return [name for name in names if name not in others] or list(names)


def _read_policy(path: Path) -> tuple[BasePolicy, Kept]:
    """The policy of a model's file, and what the file tells of VecNormalize."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}.")
    with blaming(path, "is not a model that stable-baselines3 saved"):
        data: Any
        data, params, _ = _read_zip(path)
        more = {"use_sde": True} if data.get("use_sde") else {}
        spaces_of = (data["observation_space"], data["action_space"])
        refuse_unknown_reach(path, data["action_space"])
        policy = data["policy_class"](
            *spaces_of, ConstantSchedule(0.0), **more | data["policy_kwargs"]
        )
        policy.load_state_dict(params["policy"])
    policy.set_training_mode(False)
    with blaming(path, "is not a model that stable-baselines3 saved"):
        return policy, kept_of(data)


def _read_zip(path: Path) -> tuple[Any, Any, Any]:
    """What `load_from_zip_file` reads: the model's arguments, its weights and its variables."""
    try:
        return load_from_zip_file(path, device="cpu")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{path} needs the package {error.name}, which is not installed (sb3_contrib: pip "
            "install sb3-contrib): install it, or train with an algorithm of stable-baselines3."
        ) from None
