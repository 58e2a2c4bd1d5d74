"""What the single and the vector environment share: a problem, its products and an episode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np

from inv_gym.envs.named_box import NamedBox
from inv_gym.envs.observations import FlatObservations
from inv_gym.play.episode import Episode
from inv_gym.play.orders import LARGEST_ORDER
from inv_gym.play.policy import Policy
from inv_gym.play.rollout import Rollout, rollout
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products, money_unit
from inv_gym.products.sources import ProductSource, extras_of, with_names
from inv_gym.tasks.registry import task
from inv_gym.tasks.task import Task
from inv_gym.util.arrays import Columns, given_array
from inv_gym.util.checks import one_of, refuse_outside

LARGEST_FLOAT = float(np.finfo(np.float32).max)
UNIT_NAMES = ("pieces", "scale")
"""What an environment counts in: pieces and money, or each product's mean demand and money unit."""
PRODUCTS_AHEAD = 64
"""Products that a single environment draws at once: sampling one by one would cost more than an
episode.
"""


class View:
    """What both environments are made of."""

    task: Task
    problem: Problem
    source: ProductSource
    np_random: np.random.Generator
    units: str
    order_unit: Any = 1.0
    """Pieces that 1 in an action stands for: ``[B]`` if ``units="scale"``."""
    reward_unit: Any = 1.0
    """Money that 1 in a reward stands for: ``[B]`` if ``units="scale"``."""

    def _set_up(
        self,
        played: str | Task,
        problem: str | Problem | None,
        products: str | Mapping[str, Any] | ProductSource | None,
        units: str,
        fields: Mapping[str, Any],
    ) -> None:
        self.units = one_of("units", units, UNIT_NAMES)
        self._scale_free = units == "scale"
        # An environment counts every period: the warm-up belongs to evaluations.
        self.task = task(played, problem=problem, products=products, warm_up=0, **fields)
        self.problem, self.source = self.task.problem, self.task.source
        self._observations = FlatObservations(
            self.problem,
            self.source.covariate_names,
            extras_of(self.source).shown_in(self.problem),
            self._scale_free,
        )
        self._episode: Episode | None = None

    @property
    def observation_names(self) -> list[str]:
        """The name of every entry of the observation, in order."""
        return self._observations.names

    def _spaces(self) -> tuple[NamedBox, NamedBox]:
        """Of the observations and of the orders of one product."""
        observations = NamedBox(*self._observations.bounds(), self.observation_names, self.units)
        most = np.asarray(self._largest_orders(), np.float32)
        orders = NamedBox(np.zeros_like(most), most, self.problem.order_names, self.units)
        return observations, orders

    def _largest_orders(self) -> tuple[float, ...]:
        """What the orders' space must reach, per channel."""
        if self._scale_free:  # a cap is in pieces: it has no one value in mean demands
            return replace(self.problem, order_cap=None).order_bounds(1.0)
        return self.problem.order_bounds(self.source.largest_scale)

    def _begin(self, products: Products, single: bool) -> None:
        """Start an episode of products; `single` plays the first one alone, in floats."""
        played = products.single(0) if single else products
        self._episode = Episode(self.problem, played)
        self._observations.start(products, single)
        if self._scale_free:
            self.order_unit = played.scale
            self.reward_unit = played.scale * money_unit(played.economics)

    @property
    def episode(self) -> Episode:
        """The episode being played.

        Raises:
            gymnasium.error.ResetNeeded: There is none yet.
        """
        if self._episode is None:
            raise gym.error.ResetNeeded("call reset() before the first step().")
        return self._episode

    def _sample(self, number: int) -> Products:
        """So many products of the source."""
        return with_names(self.source.sample(self.np_random, number, self.problem), self.source)

    def _step(self, order: Columns) -> tuple[Any, dict[str, Any]]:
        """Play a period of orders in pieces: reward, money, and what moved."""
        episode = self._episode
        if episode is None or episode.done:
            raise gym.error.ResetNeeded("the episode is over or has not begun: call reset().")
        period = episode.period
        outcome = episode.step(order)
        info = outcome.flows._asdict()
        info["demand"] = episode.products.demand[HISTORY + period]
        return outcome.reward, info

    def _with_demand(self, products: Products, options: Mapping[str, Any]) -> Products:
        """The products, with the demand trace of ``reset(options={"demand": ...})`` if there is
        one.
        """
        if "demand" not in options:
            return products
        trace = demand_trace(options["demand"], (self.problem.horizon, products.batch))
        return products._replace(
            demand=np.concatenate([products.demand[:HISTORY], trace]), distribution=None
        )

    def rollout(
        self,
        policy: Policy,
        batch: int = 1024,
        seed: int = 0,
        dtype: Any = None,
        device: Any = None,
    ) -> Rollout:
        """Play a policy over a batch of fresh products, differentiably (torch).

        Args:
            policy: Takes and gives torch tensors.
            batch: Number of products.
            seed: Of the products.
            dtype: torch dtype, float32 by default.
            device: torch device, the CPU by default.
        """
        products = self.task.draw(batch, seed).torch(dtype, device)
        return rollout(self.problem, policy, products)


def reset_options(options: Any, known: tuple[str, ...] = ("demand",)) -> Mapping[str, Any]:
    """The options of a reset; none if they are None.

    Raises:
        TypeError: They are no mapping.
        ValueError: One is unknown.
    """
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise TypeError(f"options must be a dict such as {{'demand': trace}}, got {options!r}.")
    for key in options:
        one_of("reset option", key, known)
    return options


def demand_trace(given: Any, shape: tuple[int, int]) -> np.ndarray:
    """A demand trace in a shape (periods, products); one for all products may be given alone.

    Raises:
        ValueError: It has another shape, or demands that are not numbers of at least 0, or are too
            large to be summed.
    """
    wanted = (
        "the demand option must hold finite demands of at least 0 in shape "
        f"{shape} (periods, products), or one per period for all, and below {LARGEST_ORDER:g}"
    )
    trace = given_array(given)
    if trace.dtype.kind not in "fiu":
        raise ValueError(f"{wanted}; got {given!r}.")
    trace = trace.astype(float)
    if trace.shape == shape[:1]:
        trace = np.broadcast_to(trace[:, None], shape)
    if trace.shape != shape:
        raise ValueError(f"{wanted}; got shape {trace.shape}.")
    refuse_outside(wanted, trace, LARGEST_ORDER)
    return trace


def bad_action(problem: Problem, shape: tuple[int, ...], action: np.ndarray) -> str:
    """What is wrong with an action, and what to do."""
    channels = ", ".join(problem.order_names)
    wanted = (
        f"an action must be numbers of shape {shape} (channels: {channels}), finite and at least 0"
    )
    if action.shape != shape:
        return f"{wanted}; got shape {action.shape}."
    if action.dtype.kind not in "fiu":
        return (
            f"{wanted}; got dtype {action.dtype}: convert it with np.asarray(action, np.float32)."
        )
    flat = action.reshape(-1)
    bad = flat[~((flat >= 0) & (flat < LARGEST_FLOAT))][0]
    if np.isnan(bad):
        return (
            f"{wanted}; got nan, which no clipping mends: find what gave it, such as weights or "
            "inputs of the policy that are not finite."
        )
    return (
        f"{wanted}; got {bad}: clip it with np.clip(action, env.action_space.low, "
        "env.action_space.high)."
    )
