"""The Gymnasium views of a problem: one product, and a native batch of products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from inv_gym.arrays import Columns, map_columns
from inv_gym.checks import one_of, whole
from inv_gym.episode import Episode
from inv_gym.observations import FlatObservations
from inv_gym.policy import Observation, Policy
from inv_gym.problem import Problem
from inv_gym.products import HISTORY, Products, ProductSource, draw_products
from inv_gym.registry import make_source, problem_from
from inv_gym.rollout import Rollout, rollout

LARGEST = float(np.finfo(np.float32).max)
PRODUCTS_AHEAD = 64
"""Products that a single environment draws at once: sampling one by one would cost more than an episode."""


class _View:
    """What both environments are made of."""

    problem: Problem
    source: ProductSource
    np_random: np.random.Generator

    def _set_up(
        self, problem: str | Problem, products: str | Mapping[str, Any] | ProductSource, fields: Mapping[str, Any]
    ) -> None:
        self.problem = problem_from(problem, fields)
        self.source = make_source(products)
        self._observations = FlatObservations(self.problem, self.source.covariate_names)
        self._episode: Episode | None = None

    @property
    def observation_names(self) -> list[str]:
        """The name of every entry of the observation, in order."""
        return self._observations.names

    def _spaces(self) -> tuple[gym.spaces.Box, gym.spaces.Box]:
        low = np.full(len(self.observation_names), -LARGEST, np.float32)
        low[self._observations.history] = 0.0
        if not self.problem.backlog:
            low[self._observations.state] = 0.0
        high = np.asarray(self.problem.order_bounds(self.source.largest_scale), np.float32)
        return gym.spaces.Box(low, LARGEST, dtype=np.float32), gym.spaces.Box(0.0, high, dtype=np.float32)

    @property
    def episode(self) -> Episode:
        """The episode being played.

        Raises:
            gymnasium.error.ResetNeeded: There is none yet.
        """
        if self._episode is None:
            raise gym.error.ResetNeeded("call reset() before the first step().")
        return self._episode

    def _step(self, order: Columns) -> tuple[Any, dict[str, Any]]:
        """Play a period: reward and what moved."""
        episode = self._episode
        if episode is None or episode.done:
            raise gym.error.ResetNeeded("the episode is over or has not begun: call reset().")
        period = episode.period
        outcome = episode.step(order)
        if self.problem.censored:
            self._observations.saw(period, outcome.flows.sales)
        info = outcome.flows._asdict()
        info["demand"] = episode.products.demand[HISTORY + period]
        return outcome.reward, info

    def _with_demand(self, products: Products, options: Mapping[str, Any] | None) -> Products:
        """The products, with the demand trace of ``reset(options={"demand": ...})`` if there is one."""
        if not options:
            return products
        for key in options:
            one_of("reset option", key, ("demand",))
        trace = np.asarray(options["demand"], dtype=float)
        trace = np.broadcast_to(trace[:, None], (len(trace), products.batch)) if trace.ndim == 1 else trace
        expected = (self.problem.horizon, products.batch)
        if trace.shape != expected or not ((trace >= 0) & (trace < np.inf)).all():
            raise ValueError(
                f"the demand option must hold finite demands of at least 0 in shape {expected} (periods, products), "
                f"got shape {trace.shape} and values from {trace.min()} to {trace.max()}."
            )
        return products._replace(demand=np.concatenate([products.demand[:HISTORY], trace]), distribution=None)

    def rollout(
        self, policy: Policy, batch: int = 1024, seed: int = 0, dtype: Any = None, device: Any = None
    ) -> Rollout:
        """Play a policy over a batch of fresh products, differentiably (torch).

        Args:
            policy: Takes and gives torch tensors.
            batch: Number of products.
            seed: Of the products.
            dtype: torch dtype, float32 by default.
            device: torch device, the CPU by default.
        """
        import torch

        products = draw_products(self.source, self.problem, batch, seed)
        return rollout(self.problem, policy, products.to(torch.empty(0, dtype=dtype or torch.float32, device=device)))


class InventoryEnv(gym.Env[np.ndarray, np.ndarray], _View):
    """One product of an inventory problem.

    ## Description
    Each episode draws a product (economics and demand) from a source and plays it for the horizon. The dynamics are in
    the problem's `transition`; see `inv_gym.problems`.

    ## Action Space
    ``Box(0, high, (K,), float32)``: units to order per channel. The channels are ``problem.order_names``: one order, or
    regular and expedited, or order and removal. Any finite order of at least 0 is played; the bound is for agents that
    need one.

    ## Observation Space
    ``Box((n,), float32)``; ``env.unwrapped.observation_names`` names the entries: the state (units), the last 32
    demands (units, oldest first; sales if censored), the economics (money per unit), the scale (mean of the history
    before the start, units), covariates of the period, and the share of the horizon that is left.

    ## Rewards
    The profit of the period, money; the last period of a finite horizon includes the discounted salvage value.

    ## Starting State
    Stock drawn from ``initial_stock`` (in units of mean demand), nothing on order.

    ## Episode End
    After ``horizon`` periods: ``terminated``, or ``truncated`` if the problem is ``long_run``.

    ## Arguments
    ``products`` (a name, or a dict; see `inv_gym.registry.make_source`), ``render_mode``, and any field of the problem
    (``horizon``, ``discount``, ``lead_time``, ...). ``problem`` is a name, or a `Problem` of your own.
    ``reset(options={"demand": trace})`` plays a given demand.

    ## Version History
    * v0: first version.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}  # noqa: RUF012 - Gymnasium's convention

    def __init__(
        self,
        problem: str | Problem = "lost_sales",
        products: str | Mapping[str, Any] | ProductSource = "default",
        render_mode: str | None = None,
        **fields: Any,
    ) -> None:
        if render_mode is not None:
            one_of("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self._set_up(problem, products, fields)
        self.observation_space, self.action_space = self._spaces()
        self._action_shape = (self.problem.order_dim,)
        self._next = PRODUCTS_AHEAD
        self._played: list[tuple[Columns, float, dict[str, float]]] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode with a product of its own; ``options={"demand": [T]}`` gives its demand."""
        super().reset(seed=seed)
        if seed is not None or self._next == PRODUCTS_AHEAD:
            self._ahead, self._next = self.source.sample(self.np_random, PRODUCTS_AHEAD, self.problem), 0
        self.products = self._with_demand(self._ahead.rows(slice(self._next, self._next + 1)), options)
        self._next += 1
        self._episode = Episode(self.problem, self.products.single(0))
        self._observations.start(self.products, single=True)
        self._played.clear()
        return self._observations.write(self._episode), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Order, and play one period.

        Raises:
            ValueError: The action is not a finite number of at least 0 per channel.
            gymnasium.error.ResetNeeded: The episode is over.
        """
        order = self._parse(action)
        reward, info = self._step(order)
        episode = self.episode
        if self.render_mode is not None:
            self._played.append((order, reward, info))
        done, long_run = episode.done, self.problem.long_run
        return self._observations.write(episode), reward, done and not long_run, done and long_run, info

    def observe(self) -> Observation:
        """What a `Policy` sees of this period, as NumPy arrays with B = 1."""
        seen = self.episode.observe()
        covariates = None if seen.covariates is None else seen.covariates[:, None]
        row = map_columns(lambda number: np.array([number]), (seen.state, seen.economics, seen.scale))
        return Observation(row[0], np.array(seen.history)[:, None], row[1], row[2], covariates, seen.period)

    def render(self) -> Any:
        """The episode so far, as text (``ansi``) or as a picture (``rgb_array``)."""
        from inv_gym import rendering

        if self.render_mode is None:
            gym.logger.warn('no render mode: gym.make(id, render_mode="ansi") or "rgb_array".')
            return None
        draw = rendering.text if self.render_mode == "ansi" else rendering.picture
        return draw(self.problem, self.episode, self._played)

    def _parse(self, action: Any) -> Columns:
        action = np.asarray(action)
        if action.shape == self._action_shape and action.dtype.kind in "fiu":
            order = tuple(map(float, action.tolist()))
            for quantity in order:
                if not 0.0 <= quantity < LARGEST:
                    break
            else:
                return order
        raise ValueError(_bad_action(self.problem, self._action_shape, action))


class InventoryVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray], _View):
    """A batch of products of an inventory problem, stepped together in NumPy.

    All rows share the clock, so they end and are reset together, in either autoreset mode. See `InventoryEnv` for
    spaces and rewards. Takes ``num_envs``, ``autoreset_mode`` and ``max_episode_steps`` (an earlier cut) besides its
    arguments.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int = 1,
        problem: str | Problem = "lost_sales",
        products: str | Mapping[str, Any] | ProductSource = "default",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **fields: Any,
    ) -> None:
        if render_mode is not None:
            raise ValueError(f"the vector environment does not render, got render_mode={render_mode!r}; use gym.make.")
        self.num_envs = whole("num_envs", num_envs, least=1)
        self.render_mode = None
        self._mode = AutoresetMode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self._mode}
        self._set_up(problem, products, fields)
        self._cut = (
            self.problem.horizon if max_episode_steps is None else whole("max_episode_steps", max_episode_steps, 1)
        )
        self.single_observation_space, self.single_action_space = self._spaces()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode with fresh products; ``options={"demand": [T] or [T, B]}`` gives their demand."""
        super().reset(seed=seed)
        drawn = self.source.sample(self.np_random, max(self.num_envs, PRODUCTS_AHEAD), self.problem)
        self.products = self._with_demand(drawn.rows(slice(0, self.num_envs)), options)
        self._episode = Episode(self.problem, self.products)
        self._observations.start(self.products, single=False)
        self._over = False
        return self._observations.write(self._episode), {}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Order for every product, and play one period.

        Raises:
            ValueError: The actions are not finite numbers of at least 0 in shape ``[B, K]``.
            gymnasium.error.ResetNeeded: No reset before, or none after the end with autoreset disabled.
        """
        order = self._parse(actions)
        if self._episode is not None and self._over and self._mode == AutoresetMode.NEXT_STEP:
            observation, info = self.reset()
            return observation, np.zeros(self.num_envs), self._flags(False), self._flags(False), info
        reward, info = self._step(order)
        everywhere = self._flags(True)
        info |= {f"_{name}": everywhere for name in info}
        episode = self.episode
        terminated = episode.done and not self.problem.long_run
        truncated = not terminated and (episode.done or episode.period >= self._cut)
        observation = self._observations.write(episode)
        self._over = terminated or truncated
        if self._over and self._mode == AutoresetMode.SAME_STEP:
            final = np.empty(self.num_envs, dtype=object)
            final[:] = list(observation)
            observation, _ = self.reset()
            info = {"final_obs": final, "_final_obs": everywhere, "final_info": info, "_final_info": everywhere}
        return observation, reward, self._flags(terminated), self._flags(truncated), info

    def observe(self) -> Observation:
        """What a `Policy` sees of this period, as NumPy arrays."""
        return self.episode.observe()

    def _flags(self, value: bool) -> np.ndarray:
        return np.ones(self.num_envs, bool) if value else np.zeros(self.num_envs, bool)

    def _parse(self, actions: Any) -> Columns:
        array = np.asarray(actions)
        shape = (self.num_envs, self.problem.order_dim)
        if array.shape == shape and array.dtype.kind in "fiu":
            flat = array.ravel()  # NaN fails both comparisons
            if np.minimum.reduce(flat) >= 0 and np.maximum.reduce(flat) < LARGEST:
                return tuple(array.T.astype(float))
        raise ValueError(_bad_action(self.problem, shape, array))


def _bad_action(problem: Problem, shape: tuple[int, ...], action: np.ndarray) -> str:
    """What is wrong with an action, and what to do."""
    channels = ", ".join(problem.order_names)
    wanted = f"an action must be numbers of shape {shape} (channels: {channels}), finite and at least 0"
    if action.shape != shape:
        return f"{wanted}; got shape {action.shape}."
    if action.dtype.kind not in "fiu":
        return f"{wanted}; got dtype {action.dtype}: convert it with np.asarray(action, np.float32)."
    flat = action.reshape(-1)
    bad = flat[~((flat >= 0) & (flat < LARGEST))][0]
    return f"{wanted}; got {bad}: clip it with np.clip(action, env.action_space.low, env.action_space.high)."
