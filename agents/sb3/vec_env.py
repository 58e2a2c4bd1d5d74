"""The native batch of products as a stable-baselines3 VecEnv."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import Wrapper, error
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv

from inv_gym.agents.sb3.scaled_orders import ScaledOrders, default_reach, scale_of
from inv_gym.agents.training.config import WEIGHTINGS
from inv_gym.envs.vector import InventoryVectorEnv
from inv_gym.products.batch import product_weights
from inv_gym.util.arrays import given_array
from inv_gym.util.checks import one_of

Indices = None | int | Iterable[int]


class SB3VecEnv(VecEnv):
    """What stable-baselines3 trains on: a batch of products, their actions in `ScaledOrders`.

    Observations are those of the environment; normalise them with VecNormalize where that helps.
    All rows end together; only then do their infos hold what stable-baselines3 looks for:
    ``terminal_observation``, ``TimeLimit.truncated`` (the cut of a long-run problem, after which it
    bootstraps) and ``episode``, whose return is money.

    >>> env = SB3VecEnv(8, problem="lost_sales", lead_time=2)
    >>> observations = env.reset()
    >>> middle = np.zeros((8, 1))  # orders half of reach * mean demand
    >>> observations, rewards, dones, infos = env.step(middle)
    >>> observations.shape, bool(dones.any())
    ((8, 41), False)

    Args:
        num_envs: Number of products, B.
        reach: The largest order, in units of a product's mean demand; None: `default_reach`.
        rewards: ``money``, or ``product``: in units of a product's scale and money unit, as
            `TrainingConfig.weighting`. None: ``product`` with ``units="scale"``, else ``money``.
        knows: Whose mean demand is the unit of orders: that of the ``history`` or that of the
            ``distribution``.
        units: Of observations: ``pieces`` and money, or ``scale``, each product's own, as in
            `InventoryVectorEnv`. Actions are the same in both.
        arguments: Of `InventoryVectorEnv`: task, problem, products and any field of the problem.
    """

    def __init__(
        self,
        num_envs: int,
        reach: float | None = None,
        rewards: str | None = None,
        knows: str = "history",
        units: str = "pieces",
        **arguments: Any,
    ) -> None:
        if "autoreset_mode" in arguments:
            raise TypeError(
                f"autoreset_mode is fixed here, got {arguments['autoreset_mode']!r}: "
                "stable-baselines3 resets in the step that ends an episode."
            )
        arguments |= {"autoreset_mode": AutoresetMode.SAME_STEP, "units": units}
        self._env = self._make(num_envs, **arguments)
        usual = "product" if units == "scale" else "money"
        self._in_money = one_of("rewards", rewards or usual, WEIGHTINGS) == "money"
        self.render_mode = None
        self._scale: np.ndarray | None = None
        self._ordered: np.ndarray | None = None
        problem = self._env.problem
        reach = default_reach(problem) if reach is None else reach
        self._orders = ScaledOrders(problem.order_dim, reach, knows)
        super().__init__(num_envs, self._env.single_observation_space, self._orders)

    def _make(self, num_envs: int, **arguments: Any) -> InventoryVectorEnv:
        """The batch that is played."""
        return InventoryVectorEnv(num_envs, **arguments)

    def reset(self) -> np.ndarray:
        """Start with fresh products; the seed of `seed` and the options of `set_options` are used
        once.
        """
        observations, _ = self._env.reset(seed=self._seeds[0], options=self._options_of_all())
        self._reset_seeds()
        self._reset_options()
        self._begin()
        return observations

    def _options_of_all(self) -> dict[str, Any] | None:
        """The reset's options, from those of each row.

        Raises:
            TypeError: The options are no dicts.
            ValueError: Some rows have other options than the others, so that no batch has them.
        """
        if not (
            isinstance(self._options, Sequence)
            and all(isinstance(options, Mapping) for options in self._options)
        ):
            raise TypeError(
                "set_options takes a dict such as {'demand': trace}, or a list of one for each "
                f"row, got {self._options!r}."
            )
        if len(self._options) != self.num_envs:
            raise ValueError(
                f"set_options needs one dict for each of the {self.num_envs} rows, or one for all, "
                f"got {len(self._options)}."
            )
        first = self._options[0]
        if all(options is first for options in self._options):  # given once for all rows
            return first
        for row, options in enumerate(self._options):
            if options.keys() != first.keys():
                raise ValueError(
                    f"all rows must have the same reset options, got {list(first)} and, in row "
                    f"{row}, {list(options)}."
                )
        if not first:
            return None
        return {name: _side_by_side(name, self._options) for name in first}

    def _begin(self) -> None:
        self._scale = scale_of(self._env.products, self._orders.knows)
        self._unit = 1.0 if self._in_money else product_weights(self._env.products)
        self._order_unit, self._reward_unit = self._env.order_unit, self._env.reward_unit
        self._returns, self._length, self._started = np.zeros(self.num_envs), 0, time.perf_counter()

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the orders for `step_wait`.

        Raises:
            ValueError: The actions are not numbers of shape ``[B, K]``.
            gymnasium.error.ResetNeeded: There was no reset before.
        """
        if self._scale is None:
            raise error.ResetNeeded("call reset() before the first step().")
        self._ordered = self._orders.orders(actions, self._scale)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Order, play one period, and start anew where the episode ends.

        Raises:
            gymnasium.error.NoAsyncCallError: No orders were given since the last period.
        """
        if self._ordered is None:
            raise error.NoAsyncCallError("call step_async(actions) before step_wait().", "step")
        ordered, self._ordered = self._ordered, None
        counted = ordered / np.reshape(self._order_unit, (-1, 1))
        observations, rewards, terminated, truncated, info = self._env.step(counted)
        money = rewards * self._reward_unit
        self._returns += money
        self._length += 1
        rewards = self._shown(money)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if "final_obs" in info:
            elapsed = round(time.perf_counter() - self._started, 6)
            for row, final in enumerate(info["final_obs"]):
                infos[row] = {
                    "terminal_observation": final,
                    "TimeLimit.truncated": bool(truncated[row] and not terminated[row]),
                    "episode": {"r": float(self._returns[row]), "l": self._length, "t": elapsed},
                }
            self._begin()
        return observations, rewards.astype(np.float32), terminated | truncated, infos

    def _shown(self, money: np.ndarray) -> np.ndarray:
        """The period's rewards ``[B]`` as the learner gets them."""
        return money * self._unit

    def close(self) -> None:
        """Nothing is held."""
        self._env.close()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """The batch's attribute, once per row asked for."""
        return [getattr(self._env, attr_name)] * len(self._rows(indices))

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute of the batch, which all rows share."""
        if len(self._rows(indices)) < self.num_envs:
            raise ValueError(f"{attr_name} is shared by all rows: set it with indices=None.")
        setattr(self._env, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of the batch once; its result stands for every row asked for."""
        result = getattr(self._env, method_name)(*method_args, **method_kwargs)
        return [result] * len(self._rows(indices))

    def env_is_wrapped(self, wrapper_class: type[Wrapper], indices: Indices = None) -> list[bool]:
        """Never: rows are not environments of their own."""
        return [False] * len(self._rows(indices))

    def _rows(self, indices: Indices) -> Sequence[int]:
        return list(self._get_indices(indices))


def _side_by_side(name: str, rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """An option of every row as one array, rows last.

    Raises:
        ValueError: It has another shape in some row.
    """
    arrays = [given_array(options[name]) for options in rows]
    for row, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise ValueError(
                f"the reset option {name!r} must have the same shape in every row, got "
                f"{arrays[0].shape} and, in row {row}, {array.shape}."
            )
    return np.stack(arrays, -1)
