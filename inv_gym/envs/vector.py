"""The native vector environment: a batch of products, stepped together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from inv_gym.envs.view import LARGEST_FLOAT, PRODUCTS_AHEAD, View, bad_action, reset_options
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.sources import ProductSource
from inv_gym.tasks.task import Task
from inv_gym.util.arrays import Columns, given_array
from inv_gym.util.checks import one_of, whole

MOST_ENVIRONMENTS = 1_000_000
"""Products that are stepped together: the observations of more fill a memory."""
AUTORESET_MODES = tuple(mode.value for mode in AutoresetMode)


class InventoryVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray], View):
    """A batch of products of an inventory problem, stepped together in NumPy.

    All rows share the clock, so they end and are reset together, in either autoreset mode. See
    `InventoryEnv` for spaces, rewards and units. Takes ``num_envs``, ``autoreset_mode`` and
    ``max_episode_steps`` (an earlier cut) besides its arguments.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int = 1,
        problem: str | Problem | None = None,
        products: str | Mapping[str, Any] | ProductSource | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        task: str | Task = "InvLostSales-v0",
        units: str = "pieces",
        **fields: Any,
    ) -> None:
        if render_mode is not None:
            raise ValueError(
                f"the vector environment does not render, got render_mode={render_mode!r}; use "
                "gym.make."
            )
        self.num_envs = whole("num_envs", num_envs, 1, MOST_ENVIRONMENTS)
        self.render_mode = None
        mode = getattr(autoreset_mode, "value", autoreset_mode)
        self.autoreset_mode = AutoresetMode(one_of("autoreset_mode", mode, AUTORESET_MODES))
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self._set_up(task, problem, products, units, fields)
        self._everywhere = np.ones(self.num_envs, bool)
        self._cut = (
            self.problem.horizon
            if max_episode_steps is None
            else whole("max_episode_steps", max_episode_steps, 1)
        )
        self.single_observation_space, self.single_action_space = self._spaces()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode with fresh products; ``options={"demand": [T] or [T, B]}`` gives their
        demand.

        ``options={"reset_mask": [B]}`` is what loops without autoreset give in Gymnasium. All rows
        share the clock and end together, so it is true of every row.

        Raises:
            TypeError: The options are no dict, or the mask holds no booleans.
            ValueError: An option is unknown, the demand has another shape or bad values, or the
                mask leaves out a row.
        """
        options = reset_options(options, ("demand", "reset_mask"))
        if "reset_mask" in options:
            self._check_mask(options["reset_mask"])
        super().reset(seed=seed)
        self.products = self._with_demand(self._draw(), options)
        self._begin(self.products, single=False)
        self._over = False
        return self._observations.write(self.episode), {}

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Order for every product, and play one period.

        Raises:
            ValueError: The actions are not finite numbers of at least 0 in shape ``[B, K]``.
            gymnasium.error.ResetNeeded: No reset before, or none after the end with autoreset
                disabled.
        """
        order = self._parse(actions)
        if (
            self._episode is not None
            and self._over
            and self.autoreset_mode == AutoresetMode.NEXT_STEP
        ):
            observation, info = self.reset()
            return (
                observation,
                np.zeros(self.num_envs),
                self._flags(False),
                self._flags(False),
                info,
            )
        if self._scale_free:
            order = tuple(column * self.order_unit for column in order)
        reward, moved = self._step(order)
        if self._scale_free:
            reward = reward / self.reward_unit
        info = {name: column.copy() for name, column in moved.items()}  # no part of the episode
        everywhere = self._flags(True)
        info |= dict.fromkeys(masks(tuple(info)), everywhere)
        episode = self.episode
        terminated = episode.done and not self.problem.long_run
        truncated = not terminated and (episode.done or episode.period >= self._cut)
        observation = self._observations.write(episode)
        self._over = terminated or truncated
        if self._over and self.autoreset_mode == AutoresetMode.SAME_STEP:
            final = np.empty(self.num_envs, dtype=object)
            final[:] = list(observation)
            observation, _ = self.reset()
            info = {
                "final_obs": final,
                "_final_obs": everywhere,
                "final_info": info,
                "_final_info": everywhere,
            }
        return observation, reward, self._flags(terminated), self._flags(truncated), info

    def _draw(self) -> Products:
        """The products of an episode."""
        drawn = self._sample(max(self.num_envs, PRODUCTS_AHEAD))
        return drawn.rows(slice(0, self.num_envs))

    def observe(self) -> Observation:
        """What a `Policy` sees of this period, as NumPy arrays that are no part of the episode."""
        return self.episode.show()

    def _check_mask(self, mask: Any) -> None:
        """Refuse a mask of the rows to reset that does not reset them all."""
        rows = np.asarray(mask)
        if rows.dtype != np.bool_ or rows.shape != (self.num_envs,):
            raise TypeError(
                f"reset_mask must be an array of booleans in shape ({self.num_envs},), got "
                f"{mask!r}."
            )
        if not rows.all():
            raise ValueError(
                "reset_mask must be True for every row, got False for row "
                f"{int(rows.argmin())}: all rows share the clock, so they are reset together."
            )

    def _flags(self, value: bool) -> np.ndarray:
        return self._everywhere.copy() if value else np.zeros(self.num_envs, bool)

    def _parse(self, actions: Any) -> Columns:
        array = given_array(actions)
        shape = (self.num_envs, self.problem.order_dim)
        if array.shape == shape and array.dtype.kind in "fiu":
            flat = array.ravel()  # NaN fails both comparisons
            if np.minimum.reduce(flat) >= 0 and np.maximum.reduce(flat) < LARGEST_FLOAT:
                return tuple(array.T.astype(float))
        raise ValueError(bad_action(self.problem, shape, array))


@cache
def masks(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names under which infos say in which rows each of their columns holds."""
    return tuple(f"_{name}" for name in names)
