"""The Gymnasium environment of one product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from inv_gym.envs.view import LARGEST_FLOAT, PRODUCTS_AHEAD, View, bad_action, reset_options
from inv_gym.play.policy import Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.sources import ProductSource
from inv_gym.tasks.task import Task
from inv_gym.util.arrays import Columns, given_array, map_columns
from inv_gym.util.checks import one_of


class InventoryEnv(gym.Env[np.ndarray, np.ndarray], View):
    """One product of an inventory problem.

    ## Description
    Each episode draws a product (economics and demand) from a source and plays it for the horizon.
    The dynamics are in the problem's `transition`; see `inv_gym.problems`.

    ## Action Space
    ``Box(0, high, (K,), float32)``: units to order per channel. The channels are
    ``problem.order_names``: one order, or regular and expedited, or order and removal. Any finite
    order of at least 0 is played; the bound is for agents that need one.

    ## Observation Space
    ``Box((n,), float32)``; ``env.unwrapped.observation_names`` names the entries: the state
    (units), the last 32 demands (units, oldest first; sales if censored; 0 where they are not
    known), the economics (money per unit), the scale (mean of the known history before the start,
    units), covariates of the period, and those beside the calendar of the 32 before it, the number
    of known demands where products may have fewer than 32, which of the 32 periods sold out (1 or
    0) if sales are seen or the products' table tells it, order multiple and minimum order (units)
    and today's price (money per unit) if the products' table has them, and the share of the horizon
    that is left. Bounds are infinite where an entry has none, so wrappers that need finite ones
    (``RescaleObservation``, ``DiscretizeObservation``) refuse it; normalise with
    ``NormalizeObservation``, which needs none.

    ## Rewards
    The profit of the period, money; the last period of a finite horizon includes the discounted
    salvage value.

    ## Starting State
    Stock drawn from ``initial_stock`` (in units of mean demand), nothing on order.

    ## Episode End
    After ``horizon`` periods: ``terminated``, or ``truncated`` if the problem is ``long_run``.

    ## Arguments
    ``products`` (a name, or a dict; see `inv_gym.make_source`), ``render_mode``, and any field of
    the problem (``horizon``, ``discount``, ``lead_time``, ...). ``problem`` is a `Problem`, or the
    name of one, that is played as it is, with the fields given beside it. ``task`` is a `Task`, or
    its name. ``reset(options={"demand": trace})`` plays a given demand.

    ``units="scale"`` counts in each product's own units, which is what learners with small networks
    need: orders and stock in mean demands (the ``scale``), money in what the mean demand of a
    period is about worth, numbers of periods in histories of 32. ``env.unwrapped.order_unit``
    (pieces) and ``reward_unit`` (money) convert back. Infos, `observe` and demand traces stay in
    pieces.

    ## Version History
    * v0: first version.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}  # noqa: RUF012 - Gymnasium's convention

    def __init__(
        self,
        problem: str | Problem | None = None,
        products: str | Mapping[str, Any] | ProductSource | None = None,
        render_mode: str | None = None,
        task: str | Task = "InvLostSales-v0",
        units: str = "pieces",
        **fields: Any,
    ) -> None:
        if render_mode is not None:
            one_of("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self._set_up(task, problem, products, units, fields)
        self.observation_space, self.action_space = self._spaces()
        self._action_shape = (self.problem.order_dim,)
        self._next = PRODUCTS_AHEAD
        self._played: list[tuple[Columns, float, dict[str, float]]] = []

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode with a product of its own; ``options={"demand": [T]}``
        gives its demand.

        Raises:
            TypeError: The options are no dict.
            ValueError: An option is unknown, or the demand has another shape or bad values.
        """
        options = reset_options(options)
        super().reset(seed=seed)
        if seed is not None or self._next == PRODUCTS_AHEAD:
            self._ahead, self._next = (
                self._sample(PRODUCTS_AHEAD),
                0,
            )
        self.products = self._with_demand(
            self._ahead.rows(slice(self._next, self._next + 1)), options
        )
        self._next += 1
        self._begin(self.products, single=True)
        self._played.clear()
        return self._observations.write(self.episode), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Order, and play one period.

        Raises:
            ValueError: The action is not a finite number of at least 0 per channel.
            gymnasium.error.ResetNeeded: The episode is over.
        """
        order = self._parse(action)
        if self._scale_free:
            order = tuple(quantity * self.order_unit for quantity in order)
        reward, info = self._step(order)
        episode = self.episode
        if self.render_mode is not None:
            self._played.append((order, reward, info))
        if self._scale_free:
            reward = reward / self.reward_unit
        done, long_run = episode.done, self.problem.long_run
        return (
            self._observations.write(episode),
            reward,
            done and not long_run,
            done and long_run,
            info,
        )

    def observe(self) -> Observation:
        """What a `Policy` sees of this period, as NumPy arrays with B = 1."""
        observation = self.episode.observe()
        covariates = None if observation.covariates is None else observation.covariates[:, None]
        row = map_columns(
            lambda number: np.array([number]),
            (
                observation.state,
                observation.economics,
                observation.scale,
                observation.lots,
                observation.price,
                observation.earlier,
            ),
        )
        return Observation(
            row[0],
            np.array(observation.history)[:, None],
            row[1],
            row[2],
            covariates,
            observation.period,
            observation.known_periods,
            *row[3:],
            None if observation.sold_out is None else np.array(observation.sold_out)[:, None],
            observation.covariate_names,
        )

    def render(self) -> Any:
        """The episode so far, as text (``ansi``) or as a picture (``rgb_array``)."""
        from inv_gym.envs import rendering

        if self.render_mode is None:
            gym.logger.warn('no render mode: gym.make(id, render_mode="ansi") or "rgb_array".')
            return None
        draw = rendering.text if self.render_mode == "ansi" else rendering.picture
        return draw(self.problem, self.episode, self._played)

    def _parse(self, action: Any) -> Columns:
        action = given_array(action)
        if action.shape == self._action_shape and action.dtype.kind in "fiu":
            order = tuple(map(float, action.tolist()))
            for quantity in order:
                if not 0.0 <= quantity < LARGEST_FLOAT:
                    break
            else:
                return order
        raise ValueError(bad_action(self.problem, self._action_shape, action))
